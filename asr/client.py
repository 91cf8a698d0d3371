"""The one door to recognition: `AsrStream` for a telephony worker, `AsrClient` for hearing a turn again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from asr.grammar import Part as Part  # what askers build their grammars of
from asr.protocol import (
    MAX_AUDIO_BYTES,
    Close,
    Discard,
    Error,
    Expect,
    Open,
    Resumed,
    ServerMessage,
    Silence,
    Speech,
    Take,
    Turn,
    pack_audio,
    read_server,
)
from core.client import ServiceClient
from core.errors import BadInput
from core.events import Alternative
from core.logs import get_logger
from core.settings import Settings

__all__ = [
    "AsrClient",
    "AsrStream",
    "Away",
    "Back",
    "Error",
    "Heard",
    "Resumed",
    "ServerMessage",
    "Silence",
    "Speech",
    "Turn",
]

log = get_logger(__name__)

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to connect; the last goes on until `aclose`: a worker without recognition keeps trying."""
_CONNECT_SECONDS = 3.0
_QUEUED = 256
"""Messages on the way to a service that does not read: 10 s of sound; then the newest sound is dropped."""


@dataclass(frozen=True)
class Away:
    """The service went away: turns of every line are lost. `Back` follows once it is here again."""


@dataclass(frozen=True)
class Back:
    """The service is here again; the open lines were opened anew, their sample counts start at 0."""


Heard = ServerMessage | Away | Back


@dataclass
class _OpenLine:
    call_id: str
    expect: Expect | None = None


@dataclass
class AsrStream:
    """The stream of one worker, for all its lines. `heard` is called in the event loop with every message.

    All calls return at once; what the service cannot be told while it is away is dropped, and the lines that are
    open when it comes back are opened again with their last expectation.
    """

    settings: Settings
    heard: Callable[[Heard], None]
    _lines: dict[int, _OpenLine] = field(default_factory=dict)
    _outgoing: asyncio.Queue[str | bytes] = field(default_factory=lambda: asyncio.Queue(_QUEUED))
    _task: asyncio.Task[None] | None = None
    _here: asyncio.Event = field(default_factory=asyncio.Event)
    socket: ClientConnection | None = None

    async def start(self, seconds: float = 0.0) -> bool:
        """Begin to connect, and wait up to `seconds` for it; True when the service is here."""
        self._task = asyncio.create_task(self._run(), name="asr-stream")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._here.wait(), seconds)
        return self.here

    @property
    def here(self) -> bool:
        """True while the service is connected."""
        return self._here.is_set()

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def open(self, line: int, call_id: str) -> None:
        """A call begins on the line."""
        self._lines[line] = _OpenLine(call_id)
        self._put(Open(line=line, call_id=call_id).model_dump_json())

    def expect(
        self, line: int, expects: str | None, slot: str | None = None,
        candidates: list[str] | None = None, hints: list[str] | None = None,
    ) -> None:  # fmt: skip
        """What the line's next turn is likely to be. Raises BadInput for what the protocol does not allow."""
        try:
            message = Expect.model_validate(
                {"line": line, "expects": expects, "slot": slot, "candidates": candidates or [], "hints": hints or []}
            )
        except ValueError:
            raise BadInput("an expectation that the protocol does not allow") from None
        if line in self._lines:
            self._lines[line].expect = message
        self._put(message.model_dump_json())

    def take(self, line: int, turn_id: str) -> None:
        """The candidate turn is accepted."""
        self._put(Take(line=line, turn_id=turn_id).model_dump_json())

    def discard(self, line: int) -> None:
        """Forget speech so far."""
        self._put(Discard(line=line).model_dump_json())

    def close(self, line: int) -> None:
        """The call on the line is over."""
        self._lines.pop(line, None)
        self._put(Close(line=line).model_dump_json())

    def send(self, frames: Mapping[int, bytes]) -> None:
        """Sound of the lines since the last time: PCM s16le, 8 kHz.

        Raises BadInput for PCM of an odd length or more than 256 KiB: that is 0.5 s of 32 lines.
        """
        message = pack_audio(frames)
        if len(message) > MAX_AUDIO_BYTES:
            raise BadInput(f"at most {MAX_AUDIO_BYTES} bytes of sound at a time", code="too_large")
        if message:
            self._put(message)

    def _put(self, message: str | bytes) -> None:
        if not self.here:
            return
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            if isinstance(message, str) and self.socket is not None:
                # sound may be lost, control may not: begin anew
                self.socket.transport.abort()

    async def _run(self) -> None:
        tries = 0
        url = self.settings.asr_url.replace("http", "ws", 1) + "/v1/stream"
        token = self.settings.api_token.get_secret_value()
        while True:
            try:
                async with connect(
                    url,
                    additional_headers={"Authorization": f"Bearer {token}"},
                    open_timeout=_CONNECT_SECONDS,
                    close_timeout=1,
                    compression=None,
                    ping_interval=5,
                    ping_timeout=5,
                ) as socket:
                    tries = 0
                    await self._serve(socket)
            except (OSError, WebSocketException, TimeoutError) as error:
                refused = isinstance(error, InvalidStatus) and error.response.status_code in (401, 403)
                if tries == 0:
                    log.warning("asr_away", error=type(error).__name__, refused=refused)
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    async def _serve(self, socket: ClientConnection) -> None:
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
        self.socket = socket
        self._here.set()
        for line, state in self._lines.items():
            self._put(Open(line=line, call_id=state.call_id).model_dump_json())
            if state.expect is not None:
                self._put(state.expect.model_dump_json())
        self.heard(Back())
        parts = [asyncio.create_task(part) for part in (self._send(socket), self._receive(socket))]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            self._here.clear()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            self.heard(Away())

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._outgoing.get())

    async def _receive(self, socket: ClientConnection) -> None:
        async for text in socket:
            try:
                message = read_server(text if isinstance(text, str) else text.decode())
            except (BadInput, UnicodeDecodeError):
                log.warning("asr_message_not_understood")
                continue
            self.heard(message)


class AsrClient(ServiceClient):
    """What the sound of a turn says of texts, over HTTP."""

    service = "asr"

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(settings.asr_url, settings, **options)

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
        """The likeliest texts of a grammar against the sound of that turn, best first; `score` is the natural logarithm
        of how much likelier one is, as a whole, than the best text of recognition.

        Raises NotFound when the sound is gone or the engine cannot, ServiceUnavailable, BadInput.
        """
        body = {
            "turn_id": turn_id,
            "sequences": [
                [{"wordings": part.wordings, "optional": part.optional} for part in parts] for parts in sequences
            ],
        }
        answer = await self.request("POST", "/v1/hear_again", json=body)
        return [Alternative.model_validate(one) for one in answer.json()["heard"]]
