"""The stream of one telephony worker: its lines, its messages, its turns on the way to a recogniser."""

from __future__ import annotations

import asyncio
import contextlib
import time

from fastapi import WebSocket, WebSocketDisconnect

from asr.engines import Task
from asr.line import Candidate, Line
from asr.protocol import Close, Discard, Error, Expect, Open, Resumed, ServerMessage, Silence, Take, Turn
from asr.protocol import read_control as read
from asr.protocol import unpack_audio as unpack
from asr.recognisers import Recognisers
from asr.vad import Vad
from core.errors import BadInput, ServiceUnavailable
from core.logs import get_logger

log = get_logger(__name__)

MAX_LINES = 256
"""Lines of one connection; a worker has four, or as many as its SIP library was built for."""
_OUTGOING = 2000
"""Messages that wait for a client that does not read; then the connection is closed."""
_SEND_SECONDS = 5.0


class Stream:
    """One WebSocket connection. Bad input is answered with an `error`; the connection and other lines go on."""

    def __init__(self, socket: WebSocket, recognisers: Recognisers, pump: Pump) -> None:
        self._socket = socket
        self._recognisers = recognisers
        self._pump = pump
        self.lines: dict[int, Line] = {}
        self._outgoing: asyncio.Queue[ServerMessage] = asyncio.Queue(_OUTGOING)
        self._recognitions: dict[int, asyncio.Task[None]] = {}
        self._taken: set[asyncio.Task[None]] = set()
        self._strangers: set[int] = set()
        self._too_slow = asyncio.Event()

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        self._pump.add(self)
        parts = [asyncio.create_task(part) for part in (self._receive(), self._send(), self._too_slow.wait())]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                if isinstance(error := part.exception(), Exception) and not isinstance(error, WebSocketDisconnect):
                    log.warning("stream_ended", error=type(error).__name__)
        finally:
            self._pump.remove(self)
            for task in [*parts, *self._recognitions.values(), *self._taken]:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def say(self, message: ServerMessage) -> None:
        """Queue a message for the client."""
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            self._too_slow.set()

    def heard(self, line: Line, messages: list[ServerMessage]) -> None:
        """Pass on what a line's new sound brought, and start or void recognitions."""
        for message in messages:
            self.say(message)
            if isinstance(message, Resumed):
                self._void(line.number)
            elif isinstance(message, Silence) and line.candidate is not None:
                self._void(line.number)
                self._recognitions[line.number] = asyncio.create_task(self._recognise(line, line.candidate))

    async def _send(self) -> None:
        while True:
            message = await self._outgoing.get()
            await asyncio.wait_for(self._socket.send_text(message.model_dump_json()), _SEND_SECONDS)

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if (text := message.get("text")) is not None:
                self._control(text)
            elif (sound := message.get("bytes")) is not None:
                self._sound(sound)

    def _sound(self, message: bytes) -> None:
        entries, fault = unpack(message)
        if fault is not None:
            self._refuse(fault)
        for number, pcm in entries:
            if (line := self.lines.get(number)) is not None:
                self.heard(line, line.receive(pcm))
            elif number not in self._strangers:  # said once: the sound comes 25 times a second
                self._strangers.add(number)
                self.say(Error(line=number, code="unknown_line", message="sound of a line that is not open"))
        self._pump.wake()

    def _control(self, text: str) -> None:
        try:
            message = read(text)
        except BadInput as error:
            self._refuse(error)
            return
        number = message.line
        if isinstance(message, Open):
            self._open(number)
            return
        line = self.lines.get(number)
        if line is None:
            self.say(Error(line=number, code="unknown_line", message="the line is not open"))
        elif isinstance(message, Expect):
            line.expect = message
        elif isinstance(message, Take):
            self._take(line, message.turn_id)
        elif isinstance(message, Discard):
            self._void(number)
            line.discard()
        elif isinstance(message, Close):
            self._void(number)
            del self.lines[number]

    def _open(self, number: int) -> None:
        if number not in self.lines and len(self.lines) >= MAX_LINES:
            self.say(Error(line=number, code="too_many_lines", message=f"at most {MAX_LINES} lines a connection"))
            return
        self._void(number)
        self._strangers.discard(number)
        self.lines[number] = Line.opened(number)

    def _take(self, line: Line, turn_id: str) -> None:
        offered = line.candidate is not None and line.candidate.turn_id == turn_id
        if offered and (task := self._recognitions.pop(line.number, None)) is not None:
            # taken before it was recognised: the next turn's speech must not void it
            self._taken.add(task)
            task.add_done_callback(self._taken.discard)
        try:
            messages = line.take(turn_id)
        except KeyError:
            self.say(Error(line=line.number, code="unknown_turn", message="the line has no such candidate turn"))
            return
        self.heard(line, messages)

    def _refuse(self, error: BadInput) -> None:
        self.say(Error(code=error.code, message=str(error)))

    def _void(self, number: int) -> None:
        if (task := self._recognitions.pop(number, None)) is not None:
            task.cancel()

    async def _recognise(self, line: Line, candidate: Candidate) -> None:
        """Recognise a candidate turn and say so: exactly one `turn`, empty when it failed."""
        begun = time.monotonic()
        expect = candidate.expect
        turn = Turn(line=line.number, turn_id=candidate.turn_id, text="")
        try:
            result = await self._recognisers.recognise(
                Task(
                    turn_id=candidate.turn_id,
                    pcm=candidate.pcm,
                    speech_seconds=candidate.speech_seconds,
                    expects=expect.expects,
                    slot=expect.slot,
                    candidates=expect.candidates,
                    hints=expect.hints,
                )
            )
        except ServiceUnavailable as error:
            self.say(Error(line=line.number, code=error.code, message=str(error)))
        else:
            turn.text, turn.alternatives, turn.closed = result.text, result.alternatives, result.closed
        turn.seconds = round(time.monotonic() - begun, 3)
        self.say(turn)


class Pump:
    """Runs the voice activity detector over the new frames of all lines of all streams, in batches."""

    GATHER_SECONDS = 0.01
    """How long sound is gathered before a batch: workers send every 40 ms, not at the same moment."""
    _BATCH = 256

    def __init__(self, vad: Vad) -> None:
        self._vad = vad
        self._streams: set[Stream] = set()
        self._new_sound = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="vad-pump")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def add(self, stream: Stream) -> None:
        self._streams.add(stream)

    def remove(self, stream: Stream) -> None:
        self._streams.discard(stream)

    def wake(self) -> None:
        """There is new sound."""
        self._new_sound.set()

    async def _run(self) -> None:
        while True:
            await self._new_sound.wait()
            await asyncio.sleep(self.GATHER_SECONDS)
            self._new_sound.clear()
            if self._round():
                self._new_sound.set()  # a line may have more than one frame

    def _round(self) -> bool:
        """One frame of every line that has one; True when there was any."""
        ready = [
            (stream, line, frame)
            for stream in self._streams
            for line in stream.lines.values()
            if (frame := line.frame()) is not None
        ]
        for start in range(0, len(ready), self._BATCH):
            batch = ready[start : start + self._BATCH]
            probabilities = self._vad.probabilities([frame for *_, frame in batch], [line.vad for _, line, _ in batch])
            for (stream, line, _), probability in zip(batch, probabilities, strict=True):
                stream.heard(line, line.advance(probability))
        return bool(ready)
