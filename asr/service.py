"""The recognition service: `python -m asr.service`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket
from pydantic import BaseModel, ConfigDict, Field, model_validator

from asr.models import EngineChoice, choose
from asr.protocol import MAX_PARTS, MAX_SEQUENCES, MAX_WORDINGS, Phrase
from asr.recognisers import Recognisers
from asr.stream import Pump, Stream
from asr.vad import Vad
from core import logs
from core.errors import ConfigurationError
from core.events import Alternative
from core.service import create_app, require_token, serve, token_is_right
from core.settings import Settings, get_settings

log = logs.get_logger(__name__)


class GrammarPart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wordings: Annotated[list[Phrase], Field(min_length=1)]
    optional: bool = False


class HearAgainRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    turn_id: str = Field(max_length=64)
    sequences: Annotated[
        list[Annotated[list[GrammarPart], Field(min_length=1, max_length=MAX_PARTS)]],
        Field(min_length=1, max_length=MAX_SEQUENCES),
    ]

    @model_validator(mode="after")
    def _is_searched_in_time(self) -> HearAgainRequest:
        if sum(len(part.wordings) for parts in self.sequences for part in parts) > MAX_WORDINGS:
            raise ValueError(f"a grammar has at most {MAX_WORDINGS} wordings")
        if any(all(part.optional for part in parts) for parts in self.sequences):
            raise ValueError("a sequence needs a part that is not optional")
        return self


class HearAgainAnswer(BaseModel):
    heard: list[Alternative] = Field(description="Likeliest first; scores against the best text of recognition")


def build(settings: Settings, choice: EngineChoice) -> FastAPI:
    """The application; its recogniser processes run as long as its lifespan."""
    recognisers = Recognisers(choice, settings.asr_processes)
    pump = Pump(Vad())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await recognisers.start()
        pump.start()
        log.info("recognition_ready", engine=choice.name, processes=settings.asr_processes)
        try:
            yield
        finally:
            await pump.stop()
            await recognisers.stop()

    app = create_app("Vyzov recognition", lifespan=lifespan, ready=lambda: recognisers.ready and pump.running)

    @app.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        scheme, _, token = socket.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token_is_right(token, settings):
            await socket.close(1008)
            return
        await socket.accept()
        await Stream(socket, recognisers, pump).run()

    @app.post("/v1/hear_again", dependencies=[Depends(require_token)])
    async def hear_again(request: HearAgainRequest) -> HearAgainAnswer:
        sequences = [[part.model_dump() for part in parts] for parts in request.sequences]
        return HearAgainAnswer(heard=await recognisers.hear_again(request.turn_id, sequences))

    return app


def main() -> None:
    settings = get_settings()
    logs.configure("asr", settings.log_level)
    try:
        choice = choose(settings)
    except ConfigurationError as error:
        sys.exit(f"asr: {error}")
    serve(build(settings, choice), "asr", settings.asr_port)


if __name__ == "__main__":
    main()
