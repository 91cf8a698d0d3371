"""Surnames, first names and patronymics with gender and frequency, in one file that loads quickly.

Sources: `russiannames` (BSD-3, counts over some three million people) and our diminutives. `prepare` writes
`names.npz` once (about 15 s); it is made again when its sources change.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from core.settings import get_settings
from understanding.cases import OBLIQUE, Case, Gender, decline_first, decline_patronymic, female_surname, male_surname
from understanding.phonetics import sounds
from understanding.sound_index import SoundIndex, pack, signatures

DATA = Path(__file__).parent / "data"
FORMAT = 6
"""Raised when what `prepare` writes changes."""

_WORD = re.compile(r"[А-ЯЁ][а-яё]{1,17}")
_SURNAME = re.compile(r".*(ов|ев|ёв|ин|ын|ский|цкий|ской|ой|ый|ий|их|ых|енко|ко|ук|юк|ян|дзе|швили|ич|ель|ец)")
_TORN = 0.1
"""Share of the people with such a patronymic for whom it is heard torn in two."""
_LEAST_FIRST, _LEAST_PATRONYMIC = 20, 20
"""Counts below which a first name or patronymic of the source is mostly a slip of the pen."""


@dataclass(frozen=True, slots=True)
class NameList:
    """One kind of names. Row i of every column is one form; an entry has one row a case (surnames: nominative)."""

    names: list[str]
    """What is written in the record, nominative."""
    forms: list[str]
    """What is said."""
    genders: list[str]
    """m, f or u (either)."""
    cases: list[Case]
    counts: NDArray[np.float32]
    index: SoundIndex


@dataclass(frozen=True, slots=True)
class NameDictionaries:
    men: NameList
    """Surnames of men, and those that both bear."""
    women: NameList
    first: NameList
    patronymics: NameList


def load(directory: Path) -> NameDictionaries:
    """The dictionaries, prepared in `directory` when they are not there yet or their sources changed.

    Raises ConfigurationError when the source is missing or the directory cannot be written.
    """
    path = directory / "names.npz"
    version = _version()
    for attempt in (0, 1):
        try:
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["version"]) == version:
                    return NameDictionaries(
                        *(_unpack(stored, kind) for kind in ("men", "women", "first", "patronymics"))
                    )
        except (OSError, ValueError, KeyError, EOFError):
            if attempt:
                raise ConfigurationError(f"{path} cannot be read: remove it and start again") from None
        prepare(path)
    raise ConfigurationError(f"{path} has another version after it was made")


def prepare(path: Path) -> None:
    """Write the dictionaries' file, whole or not at all."""
    columns: dict[str, Any] = {"version": np.array(_version())}
    surnames = _surnames()
    men = [(male, male, "u" if male == female_surname(male) else "m", "nominative", n) for male, n in surnames]
    women = [
        (female, female, "u" if male == female else "f", "nominative", n)
        for male, n in surnames
        for female in [female_surname(male)]
    ]
    for kind, rows in (("men", men), ("women", women), ("first", _first_names()), ("patronymics", _patronymics())):
        _pack(columns, kind, rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as scratch:
            np.savez(scratch, **columns)
        os.chmod(scratch.name, 0o644)  # set-up may run as root, the service as an ordinary user
        os.replace(scratch.name, path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {type(error).__name__}") from None


_Row = tuple[str, str, str, str, float]


def _pack(columns: dict[str, Any], kind: str, rows: Iterable[_Row]) -> None:
    rows = list(rows)
    names, forms, genders, cases, counts = zip(*rows, strict=True)
    codes, lengths = pack([sounds(form) for form in forms])
    for column, values in (("names", names), ("forms", forms)):
        columns[f"{kind}.{column}"] = np.frombuffer("\n".join(values).encode(), np.uint8)
    columns[f"{kind}.genders"] = np.frombuffer("".join(genders).encode(), np.uint8)
    columns[f"{kind}.cases"] = np.array([_CASES.index(case) for case in cases], np.uint8)
    columns[f"{kind}.counts"] = np.array(counts, np.float32)
    columns[f"{kind}.codes"], columns[f"{kind}.lengths"] = codes, lengths
    columns[f"{kind}.signs"] = signatures(codes)


_CASES: tuple[Case, ...] = ("nominative", *OBLIQUE)


def _unpack(stored: Any, kind: str) -> NameList:
    def lines(column: str) -> list[str]:
        return bytes(stored[f"{kind}.{column}"]).decode().split("\n")

    index = SoundIndex(stored[f"{kind}.codes"], stored[f"{kind}.lengths"], stored[f"{kind}.signs"])
    cases = [_CASES[number] for number in stored[f"{kind}.cases"].tolist()]
    genders = list(bytes(stored[f"{kind}.genders"]).decode())
    return NameList(lines("names"), lines("forms"), genders, cases, stored[f"{kind}.counts"], index)


def _version() -> str:
    try:
        source = metadata.version("russiannames")
    except metadata.PackageNotFoundError:
        raise ConfigurationError("the package russiannames is missing: install requirements/services.lock") from None
    return f"{FORMAT}/{source}/{(DATA / 'diminutives.csv').stat().st_size}"


def _source(dataset: str) -> list[tuple[str, str | None, int]]:
    """Word, gender and count of every plain word of a list of russiannames."""
    path = resources.files("russiannames").joinpath("data", f"{dataset}.parquet")
    with duckdb.connect(":memory:") as database:
        rows = database.execute("SELECT text, gender, count FROM read_parquet(?)", [str(path)]).fetchall()
    return [(text.capitalize(), gender, count) for text, gender, count in rows if _WORD.fullmatch(text.capitalize())]


def _merge_yo(counts: dict[str, float]) -> dict[str, float]:
    """Spellings with е and ё as one entry, with ё where enough people (1 %) write it so."""
    together: dict[str, dict[str, float]] = defaultdict(dict)
    for word, count in counts.items():
        together[word.replace("ё", "е")][word] = count
    merged = {}
    for plain, spellings in together.items():
        total = sum(spellings.values())
        dotted = [word for word, count in spellings.items() if word != plain and count >= 0.01 * total and count > 1]
        merged[max(dotted, key=lambda word: spellings[word]) if dotted else plain] = total
    return merged


def _surnames() -> list[tuple[str, float]]:
    """Men's form and count of both forms together."""
    counts: dict[str, float] = defaultdict(float)
    rows = _source("surnames")
    men = {text for text, gender, _count in rows if gender != "f"}
    for text, gender, count in rows:
        male = text
        if gender == "f" or text.endswith(("ова", "ева", "ёва", "ская", "цкая")):
            male = male_surname(text)
            if text.endswith("ая") and male not in men:
                male = next((text[:-2] + end for end in ("ой", "ый", "ий") if text[:-2] + end in men), male)
        counts[male] += count
    merged = _merge_yo(counts)
    return sorted((word, n) for word, n in merged.items() if n >= 3 or _SURNAME.fullmatch(word))


def _diminutives() -> dict[tuple[str, Gender], list[str]]:
    with (DATA / "diminutives.csv").open(encoding="utf-8", newline="") as file:
        return {(row["name"], row["gender"]): row["diminutives"].split() for row in csv.DictReader(file)}  # type: ignore[misc]


def _first_names() -> list[_Row]:
    counts: dict[str, dict[str, float]] = {"m": defaultdict(float), "f": defaultdict(float)}
    for text, sex, people in _source("names"):
        if sex in counts and people >= _LEAST_FIRST:
            counts[sex][text] += people
    diminutives = _diminutives()
    for name, of in diminutives:
        counts[of][name] += 100
    rows: list[_Row] = []
    genders: tuple[Gender, ...] = ("m", "f")
    for gender in genders:
        for name, count in _merge_yo(counts[gender]).items():
            said = [(name, count)] + [(short, count * 0.05) for short in diminutives.get((name, gender), [])]
            for form, weight in said:
                for case in _CASES:
                    declined = decline_first(form, gender, case)
                    if case == "nominative" or declined != form:
                        rows.append((name, declined, gender, case, weight))
    return rows


def _patronymics() -> list[_Row]:
    counts: dict[str, float] = defaultdict(float)
    for text, sex, people in _source("midnames"):
        if text.endswith("ич") and sex == "m":
            counts[text] += people
        elif text.endswith(("овна", "евна")) and sex == "f":
            counts[text[:-2] + "ич"] += people
        elif text.endswith("ична") and sex == "f":
            counts[text[:-6] + "ич" if text.endswith("инична") else text[:-2]] += people
    rows: list[_Row] = []
    for male, count in _merge_yo(counts).items():
        if count < _LEAST_PATRONYMIC:
            continue
        gendered: list[tuple[str, Gender]] = [(male, "m"), (_daughter(male), "f")]
        for name, gender in gendered:
            rows += [(name, decline_patronymic(name, gender, case), gender, case, count) for case in _CASES]
            if male.endswith("еевич"):
                rows.append((name, _torn(name), gender, "nominative", count * _TORN))
    return rows


def _torn(patronymic: str) -> str:
    """Андреевна → Андрейивановна: what recognisers make of it, as if it were a first name and another patronymic."""
    return patronymic[:-5] + "ейивано" + patronymic[-3:]


def _daughter(patronymic: str) -> str:
    """Сергеевич → Сергеевна, Ильич → Ильинична, Никитич → Никитична."""
    if patronymic.endswith(("ович", "евич")):
        return patronymic[:-2] + "на"
    if patronymic.endswith("ьич"):
        return patronymic[:-2] + "инична"
    return patronymic + "на"


if __name__ == "__main__":  # set-up prepares them ahead: it takes half a minute
    load(get_settings().var_dir / "dictionaries")
