"""What a conversation stands on: its line, and the services around it, as narrow as it needs them.

The real ones are `telephony.line.Line`, `telephony.hearing.Hearing`, `tts.client.TtsClient`,
`dialog.client.DialogClient` and `core.bus.EventPublisher`; tests put others in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.events import Event
from core.words import Expects, Slot
from dialog.client import Answer, DialogEvent, Transfer, Turn
from telephony.destinations import Destinations
from telephony.handover import HandingLine, WantedWay
from telephony.hearing import Listener
from telephony.prompts import OwnPrompts, Voice


class CallLine(HandingLine, Protocol):
    """What a conversation needs of `telephony.line.Line`; times are seconds of the call's clock."""

    number: int
    caller: str
    called: str
    held: bool
    on_digit_pressed: Callable[[str], None] | None

    @property
    def buffered_seconds(self) -> float: ...

    async def answer(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def tick(self) -> None: ...


class Ear(Protocol):
    """What it needs of `telephony.hearing.Hearing`."""

    @property
    def here(self) -> bool: ...

    def open(self, line: int, call_id: str, listener: Listener) -> None: ...

    def close(self, line: int) -> None: ...

    def expect(
        self, line: int, expects: Expects | None, slot: Slot | None, candidates: list[str], hints: list[str]
    ) -> None: ...

    def take(self, line: int, turn_id: str) -> None: ...

    def discard(self, line: int) -> None: ...


class Dialog(Protocol):
    """What it needs of `dialog.client.DialogClient`."""

    async def send(
        self, call_id: str, event: DialogEvent, turn: Turn | None = None, *, caller: str = "", called: str = "",
        failed: Transfer | None = None,
    ) -> Answer: ...  # fmt: skip


class Events(Protocol):
    """What it needs of `core.bus.EventPublisher`."""

    def publish(self, event: Event) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """What all conversations of a worker share."""

    ear: Ear
    voice: Voice
    dialog: Dialog
    events: Events
    prompts: OwnPrompts
    destinations: Destinations
    transfer_way: WantedWay
    transfer_seconds: float
    """How long an operator's telephone may ring."""
    turn_seconds: float
