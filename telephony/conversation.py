"""The conversation of one call: greet, play, listen, send the turn to the dialog, play the answer, until the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from core.errors import BadInput
from core.events import (
    Alternative,
    CallEnded,
    CallStarted,
    CallTransferred,
    Dtmf,
    HouseCallCreated,
    PromptFinished,
    PromptStarted,
    SlotFilled,
    SpeechStarted,
    TurnRecognised,
)
from core.logs import get_logger
from core.metrics import CALLS
from core.words import Expects, Outcome, Slot, TransferReason, TransferTo
from dialog.client import Alternative as TurnAlternative
from dialog.client import Answer, DialogEvent, HouseCallResult, Turn
from telephony.audio_port import SAMPLE_RATE, Playout
from telephony.endpointing import Candidate
from telephony.latency import TurnTimes, observe
from telephony.line import CallerGone
from telephony.prompts import OwnPrompt
from telephony.speaking import Speaking, Spoken
from telephony.surroundings import CallLine, Surroundings
from telephony.turn_taking import TurnTaking

log = get_logger(__name__)

FILLER_SECONDS = 1.5
"""A wait for the dialog that is longer gets «Одну секунду», and again after FILLER_AGAIN_SECONDS."""
FILLER_AGAIN_SECONDS = 4.0
DIALOG_GRACE_SECONDS = 1.0
"""The dialog's client keeps its own limit, settings.turn_seconds; this much later we give up on the client too."""
EAR_SECONDS = 3.0
"""How long the recogniser may be away in a call before we apologise; a restart of its connection takes 0.1 to 1 s."""
LONGEST_CALL_SECONDS = 15 * 60.0
HEARD_SECONDS = 60.0
"""Longest wait for a sentence of ours to be heard: on hold, nothing of it leaves."""
HANGUP_SECONDS = 2.0
"""Longest wait for the dialog to hear that the caller has gone."""
TRANSFER_SECONDS = 30.0
"""Longest wait for an operator to answer: a telephone rings so long before it gives up."""


class ServiceLost(Exception):
    """A service behind us failed in a way that this call cannot get over."""


class CutShort(Exception):
    """The call has to end now with the given sentence: the worker stops, or the call is overlong."""

    def __init__(self, prompt: OwnPrompt) -> None:
        super().__init__()
        self.prompt = prompt


class Filler:
    """«Одну секунду» while a caller waits for the dialog or for synthesis."""

    def __init__(self, line: CallLine, prompt: OwnPrompt) -> None:
        self._line = line
        self._prompt = prompt
        self._next = line.clock + FILLER_SECONDS
        self._first: Playout | None = None

    def step(self) -> None:
        """Once a tick while there is nothing else to hear."""
        if self._line.clock >= self._next:
            played = self._line.play(self._prompt.pcm)
            self._first = self._first or played
            self._next = self._line.clock + FILLER_AGAIN_SECONDS

    @property
    def audible(self) -> int | None:
        return None if self._first is None else self._first.audible


