"""Telephone sound at the rate that Whisper was trained with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from asr.audio import Pcm

Floats = npt.NDArray[np.float32]


def _half_band(taps: int = 32) -> Floats:
    n = np.arange(-taps, taps + 1)
    return np.asarray(np.sinc(n / 2) * np.kaiser(len(n), 8.0), np.float32)


_FILTER = _half_band()


def upsample(pcm: Pcm) -> Floats:
    """8 kHz to 16 kHz, the loudest sample at 0.9, by a windowed sinc."""
    stuffed = np.zeros(2 * len(pcm), np.float32)
    stuffed[::2] = pcm
    sound = np.convolve(stuffed, _FILTER, "same").astype(np.float32)
    return np.asarray(sound * (0.9 / max(float(np.abs(sound).max()), 30.0)), np.float32)
