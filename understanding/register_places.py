"""What an address register holds: towns, streets and houses. Nothing is read or searched here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_HOUSE = re.compile(r"(\d{1,4})([А-Я]?)(?:/(\d{1,4}[А-Я]?))?(?: к(\d{1,3}))?(?: с(\d{1,3}))?")
_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})")
_PAIRS: dict[tuple[int, int], tuple[int, int]] = {}
"""Every range once: a million houses have a few thousand different ranges."""


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


@dataclass(frozen=True, slots=True)
class Houses:
    """Houses of one street, as ranges of plain numbers and single ones: 8 bytes a range or single house."""

    ranges: tuple[tuple[int, int], ...] = ()
    single: tuple[str, ...] = ()

    def __contains__(self, house: object) -> bool:
        if not isinstance(house, House):
            return False
        written = str(house)
        plain = written.isdigit() and any(low <= house.number <= high for low, high in self.ranges)
        return plain or written in self.single

    def __bool__(self) -> bool:
        return bool(self.ranges or self.single)

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges) + len(self.single)

    def with_number(self, number: int) -> list[House]:
        """The single houses whose number begins so: 21 gives 21А, 21 к4."""
        near = [text for text in self.single if text.startswith(str(number))]
        return [house for text in near if (house := House.parse(text)) is not None and house.number == number]

    @classmethod
    def of(cls, written: Iterable[str]) -> Houses:
        """Houses from the forms that `House` writes, in any order."""
        plain = sorted({int(text) for text in written if text.isdigit()})
        single = tuple(sorted({text for text in written if not text.isdigit()}))
        ranges: list[tuple[int, int]] = []
        for number in plain:
            first = ranges.pop()[0] if ranges and ranges[-1][1] == number - 1 else number
            ranges.append((first, number))
        return cls(tuple(_PAIRS.setdefault(pair, pair) for pair in ranges), single)

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


@dataclass(frozen=True, slots=True)
class Town:
    """`name` is what goes into a record; «, Рузский район» stands behind it where the region has the name twice."""

    town_id: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Street:
    """`name` likewise: «Садовая, микрорайон Северный». Empty, with an empty kind: houses that stand in no street."""

    street_id: int
    town: Town
    kind: str
    name: str
    houses: Houses


@dataclass(frozen=True, slots=True)
class Places:
    """What one source gave. `notes` counts what was passed over or not known, in words for the operator."""

    towns: tuple[Town, ...]
    streets: tuple[Street, ...]
    notes: dict[str, int]
