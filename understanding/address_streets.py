"""Which town and street a string of sounds most likely names, in any order, with or without their kinds."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from understanding.phonetics import encode
from understanding.register import Register, Street, Town
from understanding.register_wordings import (
    sound_of,
    street_wordings,
    town_wordings,
    town_wordings_within,
    without_first_name,
)
from understanding.sound_index import Rows, SoundIndex, inside_costs, pack

SHARPNESS = 2.2
"""Log likelihood lost for each unit of edit cost; as for names."""
_UNSAID_TOWN = 1.0
_OTHER_TOWN = 4.0
"""Log likelihood lost for a town other than the one that the conversation has taken already."""
_BESIDE_STREETS = 0.5
"""Log likelihood lost by houses that stand in no street of a village that has streets."""
_NAMES, _TOWNS, _WAYS = 24, 12, 12
"""Names of towns that are looked at with their districts, wordings of towns, and splits that are followed."""
_HOPELESS = 8.0
"""Log likelihood by which a split may be worse than the best street found and still be followed."""
_WORTH = 0.3
"""Edit cost that each sound of a town explains, when towns are compared with each other."""
_NOISE = 0.5
"""Edit cost of a sound that belongs to neither town nor street."""
_POOL = 200


@dataclass(frozen=True, slots=True)
class StreetReading:
    """A street of a town, or a town alone; `phrase` words it as it was said."""

    town: Town | None
    street: Street | None
    score: float
    phrase: str


@dataclass(frozen=True, slots=True)
class _Way:
    """A split of the text: towns of one sound (None: not said), their words, what is left for the street."""

    towns: tuple[Town, ...] | None
    words: str
    score: float
    rest: str
    first: bool
    """The town came before the street."""


class _Streets:
    """The streets of the region in all their wordings, each wording once for all streets that share it."""

    def __init__(self, register: Register) -> None:
        self._streets = register.streets
        self.words: list[str] = []
        rows: dict[str, int] = {}
        named: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        row_of: list[int] = []
        street_of: list[int] = []
        lost: list[float] = []
        for number, street in enumerate(register.streets):
            key = (street.kind, street.name)
            if key not in named:
                named[key] = self._rows(street, rows)
            row_of += named[key][0]
            lost += named[key][1]
            street_of += [number] * len(named[key][0])
        self.index = SoundIndex.of(list(rows))
        towns = {town.town_id: number for number, town in enumerate(register.towns)}
        town_of = np.fromiter((towns[street.town.town_id] for street in register.streets), np.int32, len(self._streets))
        rows_of, numbers = np.array(row_of, np.int64), np.array(street_of, np.int32)
        said_in = rows_of << 32 | town_of[numbers]
        order = np.argsort(said_in, kind="stable")
        self._said_in = array("q", said_in[order].tobytes())
        """Wording and town of each saying of a street, sorted; the street and what it loses stand beside it."""
        self._owners = array("i", numbers[order].tobytes())
        self._lost = array("f", np.array(lost, np.float32)[order].tobytes())
        pairs = np.unique(town_of[numbers].astype(np.int64) << 32 | rows_of)
        self._rows_by_town = (pairs & 0xFFFFFFFF).astype(np.intp)
        self._town_edges = np.searchsorted(pairs >> 32, np.arange(len(towns) + 1))
        self._towns = towns

    def _rows(self, street: Street, rows: dict[str, int]) -> tuple[list[int], list[float]]:
        """Rows of a street's wordings with what each loses."""
        found: dict[int, float] = {}
        for wording in street_wordings(street):
            sound = sound_of(wording.words)
            if not sound:
                continue
            if sound not in rows:
                rows[sound] = len(rows)
                self.words.append(wording.words)
            found[rows[sound]] = min(wording.lost, found.get(rows[sound], wording.lost))
        return list(found), list(found.values())

    def rows_of(self, towns: Iterable[Town]) -> Rows:
        """Wordings of the towns' streets."""
        numbers = [self._towns[town.town_id] for town in towns]
        parts = [self._rows_by_town[self._town_edges[n] : self._town_edges[n + 1]] for n in numbers]
        return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))

    def with_wording(self, row: int, towns: tuple[Town, ...] | None, most: int) -> Iterator[tuple[Street, float]]:
        """Streets of the towns (None: of all) that are said so, with what they lose by it; at most `most`."""
        numbers = [(self._towns[town.town_id],) * 2 for town in towns] if towns is not None else [(0, len(self._towns))]
        for number, last in numbers:
            first = bisect_left(self._said_in, (row << 32) + number)
            end = bisect_left(self._said_in, (row << 32) + last + 1, first)
            for i in range(first, min(end, first + most)):
                yield self._streets[self._owners[i]], self._lost[i]


