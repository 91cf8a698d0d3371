"""Notices a fax machine on the line by its tones (ITU-T T.30), so that nobody talks to it."""

from __future__ import annotations

import numpy as np

from telephony.audio_port import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE

_CNG_HERTZ = (1075.0, 1100.0, 1125.0)
"""T.30, 4.2: a machine that calls sends 1100 Hz ± 38 Hz for 0.5 s every 3 s, both ± 15 %. A frame of 20 ms hears
± 15 Hz around a probe at three quarters of its power, hence three of them."""
_CED_HERTZ = (2100.0,)
"""T.30, 4.1: one that answers sends 2100 Hz ± 15 Hz for 2.6 to 4.0 s, with a phase reversal every 0.45 s in V.8."""
_PURE = 0.6
"""Share of a frame's power in the tone. A harmonic of a voice comes near it for some frames, never for long."""
_QUIETEST = 110.0**2
"""Mean square of a frame from which it is listened to: -43 dBm0, the least that such machines must hear (T.4)."""

_BURST = range(18, 33)
"""Frames of one CNG tone: 0.5 s ± 15 % and the frames at its edges."""
_REST = range(122, 178)
"""Frames between two of them: 3 s ± 15 %."""
_CED_FRAMES = 100
_GAP = 1
"""Frames inside a tone that may be spoilt: by a phase reversal, or a lost packet."""

_TIME = np.arange(FRAME_SAMPLES) / SAMPLE_RATE
_PROBES = np.concatenate(
    [np.exp(-2j * np.pi * hertz * _TIME).view(np.float64).reshape(-1, 2) for hertz in (*_CNG_HERTZ, *_CED_HERTZ)],
    axis=1,
).astype(np.float32)
"""A frame times this matrix is the sum that Goertzel's algorithm computes, real and imaginary, for each frequency."""


class _Run:
    """A tone that goes on from frame to frame; `ended` frames after the gap is over."""

    def __init__(self) -> None:
        self.frames = 0
        self._missed = 0

    def feed(self, present: bool) -> int:
        """The length of the tone that has just ended, else 0."""
        if present:
            self.frames += 1 + self._missed if self.frames else 1
            self._missed = 0
            return 0
        self._missed += 1
        if not self.frames or self._missed <= _GAP:
            return 0
        length, self.frames = self.frames, 0
        return length


class FaxTones:
    """Fed with everything that is heard on one line; pure. A frame of speech costs 6 us, of silence 2 us."""

    def __init__(self) -> None:
        self._cng, self._ced = _Run(), _Run()
        self._frame = 0
        self._burst_ended: int | None = None

    def feed(self, pcm: bytes) -> bool:
        """`pcm` is whole frames of 20 ms; True when they end two tones of CNG, or two seconds of CED."""
        return any(self._one(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm), FRAME_BYTES))

    def _one(self, frame: bytes) -> bool:
        self._frame += 1
        samples = np.frombuffer(frame, "<i2").astype(np.float32)
        square = float(samples @ samples)
        cng = ced = False
        if square >= _QUIETEST * FRAME_SAMPLES:
            sums = samples @ _PROBES
            shares = (sums[0::2] ** 2 + sums[1::2] ** 2) * (2 / FRAME_SAMPLES / square)
            cng, ced = bool(shares[:-1].max() >= _PURE), bool(shares[-1] >= _PURE)
        self._ced.feed(ced)
        return self._ced.frames >= _CED_FRAMES or self._second_burst(self._cng.feed(cng))

    def _second_burst(self, length: int) -> bool:
        """Whether a tone of `length` frames that has just ended is the second of CNG."""
        if length not in _BURST:
            return False
        began = self._frame - _GAP - 1 - length
        before, self._burst_ended = self._burst_ended, began + length
        return before is not None and began - before in _REST
