"""What an operator gets to know of a call that is handed over, under the opaque id that the transfer carries."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core.errors import NotFound
from core.words import HouseCallState
from dashboard.history import History
from dashboard.live import Live, LiveCall, retold
from dashboard.words import spoken, words


class TransferState(BaseModel):
    at: datetime
    to: str
    reason: str
    reason_label: str
    result: str | None
    way: str | None
    status: int | None


class KnownSlot(BaseModel):
    slot: str
    label: str
    value: Any
    spoken: str
    probability: float


class HeardFlag(BaseModel):
    at: datetime
    words: str
    slot: str | None


class Line(BaseModel):
    at: datetime
    who: str
    text: str


class MadeHouseCall(BaseModel):
    house_call_id: str
    number: str
    state: HouseCallState


class CallContext(BaseModel):
    """A call as far as it is known; `outcome` null while it goes on. `refused`: after its end no words are left."""

    context: str
    call_id: str
    line: int
    caller: str
    started_at: datetime
    outcome: str | None
    refused: bool
    transfer: TransferState
    slots: list[KnownSlot]
    red_flags: list[HeardFlag]
    transcript: list[Line]
    house_calls: list[MadeHouseCall]


async def call_in_context(context: str, live: Live, history: History) -> LiveCall:
    """The call, of now or of the history. Raises NotFound."""
    if (call := live.in_context(context)) is not None:
        return call
    # PostgreSQL takes no NUL in a text
    call_id = await asyncio.to_thread(history.call_in_context, context) if context.isprintable() else None
    call = retold(await asyncio.to_thread(history.story, call_id)) if call_id is not None else None
    if call is None:
        raise NotFound("no call was transferred under this context")
    return call


def describe(call: LiveCall, context: str) -> CallContext:
    """The call as the interface shows it."""
    transfer = next(one for one in call.transfers if one.context == context)
    return CallContext(
        context=context,
        call_id=call.call_id,
        line=call.line,
        caller=call.caller,
        started_at=call.started_at,
        outcome=call.outcome,
        refused=call.refused,
        transfer=TransferState(
            at=transfer.at, to=transfer.to, reason=transfer.reason, reason_label=words()["reasons"][transfer.reason],
            result=transfer.result, way=transfer.way, status=transfer.status,
        ),
        slots=[
            KnownSlot(slot=slot, label=words()["slots"][slot], value=value, spoken=spoken(value), probability=chance)
            for slot, (value, chance) in call.slots.items()
        ],
        red_flags=[HeardFlag(at=flag.at, words=flag.words, slot=flag.slot) for flag in call.red_flags],
        transcript=[Line(at=entry.at, who=entry.who, text=entry.text) for entry in call.entries],
        house_calls=[
            MadeHouseCall(house_call_id=one.house_call_id, number=one.number, state=one.state)
            for one in call.house_calls
        ],
    )  # fmt: skip
