"""The caller's part of a turn: let our prompt play, or be stopped, and wait until the caller has answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dialog.client import Alternative, Turn
from telephony.audio_port import SAMPLE_RATE
from telephony.endpointing import Candidate
from telephony.latency import TurnTimes
from telephony.prompter import Filler, Prompter
from telephony.prompts import OwnPrompt
from telephony.surroundings import CallLine, Ear
from telephony.turn_taking import TurnTaking

EAR_SECONDS = 3.0
"""How long the recogniser may be away in a call before we apologise; a restart of its connection takes 0.1 to 1 s."""


class ServiceLost(Exception):
    """A service behind us failed in a way that this call cannot get over."""


class Listening:
    """One instance a call."""

    def __init__(
        self, line: CallLine, ear: Ear, turns: TurnTaking, prompter: Prompter, hold: OwnPrompt,
        tick: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        """`hold` is said when recognition takes long; `tick` waits for the next 20 ms and raises what ends the call."""
        self._line = line
        self._ear = ear
        self._turns = turns
        self._prompter = prompter
        self._hold = hold
        self._tick = tick
        self._ear_lost_at: float | None = None
        self._filler: Filler | None = None

    async def turn(self) -> tuple[Turn, Candidate | None, TurnTimes]:
        """The caller's next turn; None as the candidate where nothing was spoken. Raises ServiceLost, and as `tick`."""
        turns, ear, line = self._turns, self._ear, self._line
        while True:
            await self._tick()
            now = line.clock
            self._check_ear(now)
            if turns.prompt_ended_at is None:
                await self._have_the_floor(now)
            elif line.held:
                turns.prompt_ended(now)  # nobody is listening: the wait for speech begins anew
            self._fill()
            if (digits := turns.entered(now)) is not None:
                ear.discard(line.number)
                return Turn(digits=digits), None, TurnTimes()
            match turns.decide(now):
                case "spoken":
                    return self._spoken(now)
                case "silence":
                    return Turn(silence=True), None, TurnTimes()
                case "unclear":
                    ear.discard(line.number)
                    return Turn(), Candidate("", ""), TurnTimes()
                case "noise":
                    ear.discard(line.number)
                    turns.heard.forget()
                case "lost":
                    raise ServiceLost("asr: no text")

    async def _have_the_floor(self, now: float) -> None:
        """Our prompt is being heard: does it end, or does the caller take the floor?"""
        prompter = self._prompter
        if prompter.ended:
            self._turns.prompt_ended(now)
            prompter.finished()
            if prompter.error is not None:  # the question broke off
                raise ServiceLost(str(prompter.error))
        elif prompter.barge_in and self._turns.interrupts(now):
            await prompter.stop()
            self._turns.prompt_ended(now)
            prompter.finished(interrupted=True)

    def _fill(self) -> None:
        """No silence of ours while recognition is late."""
        if not self._turns.is_owed:
            self._filler = None
        else:
            self._filler = self._filler or Filler(self._line, self._hold)
            self._filler.step()

    def _check_ear(self, now: float) -> None:
        """Raises ServiceLost when recognition has been away too long for a call."""
        if self._turns.ear_here:
            self._ear_lost_at = None
        elif self._ear_lost_at is None:
            self._ear_lost_at = now
        elif now - self._ear_lost_at >= EAR_SECONDS:
            raise ServiceLost("asr")

    def _spoken(self, now: float) -> tuple[Turn, Candidate, TurnTimes]:
        heard = self._turns.heard
        candidate, last_sound = heard.candidate, heard.last_sound
        assert candidate is not None
        assert last_sound is not None
        times = TurnTimes(recognition=candidate.seconds)
        if self._turns.said_alone():
            times.last_sound, times.decided = round(last_sound * SAMPLE_RATE), round(now * SAMPLE_RATE)
            times.buffered = self._line.buffered_seconds
        self._ear.take(self._line.number, candidate.turn_id)
        alternatives = tuple(Alternative(text, score) for text, score in candidate.alternatives)
        return Turn(candidate.text, alternatives, candidate.turn_id), candidate, times
