"""Which town and street a string of sounds most likely names, in any order, with or without their kinds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from understanding.address_text import address_words, in_words
from understanding.phonetics import encode, sounds
from understanding.register import Register, Street, Town
from understanding.sound_index import SoundIndex, inside_costs, pack, whole_costs

SHARPNESS = 2.2
"""Log likelihood lost for each unit of edit cost; as for names."""
_NO_KIND = {"ул": 0.3}
_NO_KIND_OTHER = 1.5
"""Log likelihood lost when the kind was not said: a street's mostly is not, a lane's mostly is."""
_UNSAID_TOWN = 1.0
_OTHER_TOWN = 4.0
"""Log likelihood lost for a town other than the one that the conversation has taken already."""
_WAYS = 6
"""Splits of the text into town and street that are followed."""
_NOISE = 0.5
"""Edit cost of a sound that belongs to neither town nor street."""
_ORDINAL = re.compile(r"(\d+)-(?:я|й|е|ая|ый|ий|ое)\b")


@dataclass(frozen=True, slots=True)
class StreetReading:
    """A street of a town, or a town alone; `pattern` words it as it was said, with {house} kept apart."""

    town: Town | None
    street: Street | None
    score: float
    phrase: str


@dataclass(frozen=True, slots=True)
class _Spoken:
    """One way to say a street."""

    street: Street
    words: str
    with_kind: bool


def said_street(name: str) -> str:
    """A street's name as it is said: «3-я Прибрежная» as «третья Прибрежная»."""
    return _ORDINAL.sub(lambda match: in_words(int(match.group(1)), ordinal=True), name)


class _TownStreets:
    """The streets of one town in all their wordings."""

    def __init__(self, streets: Iterable[Street]) -> None:
        kinds = address_words()["street_kinds"]
        self.spoken: list[_Spoken] = []
        for street in streets:
            name = said_street(street.name)
            self.spoken.append(_Spoken(street, name, False))
            for kind in kinds[street.kind]:
                self.spoken += [_Spoken(street, f"{kind} {name}", True), _Spoken(street, f"{name} {kind}", True)]
        self.index = SoundIndex.of(["".join(map(sounds, one.words.split())) for one in self.spoken])


class StreetFinder:
    """Finds towns and streets of a register by sound."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._streets = {town.town_id: _TownStreets(register.streets_of(town)) for town in register.towns}
        self._all = _TownStreets(register.streets)
        kinds = address_words()["town_kinds"]
        self._town_words = [
            (town, words)
            for town in register.towns
            for words in (town.name, *(f"{kind} {town.name}" for kind in kinds[town.kind]))
        ]
        self._town_codes, self._town_lengths = pack(
            ["".join(map(sounds, words.split())) for _town, words in self._town_words]
        )

    def towns(self, heard: str) -> list[tuple[Town, str, float]]:
        """Towns that `heard` as a whole may name, with the words and the edit cost, cheapest first."""
        costs = whole_costs(self._town_codes, self._town_lengths, encode(heard))
        best: dict[int, tuple[Town, str, float]] = {}
        for (town, words), cost in zip(self._town_words, costs.tolist(), strict=True):
            if town.town_id not in best or cost < best[town.town_id][2]:
                best[town.town_id] = town, words, cost
        return sorted(best.values(), key=lambda one: one[2])

    def find(self, heard: str, known: Town | None, *, limit: int = 20) -> list[StreetReading]:
        """Readings of `heard` as town and street, likeliest first; `known` is the town taken earlier."""
        found: list[StreetReading] = []
        for town, words, score, rest, first in self._split(heard, known):
            found += self._in_town(town, words, score, rest, first, limit)
        found.sort(key=lambda one: -one.score)
        return found[: 2 * limit]

    def _split(self, heard: str, known: Town | None) -> list[tuple[Town | None, str, float, str, bool]]:
        """Likely towns with their words, log likelihood, what is left for the street, and whether they came first."""
        ways: list[tuple[Town | None, str, float, str, bool]] = []
        if known is not None:
            ways.append((known, "", 0.0, heard, True))
        if len(heard) >= 3:
            table, starts = inside_costs(self._town_codes, self._town_lengths, encode(heard))
            end = table.argmin(axis=1)
            rows = np.arange(len(table))
            costs, start = table[rows, end], starts[rows, end]
            order = np.argsort(costs - 0.3 * self._town_lengths, kind="stable")[:6]
            for i in order.tolist():
                town, words = self._town_words[i]
                score = -SHARPNESS * float(costs[i])
                score -= _OTHER_TOWN if known is not None and known.town_id != town.town_id else 0.0
                before, after = heard[: start[i]], heard[end[i] :]
                if len(before) <= len(after):
                    ways.append((town, words, score - SHARPNESS * _NOISE * len(before), after, True))
                if len(after) <= len(before):
                    ways.append((town, words, score - SHARPNESS * _NOISE * len(after), before, False))
        if known is None:
            ways.append((None, "", -_UNSAID_TOWN - _OTHER_TOWN, heard, True))
        ways.sort(key=lambda way: -way[2])
        return ways[:_WAYS]

    def _in_town(
        self, town: Town | None, words: str, score: float, rest: str, first: bool, limit: int
    ) -> list[StreetReading]:
        none = score - SHARPNESS * _NOISE * len(rest) - (0.0 if len(rest) < 3 else 2.0)
        found = [StreetReading(town, None, none, words)]
        streets = self._streets[town.town_id] if town else self._all
        if len(rest) < 2 or not streets.spoken:
            return found
        near = streets.index.nearest(rest, 2 * limit, pool=200)
        for row, cost in zip(near.rows.tolist(), near.costs.tolist(), strict=True):
            one = streets.spoken[row]
            silent = 0.0 if one.with_kind else _NO_KIND.get(one.street.kind, _NO_KIND_OTHER)
            phrase = ", ".join(filter(None, (words, one.words) if first else (one.words, words)))
            found.append(StreetReading(town or one.street.town, one.street, score - silent - SHARPNESS * cost, phrase))
        return found
