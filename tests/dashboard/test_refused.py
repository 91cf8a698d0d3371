"""Promise: of a call whose caller refuses to be recorded no word is kept, not even in the bytes of the files.

A failure means that a caller who said no is recorded all the same. What stays: the call, its end, its latencies,
its house calls.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core import events
from core.settings import Settings
from dashboard import history
from dashboard.history import History, migrate, open_engine
from dashboard.live import Live, retold
from tests.dashboard.stories import LONG_AGO, numbered

SECRETS = ("Тайнова", "Скрытная", "синеет", "не говорите никому", "Назовите Тайнову")


@pytest.fixture
def store(tmp_path: Path) -> History:
    url = history.database_url(Settings(var_dir=tmp_path))
    migrate(url)
    return History(open_engine(url))


def said(call_id: str, line: int = 1) -> list[events.Event]:
    """All kinds of events with words in them."""
    heard = events.Alternative(text="Скрытная семь", score=-0.4)
    latency = events.Latency(recognition=0.2, voice_to_voice=0.8)
    return [
        events.PromptStarted(call_id=call_id, line=line, text="Назовите Тайнову ещё раз.", slot="name"),
        events.TurnRecognised(
            call_id=call_id, line=line, text="не говорите никому", alternatives=[heard], latency=latency
        ),
        events.Dtmf(call_id=call_id, line=line, digit="5"),
        events.RedFlag(call_id=call_id, line=line, words="синеет", slot="age"),
        events.SlotFilled(call_id=call_id, line=line, slot="name", value={"surname": "Тайнова"}, probability=0.9),
        events.HouseCallCreated(call_id=call_id, line=line, house_call_id="h", number="122-1", state="delivered"),
    ]


def refused(call_id: str, line: int = 1) -> list[events.Event]:
    """Words before the refusal and after it."""
    return [
        events.CallStarted(call_id=call_id, line=line, caller="+79161234567", called="122"),
        *said(call_id, line),
        events.RecordingRefused(call_id=call_id, line=line),
        *said(call_id, line),
        events.CallEnded(call_id=call_id, line=line, outcome="created", seconds=60),
    ]


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("dashboard.sqlite*"))


def forms(secret: str) -> list[bytes]:
    """As bytes of the text, and as JSON escapes it."""
    return [secret.encode(), secret.encode("unicode_escape")]


@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "event by event"])
def test_no_word_is_in_the_files_afterwards(store: History, tmp_path: Path, at_once: bool) -> None:
    story = numbered(refused("a"))
    before = story.index(next(one for one in story if one.type == "recording.refused"))
    if at_once:
        store.write(story)
    else:
        for one in story[:before]:
            store.write([one])
        assert any(form in on_disk(tmp_path) for form in forms("Тайнова")), "what is looked for can be found"
        for one in story[before:]:
            store.write([one])
    assert b"+79161234567" in on_disk(tmp_path)
    for secret in SECRETS:
        assert not any(form in on_disk(tmp_path) for form in forms(secret)), secret


def test_nor_when_many_calls_are_written_at_once_and_pages_read(store: History, tmp_path: Path) -> None:
    dice = random.Random(7)
    open_calls = [(refused if n % 2 else others)(f"c{n}", n % 40) for n in range(300)]
    mixed: list[events.Event] = []
    while open_calls:
        calls = open_calls[:40]
        call = dice.choice(calls)
        mixed.append(call.pop(0))
        if not call:
            open_calls.remove(call)
    mixed = numbered(mixed)
    while mixed:
        size = dice.randint(1, 40)
        store.write(mixed[:size])
        mixed = mixed[size:]
        store.entries("c2")
    left = on_disk(tmp_path)
    assert b"\\u041e\\u0431\\u044b\\u0447\\u043d\\u044b\\u0439" in left or "Обычный".encode() in left
    for secret in SECRETS:
        assert not any(form in left for form in forms(secret)), secret


def others(call_id: str, line: int) -> list[events.Event]:
    """A call that may be recorded."""
    return [
        events.CallStarted(call_id=call_id, line=line, caller="+79160000000", called="122"),
        *[events.TurnRecognised(call_id=call_id, line=line, text="Обычный разговор " * n) for n in (1, 9, 3, 40, 2, 1)],
        events.CallEnded(call_id=call_id, line=line, outcome="answered", seconds=60),
    ]


def test_what_is_no_word_stays(store: History) -> None:
    store.write(numbered(refused("a")))
    (call,) = store.calls(LONG_AGO)
    assert (call.outcome, call.seconds, call.house_call_number) == ("created", 60, "122-1")
    turns = [entry for entry in store.entries("a") if entry.type == "turn.recognised"]
    assert [(turn.recognition, turn.voice_to_voice) for turn in turns] == [(0.2, 0.8)] * 2
    again = retold(store.story("a"))
    assert again is not None
    assert [one.number for one in again.house_calls] == ["122-1", "122-1"]
    assert again.slots == {"name": (None, 0.9)}


def test_while_the_call_goes_on_a_supervisor_and_an_operator_can_follow_it() -> None:
    live = Live()
    *going_on, end = refused("a")
    for one in going_on:
        live.feed(one)
    assert "не говорите никому" in [entry.text for entry in live.calls["a"].entries]
    live.feed(end)
    assert not any(secret in repr(live.calls["a"]) for secret in SECRETS)


def test_a_refusal_counts_even_when_the_beginning_of_the_call_was_lost(store: History, tmp_path: Path) -> None:
    store.write(numbered(refused("a")[1:]))
    assert not any(form in on_disk(tmp_path) for secret in SECRETS for form in forms(secret))


def test_a_log_that_was_being_read_is_emptied_with_the_next_write(store: History, tmp_path: Path) -> None:
    story = numbered(refused("a"))
    store.write(story[:3])
    engine = open_engine(history.database_url(Settings(var_dir=tmp_path)))
    with engine.connect() as reader:
        reader.exec_driver_sql("PRAGMA busy_timeout=0")
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM entries").fetchall()
        store.write(story[3:10])
        assert any(form in on_disk(tmp_path) for form in forms("Тайнову")), "the reader does not hold the log"
    engine.dispose()
    store.write(story[10:])
    assert not any(form in on_disk(tmp_path) for secret in SECRETS for form in forms(secret))
