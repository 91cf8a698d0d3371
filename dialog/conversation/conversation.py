"""One call, led by the script: every turn goes in here and comes out as an answer.

The order within a turn: an emergency, the wish for an operator, silence, what is open besides a question («соединить со
скорой?»), a correction of what was settled, the answer to the open question, and only then the caller's own questions
and wishes: names and addresses look like anything to an intent classifier, so an answer that was understood well wins
over a doubtful intent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from core.words import SLOTS
from dialog.conversation.address import Addresses
from dialog.conversation.answers import Answers
from dialog.conversation.booking import Booking
from dialog.conversation.danger import Dangers
from dialog.conversation.emergencies import DOUBTS, Emergencies
from dialog.conversation.handover import Handover
from dialog.conversation.identity import Identity
from dialog.conversation.listening import Listening
from dialog.conversation.plan import applies, years
from dialog.conversation.script import Rejection, Script
from dialog.conversation.state import Asked, State, Taken
from dialog.conversation.step import Advance, Ask, Check, Danger, Doubt, Failed, GiveUp, Spoken, Step
from dialog.conversation.turn import Heard, Intent, Reply, ServiceFault, Services
from dialog.conversation.visits import Visits
from dialog.conversation.wishes import Wishes
from dialog.conversation.wording import Wording

FREE = ("opening", "symptoms", "since", "caller", "school", "done")
"""Questions that any words answer: there a clear intent goes first."""

CLEAR = (
    "refuse_recording", "repeat", "slower", "wait", "abuse", "child_alone", "ask_doctor", "ask_sick_leave", "ask_tests",
    "ask_documents", "ask_robot", "ask_hours", "ask_prescription", "ask_attached", "ask_specialist", "ask_price",
)  # fmt: skip
"""Wishes and questions that no answer to the script's questions is like: recognised clearly, they go before it."""

ON_DEMAND = ("adult", "insist", "another_visit", "cancel_visit", "go_on")
"""Closed questions that only some calls have; what a yes or a no leads to is decided here, not by the plan."""

SHORT = 6
"""A wish to cancel has at most so many words; in a longer sentence «не надо» means something else."""

OPERATOR_KEY = "0"


