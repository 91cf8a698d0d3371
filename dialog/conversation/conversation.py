"""One call, led by the script: every turn goes in here and comes out as an answer.

The order within a turn: an emergency, the wish for an operator, silence, what is open (a question, a value asked
back, «соединить со скорой?»), and only then the caller's own questions and wishes: names and addresses look like
anything to an intent classifier, so an answer that was understood well wins over a doubtful intent.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from core.words import SLOTS
from dialog.conversation.address import PARTS as ADDRESS_PARTS
from dialog.conversation.address import Addresses
from dialog.conversation.belief import best, combined, normalised, same, without
from dialog.conversation.booking import Booking
from dialog.conversation.danger import Dangers
from dialog.conversation.identity import PARTS as NAME_PARTS
from dialog.conversation.identity import Identity
from dialog.conversation.listening import Listening
from dialog.conversation.plan import applies
from dialog.conversation.script import Question, Script
from dialog.conversation.spoken import spoken
from dialog.conversation.state import Asked, State
from dialog.conversation.step import Advance, Ask, Check, Danger, Failed, GiveUp, Step
from dialog.conversation.turn import Heard, Intent, Reply, ServiceFault, Services, Understood
from dialog.conversation.wording import Wording

FREE = ("opening", "symptoms", "since", "caller")
"""Questions that any words answer: there a clear intent goes first."""

PART_SLOTS = (*ADDRESS_PARTS, "flat")
SHORT = 6
"""A wish to cancel has at most so many words; in a longer sentence «не надо» means something else."""

_OWN_PHRASES = ("себе", "для себя", "мне самому", "мне самой")
"""In the opening only these mean the caller is the patient: «мне нужен врач» is said for children, too."""


class Conversation:
    """`today`: the local date. Services that fail end in an apology and a transfer, never in silence."""

    def __init__(self, script: Script, services: Services, today: date) -> None:
        self._script = script
        self._phrases = script.phrases
        self._listening = Listening(services, today)
        self._identity = Identity(services, today)
        self._addresses = Addresses(self._listening, script)
        self._dangers = Dangers(self._listening, script)
        self._wording = Wording(script, self._dangers)
        self._booking = Booking(services, script, today)

    def start(self, call_id: str, caller: str, called: str) -> tuple[State, Reply]:
        state = State(call_id, caller=caller, called=called)
        return state, self._wording.ask(state, "opening")

    async def turn(self, state: State, heard: Heard, intent: Intent) -> Reply:
        """The answer to one turn; changes `state`."""
        if state.finished is not None:
            return Reply(**state.finished)
        before = dict(state.taken)
        state.turns += 1
        try:
            if state.turns > self._script.policy.limits.turns:
                reply = self._wording.transfer("no_match")
            else:
                reply = await self._turn(state, heard, intent)
        except ServiceFault:
            reply = self._wording.transfer("error")
        reply.filled = [
            {"slot": slot, "value": taken.value, "probability": taken.probability}
            for slot, taken in state.taken.items()
            if taken.sure and taken.value is not None and slot in SLOTS and before.get(slot) is not taken
        ]
        if reply.end or reply.transfer:
            state.finished = {"say": reply.say, "transfer": reply.transfer, "end": reply.end}
        return reply

    async def _turn(self, state: State, heard: Heard, intent: Intent) -> Reply:
        if state.asked.kind == "emergency":
            return await self._hear_emergency(state, heard)
        if heard.urgent == "emergency":
            return self._emergency(state, heard.urgent_words)
        if heard.urgent == "operator":
            return self._wording.transfer("wish")
        if heard.silence:
            return self._wording.silence(state)
        state.silences = 0
        if state.asked.kind == "cancel":
            return await self._hear_cancel(state, heard)
        if self._script.urgent.wants_to_cancel(heard.text) and len(heard.text.split()) <= SHORT:
            return self._cancel(state)
        if state.asked.slot in FREE and (wish := self._wish(state, intent, self._script.policy.intent_over_free)):
            return wish
        step = await self._hear(state, heard, intent)
        if isinstance(step, Failed | Check):
            limit = self._script.policy.intent if isinstance(step, Failed) else self._script.policy.intent_over_free
            if wish := self._wish(state, intent, limit):
                return wish
        return await self._follow(state, step)

    # -- what was answered

    async def _hear(self, state: State, heard: Heard, intent: Intent) -> Step:
        if state.asked.kind == "check":
            answer = await self._listening.yes_no(heard)
            if answer.meaning == "yes":
                return await self._affirm(state)
            if answer.meaning == "no" and not answer.heard:
                return await self._deny(state)
            if answer.meaning == "no":  # «нет, дом семнадцать»: the rest may be the value
                step = await self._hear_answer(state, heard, intent, answer.heard)
                return await self._deny(state) if isinstance(step, Failed) else step
        return await self._hear_answer(state, heard, intent, None)

    async def _hear_answer(self, state: State, heard: Heard, intent: Intent, text: str | None) -> Step:
        """The answer to the open question; `text` replaces what was heard."""
        slot = state.asked.slot
        question = self._script.questions[slot]
        if slot == "opening":
            return await self._hear_opening(state, heard, intent)
        if slot == "red_flags":
            return await self._dangers.hear(state, heard)
        if slot == "confirm":
            return await self._hear_confirm(state, heard)
        if slot == "more":
            return await self._hear_more(state, heard)
        if slot in PART_SLOTS:
            return await self._addresses.hear_part(state, question, heard, text)
        if question.expects == "yes_no":
            return await self._hear_yes_no(state, question, heard)
        if slot == "patronymic" and (await self._listening.yes_no(heard)).meaning == "no":  # «отчества нет»
            state.take("patronymic", None, 0.95, sure=False)
            return Advance()
        understood = await self._listening.value(state, question, heard, text=text)
        if slot == "address":
            return await self._addresses.hear(state, question, understood)
        if slot == "name" and state.asked.kind == "check" and state.identity == "open" and state.patient:
            return self._hear_patient(state, understood)
        if slot == "name":
            return self._identity.hear_name(state, understood, question.ask_back)
        if slot in NAME_PARTS:
            return self._identity.hear_part(state, slot, understood, question.ask_back)
        if slot == "birth_date":
            return self._identity.hear_birth_date(state, understood, question.ask_back)
        return self._hear_value(state, question, understood)

    def _hear_value(self, state: State, question: Question, understood: Understood) -> Step:
        slot = question.slot
        belief = combined(state.beliefs.get(slot, []), normalised(understood.belief()), repeated=True)
        belief = without(belief, state.refused.get(slot, []))
        value, probability = best(belief)
        if value is None or not understood.belief():
            return Failed(understood.meaning == "unknown")
        state.beliefs[slot] = belief
        if probability >= question.accept:
            return self._settle(state, slot, value, probability)
        again = state.asked.kind == "check" and same(state.asked.value, value)
        if probability >= question.ask_back and not again:
            return Check(slot, value, probability, spoken(slot, value))
        return Failed(understood.meaning == "unknown")

    def _settle(self, state: State, slot: str, value: Any, probability: float) -> Step:
        if slot == "symptoms" and isinstance(value, dict):
            for part in ("temperature", "since"):
                if value.get(part) is not None and part not in state.taken:
                    state.take(part, value[part], probability)
            value = value.get("text")
        state.take(slot, value, probability)
        return Advance()

    def _hear_patient(self, state: State, understood: Understood) -> Step:
        """The patient was read back and the caller said the name once more: does it fit?"""
        heard = normalised(understood.belief())
        asked = state.asked.value
        if any(p >= 0.1 and same(value.get("surname"), asked.get("surname"))
               and same(value.get("name"), asked.get("name")) for value, p in heard):  # fmt: skip
            return self._identity.affirm(state)
        return self._identity.doubt(state)

    async def _hear_yes_no(self, state: State, question: Question, heard: Heard) -> Step:
        slot = question.slot
        answer = await self._listening.yes_no(heard, slot)
        if slot == "this_phone" and (answer.meaning == "none" or (answer.meaning == "no" and answer.heard)):
            # «нет, запишите восемь девятьсот…» or the number at once
            phone = await self._listening.value(state, self._script.questions["phone"], heard)
            if phone.value is not None and phone.probability >= self._script.questions["phone"].ask_back:
                state.take(slot, False, phone.probability)
                state.asked = Asked("phone")
                return self._hear_value(state, self._script.questions["phone"], phone)
        if answer.meaning in ("yes", "no"):
            value = answer.meaning == "yes"
            state.take(slot, value, answer.probability)
            if slot == "this_phone" and value:
                state.take("phone", state.caller, 0.99)
            return Advance()
        return Failed(answer.meaning == "unknown")

    async def _hear_opening(self, state: State, heard: Heard, intent: Intent) -> Step:
        """Whatever the caller begins with; what it says already is not asked again."""
        state.take("opening", True, 1.0)
        who = await self._listening.value(state, self._script.questions["who"], heard)
        own = any(phrase in heard.text for phrase in _OWN_PHRASES)
        if who.value is not None and who.probability >= self._script.policy.accept and (who.value != "self" or own):
            state.take("who", who.value, who.probability)
        if intent.name == "complaint" and intent.confidence >= self._script.policy.intent_over_free:
            question = self._script.questions["symptoms"]
            symptoms = await self._listening.value(state, question, heard)
            if symptoms.value is not None and symptoms.probability >= question.accept:
                self._settle(state, "symptoms", symptoms.value, symptoms.probability)
        return Advance()

    async def _hear_confirm(self, state: State, heard: Heard) -> Step:
        answer = await self._listening.yes_no(heard, "confirm")
        if answer.heard:  # «нет, адрес другой», «верно, только дом семнадцать»
            step = await self._hear_more(state, heard)
            if not isinstance(step, Failed):
                return step
        if answer.meaning == "yes":
            state.take("confirm", True, answer.probability)
            return Advance()
        return Ask("more") if answer.meaning == "no" else Failed(answer.meaning == "unknown")

    async def _hear_more(self, state: State, heard: Heard) -> Step:
        """What to correct: only that is asked again."""
        question = self._script.questions["more"]
        understood = await self._listening.value(state, question, heard)
        if understood.value is None or understood.probability < question.accept:
            return Failed(understood.meaning == "unknown")
        if understood.value == "nothing":
            state.take("confirm", True, understood.probability)
            return Advance()
        state.corrections += 1
        if state.corrections > self._script.policy.limits.corrections:
            return GiveUp()
        return self._reopen(state, str(understood.value))

    def _reopen(self, state: State, field: str) -> Step:
        if field in ("name", "birth_date"):
            state.identity, state.patient, state.identity_asked = "open", None, []
            state.forget(field, *(NAME_PARTS if field == "name" else ()))
        elif field == "address":
            state.forget("address", *PART_SLOTS)
        elif field == "phone":
            state.take("this_phone", False, 1.0)
            state.forget("phone")
        else:
            state.forget(field, "temperature", "since")
        return Ask(field)

    # -- what was asked back

    async def _affirm(self, state: State) -> Step:
        asked = state.asked
        if asked.slot == "address" or asked.slot in PART_SLOTS:
            return await self._addresses.affirm(state)
        if asked.slot == "name":
            return self._identity.affirm(state)
        return self._settle(state, asked.slot, asked.value, max(asked.probability, 0.95))

    async def _deny(self, state: State) -> Step:
        asked = state.asked
        if asked.slot == "address" or asked.slot in PART_SLOTS:
            return await self._addresses.deny(state)
        if asked.slot == "name":
            return self._identity.deny(state)
        state.refused.setdefault(asked.slot, []).append(asked.value)
        return Failed()

    # -- from a step to words

    async def _follow(self, state: State, step: Step) -> Reply:
        slot = state.asked.slot
        if isinstance(step, Danger):
            return self._emergency(state, step.words)
        if isinstance(step, GiveUp):
            return self._wording.transfer(step.reason)
        if isinstance(step, Check):
            return self._wording.check(state, step)
        if isinstance(step, Ask):
            return self._wording.ask(state, step.slot)
        if isinstance(step, Failed):
            return await self._failed(state, slot, unknown=step.unknown)
        return await self._advance(state)

    async def _advance(self, state: State, before: str = "") -> Reply:
        """The next question of the plan; after the last one the house call."""
        if self._identity.is_due(state):
            step = await self._identity.identify(state)
            if not isinstance(step, Advance):
                return await self._follow(state, step)
        for question in self._script.questions.values():
            if question.enabled and question.slot not in state.taken and applies(question.when, state):
                return self._wording.ask(state, question.slot, before)
        return await self._booking.book(state)

    async def _failed(self, state: State, slot: str, *, unknown: bool) -> Reply:
        question = self._script.questions[slot]
        state.failures[slot] = state.failures.get(slot, 0) + 1
        if question.on_failure == "skip" and unknown:
            return await self._skip(state, slot)
        if slot == "address" and state.failures[slot] >= 2:
            return self._wording.ask(state, "town")
        if state.failures[slot] < (question.tries or self._script.policy.limits.failures):
            return self._wording.ask(state, slot, "" if unknown else self._phrases.not_understood)
        if question.on_failure == "skip":
            return await self._skip(state, slot)
        if question.on_failure == "parts" and slot == "name":
            state.take("name", {"surname": None, "name": None, "patronymic": None}, 0.0, sure=False)
            return self._wording.ask(state, "surname")
        return self._wording.transfer("no_match")

    async def _skip(self, state: State, slot: str) -> Reply:
        if slot == "patronymic":
            state.take("patronymic", None, 1.0, sure=False)
        else:
            state.take(slot, None, 0.0, sure=False)
        return await self._advance(state)

    # -- wishes and questions of the caller

    def _wish(self, state: State, intent: Intent, limit: float) -> Reply | None:
        """The answer to what the caller wants instead of answering; None when it is not that."""
        if intent.confidence < limit:
            return None
        if intent.name == "operator":
            return self._wording.transfer("wish")
        if intent.name == "emergency" and state.asked.slot not in FREE:
            return self._emergency(state, "")
        if intent.name == "repeat":
            return self._wording.open(state, state.asked.said)
        if intent.name == "cancel" and state.asked.slot == "opening":
            return self._cancel(state)
        if intent.name in ("cancel", "goodbye"):
            state.asked = Asked(state.asked.slot, "cancel", said=self._phrases.cancel_question)
            return self._wording.open(state, self._phrases.cancel_question)
        if intent.name in self._script.answers:
            return self._wording.open(state, state.asked.said, self._script.answers[intent.name])
        return None

    def _cancel(self, state: State) -> Reply:
        """Nothing is written down. Who begins a call so means an earlier one: a person looks for that."""
        if state.asked.slot == "opening":
            return Reply(say=[(self._phrases.cancel_earlier, False)], transfer={"to": "operator", "reason": "wish"})
        return self._wording.end("cancelled", self._phrases.cancelled)

    async def _hear_cancel(self, state: State, heard: Heard) -> Reply:
        answer = await self._listening.yes_no(heard)
        if answer.meaning == "yes":
            return self._wording.end("cancelled", self._phrases.cancelled)
        return self._wording.ask(state, state.asked.slot, self._phrases.cancel_kept)

    # -- emergency, silence, ends

    def _emergency(self, state: State, words: str) -> Reply:
        state.danger = words or state.danger or ""
        state.asked = Asked(state.asked.slot, "emergency", said=self._phrases.emergency_question)
        return self._wording.open(state, self._phrases.emergency_question)

    async def _hear_emergency(self, state: State, heard: Heard) -> Reply:
        """«Соединить?»: silence is a yes, a clear no is a no, what is unclear twice is a yes."""
        slot = state.asked.slot
        if heard.urgent == "operator":
            return self._wording.transfer("wish")
        if heard.silence or heard.urgent == "emergency":
            return self._wording.ambulance()
        answer = await self._listening.yes_no(heard)
        if answer.meaning == "yes":
            return self._wording.ambulance()
        if answer.meaning == "no" and answer.complete:
            if slot == "red_flags":  # a sign was affirmed, yet no ambulance is wanted: a person must hear that
                return self._wording.transfer("red_flag")
            return self._wording.ask(state, slot, self._phrases.emergency_refused)
        state.failures["emergency"] = state.failures.get("emergency", 0) + 1
        if state.failures["emergency"] > 1:
            return self._wording.ambulance()
        return self._wording.open(state, self._phrases.emergency_again)
