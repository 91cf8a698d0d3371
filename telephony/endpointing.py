"""When a caller's turn is over: small policies over what the recogniser tells, fed with time stamps.

All times are seconds on the line's receive clock. Nothing here reads a clock, so a test is a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from core.words import Expects, Slot


@dataclass(frozen=True)
class Patience:
    """How long a caller may be silent inside an answer, and how long an answer may be."""

    silence: float
    """Seconds without a sound that end a turn. Inner pauses of read speech are 0.14 to 0.5 s; people stop for longer
    between the parts of a date or an address and while they look for a policy card, and never inside a «да»."""
    longest: float
    """Seconds of one answer, after which any pause ends the turn; twice as long without a pause is no speech."""


PATIENCE: dict[Expects, Patience] = {
    "yes_no": Patience(0.5, 8),
    "choice": Patience(0.6, 8),
    "number": Patience(0.7, 8),
    "name": Patience(0.8, 12),
    "date": Patience(0.9, 12),
    "symptoms": Patience(1.0, 30),
    "free": Patience(1.0, 30),
    "address": Patience(1.1, 25),
    "phone": Patience(1.2, 25),
    "policy": Patience(1.2, 30),
}
NO_SPEECH_SECONDS = 7.0
"""Silence after the end of a prompt that is a turn of its own: the dialog asks again."""
NO_SPEECH: dict[Slot, float] = {"done": 3.0}
"""Where it is another time: after the result nothing is asked, and who has nothing to add just waits for the end."""
RECOGNITION_SECONDS = 13.0
"""Longest wait for a turn's text after its last sound. Recognition of 6 s of speech takes 0.3 to 1 s of a core, and
gives up itself after 12 s in its queue; a caller who waits hears «Одну секунду» meanwhile."""
SHORT_SOUND_SECONDS = 0.3
"""A sound over a prompt that is shorter is taken for a cough: «да» of an unhurried speaker is 0.25 to 0.4 s."""
SILENCE_TOLD_SECONDS = 0.2
"""The recogniser tells of silence so long after the last sound (docs/protocols.md)."""


@dataclass(frozen=True)
class Candidate:
    """What was recognised, if the turn is over with it."""

    turn_id: str
    text: str
    alternatives: tuple[tuple[str, float], ...] = ()
    closed: bool = False
    seconds: float = 0.0
    """Time the recognition took."""


@dataclass
class Heard:
    """What the recogniser has told about the turn so far."""

    began: float | None = None
    last_sound: float | None = None
    """None while speech goes on."""
    turn_id: str | None = None
    candidate: Candidate | None = None

    def speech(self, at: float) -> None:
        if self.began is None:
            self.began = at
        self.last_sound = self.turn_id = self.candidate = None

    def silence(self, at: float, turn_id: str) -> None:
        if self.began is None:
            self.began = at
        self.last_sound, self.turn_id, self.candidate = at, turn_id, None

    def resumed(self, turn_id: str) -> None:
        if turn_id == self.turn_id:
            self.last_sound = self.turn_id = self.candidate = None

    def recognised(self, candidate: Candidate) -> None:
        """Answers to a turn that is void by now are ignored."""
        if candidate.turn_id == self.turn_id:
            self.candidate = candidate

    def forget(self) -> None:
        self.began = self.last_sound = self.turn_id = self.candidate = None

    @property
    def short(self) -> bool:
        """A finished sound too short for a word."""
        return (
            self.began is not None
            and self.last_sound is not None
            and self.last_sound - self.began < SHORT_SOUND_SECONDS
        )


Verdict = Literal["spoken", "silence", "noise", "unclear", "lost"]
"""spoken: the turn is over, its text is the candidate's. silence: nobody spoke. noise: there was a sound without a
word: forget it and go on. unclear: sound without end. lost: the recogniser owes a text."""


class Endpointing:
    """Decides for one question; `expects` None (nothing is asked) is as patient as `free`."""

    def __init__(self, expects: Expects | None, slot: Slot | None = None) -> None:
        self.patience = PATIENCE[expects or "free"]
        self.no_speech = NO_SPEECH_SECONDS if slot is None else NO_SPEECH.get(slot, NO_SPEECH_SECONDS)

    def decide(self, heard: Heard, prompt_ended: float | None, now: float) -> Verdict | None:
        """The verdict at `now`, None to go on listening. `prompt_ended` is None while the prompt still plays:
        words over a prompt belong to the turn, which cannot be over before the prompt is."""
        if heard.began is None:
            over = prompt_ended is not None and now - prompt_ended >= self.no_speech
            return "silence" if over else None
        if heard.last_sound is None:
            return "unclear" if now - heard.began >= 2 * self.patience.longest else None
        candidate = heard.candidate
        if candidate is None:
            return "lost" if now - heard.last_sound >= RECOGNITION_SECONDS else None
        over_prompt = prompt_ended is None or heard.last_sound < prompt_ended
        if not candidate.text or (over_prompt and heard.short and not candidate.closed):
            return "noise"
        if prompt_ended is None:
            return None
        long_enough = now - heard.began >= self.patience.longest
        needed = SILENCE_TOLD_SECONDS if long_enough else self.patience.silence
        return "spoken" if now - heard.last_sound >= needed else None


def stops_prompt(heard: Heard, now: float) -> bool:
    """Barge-in: whether speech over a prompt is long enough to stop it.

    A sound is known to be 0.3 s long when its end is told, or when no end was told 0.2 s later.
    """
    if heard.began is None:
        return False
    if heard.last_sound is not None:
        return not heard.short
    return now - heard.began >= SHORT_SOUND_SECONDS + SILENCE_TOLD_SECONDS


KEY_SECONDS = 3.0
"""Pause after a key that ends what is typed."""
ZERO_SECONDS = 1.5
"""The pause after a lone `0`, the wish for an operator: shorter, and still time for the next digit of a date."""
MOST_DIGITS = 32


@dataclass
class Keypad:
    """Digits typed as one answer: over with `#`, after a pause, or at the bound."""

    digits: str = ""
    _last: float = field(default=0.0, repr=False)
    _over: bool = field(default=False, repr=False)

    def press(self, digit: str, at: float) -> None:
        """`#` ends the entry; letters (A-D) mean nothing here."""
        self._last = at
        if digit == "#":
            self._over = bool(self.digits)
        elif digit in "0123456789*" and not self._over:
            self.digits += digit
            self._over = len(self.digits) >= MOST_DIGITS

    def entered(self, now: float) -> str | None:
        """What was typed once it is complete, else None."""
        pause = ZERO_SECONDS if self.digits == "0" else KEY_SECONDS
        if self.digits and (self._over or now - self._last >= pause):
            return self.digits
        return None
