"""Promise: a fax machine is noticed by its tones, and nobody who speaks, plays music or types is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from asr.audio import from_alaw
from core.settings import ROOT
from telephony.audio_port import FRAME_BYTES, SAMPLE_RATE
from telephony.fax import FaxTones

SPEECH = ROOT / "tests" / "data" / "speech"


def sine(seconds: float, hertz: float, level: float = 3000.0, phase: float = 0.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE + phase)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * SAMPLE_RATE))


def noticed(*parts: np.ndarray, noise: float = 20.0) -> float | None:
    """When a fax is noticed in the parts one after another, in seconds."""
    sound = np.concatenate([*parts, silence(0.2)])
    sound = sound + np.random.default_rng(1).normal(0, noise, len(sound))
    pcm = sound.astype("<i2").tobytes()
    tones = FaxTones()
    for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        if tones.feed(pcm[at : at + FRAME_BYTES]):
            return at / 2 / SAMPLE_RATE
    return None


@pytest.mark.parametrize("level", [170.0, 3000.0, 20000.0])
@pytest.mark.parametrize("hertz", [1062.0, 1100.0, 1138.0])
@pytest.mark.parametrize("off", [0.85, 1.0, 1.15])
def test_a_machine_that_calls(hertz: float, off: float, level: float) -> None:
    burst = sine(0.5 * off, hertz, level)
    found = noticed(silence(0.513), burst, silence(3 * off), burst, silence(3), noise=level / 30)
    assert found == pytest.approx(0.513 + 4 * off, abs=0.1)


@pytest.mark.parametrize("hertz", [2085.0, 2100.0, 2115.0])
def test_a_machine_that_answers(hertz: float) -> None:
    plain = noticed(silence(0.2), sine(3.3, hertz))
    assert plain == pytest.approx(2.2, abs=0.1)
    reversed_phases = [sine(0.45, hertz, phase=np.pi * (n % 2)) for n in range(7)]
    assert noticed(*reversed_phases) is not None


@pytest.mark.parametrize(
    "parts",
    [
        [sine(0.5, 1100), silence(6)],  # once is nothing
        [sine(0.5, 1100), silence(1), sine(0.5, 1100), silence(1)],  # a beep every second
        [sine(3.0, 1100)],
        [sine(1.5, 2100)],
        [sine(60, 425)],  # a dial tone
        [sine(0.1, 1209) + sine(0.1, 697), silence(3), sine(0.1, 1209) + sine(0.1, 697)],
        [*[sine(0.33, hertz) for hertz in (950, 1400, 1800)] * 3],  # special information tone
        [silence(20)],
    ],
    ids=["once", "often", "long", "short", "dialling", "keys", "information", "silence"],
)
def test_other_tones(parts: list[np.ndarray]) -> None:
    assert noticed(*parts) is None


def test_speech_is_none() -> None:
    """All recorded residents, one after another, without the pauses between their answers."""
    files = sorted(SPEECH.glob("*.al"))
    pcm = from_alaw(b"".join(file.read_bytes() for file in files)).tobytes()
    tones = FaxTones()
    assert len(pcm) > 2 * SAMPLE_RATE * 10
    assert not any(tones.feed(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES, FRAME_BYTES))