class Conversation:
    """One call. `run` does all of it and never raises.

    Everything is timed on the line's sample clock, so a test runs it faster than life.
    """

    def __init__(self, line: CallLine, call_id: str, surroundings: Surroundings) -> None:
        self.call_id = call_id
        self.outcome: Outcome = "abandoned"
        self._line = line
        self._with = surroundings
        self._turn_taking = TurnTaking(speech_began=lambda: self._publish(SpeechStarted))
        self._speaking = Speaking(line, surroundings.voice, [])
        self._pending: asyncio.Task[Answer] | None = None
        self._ear_lost_at: float | None = None
        self._cut_short: OwnPrompt | None = None
        self._untold: Answer | None = None
        """The dialog's last answer, until what it settled has been published."""
        self._house_call: HouseCallResult | None = None

    async def run(self) -> None:
        """The whole call, from the answer to `call.ended`."""
        line = self._line
        line.on_digit_pressed = self._on_digit
        self._turn_taking.ear_here = self._with.ear.here
        self._with.ear.open(line.number, self.call_id, self._turn_taking)
        self._publish(CallStarted, caller=line.caller, called=line.called)
        try:
            await self._talk()
        except CallerGone:
            await self._gone()
        except Exception as error:
            await self._rescue(error)
        finally:
            await self._end()

    def cut_short(self) -> None:
        """The worker stops: end the call politely, now."""
        self._cut_short = self._with.prompts.closing

    # -- the turns

    async def _talk(self) -> None:
        await self._line.answer()
        answer = await self._ask("start", Turn())
        while answer.transfer is None and answer.end is None:
            turn, recognised, times = await self._listen()
            answer = await self._ask("turn", turn, recognised, times)
        await self._play_out()
        if answer.transfer is not None:
            await self._transfer(answer.transfer.to, answer.transfer.reason)
        elif self._speaking.error is not None:  # the result broke off
            raise ServiceLost(str(self._speaking.error))

    async def _listen(self) -> tuple[Turn, Candidate | None, TurnTimes]:
        """Let the prompt play, or be stopped, until the caller's turn is over."""
        turns, ear, line = self._turn_taking, self._with.ear, self._line
        while True:
            await self._tick()
            now = line.clock
            self._check_ear(now)
            if turns.prompt_ended_at is None:
                if self._speaking.ended:
                    self._prompt_finished()
                    if self._speaking.error is not None:  # the question broke off
                        raise ServiceLost(str(self._speaking.error))
                elif self._speaking.barge_in and turns.interrupts(now):
                    await self._speaking.stop()
                    self._prompt_finished(interrupted=True)
            elif line.held:
                turns.prompt_ended(now)  # nobody is listening: the wait for speech begins anew
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

    def _check_ear(self, now: float) -> None:
        """Raises ServiceLost when recognition has been away too long for a call."""
        if self._turn_taking.ear_here:
            self._ear_lost_at = None
        elif self._ear_lost_at is None:
            self._ear_lost_at = now
        elif now - self._ear_lost_at >= EAR_SECONDS:
            raise ServiceLost("asr")

    def _spoken(self, now: float) -> tuple[Turn, Candidate, TurnTimes]:
        heard = self._turn_taking.heard
        candidate, last_sound = heard.candidate, heard.last_sound
        assert candidate is not None
        assert last_sound is not None
        times = TurnTimes(recognition=candidate.seconds)
        if self._turn_taking.said_alone():
            times.last_sound, times.decided = round(last_sound * SAMPLE_RATE), round(now * SAMPLE_RATE)
            times.buffered = self._line.buffered_seconds
        self._with.ear.take(self._line.number, candidate.turn_id)
        alternatives = tuple(TurnAlternative(text, score) for text, score in candidate.alternatives)
        return Turn(candidate.text, alternatives, candidate.turn_id), candidate, times

    async def _ask(
        self, event: DialogEvent, turn: Turn, recognised: Candidate | None = None, times: TurnTimes | None = None
    ) -> Answer:
        """Send a turn to the dialog and begin to speak its answer; returns when the first of it is on the wire.

        `turn.recognised` is told then, with its latency complete, or when it is known that nothing will be heard.
        """
        times = times or TurnTimes()
        filler = Filler(self._line, self._with.prompts.hold)
        self._turn_taking.begin()
        try:
            answer = await self._wait_for_answer(event, turn, times, filler)
            self._untold = answer
            self._expect(answer)
            await self._begin_to_speak(answer, filler)
            times.synthesis = self._speaking.first_seconds
            times.answered = self._speaking.answered if filler.audible is None else filler.audible
        finally:
            self._tell_turn(recognised, times)
        self._tell_answer(answer)
        if self._turn_taking.prompt_started(self._line.clock):
            self._with.ear.discard(self._line.number)
        self._prompt_started(answer.expects, answer.slot)
        return answer

    async def _wait_for_answer(self, event: DialogEvent, turn: Turn, times: TurnTimes, filler: Filler) -> Answer:
        """Raises ServiceLost when the dialog's client does not keep its own time limit."""
        line, loop = self._line, asyncio.get_running_loop()
        asked, began = line.clock, loop.time()
        self._pending = pending = asyncio.create_task(
            self._with.dialog.send(self.call_id, event, turn, caller=line.caller, called=line.called), name="dialog"
        )
        while not pending.done():
            await self._tick()
            if line.clock - asked >= self._with.turn_seconds + DIALOG_GRACE_SECONDS:
                pending.cancel()
                raise ServiceLost("dialog")
            if not pending.done():
                filler.step()
        self._pending = None
        times.dialog = loop.time() - began
        return pending.result()

    def _expect(self, answer: Answer) -> None:
        ear, line = self._with.ear, self._line.number
        self._turn_taking.expect(answer.expects)
        try:
            ear.expect(line, answer.expects, answer.slot, list(answer.candidates), list(answer.hints))
        except BadInput:  # longer lists than recognition takes: better an open question than half a closed one
            log.warning("expectation_too_long", call_id=self.call_id, slot=answer.slot)
            ear.expect(line, answer.expects, answer.slot, [], [])

    # -- our own voice

    async def _begin_to_speak(self, answer: Answer, filler: Filler) -> None:
        """Returns with the first audible sound, or when there will be none. Raises ServiceLost without synthesis."""
        leaving = answer.transfer is not None
        await self._speak([Spoken(say.text, say.barge_in and not leaving) for say in answer.say], filler)
        if self._speaking.error is not None and self._speaking.answered is None:
            if not leaving:
                raise ServiceLost(str(self._speaking.error))
            await self._speak([self._own(self._with.prompts.apology_transfer)])  # nothing must stop an emergency

    async def _speak(self, pieces: Sequence[Spoken], filler: Filler | None = None) -> None:
        self._speaking = Speaking(self._line, self._with.voice, pieces)
        limit = self._line.clock + HEARD_SECONDS
        while self._speaking.answered is None and not self._speaking.ended and self._line.clock < limit:
            await self._line.tick()
            if filler is not None and not self._speaking.begun:
                filler.step()

    def _own(self, prompt: OwnPrompt) -> Spoken:
        return Spoken(prompt.text, barge_in=False, pcm=prompt.pcm)

    def _prompt_started(self, expects: Expects | None = None, slot: Slot | None = None) -> None:
        if self._speaking.text:
            self._publish(
                PromptStarted,
                text=self._speaking.text,
                expects=expects,
                slot=slot,
                barge_in=self._speaking.may_be_stopped,
            )

    def _prompt_finished(self, *, interrupted: bool = False) -> None:
        self._turn_taking.prompt_ended(self._line.clock)
        if self._speaking.text:
            self._publish(PromptFinished, interrupted=interrupted)

    async def _play_out(self) -> None:
        """Wait until all of what is being said has been heard."""
        limit = self._line.clock + HEARD_SECONDS
        while not self._speaking.ended and self._line.clock < limit:
            await self._line.tick()
        self._prompt_finished()

    async def _say_own(self, prompt: OwnPrompt) -> None:
        """One of the worker's own sentences instead of whatever is being said."""
        await self._speaking.stop()
        await self._speak([self._own(prompt)])
        self._prompt_started()
        await self._play_out()

    # -- endings

    async def _transfer(self, to: TransferTo, reason: TransferReason) -> None:
        """Hand the caller over. Raises CallerGone."""
        answered = False
        try:
            answered = await self._line.transfer(self._with.destinations[to], TRANSFER_SECONDS)
        finally:
            self._publish(CallTransferred, to=to, reason=reason, result="answered" if answered else "failed")
        if answered:
            self.outcome = "emergency" if to == "emergency" else "transferred"
            return
        self.outcome = "failed"
        await self._speak([Spoken(self._with.dialog.transfer_failed(to), barge_in=False)])
        if self._speaking.error is not None and self._speaking.answered is None:
            prompts = self._with.prompts
            own = prompts.transfer_failed_emergency if to == "emergency" else prompts.transfer_failed
            await self._speak([self._own(own)])
        self._prompt_started()
        await self._play_out()

    async def _rescue(self, error: Exception) -> None:
        """End a call that cannot go on: say so, and hand the caller over where somebody can help."""
        if self._house_call is None:
            self.outcome = "failed"
        try:
            if isinstance(error, CutShort):
                await self._say_own(error.prompt)
                return
            if isinstance(error, ServiceLost):
                log.warning("service_lost", call_id=self.call_id, what=str(error))
            else:
                log.error("conversation_failed", call_id=self.call_id, exc_info=error)
            await self._say_own(self._with.prompts.apology_transfer)
            await self._transfer("operator", "error")
        except CallerGone:
            pass
        except Exception as another:
            log.error("rescue_failed", call_id=self.call_id, exc_info=another)

    async def _gone(self) -> None:
        """The caller has hung up. An answer of the dialog that is on its way may still hold a house call."""
        await self._speaking.stop()
        if self._pending is not None:
            await asyncio.wait([self._pending], timeout=self._with.turn_seconds)
            if self._pending.done() and not self._pending.cancelled() and self._pending.exception() is None:
                self._untold = self._pending.result()

    async def _end(self) -> None:
        """Whatever came before: the line is hung up and everybody is told, once."""
        line = self._line
        await self._speaking.stop()
        if self._pending is not None:
            self._pending.cancel()
        if self._untold is not None:
            self._tell_answer(self._untold)
        self._with.ear.close(line.number)
        line.on_digit_pressed = None
        await line.hang_up()
        self._publish(CallEnded, outcome=self.outcome, seconds=round(line.clock, 1))
        CALLS.labels(self.outcome).inc()
        with contextlib.suppress(TimeoutError):  # the dialog forgets the call, whoever ended it
            await asyncio.wait_for(self._with.dialog.send(self.call_id, "hangup"), HANGUP_SECONDS)

    # -- what is told

    def _tell_turn(self, recognised: Candidate | None, times: TurnTimes) -> None:
        if recognised is None:
            return
        latency = times.latency()
        observe(latency)
        alternatives = [Alternative(text=text, score=score) for text, score in recognised.alternatives]
        self._publish(TurnRecognised, text=recognised.text, alternatives=alternatives, latency=latency)

    def _tell_answer(self, answer: Answer) -> None:
        """What the dialog has settled; from here on the call's outcome is at least that."""
        self._untold = None
        for filled in answer.filled:
            self._publish(SlotFilled, slot=filled.slot, value=filled.value, probability=filled.probability)
        if answer.house_call is not None:
            self._house_call = made = answer.house_call
            self._publish(HouseCallCreated, house_call_id=made.house_call_id, number=made.number, state=made.state)
            self.outcome = "created" if made.state == "delivered" else "queued"
        if answer.end is not None:
            self.outcome = answer.end

    def _on_digit(self, digit: str) -> None:
        self._publish(Dtmf, digit=digit)
        self._turn_taking.keypad.press(digit, self._line.clock)

    def _publish(self, event: type[Any], **fields: Any) -> None:
        self._with.events.publish(event(call_id=self.call_id, line=self._line.number, **fields))

    async def _tick(self) -> None:
        """Wait for the next 20 ms. Raises CallerGone or CutShort."""
        await self._line.tick()
        if self._cut_short is not None:
            raise CutShort(self._cut_short)
        if self._line.clock >= LONGEST_CALL_SECONDS:
            raise CutShort(self._with.prompts.overlong)
