"""What the answer to the open question is: every slot's own way to a step."""

from __future__ import annotations

from typing import Any

from dialog.conversation.address import PARTS as ADDRESS_PARTS
from dialog.conversation.address import Addresses
from dialog.conversation.belief import best, combined, normalised, same, without
from dialog.conversation.danger import Dangers
from dialog.conversation.identity import PARTS as NAME_PARTS
from dialog.conversation.identity import Identity, is_named
from dialog.conversation.listening import Listening
from dialog.conversation.script import Question, Script
from dialog.conversation.spoken import spoken
from dialog.conversation.state import Asked, State
from dialog.conversation.step import Advance, Ask, Check, Doubt, Failed, GiveUp, Step
from dialog.conversation.turn import Heard, Intent, Understood

PART_SLOTS = (*ADDRESS_PARTS, "flat")

_OWN_PHRASES = ("себе", "для себя", "мне самому", "мне самой")
"""In the opening only these mean the caller is the patient: «мне нужен врач» is said for children, too."""


class Answers:
    """Values are settled in the state; what is to be said about it is the step."""

    def __init__(
        self, script: Script, listening: Listening, identity: Identity, addresses: Addresses, dangers: Dangers
    ) -> None:
        self._script = script
        self._listening = listening
        self._identity = identity
        self._addresses = addresses
        self._dangers = dangers

    async def hear(self, state: State, heard: Heard, intent: Intent) -> Step:
        """The answer to what is open: a question, a value asked back or offered."""
        kind = state.asked.kind
        if kind not in ("check", "offer"):
            return await self._answer(state, heard, intent, None)
        answer = await self._listening.yes_no(heard)
        # «да, только квартира другая» to an offered address is not a yes
        if answer.meaning == "yes" and (answer.complete or kind == "check" or state.asked.slot == "name"):
            return await self._affirm(state)
        if answer.meaning == "no" and not answer.heard:
            return await self._deny(state)
        if answer.meaning == "no":  # «нет, дом семнадцать»: the rest may be the value
            step = await self._answer(state, heard, intent, answer.heard)
            return await self._deny(state) if isinstance(step, Failed) else step
        return await self._answer(state, heard, intent, None)

    async def value_of(self, state: State, slot: str, text: str) -> Step:
        """What `text` says of a slot that may not be the open one: a correction."""
        state.asked = Asked(slot)
        return await self._answer(state, Heard(text=text), Intent(), text)

    async def _answer(self, state: State, heard: Heard, intent: Intent, text: str | None) -> Step:
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
        if slot == "name" and state.asked.kind in ("check", "offer") and state.identity == "open" and state.patient:
            return self._hear_patient(state, understood)
        if slot == "name":
            return self._identity.hear_name(state, understood, question.ask_back)
        if slot in NAME_PARTS:
            return self._identity.hear_part(state, slot, understood, question.ask_back)
        if slot == "birth_date":
            return self._identity.hear_birth_date(state, understood, question.ask_back)
        if slot == "temperature" and understood.meaning == "no":  # «нет температуры»
            state.take(slot, None, understood.probability, sure=False)
            return Advance()
        if slot == "symptoms":
            return await self._hear_symptoms(state, question, understood)
        if slot == "policy":
            return await self._identity.hear_policy(state, understood, question.ask_back)
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

    async def _hear_symptoms(self, state: State, question: Question, understood: Understood) -> Step:
        if understood.value is None:
            return Failed(understood.meaning == "unknown")
        if understood.probability < question.accept:  # garbled: it may have been a word of danger
            if not state.failures.get(question.slot):
                return Failed()  # and no doctor can read it
            if not state.doubts:
                return Doubt(str(understood.value.get("text")))
        step = self._settle(state, question.slot, understood.value, understood.probability)
        if "temperature" not in state.taken:
            # «температуры нет» within the complaint has no value, yet it need not be asked for
            heard = Heard(text=str(state.value("symptoms")))
            temperature = await self._listening.value(state, self._script.questions["temperature"], heard)
            if temperature.meaning == "no":
                state.take("temperature", None, temperature.probability, sure=False)
        return step

    def _settle(self, state: State, slot: str, value: Any, probability: float) -> Step:
        if slot == "symptoms" and isinstance(value, dict):
            for part in ("temperature", "since"):
                if value.get(part) is not None and part not in state.taken:
                    state.take(part, value[part], probability)
            value = value.get("text")
        state.take(slot, value, probability)
        return Advance()

    def _hear_patient(self, state: State, understood: Understood) -> Step:
        """The patient was read back or offered, and the caller said the name: does it fit?"""
        offered = state.asked.kind == "offer"
        if is_named(normalised(understood.belief()), state.asked.value, offered=offered):
            return self._affirm_patient(state)
        if offered:  # it is somebody else, who was named at once
            self._identity.refuse_offer(state)
            return self._identity.hear_name(state, understood, self._script.questions["name"].ask_back)
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
            if symptoms.probability >= question.accept:
                await self._hear_symptoms(state, question, symptoms)
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
        return self.reopen(state, str(understood.value))

    def reopen(self, state: State, field: str) -> Step:
        """A settled field is wrong: ask for it again, and only for it."""
        state.corrections += 1
        if state.corrections > self._script.policy.limits.corrections:
            return GiveUp()
        state.taken.pop("confirm", None)
        if field in ("name", "birth_date", *NAME_PARTS):
            self._identity.reopen(state, field)
        if field in ("address", *PART_SLOTS):
            self._addresses.reopen(state, field)
        elif field == "phone":
            state.take("this_phone", False, 1.0)
            state.forget("phone")
        elif field == "symptoms":
            state.forget(field, "temperature", "since")
        else:
            state.forget(field)
        return Ask(field)

    # -- what was asked back or offered

    async def _affirm(self, state: State) -> Step:
        asked = state.asked
        if asked.slot == "address" or asked.slot in PART_SLOTS:
            if asked.kind == "offer":
                state.affirmed.append("address")
            return await self._addresses.affirm(state)
        if asked.slot == "name":
            return self._affirm_patient(state)
        return self._settle(state, asked.slot, asked.value, max(asked.probability, 0.95))

    def _affirm_patient(self, state: State) -> Step:
        if state.asked.kind == "offer":
            state.affirmed.append("name")
        return self._identity.affirm(state)

    async def _deny(self, state: State) -> Step:
        asked = state.asked
        if asked.kind == "offer" and asked.slot == "name":
            self._identity.refuse_offer(state)
            return Advance()
        if asked.slot == "address" or asked.slot in PART_SLOTS:
            return await self._addresses.deny(state)
        if asked.slot == "name":
            return self._identity.deny(state)
        state.refused.setdefault(asked.slot, []).append(asked.value)
        return Failed()
