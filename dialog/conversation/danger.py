"""The questions about signs of danger, before any personal data."""

from __future__ import annotations

from dialog.conversation.listening import Listening
from dialog.conversation.script import Script
from dialog.conversation.state import RedFlags, State
from dialog.conversation.step import Advance, Ask, Danger, Failed, GiveUp, Step
from dialog.conversation.turn import Heard

FAILURES = 2
"""Unclear answers to a group before its signs are asked one by one, and to a sign before an operator."""


class Dangers:
    """Groups first; «нет» with more words, «не знаю» or two failures lead to the single signs, then an operator."""

    def __init__(self, listening: Listening, script: Script) -> None:
        self._listening = listening
        self._script = script

    def question(self, state: State) -> str:
        """The text of the open question; empty when all were asked."""
        groups = self._script.groups_for(self._years(state))
        at = state.red_flags
        if at.group >= len(groups):
            return ""
        group = groups[at.group]
        return group.ask if at.sign is None else group.signs[at.sign]

    async def hear(self, state: State, heard: Heard) -> Step:
        understood = await self._listening.yes_no(heard, "red_flags")
        at = state.red_flags
        if understood.meaning == "yes":
            return Danger(self.question(state))
        if understood.meaning == "no" and understood.complete:
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
            return Failed()
        return GiveUp("red_flag")

    def _next(self, state: State) -> None:
        at = state.red_flags
        group = self._script.groups_for(self._years(state))[at.group]
        state.failures.pop("red_flags", None)
        if at.sign is not None and at.sign + 1 < len(group.signs):
            at.sign += 1
        else:
            state.red_flags = RedFlags(at.group + 1)

    @staticmethod
    def _years(state: State) -> float:
        """The age that was said; without one, a child's for a child and else an adult's."""
        age = state.value("age")
        if age is None:
            return 10.0 if state.value("who") == "child" else 18.0
        return float(age.get("years") or 0)
