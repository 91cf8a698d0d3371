"""A made-up region of any size, written as a delivery of the state register, and what its callers say.

Street names are the sample region's, numbered or named after people; towns are made from surnames («Ивановка»).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from core.settings import ROOT
from understanding.phonetics import ALPHABET, VOWELS
from understanding.register import Register

_DAY = "20260101_bench"
_CITIES = 40
_TYPES = {
    "AS_HOUSE_TYPES": (("2", "Дом"), ("4", "Гараж")),
    "AS_ADDHOUSE_TYPES": (("1", "Корпус"), ("2", "Строение"), ("4", "Литера")),
}
_PAIRS = ("оа", "ие", "бп", "вф", "дт", "зс", "жш", "гк", "мн")
_NEAR = {one: other for pair in _PAIRS for one, other in ((pair[0], pair[1]), (pair[1], pair[0]))}
"""What the telephone makes of a sound (the cheap pairs of `phonetics`)."""


def write_region(folder: Path, surnames: list[str], *, streets: int, towns: int, houses: int, seed: int = 1) -> None:
    """A delivery of `streets` streets in `towns` towns, a few of them cities, with `houses` houses a street."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    sample = Register.load(ROOT / "regions" / "sample")
    names = sorted({(street.kind, street.name) for street in sample.streets})
    people = [name for name in surnames if name.endswith(("ов", "ев", "ин"))]
    names += [
        ("ул", f"{draw.choice(('', '', 'Юрия ', 'Ивана ', 'Маршала '))}{name}а") for name in people[: streets // 5]
    ]
    names += [(kind, f"{number}-я {name}") for number in (1, 2, 3) for kind, name in names if re.match(r"\D+ая$", name)]
    draw.shuffle(names)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, types in _TYPES.items():
        rows = "".join(f'<HOUSETYPE ID="{number}" NAME="{name}" ISACTIVE="true"/>' for number, name in types)
        (folder / f"{kind}_{_DAY}.XML").write_text(f"<HOUSETYPES>{rows}</HOUSETYPES>", encoding="utf-8")
    with _file(folder, "AS_ADDR_OBJ") as objects, _file(folder, "AS_ADM_HIERARCHY") as items:
        _object(objects, items, 1, 1, "обл", "Большая", 0)
        for number in range(_CITIES):
            _object(objects, items, 10 + number, 2, "р-н", f"{people[-1 - number]}ский", 1)
        for number in range(towns):
            level, kind = (5, "г") if number < _CITIES else (6, draw.choice(("д", "с", "п")))
            name = draw.choice(people) + draw.choice(("о", "ка", "ское", "ская"))
            _object(objects, items, 1000 + number, level, kind, name, 10 + number % _CITIES)
        first = 1000 + towns
        there: set[tuple[int, str]] = set()
        for number in range(streets):
            town = draw.randrange(_CITIES) if number % 5 == 0 else draw.randrange(towns)
            kind, name = names[int(len(names) * draw.random() ** 3)]
            while (town, name) in there:
                kind, name = names[int(len(names) * draw.random() ** 2)]
            there.add((town, name))
            _object(objects, items, first + number, 8, kind, name, 1000 + town)
        with _file(folder, "AS_HOUSES") as written:
            number = first + streets
            for street in range(streets):
                for house in _numbers(draw, houses):
                    number += 1
                    _house(written, items, number, house, first + street)


def _numbers(draw: random.Random, most: int) -> Iterable[str]:
    for number in range(1, draw.randint(1, 2 * most - 1) + 1):
        letter = draw.random()
        yield f"{number}А" if letter < 0.1 else f"{number}/{draw.randint(1, 20)}" if letter < 0.2 else str(number)


class _file:
    """A file of the delivery while it is written."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._file = (folder / f"{kind}_{_DAY}.XML").open("w", encoding="utf-8")

    def __enter__(self) -> TextIO:
        self._file.write('<?xml version="1.0" encoding="utf-8"?><ROOT>')
        return self._file

    def __exit__(self, *_error: object) -> None:
        self._file.write("</ROOT>")
        self._file.close()


def _object(objects: TextIO, items: TextIO, number: int, level: int, kind: str, name: str, parent: int) -> None:
    objects.write(
        f'<OBJECT ID="{number}" OBJECTID="{number}" OBJECTGUID="0c5b2444-70a0-4932-980c-b4dc0d3f02b5" CHANGEID="1" '
        f'NAME="{name}" TYPENAME="{kind}" LEVEL="{level}" OPERTYPEID="10" STARTDATE="1900-01-01" ENDDATE="2079-06-06" '
        f'ISACTUAL="1" ISACTIVE="1"/>\n'
    )
    _item(items, number, parent)


def _house(houses: TextIO, items: TextIO, number: int, written: str, parent: int) -> None:
    houses.write(
        f'<HOUSE ID="{number}" OBJECTID="{number}" OBJECTGUID="0c5b2444-70a0-4932-980c-b4dc0d3f02b5" CHANGEID="1" '
        f'HOUSENUM="{written}" HOUSETYPE="2" OPERTYPEID="10" STARTDATE="1900-01-01" ENDDATE="2079-06-06" '
        f'ISACTUAL="1" ISACTIVE="1"/>\n'
    )
    _item(items, number, parent)


def _item(items: TextIO, number: int, parent: int) -> None:
    items.write(
        f'<ITEM ID="{number}" OBJECTID="{number}" PARENTOBJID="{parent}" CHANGEID="1" STARTDATE="1900-01-01" '
        f'ENDDATE="2079-06-06" ISACTIVE="1" PATH="1.{parent}.{number}"/>\n'
    )


def misheard(text: str, draw: random.Random, errors: int) -> str:
    """`text` with so many sounds taken for near ones, lost or added, as recognisers do on the telephone."""
    letters = list(text)
    for _error in range(errors):
        at = draw.randrange(len(letters))
        chance = draw.random()
        if letters[at] == " ":
            letters[at] = ""
        elif chance < 0.7:
            letters[at] = _NEAR.get(letters[at], letters[at])
        elif chance < 0.85:
            letters[at] = ""
        else:
            letters[at] += draw.choice(VOWELS if letters[at] not in VOWELS else ALPHABET)
    return "".join(letters)
