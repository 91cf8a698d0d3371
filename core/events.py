"""Events of a call, as the published interface names them; their JSON Schema is made from these classes.

The order in a call: `call.started`, then for each question `prompt.started`, `prompt.finished`,
`speech.started`, `turn.recognised` (or `dtmf`), `slot.filled`; at the end `call.ended`.
Personal data stands in events (they stay inside, behind the token) and nowhere in logs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from core.words import Expects, HouseCallState, Outcome, Slot, TransferReason, TransferTo


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: int = Field(0, description="Grows with every event; `?after=ID` resumes. 0 until it is published.")
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    call_id: str
    line: int


class CallStarted(_Event):
    type: Literal["call.started"] = "call.started"
    caller: str = Field(description="E.164, or empty when the number is withheld")
    called: str


class PromptStarted(_Event):
    type: Literal["prompt.started"] = "prompt.started"
    text: str
    expects: Expects | None = None
    slot: Slot | None = None
    barge_in: bool = True


class PromptFinished(_Event):
    type: Literal["prompt.finished"] = "prompt.finished"
    interrupted: bool = False


class SpeechStarted(_Event):
    type: Literal["speech.started"] = "speech.started"


class Alternative(BaseModel):
    text: str
    score: float = Field(description="Mean log probability a token; 0 is certain")


class Latency(BaseModel):
    """Parts of a turn's latency, seconds. `voice_to_voice`: last sound of the caller to first of the answer."""

    end_of_turn: float | None = None
    recognition: float | None = None
    dialog: float | None = None
    synthesis: float | None = None
    voice_to_voice: float | None = None


class TurnRecognised(_Event):
    type: Literal["turn.recognised"] = "turn.recognised"
    text: str
    alternatives: list[Alternative] = []
    latency: Latency = Latency()


class SlotFilled(_Event):
    type: Literal["slot.filled"] = "slot.filled"
    slot: Slot
    value: Any
    probability: float


class Dtmf(_Event):
    type: Literal["dtmf"] = "dtmf"
    digit: str = Field(pattern=r"^[0-9*#A-D]$")


class HouseCallCreated(_Event):
    type: Literal["house_call.created"] = "house_call.created"
    house_call_id: str
    number: str
    state: HouseCallState


class RedFlag(_Event):
    """Words of danger were heard, or a sign of danger was affirmed."""

    type: Literal["red_flag"] = "red_flag"
    words: str = Field(description="What triggered it: the caller's words, or the sign that was affirmed")
    slot: Slot | None = Field(None, description="The question that was open")


class RecordingRefused(_Event):
    """The caller does not want the call to be recorded: nothing of what is said is kept after the call."""

    type: Literal["recording.refused"] = "recording.refused"


class CallTransferring(_Event):
    """The caller is about to be handed over; the operator's phone shows `context`, the dashboard what is known."""

    type: Literal["call.transferring"] = "call.transferring"
    to: TransferTo
    reason: TransferReason
    context: str = Field(description="Opaque id in the SIP header X-Vyzov-Context, of no use without the dashboard")


class CallTransferred(_Event):
    type: Literal["call.transferred"] = "call.transferred"
    to: TransferTo
    reason: TransferReason
    result: Literal["answered", "failed"]
    way: Literal["refer", "leg"] = Field("refer", description="By REFER, or over a second leg of our own")
    status: int | None = Field(None, description="The last SIP status; null when nothing came")


class CallEnded(_Event):
    type: Literal["call.ended"] = "call.ended"
    outcome: Outcome
    seconds: float


Event = Annotated[
    CallStarted | PromptStarted | PromptFinished | SpeechStarted | TurnRecognised | SlotFilled | Dtmf
    | HouseCallCreated | RedFlag | RecordingRefused | CallTransferring | CallTransferred | CallEnded,
    Field(discriminator="type"),
]  # fmt: skip
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of one event message."""
    return EVENT.json_schema()


if __name__ == "__main__":
    print(json.dumps(json_schema(), ensure_ascii=False, indent=1, sort_keys=True))
