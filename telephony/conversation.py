"""The conversation of one call: greet, play, listen, send the turn to the dialog, play the answer, until the end."""

from __future__ import annotations

import asyncio
import contextlib
import secrets

from core.errors import BadInput
from core.events import CallEnded, CallStarted, Dtmf, SpeechStarted
from core.logs import get_logger
from core.metrics import CALLS
from core.words import Outcome, TransferTo
from dialog.client import Answer, DialogEvent, Transfer, Turn
from telephony.endpointing import Candidate
from telephony.handover import HandOver
from telephony.latency import TurnTimes
from telephony.line import CallerGone
from telephony.listening import Listening, ServiceLost
from telephony.prompter import Filler, Prompter
from telephony.prompts import OwnPrompt
from telephony.record import Record
from telephony.speaking import Spoken
from telephony.surroundings import CallLine, Surroundings
from telephony.turn_taking import TurnTaking

log = get_logger(__name__)

DIALOG_GRACE_SECONDS = 1.0
"""The dialog's client keeps its own limit, settings.turn_seconds; this much later we give up on the client too."""
LONGEST_CALL_SECONDS = 15 * 60.0
"""A talk with an operator over a second leg has a limit of its own."""
HANGUP_SECONDS = 2.0
"""Longest wait for the dialog to hear that the caller has gone."""
MOST_TRANSFERS = 3
"""Tries to hand one caller over."""


class CutShort(Exception):
    """The call has to end now with the given sentence: the worker stops, or the call is overlong."""

    def __init__(self, prompt: OwnPrompt) -> None:
        super().__init__()
        self.prompt = prompt


