"""The speech synthesis service: `python -m tts.service`. Its contract: docs/protocols.md, "tts"."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from core.errors import ServiceUnavailable
from core.logs import get_logger
from core.service import create_app, require_token, serve
from core.settings import Settings, get_settings
from tts.cache import SpeechCache
from tts.engines.espeak import Espeak
from tts.engines.select import select_engine
from tts.synthesis import TEXT_CHARACTERS, Synthesis

log = get_logger(__name__)

PREPARE_TEXTS = 500
"""Most texts of one request to prepare; a script has some hundred."""
PREPARE_WAITING = 2000
"""Most texts that wait to be prepared."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS)]


class SpeakRequest(BaseModel):
    """A text to be spoken now."""

    model_config = ConfigDict(extra="forbid")
    text: Text
    slow: bool = False


class PrepareRequest(BaseModel):
    """Fixed prompts to be rendered to the disk; they must not hold personal data."""

    model_config = ConfigDict(extra="forbid")
    texts: list[Text]


class Preparer:
    """Renders fixed prompts one after another, so that a caller's text finds a free engine beside it."""

    def __init__(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._queue: asyncio.Queue[str] = asyncio.Queue(PREPARE_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="tts-preparer")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def add(self, texts: list[str]) -> None:
        """Raises ServiceUnavailable when not all of them find room."""
        if self._queue.qsize() + len(texts) > PREPARE_WAITING:
            raise ServiceUnavailable("too many prompts are waiting to be prepared", code="overloaded")
        for text in texts:
            self._queue.put_nowait(text)

    async def _run(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                await self._synthesis.prepare(text)
            except Exception as error:  # one prompt must not end the rest; it will be rendered when it is spoken
                log.warning("prompt_not_prepared", error=type(error).__name__)


def build(settings: Settings) -> FastAPI:
    """The app; its engine loads before the first request is taken."""
    synthesis = Synthesis([select_engine(settings), Espeak()], SpeechCache(settings.var_dir / "tts"))
    preparer = Preparer(synthesis)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await synthesis.start()
            preparer.start()
            yield
        finally:
            await preparer.stop()
            await synthesis.stop()

    app = create_app(
        "Vyzov speech synthesis", lifespan=lifespan, body_limit=4 * 1024 * 1024, ready=lambda: synthesis.ready
    )

    @app.post("/v1/speak", dependencies=[Depends(require_token)])
    async def speak(request: SpeakRequest) -> Response:
        speech = await synthesis.speak(request.text, slow=request.slow)
        headers = {"X-Engine": speech.engine, "X-Cached": str(int(speech.cached))}
        return Response(speech.pcm, media_type="audio/L16; rate=8000", headers=headers)

    @app.post("/v1/prepare", status_code=202, dependencies=[Depends(require_token)])
    async def prepare(request: PrepareRequest) -> dict[str, int]:
        preparer.add(request.texts)
        return {"accepted": len(request.texts)}

    return app


def main() -> None:
    settings = get_settings()
    serve(build(settings), "tts", settings.tts_port)


if __name__ == "__main__":
    main()
