"""Hands the house call to the connector and says honestly what came of it."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from dialog.conversation.script import Rejection, Script
from dialog.conversation.spoken import spoken_visit
from dialog.conversation.state import State
from dialog.conversation.turn import Reply, Services
from dialog.conversation.wording import Wording

_CALLER_OF = {"child": "parent", "parent": "child", "self": "self", "spouse": "spouse", "relative": "relative"}
"""What the caller is to a patient who was named as the caller's child, parent and so on."""

_GROWN = 14
"""Years under which nobody is a parent or married (article 13 of the Family Code: 14 at the very least)."""

_OUTCOMES = {"delivered": "created", "received": "queued", "delivering": "queued", "unknown": "queued",
             "scheduled": "queued", "needs_registrar": "queued"}  # fmt: skip


class Booking:
    def __init__(self, services: Services, script: Script, wording: Wording, today: date) -> None:
        self._services = services
        self._script = script
        self._wording = wording
        self._today = today

    async def book(self, state: State) -> Reply | Rejection:
        """The result in words, or why the clinic refused. Raises ServiceFault: then nobody may say that anything
        was accepted."""
        stored = await self._services.create_house_call(self.body(state), self.key(state))
        if str(stored["state"]) not in _OUTCOMES:
            state.rejections += 1
            reasons = self._script.rejections
            return reasons.get(stored.get("reason") or "", reasons["other"])
        state.booked.append({key: stored.get(key) for key in ("house_call_id", "number", "state", "visit_date")})
        outcomes = {_OUTCOMES[call["state"]] for call in state.booked}
        state.outcome = "created" if outcomes == {"created"} else "queued"
        return self._result(state, stored)

    def key(self, state: State) -> str:
        """The idempotency key: the call and the patient, without saying who that is. After a refusal another one:
        what was wrong has been asked again, and the clinic has nothing."""
        who = state.patient["mis_id"] if state.identity == "found" and state.patient else str(state.value("name"))
        digest = hashlib.sha256(f"{who}|{state.value('birth_date')}".encode()).hexdigest()
        again = f"-{state.rejections}" if state.rejections else ""
        return f"{state.call_id}-{digest[:16]}{again}"

    def body(self, state: State) -> dict[str, Any]:
        """The house call as docs/interfaces.md has it."""
        name = state.value("name") or {}
        address = dict(state.value("address"))
        for part in ("entrance", "floor", "intercom"):
            address[part] = state.value(part)
        found = state.identity == "found" and state.patient is not None
        relation = _CALLER_OF.get(state.value("who"), "other")
        if relation in ("child", "spouse") and self._years(state) < _GROWN:
            relation = "parent"  # a child has neither children nor a spouse: it was misheard
        return {
            "call_id": state.call_id,
            "patient": {
                "mis_id": state.patient["mis_id"] if found and state.patient else None,
                "surname": name.get("surname"),
                "name": name.get("name"),
                "patronymic": name.get("patronymic"),
                "birth_date": state.value("birth_date"),
            },
            "address": address,
            "phone": state.value("phone"),
            "caller": state.value("caller") or {"relation": relation, "name": None},
            "symptoms": state.value("symptoms"),
            "temperature": state.value("temperature"),
            "since": state.value("since"),
            # the connector raises it by the region's table
            "urgency": "urgent" if state.danger is not None else "routine",
            "notes": self._notes(state),
        }

    def _years(self, state: State) -> float:
        return (self._today - date.fromisoformat(state.value("birth_date"))).days / 365.25

    @staticmethod
    def _notes(state: State) -> str | None:
        """What else the doctor should know."""
        notes = []
        if state.danger:
            notes.append(f"Прозвучало: {state.danger}")
        if state.value("contact") is True:
            notes.append("Был контакт с инфекцией")
        if state.value("can_walk") is not None:
            notes.append("Прийти в поликлинику может" if state.value("can_walk") else "Прийти в поликлинику не может")
        if state.value("school"):
            notes.append(f"Детский сад или школа: {state.value('school')}")
        if state.value("policy") and state.identity != "found":
            notes.append(f"Полис или СНИЛС со слов: {state.value('policy')['number']}")
        return ". ".join(notes) or None

    def _result(self, state: State, stored: dict[str, Any]) -> Reply:
        phrases, is_urgent = self._script.phrases, stored.get("urgency") == "urgent"
        templates = {
            "delivered": phrases.created_urgent if is_urgent else phrases.created,
            "scheduled": phrases.scheduled,
            "needs_registrar": phrases.needs_registrar,
        }
        template = templates.get(str(stored["state"]), phrases.queued)
        text = spoken_visit(template, stored, self._today)
        reply = self._wording.ask(state, "done", before=text, text=phrases.goodbye)
        reply.house_call = {key: stored[key] for key in ("house_call_id", "number", "state")}
        reply.say = [(said, False) for said, _ in reply.say]  # the number is not to be talked over
        return reply

    def number_again(self, state: State) -> str:
        """Number and day of the newest house call of this call, once more."""
        stored = state.booked[-1]
        phrases = self._script.phrases
        is_registrar = stored["state"] == "needs_registrar"
        template = phrases.number_again_registrar if is_registrar else phrases.number_again
        return spoken_visit(template, stored, self._today)
