"""Where speech begins, pauses and goes on: a pure class fed with probabilities and sample counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

VOICED = 0.5
"""Probability from which a frame counts as speech: Silero's own default."""
UNVOICED = 0.35
"""Once speech goes on, a frame counts as silence below this only: Silero's default of 0.15 less."""
START_SAMPLES = 768
"""Speech begins, or goes on, after 96 ms (3 frames of 32 ms) in a row: a click lasts one or two."""
SILENCE_SAMPLES = 1600
"""A candidate turn after 0.2 s of silence."""


@dataclass(frozen=True)
class Started:
    """Speech began at `sample`."""

    sample: int


@dataclass(frozen=True)
class Paused:
    """0.2 s of silence; the last voiced frame ended at `sample`."""

    sample: int


@dataclass(frozen=True)
class Resumed:
    """Speech went on at `sample`."""

    sample: int


Signal = Started | Paused | Resumed


class _State(Enum):
    IDLE = "no speech yet"
    SPEECH = "speech"
    PAUSE = "silence after speech"


class Segmenter:
    """Segments one line. It never reads a clock: time is the number of samples it was fed."""

    def __init__(self) -> None:
        self._position = 0
        self._state = _State.IDLE
        self._run_start = 0
        self._run = 0
        self._last_voiced = 0
        self._voiced = 0

    @property
    def position(self) -> int:
        """Samples fed so far."""
        return self._position

    @property
    def speaking(self) -> bool:
        return self._state is _State.SPEECH

    @property
    def voiced_samples(self) -> int:
        """Speech of the present turn, pauses left out."""
        return self._voiced

    def restart(self) -> None:
        """A new turn begins here; the sample count goes on."""
        self._state = _State.IDLE
        self._run = self._voiced = 0

    def skip_to(self, sample: int) -> None:
        """Go on at `sample`; what lies between is not fed."""
        self._position = sample

    def continue_from(self, sample: int) -> None:
        """A new turn begins with the speech that is under way since `sample`."""
        self._state = _State.SPEECH
        self._voiced = self._position - sample
        self._last_voiced = self._position

    def feed(self, probability: float, samples: int) -> Signal | None:
        """Take one frame's speech probability; at most one signal comes of it."""
        start = self._position
        self._position += samples
        if self._state is _State.SPEECH:
            return self._in_speech(probability, samples)
        if probability < VOICED:
            self._run = 0
            return None
        if self._run == 0:
            self._run_start = start
        self._run += samples
        if self._run < START_SAMPLES:
            return None
        before, self._state = self._state, _State.SPEECH
        self._voiced += self._run
        self._last_voiced = self._position
        self._run = 0
        return Started(self._run_start) if before is _State.IDLE else Resumed(self._run_start)

    def _in_speech(self, probability: float, samples: int) -> Signal | None:
        if probability >= UNVOICED:
            self._last_voiced = self._position
            self._voiced += samples
            return None
        if self._position - self._last_voiced < SILENCE_SAMPLES:
            return None
        self._state = _State.PAUSE
        return Paused(self._last_voiced)
