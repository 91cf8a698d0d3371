"""Promise: what a caller hears has one loudness, no clipping, no false tones and no dead air around the words."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tts.audio import RATE, SilentAudio, read_wave, to_telephone

Samples = NDArray[np.float64]


def tone(hertz: float, rate: int, seconds: float = 1.0, level: float = 0.3) -> Samples:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def heard(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2") / 32768.0


def power_at(samples: Samples, hertz: float) -> float:
    """Amplitude of the component at `hertz`."""
    phase = np.exp(-2j * np.pi * hertz * np.arange(samples.size) / RATE)
    return float(2 * np.abs(np.mean(samples * phase)))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
@pytest.mark.parametrize("level", [0.01, 0.9])
def test_every_rate_and_level_comes_out_at_the_same_loudness_and_pitch(rate: int, level: float) -> None:
    samples = heard(to_telephone(tone(1000, rate, level=level), rate))
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-20, abs=1)
    assert power_at(samples, 1000) == pytest.approx(0.1 * np.sqrt(2), rel=0.1)
    assert samples.size / RATE == pytest.approx(1.1, abs=0.02)


@pytest.mark.parametrize(("hertz", "alias"), [(5000, 3000), (6500, 1500), (60, 60)])
def test_what_a_telephone_cannot_carry_is_gone_and_not_folded_back(hertz: float, alias: float) -> None:
    samples = heard(to_telephone(tone(1000, 16000) + tone(hertz, 16000), 16000))
    assert power_at(samples, alias) < power_at(samples, 1000) / 300  # 50 dB


def test_a_sudden_peak_is_not_clipped() -> None:
    speech = tone(500, 16000, level=0.02)
    speech[8000:8040] = 0.99
    samples = heard(to_telephone(speech, 16000))
    assert np.abs(samples).max() < 0.9


def test_silence_around_the_words_is_cut_to_20_and_80_ms() -> None:
    speech = np.concatenate([np.zeros(16000), tone(700, 16000, 0.5), np.zeros(16000)])
    samples = heard(to_telephone(speech, 16000))
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert 0.015 < loud[0] / RATE < 0.03
    assert 0.07 < (samples.size - loud[-1]) / RATE < 0.09


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(16000), np.full(16000, np.nan), tone(500, 16000, 0.005)])
def test_silence_is_an_error_and_never_played(samples: Samples) -> None:
    with pytest.raises(SilentAudio):
        to_telephone(samples, 16000)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no wave at all" * 10])
def test_a_broken_file_is_an_error(data: bytes) -> None:
    with pytest.raises(SilentAudio):
        read_wave(data)
