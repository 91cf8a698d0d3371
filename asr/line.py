"""One line: its sound, its segmentation, and the turn that is growing on it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from asr.audio import BELOW_LOUDEST, Background, LineAudio, Pcm, last_sound, level
from asr.protocol import RATE, Error, Expect, Resumed, ServerMessage, Silence, Speech
from asr.segmenter import UNVOICED, Paused, Segmenter, Started
from asr.vad import FRAME, VadState

TURN_LIMIT = 60 * RATE
"""Sound kept of one turn: a caller who talks longer is heard from the newest minute."""
_BEFORE_SPEECH = RATE // 4
"""Sound kept in front of the first voiced frame: a soft consonant is not voiced yet."""
_IDLE_KEPT = RATE // 2
_CANDIDATES_REMEMBERED = 8
_FORGOTTEN = RATE
"""Quiet after which the voice activity model begins anew. With its memory of the turn before, a lone «Семёнов» has no
voiced frame and «нет» 8 of 16 (measured with Festival's voice, A-law, 3 s after a full name); anew 14 and 16."""


@dataclass(frozen=True)
class Candidate:
    """A turn that may have ended: `pcm` is all of it, `speech_seconds` the speech in it, pauses left out."""

    turn_id: str
    pcm: Pcm
    speech_seconds: float
    end: int
    expect: Expect


@dataclass
class Line:
    """What the service knows of one line. Fed with sound and probabilities, it answers with messages.

    `candidate` is the turn that the last `silence` message offered, until speech goes on or it is taken.
    """

    number: int
    expect: Expect
    candidate: Candidate | None = None
    vad: VadState = field(default_factory=VadState)
    _audio: LineAudio = field(default_factory=lambda: LineAudio(TURN_LIMIT))
    _segmenter: Segmenter = field(default_factory=Segmenter)
    _turn_start: int | None = None
    _boundary: int = 0
    _resumed_at: int = 0
    _ends: dict[str, int] = field(default_factory=dict)
    _overflow_said: bool = False
    _loudest: float = 0.0
    _background: Background = field(default_factory=Background)
    _quiet: int = 0

    @classmethod
    def opened(cls, number: int) -> Line:
        return cls(number, Expect(line=number))

    def receive(self, pcm: bytes) -> list[ServerMessage]:
        """Take sound of the line."""
        if not self._audio.append(pcm) or self._turn_start is None or self._overflow_said:
            return []
        self._overflow_said = True
        text = f"the turn is longer than {TURN_LIMIT // RATE} s; only the newest part of it is kept"
        return [Error(line=self.number, code="turn_too_long", message=text)]

    def frame(self) -> Pcm | None:
        """The next frame for the voice activity detector, if a whole one has come."""
        start = self._segmenter.position
        if self._audio.end - start < FRAME:
            return None
        return self._audio.between(start, start + FRAME)

    def advance(self, probability: float) -> list[ServerMessage]:
        """Take the speech probability of the frame that `frame` gave."""
        loud = level(self._audio.between(self._segmenter.position, self._segmenter.position + FRAME))
        self._loudest = max(self._loudest, loud)
        self._background.add(loud)
        # Silero goes on for 0.1 to 0.2 s after the last sound; where the line is quiet, that need not be waited for
        quiet = self._segmenter.speaking and loud < self._loudest * BELOW_LOUDEST
        quiet = quiet or (self._turn_start is not None and self._background.covers(loud, self._loudest))
        self._rest(probability)
        signal = self._segmenter.feed(0.0 if quiet else probability, FRAME)
        if signal is None:
            if self._turn_start is None:
                self._audio.forget_before(self._segmenter.position - _IDLE_KEPT)
            return []
        if isinstance(signal, Started):
            return [self._begin(signal.sample)]
        if isinstance(signal, Paused):
            return [self._offer(signal.sample)]
        self._resumed_at = signal.sample
        void, self.candidate = self.candidate, None
        return [Resumed(line=self.number, turn_id=void.turn_id)] if void else []

    def _rest(self, probability: float) -> None:
        """After speech the model is slow to believe the next short word: it forgets what was before a quiet second."""
        self._quiet = 0 if probability >= UNVOICED or self._segmenter.speaking else self._quiet + FRAME
        if self._quiet >= _FORGOTTEN:
            self.vad.forget()
            self._quiet = 0

    def take(self, turn_id: str) -> list[ServerMessage]:
        """The turn is accepted. Speech that went on since begins a turn of its own. KeyError: no such turn."""
        end = self._ends[turn_id]
        newest = next(reversed(self._ends)) == turn_id
        self._ends.clear()
        void, self.candidate = self.candidate, None
        self._boundary = end
        if newest and not self._segmenter.speaking:
            self._forget()
            return []
        speech = self._begin(self._resumed_at)
        if void is not None:
            return [speech, self._offer(void.end)]
        self._segmenter.continue_from(self._resumed_at)
        return [speech]

    def discard(self) -> None:
        """Forget all sound so far, also what the voice activity detector has not seen yet."""
        self.candidate = None
        self._ends.clear()
        self._segmenter.skip_to(self._audio.end)
        self.vad = VadState()
        self._boundary = self._audio.end
        self._forget()

    def _forget(self) -> None:
        self._turn_start = None
        self._loudest = 0.0
        self._segmenter.restart()
        self._audio.forget_before(self._segmenter.position - _IDLE_KEPT)

    def _begin(self, sample: int) -> Speech:
        self._turn_start = max(sample - _BEFORE_SPEECH, self._boundary)
        self._overflow_said = False
        self._audio.forget_before(self._turn_start)
        return Speech(line=self.number, sample=sample)

    def _offer(self, voiced_end: int) -> Silence:
        end = self._segmenter.position
        start = max(self._turn_start or 0, self._audio.first)
        pcm = self._audio.between(start, end)
        turn_id = uuid.uuid4().hex
        self._ends[turn_id] = end
        while len(self._ends) > _CANDIDATES_REMEMBERED:
            del self._ends[next(iter(self._ends))]
        seconds = self._segmenter.voiced_samples / RATE
        self.candidate = Candidate(turn_id, pcm, seconds, end, self.expect)
        sample = start + last_sound(pcm, voiced_end - start)
        return Silence(line=self.number, sample=sample, turn_id=turn_id)
