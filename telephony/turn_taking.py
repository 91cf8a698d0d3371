"""What the caller does between one answer of the dialog and the next turn: speech, keys, and who has the floor."""

from __future__ import annotations

from collections.abc import Callable

from core.words import Expects, Slot
from telephony.endpointing import Candidate, Endpointing, Heard, Keypad, Verdict, stops_prompt


class TurnTaking:
    """Collects what the ear and the keypad tell (it is a `telephony.hearing.Listener`), and applies the policies.

    Times are seconds of the line's clock. From `expect` on, sound belongs to the next turn; `prompt_started` and
    `prompt_ended` say when we have the floor.
    """

    def __init__(self, speech_began: Callable[[], None]) -> None:
        self.heard = Heard()
        self.keypad = Keypad()
        self.prompt_ended_at: float | None = None
        self.ear_here = True
        self._endpointing = Endpointing(None)
        self._speech_began = speech_began

    def begin(self) -> None:
        """A turn was accepted, or a call begins: what comes now is new. Until `prompt_ended` we have the floor."""
        self.heard.forget()
        self.keypad = Keypad()
        self.prompt_ended_at = None

    def expect(self, expects: Expects | None, slot: Slot | None = None) -> None:
        self._endpointing = Endpointing(expects, slot)

    def prompt_started(self, at: float) -> bool:
        """A question begins to be heard; True when sound before it has to be forgotten.

        Words that were over before the question could be heard do not answer it: a second «да» to the question
        before must not confirm the next one. Words that go on count from here.
        """
        if self.heard.last_sound is not None:
            self.heard.forget()
            return True
        if self.heard.began is not None:
            self.heard.began = at
        return False

    def prompt_ended(self, at: float) -> None:
        self.prompt_ended_at = at

    def interrupts(self, now: float) -> bool:
        """Whether the caller is taking the floor from a prompt that may be stopped."""
        return bool(self.keypad.digits) or stops_prompt(self.heard, now)

    def entered(self, now: float) -> str | None:
        """Digits typed as a whole answer."""
        return None if self.prompt_ended_at is None else self.keypad.entered(now)

    def decide(self, now: float) -> Verdict | None:
        if self.keypad.digits and self.heard.began is None:
            return None  # the next key is waited for
        return self._endpointing.decide(self.heard, self.prompt_ended_at, now)

    @property
    def is_owed(self) -> bool:
        """Whether the caller has spoken, is silent now, and waits for us to know what was said."""
        heard = self.heard
        return self.prompt_ended_at is not None and heard.last_sound is not None and heard.candidate is None

    def said_alone(self) -> bool:
        """Whether the last sound came after the prompt: only then is there a wait to measure."""
        return (
            self.heard.last_sound is not None
            and self.prompt_ended_at is not None
            and self.heard.last_sound > self.prompt_ended_at
        )

    # -- what the ear tells

    def on_speech(self, at: float) -> None:
        if self.heard.began is None:
            self._speech_began()
        self.heard.speech(at)

    def on_silence(self, at: float, turn_id: str) -> None:
        self.heard.silence(at, turn_id)

    def on_resumed(self, turn_id: str) -> None:
        self.heard.resumed(turn_id)

    def on_recognised(self, candidate: Candidate) -> None:
        self.heard.recognised(candidate)

    def on_ear(self, here: bool) -> None:
        self.ear_here = here
        self.heard.forget()
