"""The worker's ear: the sound of all its lines on one stream to the recogniser, and what it says back to each line."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Protocol

from asr.client import AsrStream, Away, Back, Error, Heard, Resumed, Silence, Speech, Turn
from core.logs import get_logger
from core.settings import Settings
from core.words import Expects, Slot
from telephony.audio_port import SAMPLE_RATE
from telephony.endpointing import Candidate

log = get_logger(__name__)

_MOST_BYTES = 2 * SAMPLE_RATE
"""The protocol takes a second of a line at a time."""


class Listener(Protocol):
    """A conversation that is told what is heard on its line; times are seconds since the line's clock began."""

    def on_speech(self, at: float) -> None: ...

    def on_silence(self, at: float, turn_id: str) -> None: ...

    def on_resumed(self, turn_id: str) -> None: ...

    def on_recognised(self, candidate: Candidate) -> None: ...

    def on_ear(self, here: bool) -> None:
        """The recogniser went away (what was said is lost), or is here again."""


@dataclass
class _Ear:
    listener: Listener
    sent: int = 0
    """Samples since the line's clock began."""
    base: int = 0
    """The line's sample at which the recogniser's count began."""


class Hearing:
    """One instance a worker. All methods return at once."""

    def __init__(self, settings: Settings) -> None:
        self._stream = AsrStream(settings, self._heard)
        self._ears: dict[int, _Ear] = {}
        self._collected: dict[int, bytearray] = {}
        self._arrived = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect, and go on trying until `aclose`."""
        await self._stream.start()

    async def wait(self, seconds: float) -> bool:
        """True when the recogniser is here within `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), seconds)
        return self.here

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def here(self) -> bool:
        return self._stream.here

    def open(self, line: int, call_id: str, listener: Listener) -> None:
        """A call begins on `line`, its clock at 0."""
        self._ears[line] = _Ear(listener)
        self._collected[line] = bytearray()
        self._stream.open(line, call_id)

    def close(self, line: int) -> None:
        if self._ears.pop(line, None) is not None:
            self._collected.pop(line, None)
            self._stream.close(line)

    def expect(
        self, line: int, expects: Expects | None, slot: Slot | None, candidates: list[str], hints: list[str]
    ) -> None:
        """What the line's next turn is likely to be. Raises core.errors.BadInput for overlong lists."""
        self._stream.expect(line, expects, slot, candidates, hints)

    def take(self, line: int, turn_id: str) -> None:
        """The candidate is the turn: what is said next is a new one."""
        self._stream.take(line, turn_id)

    def discard(self, line: int) -> None:
        """It was noise."""
        self._stream.discard(line)

    def collect(self, line: int, pcm: bytes) -> None:
        """Sound of a line, in order and without gaps; it leaves with the next `flush`."""
        if line in self._ears:
            self._collected[line] += pcm

    def flush(self) -> None:
        """Send what was collected, one message for all lines; called about every 40 ms."""
        frames: dict[int, bytes] = {}
        for line, collected in self._collected.items():
            if collected:
                frames[line] = bytes(collected[:_MOST_BYTES])
                del collected[:_MOST_BYTES]
                self._ears[line].sent += len(frames[line]) // 2
        if frames:
            self._stream.send(frames)

    def _heard(self, message: Heard) -> None:
        if isinstance(message, Away | Back):
            if isinstance(message, Back):
                self._arrived.set()
            for ear in self._ears.values():
                ear.base = ear.sent
                ear.listener.on_ear(isinstance(message, Back))
            return
        if isinstance(message, Error):
            log.warning("recogniser_error", line=message.line, code=message.code)
            return
        if message.line not in self._ears:  # the call ended a moment ago
            return
        ear = self._ears[message.line]
        match message:
            case Speech():
                ear.listener.on_speech((ear.base + message.sample) / SAMPLE_RATE)
            case Silence():
                ear.listener.on_silence((ear.base + message.sample) / SAMPLE_RATE, message.turn_id)
            case Resumed():
                ear.listener.on_resumed(message.turn_id)
            case Turn():
                alternatives = tuple((a.text, a.score) for a in message.alternatives)
                ear.listener.on_recognised(
                    Candidate(message.turn_id, message.text, alternatives, message.closed, message.seconds)
                )
