"""Promise: what a supervisor sees of a call is what happened in it, and a line never shows two calls."""

from __future__ import annotations

from core import events
from dashboard.live import ENDED_CALLS_KEPT, Live


def begin(live: Live, call_id: str, line: int = 0) -> None:
    live.feed(events.CallStarted(call_id=call_id, line=line, caller="+79161234567", called="122"))


def test_a_call_grows_with_its_events() -> None:
    live = Live()
    begin(live, "a", line=2)
    live.feed(events.PromptStarted(call_id="a", line=2, text="Кому нужен врач?", expects="choice", slot="who"))
    assert live.going_on[2].asked == "who"
    live.feed(events.TurnRecognised(call_id="a", line=2, text="себе", latency=events.Latency(voice_to_voice=0.7)))
    live.feed(events.SlotFilled(call_id="a", line=2, slot="who", value="self", probability=0.97))
    live.feed(events.HouseCallCreated(call_id="a", line=2, house_call_id="h", number="122-1", state="delivered"))
    call = live.going_on[2]
    assert [(entry.who, entry.text) for entry in call.entries] == [
        ("vyzov", "Кому нужен врач?"), ("caller", "себе"), ("note", "Вызов 122-1"),
    ]  # fmt: skip
    assert call.slots == {"who": ("self", 0.97)}
    live.feed(events.CallEnded(call_id="a", line=2, outcome="created", seconds=3))
    assert live.going_on == {}
    assert live.calls["a"].outcome == "created"


def test_a_new_call_on_a_line_ends_the_one_that_a_killed_worker_left() -> None:
    live = Live()
    begin(live, "a")
    begin(live, "b")
    assert [call.call_id for call in live.going_on.values()] == ["b"]
    assert live.calls["a"].outcome == "failed"


def test_events_of_an_unknown_call_are_ignored() -> None:
    live = Live()
    live.feed(events.PromptStarted(call_id="never", line=0, text="…"))
    assert not live.calls


def test_memory_is_bounded_and_calls_that_go_on_are_kept() -> None:
    live = Live()
    begin(live, "long", line=99)
    for number in range(3 * ENDED_CALLS_KEPT):
        begin(live, str(number))
        live.feed(events.CallEnded(call_id=str(number), line=0, outcome="abandoned", seconds=1))
    assert len(live.calls) <= ENDED_CALLS_KEPT + 2
    assert "long" in live.calls