class StreetFinder:
    """Finds towns and streets of a register by sound."""

    def __init__(self, register: Register) -> None:
        self._streets = _Streets(register)
        named: dict[str, list[Town]] = {}
        for town in register.towns:
            for words in filter(sound_of, town_wordings(town)):
                named.setdefault(words, []).append(town)
        self._towns = list(named.items())
        self._town_index = SoundIndex.of([sound_of(words) for words in named])
        self._no_street = {street.town.town_id: street for street in register.streets if not street.name}
        self._has_streets = {street.town.town_id for street in register.streets if street.name}

    def find(self, heard: str, known: Town | None, *, limit: int = 20) -> list[StreetReading]:
        """Readings of `heard` as town and street, likeliest first; `known` is the town taken earlier."""
        best: dict[tuple[int | None, int | None], StreetReading] = {}
        highest = -np.inf
        for way in self._split(heard, known):
            if way.score < highest - _HOPELESS:
                continue
            for one in self._in_towns(way, limit, highest - _HOPELESS):
                key = (one.town.town_id if one.town else None, one.street.street_id if one.street else None)
                if key not in best or best[key].score < one.score:
                    best[key] = one
                    highest = max(highest, one.score)
        return sorted(best.values(), key=lambda one: -one.score)[: 2 * limit]

    def _split(self, heard: str, known: Town | None) -> list[_Way]:
        """Likely splits, mostly likeliest first; that with the known town, or with none, is always among them."""
        ways: list[_Way] = []
        for words, towns, cost, start, end in self._towns_in(heard):
            score = -SHARPNESS * cost - (_OTHER_TOWN if known is not None and known not in towns else 0.0)
            before, after = heard[:start], heard[end:]
            if len(before) <= len(after):
                ways.append(_Way(towns, words, score - SHARPNESS * _NOISE * len(before), after, True))
            if len(after) <= len(before):
                ways.append(_Way(towns, words, score - SHARPNESS * _NOISE * len(after), before, False))
        ways = sorted(ways, key=lambda way: -way.score)[:_WAYS]
        if known is not None:
            return [_Way((known,), "", 0.0, heard, True), *ways]
        # second, so that a street without a town stops the search among towns that merely sound like a part of it
        ways.insert(1, _Way(None, "", -_UNSAID_TOWN - _OTHER_TOWN, heard, True))
        return ways

    def _towns_in(self, heard: str) -> Iterator[tuple[str, tuple[Town, ...], float, int, int]]:
        """Likely towns with their words, edit cost, and where they begin and end in `heard`."""
        if len(heard) < 3:
            return
        likely = [self._towns[row] for row in self._town_index.within(heard, _NAMES, _WORTH).tolist()]
        within = {words: [town] for _words, towns in likely for town in towns for words in town_wordings_within(town)}
        said = [*likely, *within.items()]
        codes, lengths = pack([sound_of(words) for words, _towns in said])
        table, starts = inside_costs(codes, lengths, encode(heard))
        ends = table.argmin(axis=1)
        costs = table[np.arange(len(said)), ends]
        for i in np.argsort(costs - _WORTH * lengths, kind="stable")[:_TOWNS].tolist():
            words, towns = said[i]
            yield words, tuple(towns), float(costs[i]), int(starts[i, ends[i]]), int(ends[i])

    def _in_towns(self, way: _Way, limit: int, least: float) -> Iterator[StreetReading]:
        none = way.score - SHARPNESS * _NOISE * len(way.rest) - (0.0 if len(way.rest) < 3 else 2.0)
        yield from self._towns_alone(way, none)
        if len(way.rest) < 2:
            return
        among = self._streets.rows_of(way.towns) if way.towns else None
        shorter = without_first_name(way.rest)
        for rest, less in [(way.rest, 0.0), *([shorter] if shorter else [])]:
            most = (way.score - less - least) / SHARPNESS
            near = self._streets.index.nearest(rest, 2 * limit, pool=_POOL, among=among, most=most)
            for row, cost in zip(near.rows.tolist(), near.costs.tolist(), strict=True):
                score = way.score - less - SHARPNESS * cost
                if score < least:
                    break
                said = self._streets.words[row]
                phrase = ", ".join(filter(None, (way.words, said) if way.first else (said, way.words)))
                for street, lost in self._streets.with_wording(row, way.towns, 2 * limit):
                    yield StreetReading(street.town, street, score - lost, phrase)

    def _towns_alone(self, way: _Way, score: float) -> Iterator[StreetReading]:
        """The towns without a street: a village's own houses where it has such."""
        if way.towns is None:
            yield StreetReading(None, None, score, way.words)
            return
        for town in way.towns:
            own, streets = self._no_street.get(town.town_id), town.town_id in self._has_streets
            if own is not None:
                yield StreetReading(town, own, score - (_BESIDE_STREETS if streets else 0.0), way.words)
            if own is None or streets:
                yield StreetReading(town, None, score, way.words)
