"""What goes on now: lines and their calls, kept from the events. Pure: it reads no clock and holds no connection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import events
from dashboard.words import words

ENDED_CALLS_KEPT = 200
"""Calls that stay at hand after their end; older ones are in the history."""

ENTRIES_KEPT = 500
"""Lines of one transcript; a call of fifteen minutes has about 150."""


@dataclass
class Entry:
    """One line of a transcript. `who`: vyzov, caller, note, alarm. `latency`: voice to voice of a turn, seconds."""

    at: datetime
    who: str
    text: str
    latency: float | None = None


@dataclass
class Transfer:
    """A transfer of a call: `result` is None until the other side has answered or not."""

    at: datetime
    to: str
    reason: str
    context: str | None = None
    result: str | None = None
    way: str | None = None
    status: int | None = None


@dataclass
class LiveCall:
    """One call as far as it has come; also how a call of the history is shown."""

    call_id: str
    line: int
    caller: str
    started_at: datetime
    entries: list[Entry] = field(default_factory=list)
    slots: dict[str, tuple[Any, float]] = field(default_factory=dict)
    """What was understood: slot to value and probability."""
    asked: str | None = None
    """The slot that is being asked now."""
    red_flags: list[events.RedFlag] = field(default_factory=list)
    house_calls: list[events.HouseCallCreated] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    refused: bool = False
    """The caller does not want to be recorded: what was said is forgotten when the call ends."""
    outcome: str | None = None
    """None while the call goes on."""

    def add(self, at: datetime, who: str, text: str, latency: float | None = None) -> None:
        if len(self.entries) < ENTRIES_KEPT:
            self.entries.append(Entry(at, who, text, latency))

    def end(self, outcome: str) -> None:
        self.outcome, self.asked = outcome, None
        if self.refused:
            for entry in self.entries:
                if entry.who != "note":
                    entry.text = f"{words()['events']['red_flag']}: …" if entry.who == "alarm" else "…"
            self.slots = {slot: (None, probability) for slot, (_, probability) in self.slots.items()}
            self.red_flags = [flag.model_copy(update={"words": ""}) for flag in self.red_flags]


class Live:
    """Calls by id, newest last, and a version that grows with every change, for pages that poll."""

    def __init__(self) -> None:
        self.calls: OrderedDict[str, LiveCall] = OrderedDict()
        self.version = 0

    @property
    def going_on(self) -> dict[int, LiveCall]:
        """Line to its call of now."""
        return {call.line: call for call in self.calls.values() if call.outcome is None}

    def in_context(self, context: str) -> LiveCall | None:
        """The call that is or was transferred under that opaque id."""
        found = (call for call in self.calls.values() if any(one.context == context for one in call.transfers))
        return next(found, None)

    def feed(self, event: events.Event) -> None:
        """Take one event; events of a call whose beginning was not seen are ignored."""
        self.version += 1
        if isinstance(event, events.CallStarted):
            for stale in self.going_on.values():  # a worker that was killed could not say that its calls ended
                if stale.line == event.line:
                    stale.end("failed")
            self.calls[event.call_id] = LiveCall(event.call_id, event.line, event.caller, event.at)
            while len(self.calls) > ENDED_CALLS_KEPT + len(self.going_on):
                oldest = next(key for key, call in self.calls.items() if call.outcome is not None)
                del self.calls[oldest]
        elif (call := self.calls.get(event.call_id)) is not None:
            _apply(call, event)


def retold(story: Sequence[events.Event]) -> LiveCall | None:
    """A call of the history from its events, in order; None without any."""
    if not story:
        return None
    first = story[0]
    call = LiveCall(first.call_id, first.line, "", first.at)
    for event in story:
        _apply(call, event)
    return call


def _apply(call: LiveCall, event: events.Event) -> None:
    match event:
        case events.CallStarted():
            call.caller = event.caller
        case events.PromptStarted():
            call.add(event.at, "vyzov", event.text or "…")
            call.asked = event.slot
        case events.TurnRecognised():
            call.add(event.at, "caller", event.text or "…", event.latency.voice_to_voice)
        case events.SlotFilled():
            call.slots[event.slot] = (event.value, event.probability)
        case events.Dtmf():
            call.add(event.at, "caller", f"[{event.digit}]")
        case events.HouseCallCreated():
            call.house_calls.append(event)
            call.add(event.at, "note", f"{words()['events']['house_call.created']} {event.number}")
        case events.RedFlag():
            call.red_flags.append(event)
            call.add(event.at, "alarm", f"{words()['events']['red_flag']}: {event.words or '…'}")
        case events.RecordingRefused():
            call.refused = True
            call.add(event.at, "note", words()["events"]["recording.refused"])
        case events.CallTransferring():
            call.transfers.append(Transfer(event.at, event.to, event.reason, event.context))
            call.add(event.at, "note", f"{_transfer(event.to)}: {words()['reasons'][event.reason]}…")
        case events.CallTransferred():
            _transferred(call, event)
        case events.CallEnded():
            call.end(event.outcome)


def _transferred(call: LiveCall, event: events.CallTransferred) -> None:
    if not call.transfers or call.transfers[-1].result is not None:  # its beginning was lost
        call.transfers.append(Transfer(event.at, event.to, event.reason))
    last = call.transfers[-1]
    last.result, last.way, last.status = event.result, event.way, event.status
    status = "нет ответа" if event.status is None else str(event.status)
    call.add(
        event.at,
        "note",
        f"{_transfer(event.to)}: {words()['results'][event.result]} ({words()['ways'][event.way]}, {status})",
    )


def _transfer(to: str) -> str:
    return f"{words()['events']['call.transferring']} {words()['transfers'][to]}"
