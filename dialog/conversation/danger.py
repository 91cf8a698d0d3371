"""The questions about signs of danger, before any personal data."""

from __future__ import annotations

import re
from datetime import date

from dialog.conversation.listening import Listening
from dialog.conversation.plan import years
from dialog.conversation.script import Script, SignGroup
from dialog.conversation.state import RedFlags, State
from dialog.conversation.step import Advance, Ask, Danger, Failed, GiveUp, Step
from dialog.conversation.turn import Heard
from dialog.urgent import likely_texts

FAILURES = 2
"""Unclear answers to a group before its signs are asked one by one, and to a sign before an operator."""

CHILD = 1.0
"""Years of a child whose age is not known: the youngest are asked for most."""
ADULT = 18.0
STEM = 3
"""Letters that forms of one word have in common: дышать, дышит."""


class Dangers:
    """Groups first; «нет» with more words, «не знаю» or two failures lead to the single signs, then an operator."""

    def __init__(self, listening: Listening, script: Script) -> None:
        self._listening = listening
        self._script = script

    def question(self, state: State) -> str:
        """The text of the open question; empty when all were asked."""
        groups = self._groups(state)
        at = state.red_flags
        if at.group >= len(groups):
            return ""
        group = groups[at.group]
        return group.ask if at.sign is None else group.signs[at.sign]

    async def hear(self, state: State, heard: Heard) -> Step:
        texts = likely_texts(heard.text, ((one["text"], one["score"]) for one in heard.alternatives))
        if words := self._script.urgent.find_asked(texts, self._years(state)):
            return Danger(words)
        understood = await self._listening.yes_no(heard, "red_flags")
        at = state.red_flags
        if understood.meaning == "yes":
            return Danger(self.question(state))
        denied = at.sign is not None and _denies(self.question(state), understood.heard)
        if understood.meaning == "no" and (understood.complete or denied):
            self._next(state)
            if self.question(state):
                return Ask("red_flags")
            state.take("red_flags", False, understood.probability)
            return Advance()
        failures = state.failures.get("red_flags", 0) + 1
        if at.sign is None:
            if understood.meaning == "none" and failures < FAILURES:
                return Failed()
            state.failures.pop("red_flags", None)
            at.sign = 0
            return Ask("red_flags")
        if failures < FAILURES:
            return Failed(understood.meaning == "unknown")
        return GiveUp("red_flag")

    def _next(self, state: State) -> None:
        at = state.red_flags
        group = self._groups(state)[at.group]
        state.failures.pop("red_flags", None)
        if at.sign is not None and at.sign + 1 < len(group.signs):
            at.sign += 1
        else:
            state.red_flags = RedFlags(at.group + 1)

    def _groups(self, state: State) -> list[SignGroup]:
        return self._script.groups_for(self._years(state))

    def _years(self, state: State) -> float:
        """The age that was said, or by the date of birth; without either, a child's for a child and else an adult's."""
        said = years(state)
        if said is not None:
            return said
        born = state.value("birth_date") or (state.patient or {}).get("birth_date")
        if born:
            return (self._listening.today - date.fromisoformat(str(born))).days // 365.25
        return CHILD if state.value("who") == "child" else ADULT


def _denies(sign: str, rest: str) -> bool:
    """Whether the words beside «нет» are the question's own in other forms: «судорог» of «судороги», not «рвота»."""
    asked = re.findall(r"[а-я]+", sign.lower().replace("ё", "е"))
    said = [word for word in rest.lower().replace("ё", "е").split() if len(word) > 2]
    return all(word not in asked and any(word[:STEM] == other[:STEM] for other in asked) for word in said)
