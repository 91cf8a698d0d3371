"""What goes on now: lines and their calls, kept from the events. Pure: it reads no clock and holds no connection."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import events

ENDED_CALLS_KEPT = 200
"""Calls that stay at hand after their end; older ones are in the history."""

ENTRIES_KEPT = 500
"""Lines of one transcript; a call of fifteen minutes has about 150."""


@dataclass
class Entry:
    """One line of a transcript. `who`: vyzov, caller, slot, note."""

    at: datetime
    who: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class LiveCall:
    call_id: str
    line: int
    caller: str
    started_at: datetime
    entries: list[Entry] = field(default_factory=list)
    slots: dict[str, tuple[Any, float]] = field(default_factory=dict)
    """What was understood: slot to value and probability."""
    asked: str | None = None
    """The slot that is being asked now."""
    house_call_number: str | None = None
    outcome: str | None = None
    """None while the call goes on."""

    def add(self, at: datetime, who: str, text: str, **detail: Any) -> None:
        if len(self.entries) < ENTRIES_KEPT:
            self.entries.append(Entry(at, who, text, detail))


class Live:
    """Calls by id, newest last, and a version that grows with every change, for pages that poll."""

    def __init__(self) -> None:
        self.calls: OrderedDict[str, LiveCall] = OrderedDict()
        self.version = 0

    @property
    def going_on(self) -> dict[int, LiveCall]:
        """Line to its call of now."""
        return {call.line: call for call in self.calls.values() if call.outcome is None}

    def feed(self, event: events.Event) -> None:
        """Take one event; events of a call whose beginning was not seen are ignored."""
        self.version += 1
        if isinstance(event, events.CallStarted):
            for stale in self.going_on.values():  # a worker that was killed could not say that its calls ended
                if stale.line == event.line:
                    stale.outcome = "failed"
            self.calls[event.call_id] = LiveCall(event.call_id, event.line, event.caller, event.at)
            while len(self.calls) > ENDED_CALLS_KEPT + len(self.going_on):
                oldest = next(key for key, call in self.calls.items() if call.outcome is not None)
                del self.calls[oldest]
        elif (call := self.calls.get(event.call_id)) is not None:
            _apply(call, event)


def _apply(call: LiveCall, event: events.Event) -> None:
    match event:
        case events.PromptStarted():
            call.add(event.at, "vyzov", event.text)
            call.asked = event.slot
        case events.TurnRecognised():
            call.add(event.at, "caller", event.text or "…", latency=event.latency.voice_to_voice)
        case events.SlotFilled():
            call.slots[event.slot] = (event.value, event.probability)
        case events.Dtmf():
            call.add(event.at, "caller", f"[{event.digit}]")
        case events.HouseCallCreated():
            call.house_call_number = event.number
            call.add(event.at, "note", f"Вызов {event.number}", state=event.state)
        case events.CallTransferred():
            call.add(event.at, "note", "Перевод", to=event.to, reason=event.reason, result=event.result)
        case events.CallEnded():
            call.outcome = event.outcome
            call.asked = None
