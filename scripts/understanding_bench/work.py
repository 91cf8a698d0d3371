"""One process's share: a person's answers under one condition, heard, understood and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core import logs
from core.settings import Settings
from dialog.conversation.danger import Dangers
from dialog.conversation.listening import Listening
from dialog.conversation.script import load_script
from dialog.conversation.state import Asked, State
from dialog.conversation.turn import Heard, Reply, Understood
from dialog.conversation.wording import Wording
from mis_connector.sandbox.data import load
from scripts.understanding_bench.draws import TODAY, Draw, Drawer
from scripts.understanding_bench.hearing import Hearing
from scripts.understanding_bench.judge import Judge, Judged, Room
from scripts.understanding_bench.kept import Kept
from scripts.understanding_bench.mis import SANDBOX, Mis
from scripts.understanding_bench.results import Result
from scripts.understanding_bench.speech import Speech
from understanding import dictionaries
from understanding.names import Names
from understanding.register_reload import RegisterKeeper
from understanding.service import Understanding

TEXT = "text"
"""The condition without a line: perfect text."""


@dataclass(frozen=True)
class Unit:
    """Answers of one person under one condition; the name comes after the date of birth."""

    condition: str
    draws: tuple[Draw, ...]


class Ears:
    """What the dialog tells the recogniser with each question, and what that hears."""

    def __init__(self, hearing: Hearing, speech: Speech, wording: Wording) -> None:
        self.hearing = hearing
        self._speech = speech
        self._wording = wording

    def hear(self, draw: Draw, condition: str) -> tuple[Heard, float]:
        return self.hearing.hear(self._speech.sound(draw, condition), self._question(draw))

    def _question(self, draw: Draw) -> Reply:
        if "candidates" in draw.context:
            return Reply(candidates=tuple(draw.context["candidates"]))
        state = State(draw.name, asked=Asked(draw.slot, "check" if draw.check else "ask"))
        return self._wording.open(state, "")


class Worker:
    """Everything that a process loads once. Raises ConfigurationError when it is to hear and has no recogniser."""

    def __init__(self, settings: Settings, folder: Path, *, hears: bool) -> None:
        kept = Kept(folder / "kept.sqlite")
        script = load_script(region_dir=settings.region_dir)
        hearing = Hearing(settings, kept) if hears else None
        names = Names(dictionaries.load(settings.var_dir / "dictionaries"), hearing)
        addresses = RegisterKeeper(settings.region_dir, hearing).addresses
        understanding = Understanding(names, addresses, hearing)
        self._room = Room(understanding, Mis(settings, folder, kept))
        self._judge = Judge(self._room, script)
        self._ears: Ears | None = None
        if hearing is not None:
            speech = Speech(settings, Drawer(settings.region_dir), folder / "sounds")
            wording = Wording(script, Dangers(Listening(self._room, TODAY), script))
            self._ears = Ears(hearing, speech, wording)

    async def work(self, unit: Unit) -> list[Result]:
        results: list[Result] = []
        born: Understood | None = None
        for draw in unit.draws:
            heard, cpu = self._hear(draw, unit.condition)
            self._room.seconds = 0.0
            judged, understood = await self._judge.judge(draw, heard)
            cpu += self._room.seconds
            if self._ears is not None:
                cost = self._ears.hearing.cost
                cpu += (cost.kept - cost.spent) if unit.condition != TEXT else 0.0
            results.append(_result(draw.kind, unit.condition, draw, heard, judged, cpu))
            if draw.kind == "birth_date":
                born = understood
            if draw.kind == "name" and born is not None:
                judged = await self._judge.patient(draw, understood, born)
                results.append(_result("name_heard_date", unit.condition, draw, heard, judged, cpu))
        return results

    def _hear(self, draw: Draw, condition: str) -> tuple[Heard, float]:
        if condition == TEXT or self._ears is None:
            return Heard(text=draw.text), 0.0
        return self._ears.hear(draw, condition)


def _result(kind: str, condition: str, draw: Draw, heard: Heard, judged: Judged, cpu: float) -> Result:
    texts = dict.fromkeys([heard.text, *(one["text"] for one in heard.alternatives)])
    return Result(
        kind, condition, draw.seed, draw.index, draw.slot, judged.right, judged.given, judged.probability,
        judged.possible, cpu, draw.spoken, tuple(texts), judged.value, draw.truth,
    )  # fmt: skip


def prepare(settings: Settings, folder: Path) -> None:
    """Make what the processes share, once and not in each of them at the same time. Raises ConfigurationError."""
    folder.mkdir(parents=True, exist_ok=True)
    dictionaries.load(settings.var_dir / "dictionaries")
    load(folder / SANDBOX, settings.region_dir)


_worker: Worker | None = None


def begin(settings: Settings, folder: Path, hears: bool) -> None:
    """Load a process's worker; called once in each."""
    global _worker
    logs.configure("bench", "ERROR")
    _worker = Worker(settings, folder, hears=hears)


def run(unit: Unit) -> list[Result]:
    assert _worker is not None
    return asyncio.run(_worker.work(unit))


def units(condition: str, draws: Sequence[Draw]) -> list[Unit]:
    """Draws of one person together."""
    people: dict[tuple[str, int], list[Draw]] = {}
    for draw in draws:
        people.setdefault((draw.seed, draw.index), []).append(draw)
    return [Unit(condition, tuple(own)) for own in people.values()]
