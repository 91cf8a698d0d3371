"""Visits that exist already: their state, cancelling one, and a second request for the same patient.

Even the fact of an illness is secret: a visit is told only to who names the patient and the date of birth, and
phones from the number that the visit was ordered with, or can say that number.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from dialog.conversation.belief import same
from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken_visit
from dialog.conversation.state import State
from dialog.conversation.step import Advance, GiveUp, Spoken, Step
from dialog.conversation.turn import Reply, ServiceFault, Services
from dialog.conversation.wording import Wording


class Visits:
    """`today`: the local date."""

    def __init__(self, services: Services, script: Script, wording: Wording, today: date) -> None:
        self._services = services
        self._phrases = script.phrases
        self._wording = wording
        self._today = today

    async def look_up(self, state: State) -> Step:
        """Once the patient is clear: a second request for him is told before anything more is asked."""
        if state.visits is not None or state.identity == "open":
            return Advance()
        try:
            state.visits = await self._find(state)
        except ServiceFault:
            state.visits = []  # a visit that is made twice is better than none: the clinic sees both
        if state.purpose != "visit" or not state.visits:
            return Advance()
        return Spoken(self.ask_another(state))

    def ask_another(self, state: State) -> Reply:
        """«Нужен ещё один?»; number and day only for who phones from the same number."""
        visit = state.visits[0] if state.visits else None
        text = self._phrases.another_visit_question
        if visit is not None and self._is_own(state, visit):
            text = spoken_visit(self._phrases.another_visit_told, visit, self._today)
        return self._wording.ask(state, "another_visit", text=text)

    def hear_another(self, state: State) -> Step:
        """One more for the same patient is a matter for a person."""
        if state.value("another_visit"):
            return GiveUp("wish")
        return Spoken(self._done(state, self._phrases.another_visit_not))

    async def answer(self, state: State) -> Step:
        """The patient is identified as far as it goes: what the caller asked for."""
        visit = state.visits[0] if state.visits else None
        if visit is None:
            if state.purpose == "change":
                return GiveUp("wish")
            state.resume = ""
            return Spoken(self._wording.ask(state, "go_on", text=self._phrases.status_none))
        if not self._is_own(state, visit):
            if "phone" in state.taken:
                return GiveUp("wish")
            return Spoken(self._wording.ask(state, "phone", text=self._phrases.visit_phone))
        if state.purpose == "change":
            return GiveUp("wish")
        if state.purpose == "status":
            return Spoken(self._done(state, self._status(visit)))
        return Spoken(self.ask_to_cancel(state, visit))

    def ask_to_cancel(self, state: State, visit: dict[str, Any]) -> Reply:
        state.visits = [visit]
        text = self._phrases.cancel_visit_question.format(number=visit["number"])
        return self._wording.ask(state, "cancel_visit", text=text)

    async def hear_cancel(self, state: State) -> Step:
        """Raises ServiceFault: then nobody may say that it is cancelled."""
        if not state.value("cancel_visit"):
            return Spoken(self._done(state, self._phrases.visit_kept))
        assert state.visits
        result = await self._services.cancel_house_call(state.visits[0]["house_call_id"])
        if result == "cancelled":
            state.outcome = "cancelled"
            return Spoken(self._done(state, self._phrases.visit_cancelled))
        return Spoken(self._done(state, self._phrases.visit_cancel_later))

    async def _find(self, state: State) -> list[dict[str, Any]]:
        query: dict[str, Any] = {"active": True, "limit": 20, "birth_date": state.value("birth_date")}
        if state.identity == "found" and state.patient is not None:
            query["patient_mis_id"] = state.patient["mis_id"]
        calls = await self._services.house_calls(query)
        calls = [call for call in calls if call.get("call_id") != state.call_id]
        if "patient_mis_id" not in query:  # a patient whom the MIS does not know is found by the name that was heard
            heard = [value for value, _ in state.beliefs.get("name", [])]
            calls = [call for call in calls if any(_is_named(call["patient"], name) for name in heard)]
        keys = ("house_call_id", "number", "state", "visit_date", "phone")
        return [{key: call.get(key) for key in keys} for call in calls]

    def _is_own(self, state: State, visit: dict[str, Any]) -> bool:
        return visit.get("phone") is not None and visit["phone"] in (state.caller, state.value("phone"))

    def _status(self, visit: dict[str, Any]) -> str:
        phrases = self._phrases
        templates = {
            "delivered": phrases.status_delivered,
            "scheduled": phrases.status_scheduled,
            "needs_registrar": phrases.status_registrar,
        }
        return spoken_visit(templates.get(str(visit["state"]), phrases.status_waiting), visit, self._today)

    def _done(self, state: State, text: str) -> Reply:
        return self._wording.ask(state, "done", text=text)


def _is_named(patient: dict[str, Any], name: dict[str, Any]) -> bool:
    return bool(name.get("surname")) and same(patient.get("surname"), name["surname"]) and (
        not name.get("name") or same(patient.get("name"), name["name"])
    )  # fmt: skip
