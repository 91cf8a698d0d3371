"""Reads one region of the state address register (ГАР БД ФИАС, XML delivery) in a stream.

The folder holds the region's files of one delivery, `AS_ADDR_OBJ_*`, `AS_HOUSES_*`, `AS_ADM_HIERARCHY_*`, and its
dictionaries `AS_HOUSE_TYPES_*`, `AS_ADDHOUSE_TYPES_*`; others are left alone. What is neither actual nor active is
passed over. Levels are those of the delivery's AS_OBJECT_LEVELS: 1 region, 2 and 3 district, 5 city, 6 settlement,
7 planning structure, 8 street. A house belongs to the nearest street above it, else to the planning structure, else to
the town itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigurationError
from understanding.register_gar_houses import GarHouses
from understanding.register_places import Houses, Places, Street, Town
from understanding.register_xml import elements, number_in, valid
from understanding.text import fold, load_data

_FILE = re.compile(r"(AS_(?:ADDR_OBJ|HOUSES|ADM_HIERARCHY|HOUSE_TYPES|ADDHOUSE_TYPES))_(\d{8})_.*\.xml", re.IGNORECASE)
_NEEDED = ("AS_ADDR_OBJ", "AS_HOUSES", "AS_ADM_HIERARCHY", "AS_HOUSE_TYPES", "AS_ADDHOUSE_TYPES")
_REGION, _CITY, _SETTLEMENT, _PLANNING, _STREET = 1, 5, 6, 7, 8
_DISTRICTS = 2, 3
_BATCH = 50_000
_DEEPEST = 12
"""Steps from a street up to its region; real ones have six at most."""


@dataclass(slots=True)
class _Object:
    level: int
    kind: str
    name: str
    parent: int = 0


class _Kinds:
    """Our words for those of the register (`data/gar_kinds.yml`), with counts of what had none."""

    def __init__(self, words: dict[str, Any]) -> None:
        self._ours: dict[str, dict[str, str]] = {
            part: {word: ours for ours, written in words[part].items() for word in written}
            for part in ("towns", "streets", "districts")
        }
        self.notes: Counter[str] = Counter()

    def of(self, part: str, typename: str) -> str:
        """Our kind; an unknown one stays as it is written and is counted."""
        written = _tidy(typename)
        if written not in self._ours[part]:
            self.notes[f"{part} of the unknown kind «{typename}»"] += 1
        return self._ours[part].get(written, written)


@cache
def _tidy(typename: str) -> str:
    return fold(typename).strip().rstrip(".")


def read_gar(folder: Path) -> Places:
    """Towns, streets and houses of the delivery in `folder` or in its subfolders.

    Raises ConfigurationError that names the file and what to do.
    """
    files = _files(folder)
    words = load_data("gar_kinds")
    kinds = _Kinds(words)
    objects = _objects(files["AS_ADDR_OBJ"])
    types = files["AS_HOUSE_TYPES"], files["AS_ADDHOUSE_TYPES"]
    houses = GarHouses.read(files["AS_HOUSES"], types, words, kinds.notes)
    hierarchy = files["AS_ADM_HIERARCHY"]
    _hierarchy(hierarchy, objects, houses)
    try:
        places = _places(objects, houses.by_parent(), kinds)
    except RecursionError as error:
        raise ConfigurationError(f"{hierarchy.name}: object {error}: its parents have no end: fetch it again") from None
    if not places.streets:
        raise ConfigurationError(f"{files['AS_ADDR_OBJ'].name}: no street in any town: copy a whole region's files")
    return places


def _files(folder: Path) -> dict[str, Path]:
    """The delivery's files by their kind, all of one day."""
    found: dict[str, Path] = {}
    days: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        kind = match.group(1).upper()
        if kind in found:
            raise ConfigurationError(f"{folder}: {kind} is there twice: leave the files of one region and delivery")
        found[kind], days[kind] = path, match.group(2)
    absent = [kind for kind in _NEEDED if kind not in found]
    if absent:
        raise ConfigurationError(
            f"{folder}: no {', '.join(absent)}: copy it from the delivery (dictionaries: its root)"
        )
    if len(set(days.values())) > 1:
        raise ConfigurationError(f"{folder}: files of {', '.join(sorted(set(days.values())))}: copy one delivery whole")
    return found


def _objects(path: Path) -> dict[int, _Object]:
    found: dict[int, _Object] = {}
    for row in elements(path, "OBJECT"):
        if not valid(row):
            continue
        number, level = number_in(path, row, "OBJECTID"), number_in(path, row, "LEVEL")
        name = " ".join(row.get("NAME", "").split())
        if not name:
            raise ConfigurationError(f"{path.name}: object {number}: NAME is empty: fetch the delivery again")
        if level <= _STREET:
            found[number] = _Object(level, row.get("TYPENAME", ""), name)
    return found


