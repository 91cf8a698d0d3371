"""Words of danger in the middle of a call: what is said about 103 and 112, and what the answer to it means."""

from __future__ import annotations

from dialog.conversation.listening import Listening
from dialog.conversation.script import Script
from dialog.conversation.state import State
from dialog.conversation.step import Advance, Ask, GiveUp, Spoken, Step
from dialog.conversation.turn import Heard, Reply
from dialog.conversation.wording import Wording

DOUBTS = 2
"""How often a call is asked «есть угроза жизни?» for words that may be a joke or the television."""


class Emergencies:
    """Never a diagnosis, never advice against an ambulance."""

    def __init__(self, script: Script, listening: Listening, wording: Wording) -> None:
        self._phrases = script.phrases
        self._listening = listening
        self._wording = wording

    def open(self, state: State, words: str) -> Reply:
        """«Соединить вас со скорой?»; `words` are kept for the doctor and the event."""
        state.danger = words or state.danger or ""
        reply = self._wording.closed(state, "emergency", self._phrases.emergency_question)
        reply.red_flag = {"words": state.danger}
        return reply

    def doubt(self, state: State, words: str) -> Reply:
        """It may be a joke, or somebody else in the room: one question asks."""
        state.doubts += 1
        state.danger = words
        return self._wording.closed(state, "doubt", self._phrases.doubt_question)

    async def hear(self, state: State, heard: Heard) -> Step:
        """The answer to «соединить?»: silence is a yes, a clear no is a no, what is unclear twice is a yes."""
        slot = state.asked.slot
        if heard.urgent == "operator":
            return GiveUp("wish")
        if heard.silence or heard.urgent == "emergency":
            return Spoken(self._ambulance(state))
        answer = await self._listening.yes_no(heard)
        if answer.meaning == "yes":
            return Spoken(self._ambulance(state))
        if answer.meaning == "no" and answer.complete:
            if slot == "red_flags":  # a sign was affirmed, yet no ambulance is wanted: a person must hear that
                return GiveUp("red_flag")
            return Ask(slot, self._phrases.emergency_refused)
        state.failures["emergency"] = state.failures.get("emergency", 0) + 1
        if state.failures["emergency"] > 1:
            return Spoken(self._ambulance(state))
        return Spoken(self._wording.open(state, self._phrases.emergency_again))

    async def hear_doubt(self, state: State, heard: Heard) -> Step:
        """The answer to «есть угроза жизни?»: Advance after a no; whatever else leads to «соединить?»."""
        words, state.danger = state.danger or "", None
        if not heard.silence and heard.urgent != "emergency":
            answer = await self._listening.yes_no(heard)
            if answer.meaning == "no":
                return Advance()
        return Spoken(self.open(state, heard.urgent_words or words))

    def _ambulance(self, state: State) -> Reply:
        state.transfer = "emergency"
        return Reply(
            say=[(self._phrases.emergency_transfer, False)],
            transfer={"to": "emergency", "reason": "red_flag", "area": area(state)},
        )


def area(state: State) -> str | None:
    """The patient's town, where it is known: an ambulance is sent by area."""
    for address in (state.value("address"), (state.patient or {}).get("address")):
        if address and address.get("town"):
            return str(address["town"])
    town = state.value("town")
    return str(town) if town else None
