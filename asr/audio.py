"""A line's sound: what is kept of it, where its last sound was, and A-law."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

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


class Background:
    """How loud a line is when nobody speaks to us: the quietest tenth of the last three seconds.

    A television or other people keep the voice activity detector at speech for ever; they are softer than the caller.
    """

    _FRAMES = 94
    """Of 32 ms."""
    _ABOVE = 1.8
    """Times that level (5 dB) is no background any more. Of 60 answers in noise and babble 15 and 10 dB under the
    speech 15 and 36 found no end within half a second without this; with it all do, 0.08 s after their last sound. In a
    quiet line 93 pauses are found instead of 91. With 1.6 some do not end, with 2.5 noise shows half more pauses."""
    _BELOW_LOUDEST = 0.25
    """… but whatever is 12 dB under the loudest and more may be speech that nobody paused in."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, loud: float) -> None:
        """Take the level of one more frame."""
        self._levels.append(loud)
        insort(self._sorted, loud)
        if len(self._levels) > self._FRAMES:
            del self._sorted[bisect_left(self._sorted, self._levels.popleft())]

    def covers(self, loud: float, loudest: float) -> bool:
        """True for a frame that may be background alone, in a turn whose loudest frame was `loudest`."""
        quiet = self._sorted[len(self._sorted) // 10] if self._sorted else 0.0
        return loud < min(quiet * self._ABOVE, loudest * self._BELOW_LOUDEST)


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
