"""A line's sound: what is kept of it, where its last sound was, and A-law."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

_BLOCK = 80
"""Samples of an energy block: 10 ms."""
_SEARCH = 2560
"""The last sound is looked for in the last 0.32 s of voiced frames: Silero goes on up to 0.2 s after a vowel's end."""
BELOW_LOUDEST = 10 ** (-35 / 20)
"""A sound is at most 35 dB under the loudest 10 ms of the turn …"""
_ABOVE_NOISE = 2.0
"""… and 6 dB over the quietest tenth of its blocks."""


def level(pcm: Pcm) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) if len(pcm) else 0.0


def last_sound(pcm: Pcm, voiced_end: int) -> int:
    """The sample where the last sound of `pcm` (a turn, 8 kHz) ends, at a border of 10 ms.

    `voiced_end` is where the voice activity detector's last voiced frame ended; only the voiced frames just before
    it are searched, and the frame after it, so a click in the silence behind does not count.
    """
    blocks = len(pcm) // _BLOCK
    if blocks == 0:
        return voiced_end
    levels = np.sqrt(np.mean(pcm[: blocks * _BLOCK].astype(np.float64).reshape(blocks, _BLOCK) ** 2, axis=1))
    noise = float(np.quantile(levels, 0.1))
    loudest = float(levels.max())
    threshold = max(loudest * BELOW_LOUDEST, min(noise * _ABOVE_NOISE, loudest / 4))
    first = max(0, (voiced_end - _SEARCH) // _BLOCK)
    last = min(blocks, (voiced_end + 256) // _BLOCK)
    loud = np.flatnonzero(levels[first:last] > threshold)
    return (first + int(loud[-1]) + 1) * _BLOCK if len(loud) else voiced_end


class LineAudio:
    """The newest samples of a line by their number since the call began; memory is bounded by `limit` samples."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sound = bytearray()
        self._first = 0

    @property
    def first(self) -> int:
        """Number of the oldest sample that is kept."""
        return self._first

    @property
    def end(self) -> int:
        """Samples received so far."""
        return self._first + len(self._sound) // 2

    def append(self, pcm: bytes) -> bool:
        """Add sound; True when the oldest had to go."""
        self._sound += pcm
        if len(self._sound) <= 2 * self._limit:
            return False
        self.forget_before(self.end - self._limit)
        return True

    def forget_before(self, sample: int) -> None:
        """Drop everything older than `sample`."""
        count = min(sample, self.end) - self._first
        if count > 0:
            del self._sound[: 2 * count]
            self._first += count

    def between(self, start: int, end: int) -> Pcm:
        """A copy of the samples from `start` to `end`, as far as they are kept."""
        start = max(start, self._first) - self._first
        return np.frombuffer(bytes(self._sound[2 * start : 2 * (end - self._first)]), np.int16)


def from_alaw(data: bytes) -> Pcm:
    """G.711 A-law to linear PCM."""
    code = np.frombuffer(data, np.uint8) ^ 0x55
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)
