"""Small stand-ins for the rooms behind the worker, on one port: recognition by loudness, synthesis by tone, and a
dialog of four sentences. They speak the protocols of docs/protocols.md and keep what they were sent."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import math
import struct
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

RATE = 8000
LOUD = 1000


def tone(seconds: float, hertz: float = 440.0, lead: float = 0.0) -> bytes:
    """PCM of `lead` seconds of silence and `seconds` of a tone."""
    wave = (int(9000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(seconds * RATE)))
    return bytes(2 * int(lead * RATE)) + array.array("h", wave).tobytes()


def spoken_seconds(text: str) -> float:
    """How long the stub's voice takes for a text."""
    return 0.2 + 0.02 * len(text)


class Ear:
    """One line's speech by loudness, in steps of 10 ms: begins at once, ends after 0.2 s of quiet."""

    def __init__(self) -> None:
        self.samples = 0
        self.last_sound = 0
        self.speaking = False
        self.turn_id: str | None = None
        self._rest = b""

    def hear(self, pcm: bytes) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        pcm = self._rest + pcm
        whole = len(pcm) // 160 * 160
        self._rest = pcm[whole:]
        for start in range(0, whole, 160):
            step = memoryview(pcm[start : start + 160]).cast("h")
            loud = [i for i, v in enumerate(step) if abs(v) > LOUD]
            if loud:
                if not self.speaking:
                    self.speaking = True
                    if self.turn_id is None:
                        said.append({"type": "speech", "sample": self.samples + loud[0]})
                    else:
                        said.append({"type": "resumed", "turn_id": self.turn_id})
                        self.turn_id = None
                self.last_sound = self.samples + loud[-1]
            elif self.speaking and self.samples - self.last_sound >= RATE // 5:
                self.speaking = False
                self.turn_id = uuid.uuid4().hex
                said.append({"type": "silence", "sample": self.last_sound, "turn_id": self.turn_id})
            self.samples += 80
        return said


def answer(text: str = "", **fields: Any) -> dict[str, Any]:
    """An answer of the dialog as it goes over the wire."""
    body: dict[str, Any] = {
        "say": [{"text": text, "barge_in": fields.pop("barge_in", True)}] if text else [],
        "expects": None, "slot": None, "candidates": [], "hints": [], "filled": [],
        "house_call": None, "transfer": None, "end": None, "red_flag": None, "recording_refused": False,
    }  # fmt: skip
    return body | fields


def short_dialog(body: dict[str, Any]) -> dict[str, Any]:
    """Greets, asks twice, says that the call is accepted, and ends."""
    if body["event"] == "hangup":
        return answer()
    if body["event"] == "start":
        return answer("Здравствуйте. Вам нужен врач?", expects="yes_no", slot="who")
    return answer("Вызов принят.", end={"outcome": "answered"})


@dataclass
class Stubs:
    """Behaviour and memory of the stand-ins; tests change the fields while the worker runs."""

    port: int
    dialog: Callable[[dict[str, Any]], dict[str, Any] | None] = short_dialog
    heard_text: str = "да"
    recognition_seconds: float = 0.05
    tts_works: bool = True
    dialog_works: bool = True
    dialog_seconds: float = 0.0
    turns: list[dict[str, Any]] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    control: list[dict[str, Any]] = field(default_factory=list)
    sockets: set[WebSocket] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Stubs]:
        app = FastAPI()
        app.add_api_websocket_route("/v1/stream", self._stream)
        app.add_api_route("/v1/speak", self._speak, methods=["POST"])
        app.add_api_route("/webhooks/vyzov/health", lambda: {"status": "ready"})
        app.add_api_route("/webhooks/vyzov/webhook", self._webhook, methods=["POST"])
        server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_config=None, timeout_graceful_shutdown=1))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.02)
        try:
            yield self
        finally:
            server.should_exit = True
            for socket in list(self.sockets):
                with contextlib.suppress(RuntimeError):
                    await socket.close()
            await task

    async def _speak(self, request: Request) -> Response:
        if not self.tts_works:
            return Response(status_code=503)
        text = (await request.json())["text"]
        self.spoken.append(text)
        return Response(tone(spoken_seconds(text)), media_type="audio/L16; rate=8000")

    async def _webhook(self, request: Request) -> Any:
        body = await request.json()
        if body["event"] != "hangup":
            self.turns.append(body)
        if not self.dialog_works:
            return Response("[]", media_type="application/json")
        await asyncio.sleep(self.dialog_seconds)
        return self.dialog(body)

    async def _stream(self, socket: WebSocket) -> None:
        await socket.accept()
        self.sockets.add(socket)
        ears: dict[int, Ear] = {}
        tasks: set[asyncio.Task[None]] = set()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if message.get("text"):
                    self._control(json.loads(message["text"]), ears)
                    continue
                data, at = message["bytes"], 0
                while at < len(data):
                    line, count = struct.unpack_from("<HH", data, at)
                    pcm, at = data[at + 4 : at + 4 + 2 * count], at + 4 + 2 * count
                    for said in ears[line].hear(pcm) if line in ears else ():
                        await socket.send_json({"line": line, **said})
                        if said["type"] == "silence":
                            task = asyncio.create_task(self._recognise(socket, line, ears[line], said["turn_id"]))
                            tasks.add(task)
                            task.add_done_callback(tasks.discard)
        self.sockets.discard(socket)

    def _control(self, message: dict[str, Any], ears: dict[int, Ear]) -> None:
        self.control.append(message)
        if message["type"] == "open":
            ears[message["line"]] = Ear()
        elif message["type"] == "close":
            ears.pop(message["line"], None)
        elif message["type"] in ("take", "discard") and message["line"] in ears:
            ears[message["line"]].turn_id = None

    async def _recognise(self, socket: WebSocket, line: int, ear: Ear, turn_id: str) -> None:
        await asyncio.sleep(self.recognition_seconds)
        if ear.turn_id == turn_id:
            await socket.send_json(
                {"type": "turn", "line": line, "turn_id": turn_id, "text": self.heard_text,
                 "alternatives": [{"text": self.heard_text, "score": -0.1}], "closed": True,
                 "seconds": self.recognition_seconds}
            )  # fmt: skip
