"""What the dialog would take from an answer, and whether that is right.

The answer goes the dialog's own way: its listening asks the room `understanding` (in this process), its rules of
identity ask the connector. A patient is right when those rules choose exactly that one, silently or read back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from dialog.conversation import turn
from dialog.conversation.identity import Identity, agreement
from dialog.conversation.listening import Listening
from dialog.conversation.script import Script
from dialog.conversation.state import Asked, State
from dialog.conversation.step import Check, Failed
from scripts.understanding_bench.commands import COMMANDS, Commands
from scripts.understanding_bench.draws import TODAY, Draw
from scripts.understanding_bench.mis import Mis
from understanding.answers import read
from understanding.model import Heard
from understanding.service import Understanding

_READ_BACK = 0.85
"""Most that a patient counts as certain who is read back before anything rests on him."""
_SETTLED = 0.99
"""What the dialog notes for a patient whom it takes without a question."""
_NOTHING = turn.Understood()
_PARTS = ("town", "street", "street_kind", "house", "flat")


@dataclass(frozen=True)
class Judged:
    """`given`: there is a value (else it is asked again), believed with `probability`. `possible`: the right value is
    among the candidates, or what one of the alternatives alone would give."""

    right: bool
    given: bool
    probability: float
    possible: bool
    value: Any


class Room:
    """The services that the dialog asks (dialog.conversation.turn.Services), in this process. `seconds`: processor time
    that understanding took since `reset`, the MIS left out."""

    def __init__(self, understanding: Understanding, mis: Mis) -> None:
        self._understanding = understanding
        self._mis = mis
        self.seconds = 0.0

    async def understand(self, question: dict[str, Any]) -> turn.Understood:
        begun = time.process_time()
        answer = await self._understanding.understand(Heard.model_validate(question))
        self.seconds += time.process_time() - begun
        return turn.Understood(
            answer.meaning, answer.value, answer.probability, answer.complete, tuple(answer.missing), answer.heard,
            tuple((candidate.value, candidate.probability) for candidate in answer.candidates),
        )  # fmt: skip

    async def find_patients(self, query: dict[str, Any]) -> turn.Found:
        return await self._mis.find(query)

    async def house_calls(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        raise turn.ServiceFault("not asked here")

    async def create_house_call(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        raise turn.ServiceFault("not asked here")

    async def cancel_house_call(self, house_call_id: str) -> str:
        raise turn.ServiceFault("not asked here")

    async def call_back(self, body: dict[str, Any]) -> None:
        raise turn.ServiceFault("not asked here")


class Judge:
    def __init__(self, room: Room, script: Script) -> None:
        self._room = room
        self._script = script
        self._listening = Listening(room, TODAY)
        self._identity = Identity(room, script, TODAY)
        self._commands = Commands(script)

    async def judge(self, draw: Draw, heard: turn.Heard) -> tuple[Judged, turn.Understood]:
        """What is taken of one answer; for a name with the true date of birth."""
        if "candidates" in draw.context:
            chosen = heard.text if heard.text in draw.context["candidates"] else None
            texts = (one["text"] for one in heard.alternatives[:1])
            return Judged(heard.text == draw.truth, chosen is not None, _SETTLED, draw.truth in texts, chosen), _NOTHING
        if draw.kind == "yes_no":
            return await self._yes_no(draw, heard)
        understood = await self._value(draw, heard)
        if draw.kind == "name":
            born = turn.Understood("value", draw.truth["birth_date"], _SETTLED, True)
            return await self.patient(draw, understood, born), understood
        values = [understood.value, *(value for value, _ in understood.candidates)]
        possible = any(same(draw, value) for value in values)
        if not possible and draw.kind != "address":  # reading an address takes a tenth of a second
            possible = await self._some_alternative(draw, heard)
        right = same(draw, understood.value)
        return Judged(
            right, understood.value is not None, understood.probability, possible, understood.value
        ), understood

    async def patient(self, draw: Draw, name: turn.Understood, born: turn.Understood) -> Judged:
        """Whom the dialog's rules choose by a name and a date of birth as they were heard."""
        state = self._state(draw)
        dates = self._identity.hear_birth_date(state, born, self._script.questions["birth_date"].ask_back)
        names = self._identity.hear_name(state, name, self._script.questions["name"].ask_back)
        possible = any(agreement(value, draw.truth) > 0 for value, _ in name.belief()) and any(
            day == draw.truth["birth_date"] for day, _ in born.belief()
        )
        if isinstance(dates, Failed) or isinstance(names, Failed):
            return Judged(False, False, 0.0, possible, None)
        step = await self._identity.identify(state)
        chosen = state.patient if state.identity == "found" or isinstance(step, Check) else None
        if chosen is None:
            return Judged(False, False, 0.0, possible, None)
        probability = min(step.probability, _READ_BACK) if isinstance(step, Check) else _SETTLED
        value = {part: chosen.get(part) for part in ("mis_id", "surname", "name", "patronymic", "birth_date")}
        return Judged(chosen["mis_id"] == draw.truth["mis_id"], True, probability, possible, value)

    async def _value(self, draw: Draw, heard: turn.Heard) -> turn.Understood:
        return await self._listening.value(self._state(draw), self._script.questions[draw.slot], heard)

    async def _some_alternative(self, draw: Draw, heard: turn.Heard) -> bool:
        before = self._room.seconds
        try:
            for other in heard.alternatives:
                if same(draw, (await self._value(draw, turn.Heard(text=other["text"]))).value):
                    return True
            return False
        finally:
            self._room.seconds = before  # no caller waits for this

    async def _yes_no(self, draw: Draw, heard: turn.Heard) -> tuple[Judged, turn.Understood]:
        # a value that is read back is confirmed without its slot (dialog/conversation/answers.py)
        understood = await self._listening.yes_no(heard, None if draw.check else draw.slot)
        command = self._commands.find(heard)
        value = command or (understood.meaning if understood.meaning != "none" else None)
        probability = 1.0 if command else understood.probability
        texts = [heard.text, *(one["text"] for one in heard.alternatives)]
        if draw.truth in COMMANDS:
            possible = any(self._commands.find(turn.Heard(text=text)) == draw.truth for text in texts)
        else:
            slot = None if draw.check else draw.slot
            possible = value == draw.truth or any(read(text, slot).answer == draw.truth for text in texts)
        return Judged(value == draw.truth, value is not None, probability, possible, value), understood

    def _state(self, draw: Draw) -> State:
        state = State(draw.name, asked=Asked(draw.slot))
        if (years := draw.context.get("age")) is not None:
            state.take("age", {"years": years, "months": None}, _SETTLED)
        return state


def same(draw: Draw, value: Any) -> bool:
    """Whether a value of that slot is exactly the truth; an age in months may leave «0 months» out."""
    truth = draw.truth
    if draw.slot == "age" and isinstance(value, dict):
        return bool((value["years"], value["months"] or 0) == (truth["years"], truth["months"] or 0))
    if draw.slot == "address" and isinstance(value, dict):
        return all((value.get(part) or None) == truth[part] for part in _PARTS)
    return bool(value == truth)
