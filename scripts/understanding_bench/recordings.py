"""Sets of recorded people: closed sets by a human from a Debian package, and folders of recorded residents."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from asr.audio import Pcm, from_alaw
from asr.protocol import RATE
from core.errors import ConfigurationError
from core.words import Slot
from dialog.conversation.spoken import spoken_date
from scripts.sound import through_alaw
from scripts.understanding_bench.draws import Draw, Drawer, Kind, as_recognised
from scripts.understanding_bench.wording import cardinal
from understanding.ages import understand_age
from understanding.model import Heard

REAL = Path("/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU/digits")
INSTALL = "apt-get install asterisk-core-sounds-ru-wav"
_WEEKDAYS = ("воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота")
_MONTHS = tuple(spoken_date(f"2000-{month:02}-01").split()[1] for month in range(1, 13))
CLOSED: dict[Kind, dict[str, str]] = {
    "numbers": {f"{number}.wav": cardinal(number) for number in (*range(21), *range(30, 100, 10))},
    "months": {f"mon-{number}.wav": month for number, month in enumerate(_MONTHS)},
    "weekdays": {f"day-{number}.wav": day for number, day in enumerate(_WEEKDAYS)},
}
"""What the package's files say, by their names."""
_MEANINGS = {"yes": "yes", "no": "no", "confirm": "yes", "operator": "operator", "repeat": "repeat",
             "unknown": "unknown"}  # fmt: skip
"""Recordings that answer a read-back."""
_ADDRESS = ("town", "street", "street_kind", "house", "flat")
_GROWN = 3
"""Years from which an age is told in years."""


def pcm_of(path: Path) -> Pcm:
    """A recording as a line carries it: `.al` is A-law, `.wav` 8 kHz mono s16. Raises ConfigurationError."""
    if path.suffix == ".al":
        return from_alaw(path.read_bytes())
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ConfigurationError(f"{path.name}: must be 8 kHz, mono, 16 bits")
        return through_alaw(np.frombuffer(file.readframes(file.getnframes()), "<i2"))


def closed_sets(folder: Path) -> list[Draw]:
    """Numbers, months and weekdays, each as a choice among all of its set; empty where nothing is installed."""
    return [
        Draw(kind, "real", index, "more", False, said, as_recognised(said), said,
             {"candidates": list(files.values())}, folder / name)
        for kind, files in CLOSED.items()
        for index, (name, said) in enumerate(files.items())
        if (folder / name).is_file()
    ]  # fmt: skip


def residents(folder: Path, drawer: Drawer) -> list[Draw]:
    """Answers of recorded residents (docs/interfaces.md) whose truth the scenario tells; `folder` holds scenarios or is
    one. Raises ConfigurationError when it has none."""
    paths = sorted([*folder.glob("scenario.yml"), *folder.glob("*/scenario.yml")])
    if not paths:
        raise ConfigurationError(f"{folder}: no scenario.yml there nor one folder down")
    return [draw for index, path in enumerate(paths) for draw in _of_one(path, index, drawer)]


def _of_one(path: Path, index: int, drawer: Drawer) -> Iterator[Draw]:
    # without a schema: `yes` and `no` are slots here, not truth values
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    expect: dict[str, str] = data["expect"]
    # the age that they say is not always that of the date: some round it up before a birthday
    said_age = understand_age(Heard(expects="number", slot="age", text=str(data["say"].get("age") or ""))).value
    context = {"age": said_age["years"]} if said_age else {}
    for kind, slot, entry, truth in _answers(expect, context, drawer):
        recording, said = path.with_name(f"{entry}.al"), data["say"].get(entry)
        if said is not None and truth is not None and recording.is_file():
            known = context if kind in ("birth_date", "name") else {}
            said = said if isinstance(said, str) else said[0]
            yield Draw(kind, "callers", index, slot, False, said, as_recognised(said), truth, known, recording)


def _answers(expect: dict[str, str], context: dict[str, Any], drawer: Drawer) -> Iterator[tuple[Kind, Slot, str, Any]]:
    """Kind, slot, name of the recording and truth, or None where the scenario does not tell."""
    for entry, meaning in _MEANINGS.items():
        yield "yes_no", "confirm", entry, meaning
    years = context.get("age", 0)
    yield "number", "age", "age", {"years": years, "months": None} if years >= _GROWN else None
    yield "number", "entrance", "entrance", expect.get("entrance")
    yield "number", "floor", "floor", expect.get("floor")
    yield "birth_date", "birth_date", "birth_date", expect.get("birth_date")
    yield "name", "name", "name", drawer.patient(expect)
    address = {part: expect.get(part) or None for part in _ADDRESS}
    yield "address", "address", "address", address if address["house"] else None
    yield "phone", "phone", "phone", expect.get("phone")
