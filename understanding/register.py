"""The region's addresses: towns, streets and their houses, read from `towns.csv` and `streets.csv`.

`houses` is ranges and single houses joined by «;»: `1-123;104/4;21А;36 к4;5 с1`. Files are checked whole when they
are loaded; an error names the file and the line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from core.errors import ConfigurationError
from understanding.text import fold

STREET_KINDS = ("ул", "пер", "проезд", "пр-кт", "ш", "б-р", "наб", "пл", "туп", "мкр", "кв-л", "аллея", "линия")
TOWN_KINDS = ("г", "рп", "пгт", "с", "д", "п", "х", "ст-ца")

_HOUSE = re.compile(r"(\d{1,4})([А-Я]?)(?:/(\d{1,4}[А-Я]?))?(?: к(\d{1,3}))?(?: с(\d{1,3}))?")
_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})")


@dataclass(frozen=True, slots=True)
class House:
    """A house number taken apart: «12 к3», «5 с1», «7А», «14/2»."""

    number: int
    letter: str = ""
    fraction: str = ""
    block: str = ""
    """корпус"""
    building: str = ""
    """строение"""

    def __str__(self) -> str:
        text = f"{self.number}{self.letter}"
        text += f"/{self.fraction}" if self.fraction else ""
        text += f" к{self.block}" if self.block else ""
        return text + (f" с{self.building}" if self.building else "")

    @classmethod
    def parse(cls, text: str) -> House | None:
        """The house that `text` writes, in the form of the register; None when it is none."""
        match = _HOUSE.fullmatch(" ".join(text.upper().replace("К", "к").replace("С", "с").split()))
        if match is None or int(match.group(1)) == 0:
            return None
        number, letter, fraction, block, building = match.groups(default="")
        return cls(int(number), letter, fraction, block, building)


@dataclass(frozen=True)
class Houses:
    """Houses of one street, as ranges of plain numbers and single ones."""

    ranges: tuple[tuple[int, int], ...] = ()
    single: tuple[str, ...] = ()

    @cached_property
    def _single(self) -> frozenset[str]:
        return frozenset(self.single)

    def __contains__(self, house: object) -> bool:
        if not isinstance(house, House):
            return False
        written = str(house)
        plain = written.isdigit() and any(low <= house.number <= high for low, high in self.ranges)
        return plain or written in self._single

    def __bool__(self) -> bool:
        return bool(self.ranges or self.single)

    def with_number(self, number: int) -> list[House]:
        """The single houses whose number begins so: 21 gives 21А, 21 к4."""
        return [house for text in self.single if (house := House.parse(text)) is not None and house.number == number]

    @classmethod
    def parse(cls, text: str) -> Houses:
        """Raises ValueError for what is neither a range nor a house."""
        ranges, single = [], []
        for part in filter(None, (part.strip() for part in text.split(";"))):
            match = _RANGE.fullmatch(part)
            if match:
                low, high = int(match.group(1)), int(match.group(2))
                if not 0 < low <= high:
                    raise ValueError(f"range {part}")
                ranges.append((low, high))
            else:
                house = House.parse(part)
                if house is None:
                    raise ValueError(f"house {part}")
                single.append(str(house))
        return cls(tuple(ranges), tuple(single))


@dataclass(frozen=True)
class Town:
    town_id: int
    kind: str
    name: str


@dataclass(frozen=True)
class Street:
    street_id: int
    town: Town
    kind: str
    name: str
    houses: Houses


@dataclass(frozen=True)
class Register:
    """Towns and streets of a region; made by `load`, never changed after."""

    towns: tuple[Town, ...]
    streets: tuple[Street, ...]
    _of_town: dict[int, tuple[Street, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, region_dir: Path) -> Register:
        """The register of a region's folder. Raises ConfigurationError that names file, line and fault."""
        towns: dict[int, Town] = {}
        for place, row in _rows(region_dir / "towns.csv", ("town_id", "kind", "name")):
            town = Town(_number(place, row, "town_id"), _one_of(place, row, "kind", TOWN_KINDS), row["name"])
            if town.town_id in towns:
                raise ConfigurationError(f"{place}: town_id {town.town_id} stands twice")
            towns[town.town_id] = town
        streets: dict[int, Street] = {}
        for place, row in _rows(region_dir / "streets.csv", ("street_id", "town_id", "kind", "name", "houses")):
            number, of = _number(place, row, "street_id"), _number(place, row, "town_id")
            if of not in towns:
                raise ConfigurationError(f"{place}: town_id {of} is not in towns.csv")
            if number in streets:
                raise ConfigurationError(f"{place}: street_id {number} stands twice")
            try:
                houses = Houses.parse(row["houses"])
            except ValueError as error:
                raise ConfigurationError(f"{place}: houses: {error} is not understood") from None
            kind = _one_of(place, row, "kind", STREET_KINDS)
            streets[number] = Street(number, towns[of], kind, row["name"], houses)
        if not towns:
            raise ConfigurationError(f"{region_dir / 'towns.csv'}: no town")
        of_town: dict[int, list[Street]] = {number: [] for number in towns}
        for street in streets.values():
            of_town[street.town.town_id].append(street)
        grouped = {number: tuple(group) for number, group in of_town.items()}
        return cls(tuple(towns.values()), tuple(streets.values()), grouped)

    def streets_of(self, town: Town) -> tuple[Street, ...]:
        return self._of_town.get(town.town_id, ())

    def towns_named(self, name: str) -> list[Town]:
        """Towns with exactly that name (ё as е); several when a name is used twice."""
        wanted = fold(name.strip())
        return [town for town in self.towns if fold(town.name) == wanted]

    def find(self, town: str, street: str, kind: str | None = None) -> list[Street]:
        """Streets with exactly that name in the towns of that name; all kinds when `kind` is None."""
        wanted = fold(street.strip())
        return [
            one
            for place in self.towns_named(town)
            for one in self.streets_of(place)
            if fold(one.name) == wanted and kind in (None, one.kind)
        ]


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with their place («streets.csv, line 7»), each with all `columns` filled."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            absent = [column for column in columns if column not in (reader.fieldnames or ())]
            if absent:
                raise ConfigurationError(f"{path.name}: no column {', '.join(absent)}")
            for row in reader:
                place = f"{path.name}, line {reader.line_num}"
                if None in row or any(value is None for value in row.values()):
                    raise ConfigurationError(f"{place}: too many or too few fields")
                if not row["name"].strip():
                    raise ConfigurationError(f"{place}: name is empty")
                yield place, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read: {type(error).__name__}") from None


def _number(place: str, row: dict[str, str], column: str) -> int:
    if not row[column].isdecimal():
        raise ConfigurationError(f"{place}: {column} is not a number")
    return int(row[column])


def _one_of(place: str, row: dict[str, str], column: str, allowed: tuple[str, ...]) -> str:
    if row[column] not in allowed:
        raise ConfigurationError(f"{place}: {column} is none of {', '.join(allowed)}")
    return row[column]
