"""From what is to be asked to the words: questions, read-backs, reminders, ends. Changes only what is `asked`."""

from __future__ import annotations

from dialog.conversation.danger import Dangers
from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken_address, spoken_date, spoken_name, spoken_phone
from dialog.conversation.state import Asked, Kind, State
from dialog.conversation.step import Check
from dialog.conversation.turn import Reply

_NOT_TALKED_OVER: tuple[Kind, ...] = ("emergency", "doubt")
_NO_SLOT: tuple[Kind, ...] = ("emergency", "doubt", "cancel")


class Wording:
    """The script's words for every move of a conversation."""

    def __init__(self, script: Script, dangers: Dangers) -> None:
        self._script = script
        self._phrases = script.phrases
        self._dangers = dangers

    def greeting(self, state: State, announcement: str) -> Reply:
        """The first words of a call."""
        reply = self.ask(state, "opening", self._phrases.greeting)
        reply.say[1:1] = [(announcement, True)]
        return reply

    def check(self, state: State, check: Check) -> Reply:
        """A value asked back, or offered."""
        template = check.template or (
            self._phrases.check_patient if check.slot == "name" else self._script.questions[check.slot].check
        )
        text = (template or self._phrases.check).format(value=check.text)
        kind: Kind = "offer" if check.offered else "check"
        state.asked = Asked(check.slot, kind, check.value, check.probability, said=text)
        return self.open(state, text)

    def ask(self, state: State, slot: str, before: str = "", text: str = "") -> Reply:
        """A question, in other words after a failure; `before` is said in front of it, `text` instead of it."""
        question = self._script.questions[slot]
        text = text or question.wordings[min(state.failures.get(slot, 0), 2)]
        if slot == "red_flags":
            text = self._dangers.question(state)
        elif slot == "confirm":
            text = self._readback(state)
        state.asked = Asked(slot, said=text)
        reply = self.open(state, text, before)
        reply.outcome = state.outcome if slot == "done" else None
        return reply

    def closed(self, state: State, kind: Kind, text: str) -> Reply:
        """«Соединить?», «есть угроза?», «отменить?»: the open question waits behind it."""
        state.asked = Asked(state.asked.slot, kind, said=text)
        return self.open(state, text)

    def again(self, state: State, before: str = "") -> Reply:
        """The open question once more, the read-back part by part; after the result only `before`."""
        if state.asked.slot == "confirm" and state.asked.kind == "ask":
            return self.ask(state, "confirm", before)
        return self.open(state, "" if state.asked.slot == "done" and before else state.asked.said, before)

    def open(self, state: State, text: str, before: str = "") -> Reply:
        """The open question spoken: what it expects, and what may help to hear the answer."""
        asked = state.asked
        question = self._script.questions[asked.slot]
        closed = asked.kind != "ask"
        slot = None if asked.slot == "opening" or asked.kind in _NO_SLOT else asked.slot
        return Reply(
            say=[(before, True), (text, asked.slot != "red_flags" and asked.kind not in _NOT_TALKED_OVER)],
            expects="yes_no" if closed else question.expects,
            slot=slot,
            candidates=self._candidates(state),
            hints=self._hints(state, asked.slot),
        )

    def _candidates(self, state: State) -> tuple[str, ...]:
        if state.asked.kind == "offer":
            return ()  # whoever does not affirm says what is right instead
        question = self._script.questions["confirm" if state.asked.kind != "ask" else state.asked.slot]
        return question.candidates

    def _hints(self, state: State, slot: str) -> tuple[str, ...]:
        """Words of the registered address, where the answer may well be it."""
        known = (state.patient or {}).get("address") if state.identity == "found" else None
        if not known or slot not in ("address", "town", "street"):
            return ()
        return tuple(str(known[part]) for part in ("town", "street") if known.get(part))

    def _readback(self, state: State) -> str:
        phrases, phone, temperature = self._phrases, "", ""
        if state.value("temperature") is not None:
            degrees = f"{state.value('temperature'):g}".replace(".", ",")
            temperature = phrases.readback_temperature.format(temperature=degrees)
        if state.value("this_phone") is not True:
            phone = phrases.readback_phone.format(phone=spoken_phone(str(state.value("phone"))))
        template = phrases.readback_slow if state.corrections or state.asked.slot == "confirm" else phrases.readback
        text = template.format(
            name=spoken_name(state.value("name")),
            birth_date=spoken_date(state.value("birth_date")),
            address=spoken_address(state.value("address")),
            phone=phone,
            temperature=temperature,
        )
        return " ".join(text.split())

    def silence(self, state: State) -> Reply:
        """A reminder; after the last one the polite end."""
        state.silences += 1
        limit = self._script.policy.limits.silences
        if state.asked.slot == "done":
            return self.end(state.outcome, "")
        if state.silences >= limit:
            return self.end("abandoned", self._phrases.silence_end)
        if state.asked.slot == "opening" and state.asked.kind == "ask":
            reply = self.ask(state, "opening", self._phrases.greeting_again, self._wording(state, "opening"))
            reply.slow = state.silences > 1
            return reply
        before = self._phrases.silence_first if state.silences <= 1 else self._phrases.silence_second
        if state.asked.kind != "ask" or state.asked.slot in ("red_flags", "confirm", "go_on", "another_visit"):
            return self.open(state, state.asked.said, before)
        return self.open(state, self._wording(state, state.asked.slot), before)

    def _wording(self, state: State, slot: str) -> str:
        return self._script.questions[slot].wordings[max(0, min(state.silences, 2))]

    def end(self, outcome: str, text: str) -> Reply:
        """The last words of a call."""
        return Reply(say=[(text, False)], end={"outcome": outcome})
