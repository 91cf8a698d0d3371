"""Promise: who asks to speak slower hears the same voice slower, and never nothing."""

from __future__ import annotations

import math
from array import array

import numpy as np
import pytest

from tts.tempo import SLOW, slower


def tone(seconds: float, hertz: float = 200.0) -> bytes:
    return array(
        "h", (int(8000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(int(seconds * 8000)))
    ).tobytes()


async def test_it_is_longer_at_the_same_pitch() -> None:
    pcm = tone(2.0)
    slow = await slower(pcm)
    assert len(slow) / len(pcm) == pytest.approx(1 / SLOW, rel=0.05)
    spectrum = np.abs(np.fft.rfft(np.frombuffer(slow, "<i2")))
    assert spectrum.argmax() * 8000 / (len(slow) / 2) == pytest.approx(200, abs=5)


async def test_without_the_program_it_is_as_fast_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    pcm = tone(0.5)
    assert await slower(pcm) == pcm


async def test_nothing_stays_nothing() -> None:
    assert await slower(b"") == b""