class Conversation:
    """One call. `run` does all of it and never raises.

    Everything is timed on the line's sample clock, so a test runs it faster than life.
    """

    def __init__(self, line: CallLine, call_id: str, surroundings: Surroundings) -> None:
        self.call_id = call_id
        self._line = line
        self._with = surroundings
        self._record = Record(surroundings.events, call_id, line.number)
        self._turn_taking = TurnTaking(speech_began=lambda: self._record.publish(SpeechStarted))
        self._prompter = Prompter(line, surroundings.voice, self._record)
        self._listening = Listening(
            line, surroundings.ear, self._turn_taking, self._prompter, surroundings.prompts.hold, self._tick
        )
        self._hand_over = HandOver(line, self._tick, surroundings.transfer_way, surroundings.transfer_seconds)
        self._transfers = 0
        self._handed = False
        self._pending: asyncio.Task[Answer] | None = None
        self._cut_short: OwnPrompt | None = None
        self._dismissed = False
        self._untold: Answer | None = None
        """The dialog's last answer, until what it settled has been published."""

    @property
    def outcome(self) -> Outcome:
        return self._record.outcome

    async def run(self) -> None:
        """The whole call, from the answer to `call.ended`."""
        line = self._line
        line.on_digit_pressed = self._on_digit
        self._turn_taking.ear_here = self._with.ear.here
        self._with.ear.open(line.number, self.call_id, self._turn_taking)
        self._record.publish(CallStarted, caller=line.caller, called=line.called)
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

    def dismiss(self) -> None:
        """Nobody is there to talk to (a fax machine): end the call without a word, unless somebody else has it."""
        self._dismissed = not self._handed

    # -- the turns

    async def _talk(self) -> None:
        await self._line.answer()
        answer = await self._ask("start", Turn())
        while answer.end is None:
            if answer.transfer is None:
                answer = await self._ask("turn", *await self._listening.turn())
                continue
            await self._prompter.play_out()
            failed = answer.transfer
            if self._transfers == MOST_TRANSFERS:
                await self._last_word(failed.to)
                return
            if await self._transfer(failed):
                return
            self._with.ear.discard(self._line.number)  # what was said into the ringing
            try:
                answer = await self._ask("transfer_failed", Turn(), failed=failed)
            except ServiceLost as lost:
                log.warning("service_lost", call_id=self.call_id, what=str(lost))
                await self._last_word(failed.to)
                return
        await self._prompter.play_out()
        if self._prompter.error is not None:  # the result broke off
            raise ServiceLost(str(self._prompter.error))

    async def _ask(
        self, event: DialogEvent, turn: Turn, recognised: Candidate | None = None, times: TurnTimes | None = None,
        failed: Transfer | None = None,
    ) -> Answer:  # fmt: skip
        """Send a turn to the dialog and begin to speak its answer; returns when the first of it is on the wire.

        `turn.recognised` is told then, with its latency complete, or when it is known that nothing will be heard.
        """
        times = times or TurnTimes()
        filler = Filler(self._line, self._with.prompts.hold)
        self._turn_taking.begin()
        try:
            answer = await self._wait_for_answer(event, turn, times, filler, failed)
            self._untold = answer
            self._expect(answer)
            await self._begin_to_speak(answer, filler)
            times.synthesis = self._prompter.first_seconds
            times.answered = self._prompter.answered if filler.audible is None else filler.audible
        finally:
            if recognised is not None:
                self._record.turn(recognised, times)
        self._tell(answer)
        if self._turn_taking.prompt_started(self._line.clock):
            self._with.ear.discard(self._line.number)
        self._prompter.started(answer.expects, answer.slot)
        return answer

    async def _wait_for_answer(
        self, event: DialogEvent, turn: Turn, times: TurnTimes, filler: Filler, failed: Transfer | None
    ) -> Answer:
        """Raises ServiceLost when the dialog's client does not keep its own time limit."""
        line, loop = self._line, asyncio.get_running_loop()
        asked, began = line.clock, loop.time()
        self._pending = pending = asyncio.create_task(
            self._with.dialog.send(
                self.call_id, event, turn, caller=line.caller, called=line.called, failed=failed
            ), name="dialog",
        )  # fmt: skip
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
        self._turn_taking.expect(answer.expects, answer.slot)
        try:
            ear.expect(line, answer.expects, answer.slot, list(answer.candidates), list(answer.hints))
        except BadInput:  # longer lists than recognition takes: better an open question than half a closed one
            log.warning("expectation_too_long", call_id=self.call_id, slot=answer.slot)
            ear.expect(line, answer.expects, answer.slot, [], [])

    async def _begin_to_speak(self, answer: Answer, filler: Filler | None = None) -> None:
        """Returns with the first audible sound, or when there will be none. Raises ServiceLost without synthesis."""
        leaving = answer.transfer is not None
        pieces = [Spoken(say.text, say.barge_in and not leaving, slow=say.slow) for say in answer.say]
        await self._prompter.begin(pieces, filler)
        if self._prompter.silenced:
            if not leaving:
                raise ServiceLost(str(self._prompter.error))
            await self._prompter.begin_own(self._with.prompts.apology_transfer)  # nothing must stop an emergency

    # -- handing over

    async def _transfer(self, transfer: Transfer) -> bool:
        """Hand the caller over; True when that was done and is over. Raises CallerGone or CutShort."""
        self._transfers += 1
        context = secrets.token_hex(8)
        uri = self._with.destinations.find(transfer.to, transfer.area, self._line.called)
        self._record.transferring(transfer, context)
        try:
            self._handed = await self._hand_over.to(uri, context)
        finally:
            way, status = self._hand_over.way, self._hand_over.status
            self._record.transferred(transfer, answered=self._handed, way=way, status=status)
        if self._handed:
            self._with.ear.close(self._line.number)  # what is said to a person is not listened to
            await self._hand_over.stay()
        return self._handed

    async def _last_word(self, to: TransferTo) -> None:
        """Nobody can be had, and the dialog does not know more: our own sentence."""
        self._record.failed()
        prompts = self._with.prompts
        await self._prompter.say_own(
            prompts.transfer_failed_emergency if to == "emergency" else prompts.transfer_failed
        )

    # -- endings

    async def _rescue(self, error: Exception) -> None:
        """End a call that cannot go on: say so, and hand the caller over where somebody can help."""
        if not self._handed:
            self._record.failed()
        try:
            if isinstance(error, CutShort):
                await self._prompter.say_own(error.prompt)
                return
            if isinstance(error, ServiceLost):
                log.warning("service_lost", call_id=self.call_id, what=str(error))
            else:
                log.error("conversation_failed", call_id=self.call_id, exc_info=error)
            if self._handed:
                return
            await self._prompter.say_own(self._with.prompts.apology_transfer)
            if self._transfers == MOST_TRANSFERS or not await self._transfer(Transfer("operator", "error")):
                await self._last_word("operator")
        except CallerGone:
            pass
        except CutShort as stopped:
            with contextlib.suppress(CallerGone):
                await self._prompter.say_own(stopped.prompt)
        except Exception as another:
            log.error("rescue_failed", call_id=self.call_id, exc_info=another)

    async def _gone(self) -> None:
        """The caller has hung up. An answer of the dialog that is on its way may still hold a house call."""
        await self._prompter.stop()
        if self._pending is not None:
            await asyncio.wait([self._pending], timeout=self._with.turn_seconds)
            if self._pending.done() and not self._pending.cancelled() and self._pending.exception() is None:
                self._untold = self._pending.result()

    async def _end(self) -> None:
        """Whatever came before: the line is hung up and everybody is told, once."""
        line = self._line
        await self._prompter.stop()
        if self._pending is not None:
            self._pending.cancel()
        if self._untold is not None:
            self._tell(self._untold)
        self._with.ear.close(line.number)
        line.on_digit_pressed = None
        await line.hang_up()
        self._record.publish(CallEnded, outcome=self.outcome, seconds=round(line.clock, 1))
        CALLS.labels(self.outcome).inc()
        with contextlib.suppress(TimeoutError):  # the dialog forgets the call, whoever ended it
            await asyncio.wait_for(self._with.dialog.send(self.call_id, "hangup"), HANGUP_SECONDS)

    def _tell(self, answer: Answer) -> None:
        self._untold = None
        self._record.answer(answer)

    def _on_digit(self, digit: str) -> None:
        self._record.publish(Dtmf, digit=digit)
        self._turn_taking.keypad.press(digit, self._line.clock)

    async def _tick(self) -> None:
        """Wait for the next 20 ms. Raises CallerGone or CutShort."""
        await self._line.tick()
        if self._cut_short is not None:
            raise CutShort(self._cut_short)
        if not self._handed and self._line.clock >= LONGEST_CALL_SECONDS:
            raise CutShort(self._with.prompts.overlong)
        if self._dismissed:
            raise CallerGone
