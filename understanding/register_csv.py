"""Reads a region's `towns.csv` and `streets.csv`, whole: an error names the file and the line.

`houses` is ranges and single houses joined by «;»: `1-123;104/4;21А;36 к4;5 с1`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from core.errors import ConfigurationError
from understanding.register_places import Houses, Places, Street, Town

STREET_KINDS = ("ул", "пер", "проезд", "пр-кт", "ш", "б-р", "наб", "пл", "туп", "мкр", "кв-л", "аллея", "линия")
TOWN_KINDS = ("г", "рп", "пгт", "с", "д", "п", "х", "ст-ца")


def read_csv(region_dir: Path) -> Places:
    """Towns and streets of a region's folder. Raises ConfigurationError that names file, line and fault."""
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
    return Places(tuple(towns.values()), tuple(streets.values()), {})


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
