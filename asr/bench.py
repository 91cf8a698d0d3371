"""`scripts/bench asr FOLDER`: errors and cost of recognition on recorded residents.

FOLDER holds scenarios (`*/scenario.yml` with `<slot>.al` beside it: A-law, 8 kHz), or is one. Words and characters
are compared with numbers as digits. The slots of closed questions are recognised with all wordings of that slot as
candidates, and other speech is put to the same questions to see whether it is taken for one of them.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml
from rapidfuzz.distance import Levenshtein

from asr.audio import from_alaw
from asr.canonical import canonical
from asr.engines import Engine, Task
from asr.models import choose
from asr.protocol import RATE
from asr.recogniser import make_engine
from asr.segmenter import VOICED
from asr.vad import FRAME, Vad, VadState
from core.settings import get_settings
from core.words import Expects

CLOSED = ("who", "red_flags", "can_walk", "this_phone", "contact", "confirm")
OTHER = ("question", "since", "age", "temperature", "first_name", "house")
"""Speech that no closed question waits for."""
EXPECTS: dict[str, Expects] = {
    "name": "name", "surname": "name", "first_name": "name", "patronymic": "name", "address": "address",
    "town": "address", "street": "address", "birth_date": "date", "phone": "phone", "symptoms": "symptoms",
    "age": "number", "temperature": "number", "house": "number", "flat": "number", "entrance": "number",
    "floor": "number",
}  # fmt: skip


@dataclass
class Sums:
    """Counts of one slot."""

    turns: int = 0
    words: int = 0
    word_errors: int = 0
    letters: int = 0
    letter_errors: int = 0
    best_letter_errors: int = 0
    whole: int = 0
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def add(self, said: str, heard: list[str], cpu: float, wall: float) -> None:
        right = canonical(said)
        texts = [canonical(text) for text in heard] or [[]]
        errors = [Levenshtein.distance(" ".join(text), " ".join(right)) for text in texts]
        self.turns += 1
        self.words += len(right)
        self.word_errors += Levenshtein.distance(texts[0], right)
        self.letters += len(" ".join(right))
        self.letter_errors += errors[0]
        self.best_letter_errors += min(errors)
        self.whole += errors[0] == 0
        self.cpu.append(cpu)
        self.wall.append(wall)


class Bench:
    def __init__(self, engine: Engine, folders: list[Path]) -> None:
        self._engine = engine
        self._vad = Vad()
        self._folders = folders
        self._say = {folder: _texts(folder / "scenario.yml") for folder in folders}
        self._sets = {slot: sorted({say[slot] for say in self._say.values() if slot in say}) for slot in CLOSED}
        self.slots: dict[str, Sums] = defaultdict(Sums)
        self.taken_wrongly = 0
        self.others = 0

    def run(self) -> None:
        for folder, say in self._say.items():
            for slot, said in say.items():
                sound = folder / f"{slot}.al"
                if sound.is_file():
                    self._slot(sound, slot, said)

    def _slot(self, sound: Path, slot: str, said: str) -> None:
        task = self._task(sound, slot, self._sets.get(slot, []))
        cpu, wall = time.process_time(), time.monotonic()
        result = self._engine.recognise(task)
        texts = [result.text, *(a.text for a in result.alternatives)]
        self.slots[slot].add(said, texts, time.process_time() - cpu, time.monotonic() - wall)
        for closed in ("confirm", "who") if slot in OTHER else ():
            self.others += 1
            self.taken_wrongly += self._engine.recognise(self._task(sound, closed, self._sets[closed])).closed

    def _task(self, sound: Path, slot: str, candidates: list[str]) -> Task:
        silence = np.zeros(RATE // 5, np.int16)
        pcm = np.concatenate([silence, from_alaw(sound.read_bytes()), silence])
        state = VadState()
        frames = [pcm[start : start + FRAME] for start in range(0, len(pcm) - FRAME, FRAME)]
        voiced = sum(self._vad.probabilities([frame], [state])[0] >= VOICED for frame in frames)
        return Task(uuid.uuid4().hex, pcm, voiced * FRAME / RATE, EXPECTS.get(slot), slot, candidates)


def _texts(scenario: Path) -> dict[str, str]:
    # without a schema: `yes` and `no` are slots here, not truth values
    data = yaml.load(scenario.read_text(), Loader=yaml.BaseLoader)  # noqa: S506
    return dict(data["say"])


def _percent(part: int, whole: int) -> float:
    return round(100 * part / max(1, whole), 1)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench asr", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder
    folders = sorted(path.parent for path in [*folder.glob("scenario.yml"), *folder.glob("*/scenario.yml")])
    choice = choose(get_settings())
    bench = Bench(make_engine(choice.name, choice.model), folders)
    bench.run()
    print(
        f"{'slot':12} {'n':>4} {'whole':>6} {'WER %':>6} {'CER %':>6} {'n-best CER %':>12} {'CPU s':>6} {'wall s':>6}"
    )
    total = Sums()
    for slot, sums in [*sorted(bench.slots.items()), ("all", total)]:
        print(
            f"{slot:12} {sums.turns:4} {sums.whole:6} {_percent(sums.word_errors, sums.words):6} "
            f"{_percent(sums.letter_errors, sums.letters):6} {_percent(sums.best_letter_errors, sums.letters):12} "
            f"{np.mean(sums.cpu):6.2f} {np.mean(sums.wall):6.2f}"
        )
        if slot != "all":
            for name in Sums.__dataclass_fields__:
                setattr(total, name, getattr(total, name) + getattr(sums, name))
    print(f"other speech taken for an answer to a closed question: {bench.taken_wrongly} of {bench.others}")
    closed = [bench.slots[slot] for slot in CLOSED if slot in bench.slots]
    figures = {
        "engine": choice.name,
        "turns": total.turns,
        "wer_pct": _percent(total.word_errors, total.words),
        "cer_pct": _percent(total.letter_errors, total.letters),
        "closed_right_pct": _percent(sum(s.whole for s in closed), sum(s.turns for s in closed)),
        "false_closed_pct": _percent(bench.taken_wrongly, bench.others),
        "cpu_s_per_turn": round(float(np.mean(total.cpu)), 3),
        "p50_s": round(float(np.quantile(total.wall, 0.5)), 3),
        "p95_s": round(float(np.quantile(total.wall, 0.95)), 3),
    }
    print(json.dumps(figures))