def _hierarchy(path: Path, objects: dict[int, _Object], houses: GarHouses) -> None:
    """Fill the parents of objects and houses."""
    batch: list[tuple[int, int, str]] = []
    for row in elements(path, "ITEM"):
        if row.get("ISACTIVE") != "1":
            continue
        number = number_in(path, row, "OBJECTID")
        parent = number_in(path, row, "PARENTOBJID") if row.get("PARENTOBJID") else 0
        if number in objects:
            objects[number].parent = _nearest(parent, row.get("PATH", ""), objects)
            continue
        batch.append((number, parent, row.get("PATH", "")))
        if len(batch) == _BATCH:
            _give_parents(batch, objects, houses)
            batch.clear()
    _give_parents(batch, objects, houses)


def _nearest(parent: int, path: str, objects: dict[int, _Object]) -> int:
    """The parent, or what stands above it when it is none of ours (a plot of land, an object that is gone)."""
    if parent in objects:
        return parent
    above = (int(number) for number in reversed(path.split(".")[:-1]) if number.isdecimal())
    return next((number for number in above if number in objects), 0)


def _give_parents(batch: list[tuple[int, int, str]], objects: dict[int, _Object], houses: GarHouses) -> None:
    rows = houses.rows_of(np.fromiter((number for number, _parent, _path in batch), np.int64, len(batch)))
    for i in np.flatnonzero(rows >= 0).tolist():
        _number, parent, path = batch[i]
        houses.parents[rows[i]] = _nearest(parent, path, objects)


def _places(objects: dict[int, _Object], houses: dict[int, Houses], kinds: _Kinds) -> Places:
    towns = _towns(objects, kinds)
    streets = _streets(objects, houses, towns, kinds)
    streets += [Street(number, town, "", "", houses[number]) for number, town in towns.items() if number in houses]
    left = sum(map(len, houses.values())) - sum(len(street.houses) for street in streets)
    kinds.notes["houses without a street or town"] += left
    return Places(tuple(towns.values()), tuple(streets), {what: n for what, n in kinds.notes.items() if n})


def _streets(
    objects: dict[int, _Object], houses: dict[int, Houses], towns: dict[int, Town], kinds: _Kinds
) -> list[Street]:
    """Streets, and planning structures that have houses of their own; namesakes are told apart by what they lie in."""
    found: list[tuple[int, Town, str, str]] = []
    for number, one in objects.items():
        if one.level == _STREET or (one.level == _PLANNING and number in houses):
            town = next((towns[above] for above in _lineage(number, objects) if above in towns), None)
            if town:
                found.append((number, town, kinds.of("streets", one.kind), fold(one.name)))
            else:
                kinds.notes["streets without a town"] += 1
    same = Counter((town.town_id, kind, folded) for _number, town, kind, folded in found)
    streets = []
    for number, town, kind, folded in found:
        name, above = objects[number].name, objects.get(objects[number].parent)
        if same[town.town_id, kind, folded] > 1 and above is not None and above.level == _PLANNING:
            name += f", {kinds.of('streets', above.kind)} {above.name}"
        streets.append(Street(number, town, kind, name, houses.get(number, Houses())))
    return streets


def _towns(objects: dict[int, _Object], kinds: _Kinds) -> dict[int, Town]:
    """Cities and settlements; of namesakes all but the one city are told apart by their district."""
    chosen = {
        number: one
        for number, one in objects.items()
        if one.level in (_CITY, _SETTLEMENT) or (one.level == _REGION and _tidy(one.kind) in ("г", "город"))
    }
    same: dict[str, list[int]] = {}
    for number, one in chosen.items():
        same.setdefault(fold(one.name), []).append(number)
    towns = {}
    for number, one in chosen.items():
        namesakes = same[fold(one.name)]
        cities = [other for other in namesakes if chosen[other].level != _SETTLEMENT]
        within = _district(number, objects, kinds) if len(namesakes) > 1 and cities != [number] else ""
        name = ", ".join(filter(None, (one.name, within)))
        towns[number] = Town(number, kinds.of("towns", one.kind), name)
    return towns


def _district(number: int, objects: dict[int, _Object], kinds: _Kinds) -> str:
    """What a settlement lies in: «Рузский район», «город Клин»; empty when it lies in nothing but the region."""
    above = (objects[place] for place in _lineage(number, objects))
    one = next((place for place in above if place.level in (*_DISTRICTS, _CITY)), None)
    if one is None:
        return ""
    kind = kinds.of("districts", one.kind)
    return f"{kind} {one.name}" if one.level == _CITY else f"{one.name} {kind}"


def _lineage(number: int, objects: dict[int, _Object]) -> Iterator[int]:
    """What stands above an object, nearest first. Raises RecursionError with the object's id when that has no end."""
    above = objects[number].parent
    for _step in range(_DEEPEST):
        if above not in objects:
            return
        yield above
        above = objects[above].parent
    raise RecursionError(number)
