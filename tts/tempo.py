"""Speech made slower at the same pitch, by SoX: for numbers, and for callers who ask for it."""

from __future__ import annotations

import asyncio

from core.logs import get_logger
from tts.audio import RATE

log = get_logger(__name__)

SLOW = 0.75
"""Tempo of slow speech: a third longer. Slower than 0.7 the stretched vowels of Festival's voice begin to echo."""
SECONDS = 4.0
"""Time limit; 20 ms were measured for 5 s of speech."""
_RAW = ("-t", "raw", "-r", str(RATE), "-e", "signed", "-b", "16", "-c", "1", "-")


async def slower(pcm: bytes) -> bytes:
    """`pcm` (8 kHz s16le mono) at the tempo `SLOW`; as it was when that fails: rather too fast than nothing."""
    try:
        process = await asyncio.create_subprocess_exec(
            "sox", "-V1", *_RAW, *_RAW, "tempo", "-s", str(SLOW),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        log.warning("speech_not_slowed", error=type(error).__name__)
        return pcm
    try:
        slow, _ = await asyncio.wait_for(process.communicate(pcm), SECONDS)
    except TimeoutError:
        log.warning("speech_not_slowed", error="TimeoutError")
        return pcm
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return slow if len(slow) >= len(pcm) else pcm
