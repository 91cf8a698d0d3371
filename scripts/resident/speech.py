"""What a resident sounds like: recorded A-law files, or speech made by the running synthesis service."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.resident.scenario import Scenario
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
    """PCM (s16le, 8 kHz, mono) for what a scenario says."""

    def __init__(self, scenario: Scenario, folder: Path | None, tts: TtsClient) -> None:
        self._scenario = scenario
        self._folder = folder
        self._tts = tts

    async def pcm(self, said: str) -> tuple[str, bytes]:
        """The words and the sound of `said`: the name of an entry of `say`, or words of their own.

        Raises core.errors.ServiceUnavailable when there is no recording and the synthesis is away.
        """
        text = self._scenario.say.get(said, said)
        if self._folder is not None and (recording := self._folder / f"{said}.al").is_file():
            return text, decode_alaw(recording.read_bytes())
        return text, await self._tts.speak(text)
