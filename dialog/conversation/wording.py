"""From what is to be asked to the words: questions, read-backs, reminders, ends. Changes only what is `asked`."""

from __future__ import annotations

from dialog.conversation.danger import Dangers
from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken_address, spoken_date, spoken_name, spoken_phone
from dialog.conversation.state import Asked, State
from dialog.conversation.step import Check
from dialog.conversation.turn import Reply


class Wording:
    """The script's words for every move of a conversation."""

    def __init__(self, script: Script, dangers: Dangers) -> None:
        self._script = script
        self._phrases = script.phrases
        self._dangers = dangers

    def check(self, state: State, check: Check) -> Reply:
        """A value asked back."""
        template = self._phrases.check_patient if check.slot == "name" else self._script.questions[check.slot].check
        text = (template or self._phrases.check).format(value=check.text)
        state.asked = Asked(check.slot, "check", check.value, check.probability, said=text)
        return self.open(state, text)

    def ask(self, state: State, slot: str, before: str = "") -> Reply:
        """A question, in other words after a failure; `before` is said in front of it."""
        question = self._script.questions[slot]
        text = question.wordings[min(state.failures.get(slot, 0), 2)]
        if slot == "red_flags":
            text = self._dangers.question(state)
        elif slot == "confirm":
            text = self._readback(state)
        # the greeting is said once: repeated is only its question
        state.asked = Asked(slot, said=question.wordings[1] if slot == "opening" else text)
        return self.open(state, text, before)

    def open(self, state: State, text: str, before: str = "") -> Reply:
        """The open question spoken: what it expects, and what may help to hear the answer."""
        asked = state.asked
        question = self._script.questions[asked.slot]
        closed = asked.kind != "ask"
        slot = None if asked.slot == "opening" or asked.kind in ("emergency", "cancel") else asked.slot
        return Reply(
            say=[(before, True), (text, asked.slot != "red_flags" and asked.kind != "emergency")],
            expects="yes_no" if closed else question.expects,
            slot=slot,
            candidates=self._script.questions["confirm"].candidates if closed else question.candidates,
            hints=self._hints(state, asked.slot),
        )

    def _hints(self, state: State, slot: str) -> tuple[str, ...]:
        """Words of the registered address, where the answer may well be it."""
        known = (state.patient or {}).get("address") if state.identity == "found" else None
        if not known or slot not in ("address", "town", "street"):
            return ()
        return tuple(str(known[part]) for part in ("town", "street") if known.get(part))

    def _readback(self, state: State) -> str:
        phone = ""
        if state.value("this_phone") is not True:
            phone = self._phrases.readback_phone.format(phone=spoken_phone(str(state.value("phone"))))
        return self._phrases.readback.format(
            name=spoken_name(state.value("name")),
            birth_date=spoken_date(state.value("birth_date")),
            address=spoken_address(state.value("address")),
            phone=phone,
        )

    def silence(self, state: State) -> Reply:
        """A reminder; after the last one the polite end."""
        state.silences += 1
        if state.silences >= self._script.policy.limits.silences:
            return self.end("abandoned", self._phrases.silence_end)
        before = self._phrases.silence_first if state.silences == 1 else self._phrases.silence_second
        if state.asked.kind != "ask" or state.asked.slot in ("red_flags", "confirm"):
            return self.open(state, state.asked.said, before)
        text = self._script.questions[state.asked.slot].wordings[min(state.silences, 2)]
        return self.open(state, text, before)

    def transfer(self, reason: str) -> Reply:
        """To the operators; `reason` as the published interface names it."""
        phrases = self._phrases
        text = {"wish": phrases.operator_transfer, "error": phrases.fault, "red_flag": phrases.operator_transfer}.get(
            reason, phrases.no_match_transfer
        )
        return Reply(say=[(text, False)], transfer={"to": "operator", "reason": reason})

    def ambulance(self) -> Reply:
        """To 103."""
        return Reply(
            say=[(self._phrases.emergency_transfer, False)], transfer={"to": "emergency", "reason": "red_flag"}
        )

    def end(self, outcome: str, text: str) -> Reply:
        """The last words of a call."""
        return Reply(say=[(text, False)], end={"outcome": outcome})
