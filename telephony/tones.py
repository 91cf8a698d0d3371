"""Tones of the telephone network, as PCM s16le at 8 kHz."""

from __future__ import annotations

import array
import math

from telephony.audio_port import SAMPLE_RATE

PROGRESS_HERTZ = 425
"""Russian call progress tones."""


def tone(seconds: float, hertz: float = PROGRESS_HERTZ) -> bytes:
    """A plain tone at about -15 dBm0."""
    count = int(seconds * SAMPLE_RATE)
    return array.array(
        "h", (int(6000 * math.sin(2 * math.pi * hertz * n / SAMPLE_RATE)) for n in range(count))
    ).tobytes()
