"""Asks `understanding` what was meant by an answer, with what the conversation knows already."""

from __future__ import annotations

from datetime import date
from typing import Any

from dialog.conversation.belief import best
from dialog.conversation.script import Question
from dialog.conversation.state import State
from dialog.conversation.turn import Heard, Services, Understood

SURE_AGE = 0.85
"""An age heard with less is no evidence for a date of birth: misheard, it would speak against the right one."""

SURE_ANSWER = 0.6
"""From this probability on a yes or a no is taken as one."""


class Listening:
    """`today` is the local date of the clinics."""

    def __init__(self, services: Services, today: date) -> None:
        self._services = services
        self.today = today

    async def value(
        self, state: State, question: Question, heard: Heard, *, text: str | None = None,
        address: dict[str, Any] | None = None,
    ) -> Understood:  # fmt: skip
        """The value meant for a question; `text` replaces what was heard (its rest after «нет»)."""
        return await self._ask(question.expects, question.slot, heard, self._context(state, question, address), text)

    async def yes_no(self, heard: Heard, slot: str | None = None) -> Understood:
        """Yes, no, unknown or none; none when it is not clear enough."""
        understood = await self._ask("yes_no", slot, heard, {}, None)
        if understood.meaning in ("yes", "no") and understood.probability < SURE_ANSWER:
            return Understood(heard=understood.heard)
        return understood

    async def _ask(
        self, expects: str, slot: str | None, heard: Heard, context: dict[str, Any], text: str | None
    ) -> Understood:
        body: dict[str, Any] = {
            "expects": expects,
            "slot": None if slot == "opening" else slot,
            "text": heard.text if text is None else text,
            "alternatives": list(heard.alternatives) if text is None else [],
            "turn_id": heard.turn_id if text is None else None,
            "digits": heard.digits,
            "context": {"today": self.today.isoformat(), **context},
        }
        return await self._services.understand(body)

    def _context(self, state: State, question: Question, address: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = {}
        age = state.taken.get("age")
        if age is not None and age.value is not None and age.probability >= SURE_AGE:
            context["age"] = int(age.value.get("years") or 0)
        if state.identity == "found" and state.patient is not None:
            context["birth_date"] = state.patient["birth_date"]
            if state.patient.get("address"):
                context["known"] = {"address": state.patient["address"]}
        if question.slot in ("surname", "first_name", "patronymic"):
            name, _ = best(state.beliefs.get("name", []))
            if name is not None:
                context["name"] = name
        if address is not None:
            context["address"] = address
        if question.choices:
            context["choices"] = {key: list(wordings) for key, wordings in question.choices.items()}
        return context
