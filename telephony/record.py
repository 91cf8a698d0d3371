"""What is told of one call: its events, and the outcome that they come to."""

from __future__ import annotations

from typing import Any

from core.events import (
    Alternative,
    CallTransferred,
    CallTransferring,
    HouseCallCreated,
    RecordingRefused,
    RedFlag,
    SlotFilled,
    TurnRecognised,
)
from core.words import Outcome, Slot
from dialog.client import Answer, Transfer
from telephony.endpointing import Candidate
from telephony.latency import TurnTimes, observe
from telephony.surroundings import Events


class Record:
    """Publishes for one call and keeps its outcome."""

    def __init__(self, events: Events, call_id: str, line: int) -> None:
        self.outcome: Outcome = "abandoned"
        self._events = events
        self._call_id = call_id
        self._line = line
        self._slot: Slot | None = None
        """The question that is open."""
        self._house_call_made = False
        self._recording_refused = False

    def publish(self, event: type[Any], **fields: Any) -> None:
        self._events.publish(event(call_id=self._call_id, line=self._line, **fields))

    def turn(self, recognised: Candidate, times: TurnTimes) -> None:
        latency = times.latency()
        observe(latency)
        alternatives = [Alternative(text=text, score=score) for text, score in recognised.alternatives]
        self.publish(TurnRecognised, text=recognised.text, alternatives=alternatives, latency=latency)

    def answer(self, answer: Answer) -> None:
        """What the dialog has settled; from here on the call's outcome is at least that."""
        if answer.red_flag is not None:
            self.publish(RedFlag, words=answer.red_flag, slot=self._slot)
        self._slot = answer.slot
        if answer.recording_refused and not self._recording_refused:
            self._recording_refused = True
            self.publish(RecordingRefused)
        for filled in answer.filled:
            self.publish(SlotFilled, slot=filled.slot, value=filled.value, probability=filled.probability)
        if (made := answer.house_call) is not None:
            self._house_call_made = True
            self.publish(HouseCallCreated, house_call_id=made.house_call_id, number=made.number, state=made.state)
            self.outcome = "created" if made.state == "delivered" else "queued"
        if answer.outcome is not None:
            self.outcome = answer.outcome
        if answer.end == "failed":
            self.failed()
        elif answer.end is not None:
            self.outcome = answer.end

    def failed(self) -> None:
        """The call cannot go on; a house call that was made stays made."""
        if not self._house_call_made:
            self.outcome = "failed"

    def transferring(self, transfer: Transfer, context: str) -> None:
        self.publish(CallTransferring, to=transfer.to, reason=transfer.reason, context=context)

    def transferred(self, transfer: Transfer, *, answered: bool, way: str, status: int | None) -> None:
        if answered:
            self.outcome = "emergency" if transfer.to == "emergency" else "transferred"
        result = "answered" if answered else "failed"
        self.publish(
            CallTransferred, to=transfer.to, reason=transfer.reason, result=result, way=way, status=status
        )  # fmt: skip
