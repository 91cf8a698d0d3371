"""Promise: the story of a call, latencies included, can be read afterwards; events read twice double nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import events
from core.settings import Settings
from dashboard import history
from dashboard.figures import midnight, of_the_day
from dashboard.history import History, migrate, open_engine

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> History:
    url = history.database_url(Settings(var_dir=tmp_path))
    migrate(url)
    return History(open_engine(url))


def a_call(call_id: str = "a", first_id: int = 1, ended: bool = True) -> list[events.Event]:
    latency = events.Latency(end_of_turn=0.5, recognition=0.2, dialog=0.05, synthesis=0.03, voice_to_voice=0.8)
    story: list[events.Event] = [
        events.CallStarted(call_id=call_id, line=1, caller="+79161234567", called="122"),
        events.PromptStarted(call_id=call_id, line=1, text="Кому нужен врач?", expects="choice", slot="who"),
        events.TurnRecognised(call_id=call_id, line=1, text="себе", latency=latency),
        events.SlotFilled(call_id=call_id, line=1, slot="name", value={"surname": "Иванова"}, probability=0.9),
        events.HouseCallCreated(call_id=call_id, line=1, house_call_id="h", number="122-1", state="delivered"),
    ]
    if ended:
        story.append(events.CallEnded(call_id=call_id, line=1, outcome="created", seconds=60))
    for number, event in enumerate(story, first_id):
        event.id = number
    return story


def test_a_call_is_stored_with_its_turns_and_latencies(store: History) -> None:
    store.write(a_call())
    (call,) = store.calls(LONG_AGO)
    assert (call.outcome, call.seconds, call.house_call_number) == ("created", 60, "122-1")
    entries = store.entries("a")
    assert [entry.event_id for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert (entries[2].end_of_turn, entries[2].voice_to_voice) == (0.5, 0.8)
    assert entries[3].body["value"] == {"surname": "Иванова"}


def test_events_read_again_after_a_restart_are_not_doubled(store: History) -> None:
    store.write(a_call())
    store.write(a_call())
    assert len(store.entries("a")) == 6
    assert store.last_event_id() == 6


def test_a_call_that_went_on_is_live_again_after_a_restart(store: History) -> None:
    store.write(a_call("done"))
    store.write(a_call("now", first_id=100, ended=False))
    assert {event.call_id for event in store.going_on(LONG_AGO)} == {"now"}


def test_the_figures_of_the_day(store: History) -> None:
    store.write(a_call("a"))
    store.write(a_call("b", first_id=100, ended=False))
    figures = of_the_day(store, LONG_AGO)
    assert (figures.calls, figures.created, figures.p50) == (2, 1, 0.8)
    assert of_the_day(store, datetime.now(UTC) + timedelta(hours=1)).calls == 0


def test_the_day_begins_at_the_clinics_midnight() -> None:
    zone = ZoneInfo(Settings().time_zone)
    late = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # half past one of the 23rd in Moscow
    assert midnight(late, zone) == datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
