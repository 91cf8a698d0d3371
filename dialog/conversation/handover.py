"""To the operators, and what becomes of a caller whom none of them takes."""

from __future__ import annotations

from datetime import datetime

from dialog.conversation.emergencies import area
from dialog.conversation.script import Script
from dialog.conversation.state import State
from dialog.conversation.turn import Reply, ServiceFault, Services
from dialog.conversation.wording import Wording


class Handover:
    """`now`: local time, for the operators' hours."""

    def __init__(self, script: Script, services: Services, wording: Wording, now: datetime) -> None:
        self._script = script
        self._phrases = script.phrases
        self._services = services
        self._wording = wording
        self._now = now

    async def to_operator(self, state: State, reason: str, text: str = "") -> Reply:
        """`reason` as the published interface names it; `text` instead of the words for it."""
        state.transfer = reason
        policy = self._script.policy
        tried = state.failures.get("transfer", 0)
        if not policy.operators.open_at(self._now.time()):
            return await self._left_alone(state, self._phrases.operators_closed)
        if tried >= policy.limits.transfers:
            return await self._left_alone(state, self._phrases.operator_silent)
        state.failures["transfer"] = tried + 1
        phrases = self._phrases
        own = {"wish": phrases.operator_transfer, "error": phrases.fault, "red_flag": phrases.operator_transfer}
        return Reply(
            say=[(text or own.get(reason, phrases.no_match_transfer), False)],
            transfer={"to": "operator", "reason": reason, "area": area(state)},
        )

    async def failed(self, state: State) -> Reply:
        """Nobody took the call."""
        if state.transfer == "emergency":
            return self._wording.end("failed", self._phrases.transfer_failed_emergency)
        return await self._left_alone(state, self._phrases.operator_silent)

    async def _left_alone(self, state: State, why: str) -> Reply:
        """Who asked for a person of his own accord may go on with us; for the others somebody phones back."""
        can_go_on = state.transfer == "wish" and state.purpose == "visit" and not state.booked
        if can_go_on and state.asked.slot not in ("done", "go_on") and "go_on" not in state.taken:
            state.resume = state.asked.slot
            return self._wording.ask(state, "go_on", text=self._phrases.go_on_question.format(before=why))
        return await self.call_back(state, why)

    async def call_back(self, state: State, why: str) -> Reply:
        """Note the number for somebody to phone; on disk before the caller hears so."""
        state.purpose = "call_back"
        phone = state.value("phone") or state.caller
        if not phone:
            return self._wording.ask(state, "phone", text=self._phrases.call_back_phone.format(before=why).strip())
        body = {"call_id": state.call_id, "phone": phone, "reason": state.transfer or "wish"}
        try:
            await self._services.call_back(body)
        except ServiceFault:
            return self._wording.end("failed", f"{why} {self._phrases.call_back_missed}".strip())
        return self._wording.end("failed", f"{why} {self._phrases.call_back_noted}".strip())