class Conversation:
    """`now`: local time. Services that fail end in an apology and a transfer, never in silence."""

    def __init__(self, script: Script, services: Services, now: datetime) -> None:
        self._script = script
        self._phrases = script.phrases
        self._listening = Listening(services, now.date())
        self._identity = Identity(services, script, now.date())
        self._addresses = Addresses(self._listening, script)
        self._dangers = Dangers(self._listening, script)
        self._answers = Answers(script, self._listening, self._identity, self._addresses, self._dangers)
        self._wording = wording = Wording(script, self._dangers)
        self._emergencies = Emergencies(script, self._listening, wording)
        self._handover = Handover(script, services, wording, now)
        self._visits = Visits(services, script, wording, now.date())
        self._booking = Booking(services, script, wording, now.date())
        self._wishes = Wishes(script, wording, self._visits, self._booking)

    def start(self, call_id: str, caller: str, called: str, announcement: str = "") -> tuple[State, Reply]:
        state = State(call_id, caller=caller, called=called)
        return state, self._wording.greeting(state, announcement)

    async def turn(self, state: State, heard: Heard, intent: Intent) -> Reply:
        """The answer to one turn; changes `state`. A turn that is sent twice is answered alike."""
        if state.finished is not None:
            return Reply(**state.finished)
        if (again := self._answered_before(state, heard.sequence)) is not None:
            return again
        before = dict(state.taken)
        state.turns += 1
        try:
            if state.turns > self._script.policy.limits.turns:
                reply = await self._handover.to_operator(state, "no_match")
            else:
                step = await self._turn(state, heard, intent)
                state.failed_in_a_row = state.failed_in_a_row + 1 if isinstance(step, Failed) else 0
                reply = await self._follow(state, step)
        except ServiceFault:
            reply = await self._handover.to_operator(state, "error")
        return self._completed(state, reply, heard.sequence, before)

    async def transfer_failed(self, state: State, to: str | None = None, sequence: int | None = None) -> Reply:
        """Nobody took the call that was handed over (`to` whom, when it was not we who did it): it goes on here."""
        if (again := self._answered_before(state, sequence)) is not None:
            return again
        before = dict(state.taken)
        state.finished = None
        if to == "emergency" or state.transfer is None:
            state.transfer = "emergency" if to == "emergency" else "error"
        return self._completed(state, await self._handover.failed(state), sequence, before)

    @staticmethod
    def _answered_before(state: State, sequence: int | None) -> Reply | None:
        if state.last is None or sequence is None or sequence > state.last["sequence"]:
            return None
        return Reply(**state.last["reply"])

    def _completed(self, state: State, reply: Reply, sequence: int | None, before: Mapping[str, Taken]) -> Reply:
        reply.filled = [
            {"slot": slot, "value": taken.value, "probability": taken.probability}
            for slot, taken in state.taken.items()
            if taken.sure and taken.value is not None and slot in SLOTS and before.get(slot) is not taken
        ]
        reply.recording_refused = state.recording_refused
        reply.slow = reply.slow or state.slow
        if reply.end or reply.transfer:
            state.finished = {"say": reply.say, "transfer": reply.transfer, "end": reply.end}
        if sequence is not None:
            state.last = {"sequence": sequence, "reply": vars(reply) | {"filled": []}}
        return reply

    async def _turn(self, state: State, heard: Heard, intent: Intent) -> Step:
        open_kind = state.asked.kind
        if open_kind == "emergency":
            return await self._emergencies.hear(state, heard)
        if open_kind == "doubt":
            step = await self._emergencies.hear_doubt(state, heard)
            return await self._hear_put_off(state) if isinstance(step, Advance) else step
        if heard.urgent == "emergency":
            return Spoken(self._emergencies.open(state, heard.urgent_words))
        if heard.urgent == "operator" or heard.digits == OPERATOR_KEY:
            return GiveUp("wish")
        if heard.urgent == "doubt" and open_kind == "ask" and state.asked.slot == "red_flags":
            return Spoken(self._emergencies.open(state, heard.urgent_words))  # who is asked for signs is not joking
        if heard.urgent == "doubt" and state.doubts < DOUBTS:
            self._put_off(state, heard, intent)
            return Doubt(heard.urgent_words)
        if heard.silence:
            return await self._hear_silence(state)
        state.silences = min(state.silences, 0)
        if open_kind == "cancel":
            return self._wishes.hear_cancel(state, (await self._listening.yes_no(heard)).meaning)
        may_cancel = len(heard.text.split()) <= SHORT and state.asked.slot not in ON_DEMAND
        if state.asked.slot == "opening":  # «здравствуйте, мне нужен врач» is heard as «здравствую тем не нужен врач»
            may_cancel = may_cancel and intent.name in ("", "cancel", "visit_cancel")
        if may_cancel and self._script.urgent.wants_to_cancel(heard.text):
            return self._wishes.cancel(state)
        step = await self._answer(state, heard, intent)
        if isinstance(step, Doubt):
            self._put_off(state, heard, intent)
        return step

    async def _answer(self, state: State, heard: Heard, intent: Intent) -> Step:
        policy, slot = self._script.policy, state.asked.slot
        if slot == "opening":
            await self._identity.look_up_caller(state)
        if slot in FREE and (wish := self._wishes.step(state, intent, policy.intent_over_free)):
            return wish
        if slot == "done":  # whatever else is said after the result is a goodbye
            return Spoken(self._wording.end(state.outcome, self._phrases.farewell))
        if (
            slot not in FREE
            and intent.name in CLEAR
            and (wish := self._wishes.step(state, intent, policy.intent_clear))
        ):
            return wish
        if step := await self._correct(state, heard, intent):
            return step
        several = slot in ("opening", "who") and state.others == 0 and policy.means_several(heard.text)
        if several and slot == "who":
            state.others = 1
            return Spoken(self._wording.ask(state, "who", text=self._phrases.first_patient))
        step = await self._answers.hear(state, heard, intent)
        if isinstance(step, Failed | Check):
            limit = policy.intent if isinstance(step, Failed) else policy.intent_over_free
            if wish := self._wishes.step(state, intent, limit):
                return wish
        if isinstance(step, Advance) and slot in ON_DEMAND:
            return await self._answered(state, slot)
        if several and isinstance(step, Advance):
            state.others = 1
            return Advance(self._phrases.several)
        return step

    @staticmethod
    def _put_off(state: State, heard: Heard, intent: Intent) -> None:
        """«Есть угроза жизни?» comes first; what was said is heard after it."""
        state.put_off = {"heard": asdict(heard) | {"urgent": None, "sequence": None}, "asked": asdict(state.asked),
                         "intent": asdict(intent)}  # fmt: skip

    async def _hear_put_off(self, state: State) -> Step:
        put_off, state.put_off = state.put_off, None
        if put_off is None:  # no word of it was an answer
            return Ask(state.asked.slot, self._phrases.cancel_kept)
        state.asked = Asked(**put_off["asked"])
        return await self._answer(state, Heard(**put_off["heard"]), Intent(**put_off["intent"]))

    async def _hear_silence(self, state: State) -> Step:
        """A reminder; after a failed transfer silence means no: somebody phones back."""
        if state.asked.slot == "go_on" and state.transfer is not None and state.silences >= 1:
            return Spoken(await self._handover.call_back(state, ""))
        question = self._script.questions[state.asked.slot]
        can_skip = question.on_failure == "skip" and state.asked.slot not in ("opening", "done", "patronymic")
        if can_skip and state.asked.kind == "ask" and state.silences == 1:
            state.silences += 1  # one more silence, and the caller is gone
            return Spoken(await self._skip(state, state.asked.slot))
        return Spoken(self._wording.silence(state))

    async def _correct(self, state: State, heard: Heard, intent: Intent) -> Step | None:
        """«Нет, дом семнадцать»: the field is asked again, or taken when it was said clearly enough."""
        if state.asked.slot in ("more", "red_flags") or heard.digits:
            return None
        cued = intent.name == "correction" and intent.confidence >= self._script.policy.intent
        correction = self._script.corrections.meant(heard.text, state, cued=cued)
        if correction is None and state.asked.slot == "confirm":  # «… дом семнадцать»: the «нет» was lost
            named = self._script.corrections.meant(heard.text, state, cued=True)
            if named is not None and named.text and (await self._listening.yes_no(heard, "confirm")).meaning != "yes":
                correction = named
        if correction is None or correction.slot == state.asked.slot:
            return None
        asked = state.asked
        reopened = self._answers.reopen(state, correction.slot)
        if not correction.text or not isinstance(reopened, Ask):
            return reopened
        step = await self._answers.value_of(state, reopened.slot, correction.text)
        if isinstance(step, Failed):
            state.asked = asked
            return reopened
        return step

    async def _answered(self, state: State, slot: str) -> Step:
        """What follows from a yes or a no to one of the questions that are asked only when need be."""
        yes = bool(state.value(slot))
        if slot == "adult":
            if not yes:
                return GiveUp()
            state.forget("who", "age")
            return Ask("who", self._phrases.adult_here)
        if slot == "insist":
            if yes:
                return GiveUp("wish")
            state.outcome = "answered"
            return Spoken(self._wording.ask(state, "done", text=self._phrases.alternatives_taken))
        if slot == "another_visit":
            return self._visits.hear_another(state)
        if slot == "cancel_visit":
            return await self._visits.hear_cancel(state)
        return await self._went_on(state, yes)

    async def _went_on(self, state: State, yes: bool) -> Step:
        """After «продолжим?»: a failed transfer, a wrong number, or a visit that was not found."""
        if state.transfer is not None:
            return Ask(state.resume) if yes else Spoken(await self._handover.call_back(state, ""))
        if not yes:
            return Spoken(self._wording.end("answered", self._phrases.wrong_number_end))
        state.purpose = "visit"
        if state.resume:
            return Ask(state.resume)
        return Advance()

    # -- from a step to words

    async def _follow(self, state: State, step: Step) -> Reply:
        if isinstance(step, Spoken):
            return step.reply
        if isinstance(step, Danger):
            return self._emergencies.open(state, step.words)
        if isinstance(step, Doubt):
            return self._emergencies.doubt(state, step.words)
        if isinstance(step, GiveUp):
            return await self._handover.to_operator(state, step.reason)
        if isinstance(step, Check):
            return self._wording.check(state, step)
        if isinstance(step, Ask):
            return self._wording.ask(state, step.slot, step.before)
        if isinstance(step, Failed):
            return await self._failed(state, state.asked.slot, unknown=step.unknown)
        return await self._advance(state, step.before)

    async def _advance(self, state: State, before: str = "") -> Reply:
        """The next question of the plan; after the last one the house call, or what else the caller wants."""
        for topic in (self._special, self._identify):
            step = await topic(state)
            if not isinstance(step, Advance):
                return await self._follow(state, step)
        for question in self._script.questions.values():
            if question.enabled and applies(question.slot, question.when, state):
                if question.slot == "address":
                    return await self._follow(state, self._addresses.offer(state))
                return self._wording.ask(state, question.slot, before)
        if state.purpose == "call_back":
            return await self._handover.call_back(state, "")
        if state.purpose != "visit":
            return await self._follow(state, await self._visits.answer(state))
        return await self._book(state)

    async def _special(self, state: State) -> Step:
        """A child who phones alone; a visit at home that is not usual here."""
        age = years(state)
        policy = self._script.policy
        is_child = state.value("who") == "self" and age is not None and age < policy.adult_from
        if is_child and "adult" not in state.taken:
            return Ask("adult")
        unusual = policy.home_visit.is_unusual(age, state.value("temperature"), state.value("can_walk"))
        if unusual and "insist" not in state.taken:
            return Ask("insist", self._phrases.alternatives)
        return Advance()

    async def _identify(self, state: State) -> Step:
        step = self._identity.offer(state)
        if not isinstance(step, Advance):
            return step
        if self._identity.is_due(state):
            step = await self._identity.identify(state)
            if not isinstance(step, Advance):
                return step
        return await self._visits.look_up(state)

    async def _book(self, state: State) -> Reply:
        result = await self._booking.book(state)
        if isinstance(result, Rejection):
            return await self._rejected(state, result)
        if state.others > 0:
            state.next_patient()
            asked = await self._advance(state, self._phrases.next_patient)
            asked.say.insert(0, result.say[0])  # without the goodbye
            asked.house_call = result.house_call
            return asked
        return result

    async def _rejected(self, state: State, rejection: Rejection) -> Reply:
        """The right question is asked again, once; else a person."""
        if rejection.then == "visit":
            return self._visits.ask_another(state)
        if rejection.then == "operator" or state.rejections > 1:
            text = self._phrases.rejected_transfer.format(reason=rejection.say)
            return await self._handover.to_operator(state, "rejected", text)
        step = self._answers.reopen(state, rejection.then)
        reply = await self._follow(state, step)
        reply.say.insert(0, (rejection.say, True))
        return reply

    async def _failed(self, state: State, slot: str, *, unknown: bool) -> Reply:
        question = self._script.questions[slot]
        limits = self._script.policy.limits
        state.failures[slot] = state.failures.get(slot, 0) + 1
        if state.failed_in_a_row >= limits.failures_in_a_row:
            return await self._handover.to_operator(state, "no_match")
        if question.on_failure == "skip" and unknown:
            return await self._skip(state, slot)
        if slot == "address" and state.failures[slot] >= 2:
            return self._wording.ask(state, "town")
        if state.failures[slot] < (question.tries or limits.failures):
            return self._wording.ask(state, slot, "" if unknown else self._phrases.not_understood)
        if question.on_failure == "skip":
            return await self._skip(state, slot)
        if question.on_failure == "parts" and slot == "name":
            state.take("name", {"surname": None, "name": None, "patronymic": None}, 0.0, sure=False)
            return self._wording.ask(state, "surname")
        return await self._handover.to_operator(state, "no_match")

    async def _skip(self, state: State, slot: str) -> Reply:
        if slot == "patronymic":
            state.take("patronymic", None, 1.0, sure=False)
        else:
            state.take(slot, None, 0.0, sure=False)
        return await self._advance(state)
