"""One recogniser process: an engine that answers requests on standard input, one at a time.

A message is `json_bytes: u32, body_bytes: u32` (little endian), the JSON, then the body (PCM s16le of a request).
The first message of the process says `ready`, or `failed` and why. It ends when its input ends.
"""

from __future__ import annotations

import argparse
import os
import signal
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from asr.engines import Engine, Task
from asr.grammar import Part
from core import logs
from core.errors import ConfigurationError, NotFound

log = logs.get_logger(__name__)

HEAD = struct.Struct("<II")


def pack(message: dict[str, Any], body: bytes = b"") -> bytes:
    """One message for the pipe, in either direction."""
    text = orjson.dumps(message)
    return HEAD.pack(len(text), len(body)) + text + body


def make_engine(name: str, model: Path) -> Engine:
    """The engine, its model loaded and tried. Raises ConfigurationError. Only the one asked for is imported."""
    if name == "vosk":
        from asr.engines.vosk import VoskEngine

        return VoskEngine(model)
    from asr.engines.whisper import WhisperEngine

    return WhisperEngine(model)


def answer(engine: Engine, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """What the engine has to say to a request."""
    if request["op"] == "hear_again":
        sequences = [
            [Part(tuple(part["wordings"]), part["optional"]) for part in parts] for parts in request["sequences"]
        ]
        try:
            return {"heard": [one.model_dump() for one in engine.hear_again(request["turn_id"], sequences)]}
        except NotFound:
            return {"gone": True}
    task = Task(
        turn_id=request["turn_id"],
        pcm=np.frombuffer(body, np.int16),
        speech_seconds=request["speech_seconds"],
        expects=request["expects"],
        slot=request["slot"],
        candidates=request["candidates"],
        hints=request["hints"],
    )
    result = engine.recognise(task)
    return {
        "text": result.text,
        "alternatives": [a.model_dump() for a in result.alternatives],
        "closed": result.closed,
    }


def run(engine_name: str, model: Path, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the input ends."""

    def say(message: dict[str, Any]) -> None:
        answers.write(pack(message))
        answers.flush()

    try:
        engine = make_engine(engine_name, model)
    except ConfigurationError as error:
        say({"failed": str(error)})
        return
    say({"ready": engine.name})
    while len(head := requests.read(HEAD.size)) == HEAD.size:
        text_size, body_size = HEAD.unpack(head)
        request = orjson.loads(requests.read(text_size))
        body = requests.read(body_size)
        try:
            say(answer(engine, request, body))
        except Exception as error:
            # an engine's fault costs one turn, not the process; its text may hold what was said
            log.error("recognition_failed", error=type(error).__name__)
            say({"error": type(error).__name__})


def main() -> None:
    parser = argparse.ArgumentParser(description="A recogniser process; started by asr.service")
    parser.add_argument("engine", choices=["whisper", "vosk"])
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service ends our input
    logs.configure("asr.recogniser", os.environ.get("VYZOV_LOG_LEVEL", "INFO"))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print into the answers
    run(arguments.engine, arguments.model, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
