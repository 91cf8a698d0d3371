"""Sound of the benches: what a telephone leaves of it, and the turn that a line makes of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from asr.audio import Pcm, from_alaw
from asr.line import Candidate, Line
from asr.vad import Vad

_ALAW = np.sort(from_alaw(bytes(range(256))))
_BORDERS = (_ALAW[1:].astype(np.int32) + _ALAW[:-1]) // 2


def through_alaw(sound: npt.ArrayLike) -> Pcm:
    """What A-law (ITU-T G.711) leaves of PCM in units of int16; too loud samples are clipped."""
    return np.asarray(_ALAW[np.searchsorted(_BORDERS, sound)], np.int16)


def turn_of(sound: Pcm, vad: Vad) -> Candidate | None:
    """The caller's turn that a line makes of 8 kHz sound, its last candidate; None when it hears no speech in it."""
    line = Line.opened(1)
    line.receive(sound.tobytes())
    while (frame := line.frame()) is not None:
        line.advance(vad.probabilities([frame], [line.vad])[0])
    return line.candidate
