"""Hands the house call to the connector and says honestly what came of it."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken_day
from dialog.conversation.state import State
from dialog.conversation.turn import Reply, Services

_CALLER_OF = {"child": "parent", "parent": "child", "self": "self", "spouse": "spouse", "relative": "relative"}
"""What the caller is to a patient who was named as the caller's child, parent and so on."""

_OUTCOMES = {"delivered": "created", "received": "queued", "delivering": "queued", "unknown": "queued",
             "scheduled": "queued", "needs_registrar": "queued"}  # fmt: skip


class Booking:
    def __init__(self, services: Services, script: Script, today: date) -> None:
        self._services = services
        self._script = script
        self._today = today

    async def book(self, state: State) -> Reply:
        """Raises ServiceFault: then nobody may say that anything was accepted."""
        stored = await self._services.create_house_call(self.body(state), self.key(state))
        return self._result(stored)

    def key(self, state: State) -> str:
        """The idempotency key: the call and the patient, without saying who that is."""
        who = state.patient["mis_id"] if state.identity == "found" and state.patient else str(state.value("name"))
        digest = hashlib.sha256(f"{who}|{state.value('birth_date')}".encode()).hexdigest()
        return f"{state.call_id}-{digest[:16]}"

    def body(self, state: State) -> dict[str, Any]:
        """The house call as docs/interfaces.md has it."""
        name = state.value("name") or {}
        address = dict(state.value("address"))
        for part in ("entrance", "floor", "intercom"):
            address[part] = state.value(part)
        found = state.identity == "found" and state.patient is not None
        temperature = state.value("temperature")
        urgent = state.danger is not None or self._script.policy.is_urgent(self._years(state), temperature)
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
            "caller": state.value("caller") or {"relation": _CALLER_OF.get(state.value("who"), "other"), "name": None},
            "symptoms": state.value("symptoms"),
            "temperature": temperature,
            "since": state.value("since"),
            "urgency": "urgent" if urgent else "routine",
            "notes": self._notes(state),
        }

    @staticmethod
    def _notes(state: State) -> str | None:
        """What else the doctor should know."""
        notes = []
        if state.danger:
            notes.append(f"Прозвучало: {state.danger}")
        if state.value("contact") is True:
            notes.append("Был контакт с инфекцией")
        if state.value("can_walk") is False:
            notes.append("Прийти в поликлинику не может")
        return ". ".join(notes) or None

    def _years(self, state: State) -> float:
        return (self._today - date.fromisoformat(state.value("birth_date"))).days / 365.25

    def _result(self, stored: dict[str, Any]) -> Reply:
        phrases, state = self._script.phrases, str(stored["state"])
        number, day = stored["number"], spoken_day(stored.get("visit_date"), self._today)
        brief = {key: stored[key] for key in ("house_call_id", "number", "state")}
        if state not in _OUTCOMES:
            reasons = self._script.rejections
            text = phrases.rejected_transfer.format(reason=reasons.get(stored.get("reason") or "", reasons["other"]))
            return Reply(
                say=[(text, False)], house_call=brief, transfer={"to": "operator", "reason": "rejected"},
            )  # fmt: skip
        text = {"delivered": phrases.created, "scheduled": phrases.scheduled,
                "needs_registrar": phrases.needs_registrar}.get(state, phrases.queued)  # fmt: skip
        return Reply(
            say=[(text.format(number=number, day=day) if "{" in text else text, False)],
            house_call=brief,
            end={"outcome": _OUTCOMES[state]},
        )
