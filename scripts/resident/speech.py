"""What a resident sounds like: recorded A-law files, or speech made by the running synthesis service."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.resident.answers import Said
from tts.client import TtsClient

RATE = 8000


def decode_alaw(data: bytes) -> bytes:
    """A-law bytes (ITU-T G.711) to PCM s16le."""
    octets = np.frombuffer(data, np.uint8) ^ 0x55
    segment = (octets & 0x70) >> 4
    step = ((octets & 0x0F).astype(np.int32) << 4) + 8
    magnitude = np.where(segment == 0, step, (step + 0x100) << np.maximum(segment, 1) - 1)
    return np.where(octets & 0x80, magnitude, -magnitude).astype("<i2").tobytes()


class Voice:
    """PCM (s16le, 8 kHz, mono) for what a resident says."""

    def __init__(self, folder: Path | None, tts: TtsClient) -> None:
        self._folder = folder
        self._tts = tts

    async def pcm(self, said: Said) -> bytes:
        """The recording of that entry, else synthesised speech.

        Raises core.errors.ServiceUnavailable when there is no recording and the synthesis is away.
        """
        if self._folder is not None and (recording := self._folder / f"{said.entry}.al").is_file():
            return decode_alaw(recording.read_bytes())
        return await self._tts.speak(said.text)
