"""A sound as the system hears it: the line's turn, the recogniser with what the dialog tells it, and its opinion on
phrases afterwards. Whatever was measured once is kept on the disk, with what it cost.

Several turns of one sound are not told apart: the last candidate turn, which has all of it, is what a patient policy of
telephony/endpointing.py would take.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asr.engines import Engine, Task
from asr.grammar import Part
from asr.models import choose
from asr.recogniser import make_engine
from asr.vad import Vad
from core.errors import NotFound
from core.events import Alternative
from core.settings import ROOT, Settings
from dialog.conversation.turn import Heard, Reply
from scripts.sound import turn_of
from scripts.understanding_bench.kept import Kept, digest, fingerprint
from scripts.understanding_bench.speech import Sound

_AROUND = (
    "bench.py",
    "canonical.py",
    "client.py",
    "protocol.py",
    "recogniser.py",
    "recognisers.py",
    "service.py",
    "stream.py",
)
"""Files of asr/ that change neither a turn nor what is heard of it."""


@dataclass
class Cost:
    """Seconds of the processor since the last turn began: what the recogniser's opinions cost when they were first
    asked for, and what of it was spent now."""

    kept: float = 0.0
    spent: float = 0.0


class Hearing:
    """One recogniser; also the ear of `understanding` (understanding.second_hearing.Ear). The engine is loaded
    when something is asked that is not kept."""

    def __init__(self, settings: Settings, kept: Kept) -> None:
        self._choice = choose(settings)
        self._kept = kept
        self._version = [
            self._choice.name,
            fingerprint(ROOT / "asr", "*.py", "*.yml", "engines/*.py", "engines/*.yml", without=_AROUND),
        ]
        self._engine: Engine | None = None
        self._vad: Vad | None = None
        self._asked: dict[str, tuple[Sound, dict[str, Any]]] = {}
        self._in_engine = ""
        self.cost = Cost()

    def hear(self, sound: Sound, reply: Reply) -> tuple[Heard, float]:
        """What the recogniser makes of a sound after that question, and the seconds of the processor it took."""
        self.cost = Cost()
        turn_id = digest(["sound", self._version, sound.key])
        told = {"expects": reply.expects, "slot": reply.slot, "candidates": [*reply.candidates],
                "hints": [*reply.hints]}  # fmt: skip
        self._asked = {turn_id: (sound, told)}
        key = ["turn", turn_id, told]
        found: dict[str, Any] | None = self._kept.get(key)
        if found is None:
            found = self._recognise(turn_id, sound, told)
            self._kept.put(key, found)
        heard = Heard(found["text"], tuple(found["alternatives"]), turn_id)
        return heard, float(found["cpu"])

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
        """As `asr.client.AsrClient.hear_again`."""
        key = ["again", turn_id, [[[part.wordings, part.optional] for part in parts] for parts in sequences]]
        found: dict[str, Any] | None = self._kept.get(key)
        if found is None:
            begun = time.process_time()
            engine = self._with_sound(turn_id)
            asked = time.process_time()
            heard = engine.hear_again(turn_id, [list(parts) for parts in sequences])
            self.cost.spent += time.process_time() - begun
            found = {"heard": [one.model_dump() for one in heard], "cpu": time.process_time() - asked}
            self._kept.put(key, found)
        self.cost.kept += found["cpu"]
        return [Alternative.model_validate(one) for one in found["heard"]]

    def _recognise(self, turn_id: str, sound: Sound, told: dict[str, Any]) -> dict[str, Any]:
        engine, vad = self._loaded()
        turn = turn_of(sound.make(), vad)
        if turn is None:
            return {"text": "", "alternatives": [], "closed": False, "cpu": 0.0}
        begun = time.process_time()
        result = engine.recognise(Task(turn_id, turn.pcm, turn.speech_seconds, **told))
        cpu = time.process_time() - begun
        self._in_engine = turn_id
        alternatives = [one.model_dump() for one in result.alternatives]
        return {"text": result.text, "alternatives": alternatives, "closed": result.closed, "cpu": round(cpu, 4)}

    def _with_sound(self, turn_id: str) -> Engine:
        """The engine that has heard that turn: what it keeps of one is not kept on the disk. Raises NotFound."""
        engine, vad = self._loaded()
        if turn_id != self._in_engine:
            sound, told = self._asked[turn_id]
            turn = turn_of(sound.make(), vad)
            if turn is None:
                raise NotFound("no turn in that sound")
            engine.recognise(Task(turn_id, turn.pcm, turn.speech_seconds, **told))
            self._in_engine = turn_id
        return engine

    def _loaded(self) -> tuple[Engine, Vad]:
        if self._engine is None or self._vad is None:
            self._engine, self._vad = make_engine(self._choice.name, self._choice.model), Vad()
        return self._engine, self._vad
