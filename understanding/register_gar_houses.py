"""Houses of a state register's delivery: 12 bytes each while the files are read, and 8 for whom they belong to."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understanding.register_places import House, Houses
from understanding.register_xml import elements, number_in, valid
from understanding.text import fold

_LOOKALIKES = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ", "\"'«» .")
_NUMBER = re.compile(
    r"(?:ДВЛД|ВЛД|ВЛ|Д)?(\d{1,4})(?:[-/]?([А-Я]))?(?:/(\d{1,4}[А-Я]?))?(?:К(?:ОРП)?(\d{1,3}))?(?:С(?:ТР)?(\d{1,3}))?"
)
_WRITTEN = ("HOUSENUM", "ADDNUM1", "ADDTYPE1", "ADDNUM2", "ADDTYPE2", "HOUSETYPE")


@dataclass(slots=True)
class GarHouses:
    """Houses by id; what they belong to is told later, by the hierarchy."""

    ids: NDArray[np.int64]
    """Sorted; shape (n,)."""
    codes: NDArray[np.int32]
    """Places of their numbers in `texts`; shape (n,)."""
    texts: list[str]
    parents: NDArray[np.int64]
    """Ids of what they belong to, 0 for nothing; shape (n,)."""

    @classmethod
    def read(cls, path: Path, types: tuple[Path, Path], words: dict[str, Any], notes: Counter[str]) -> GarHouses:
        """The valid houses of AS_HOUSES; `types`: AS_HOUSE_TYPES, AS_ADDHOUSE_TYPES; `words`: `data/gar_kinds.yml`.

        What is passed over is counted in `notes`.
        """
        not_homes = _dictionary(types[0], dict.fromkeys(words["not_homes"], "not"))
        parts = _dictionary(types[1], {word: part for part, spoken in words["parts"].items() for word in spoken})
        ids, codes = array("q"), array("i")
        texts: dict[str, int] = {}
        known: dict[tuple[str | None, ...], int] = {}
        for row in elements(path, "HOUSE"):
            if not valid(row):
                continue
            written = tuple(map(row.get, _WRITTEN))
            code = known.get(written)
            if code is None:
                house = None if row.get("HOUSETYPE") in not_homes else _house(row, parts)
                code = known[written] = -1 if house is None else texts.setdefault(str(house), len(texts))
            if code >= 0:
                ids.append(number_in(path, row, "OBJECTID"))
                codes.append(code)
            elif row.get("HOUSETYPE") in not_homes:
                notes["garages and the like"] += 1
            else:
                notes["houses whose number is not understood"] += 1
        numbers = np.array(ids, np.int64)
        order = np.argsort(numbers, kind="stable")
        return cls(numbers[order], np.array(codes, np.int32)[order], list(texts), np.zeros(len(order), np.int64))

    def rows_of(self, wanted: NDArray[np.int64]) -> NDArray[np.intp]:
        """The row of each wanted id, -1 where it is no house; shape as `wanted`."""
        if not len(self.ids):
            return np.full(len(wanted), -1, np.intp)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[at] == wanted, at, -1)

    def by_parent(self) -> dict[int, Houses]:
        """The houses of each parent; those without one under 0."""
        order = np.argsort(self.parents, kind="stable")
        parents, first = np.unique(self.parents[order], return_index=True)
        edges = [*first.tolist(), len(order)]
        return {
            parent: Houses.of([self.texts[code] for code in self.codes[order[edges[i] : edges[i + 1]]].tolist()])
            for i, parent in enumerate(parents.tolist())
        }


def _dictionary(path: Path, words: dict[str, str]) -> dict[str, str]:
    """Ids of the dictionary's entries whose name is one of `words`, with our word."""
    named = ((row.get("ID", ""), fold(row.get("NAME", "")).strip()) for row in elements(path, "HOUSETYPE"))
    return {number: words[name] for number, name in named if name in words}


def _house(row: dict[str, str], parts: dict[str, str]) -> House | None:
    """«12» with ADDNUM1 «3» of a type «Корпус» is 12 к3; None when it cannot be said as a house."""
    match = _NUMBER.fullmatch(row.get("HOUSENUM", "").upper().translate(_LOOKALIKES))
    if match is None or int(match.group(1)) == 0:
        return None
    number, letter, fraction, block, building = match.groups(default="")
    named = {"letter": letter, "block": block, "building": building}
    for place in "12":
        more = row.get(f"ADDNUM{place}", "").upper().translate(_LOOKALIKES)
        if not more:
            continue
        part = parts.get(row.get(f"ADDTYPE{place}", ""), "")
        if len(more) == 1 and more.isalpha() and part:
            part = "letter"  # «корпус А» is said as «двенадцать А»
        elif not (more.isdecimal() and len(more) <= 3 and part in ("block", "building")):
            return None
        if named[part]:
            return None
        named[part] = more
    return House(int(number), fraction=fraction, **named)
