"""Which surname, first name and patronymic a text most likely was, whatever became of its word boundaries.

The text is one string of sounds. First names and patronymics are found inside it, in all cases; what is left over on
one side is the surname. Each reading has a log likelihood: edit costs, mild priors by frequency, and agreement of
gender and case, which is strong evidence in Russian: «Иваного Мария Петровна» can only be «Иванова».
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understanding.cases import Case, Gender, decline_surname
from understanding.dictionaries import NameDictionaries, NameList
from understanding.phonetics import Codes, Costs, encode, sounds
from understanding.sound_index import SoundIndex, whole_costs

SHARPNESS = 2.2
"""Log likelihood lost for each unit of edit cost."""
_PRIOR = {"surname": 0.5, "first": 0.4, "patronymic": 0.5}
"""Weight of log frequency: callers' names are spread as in the source, but the sound must win."""
_GAP = 0.5
"""Edit cost of a sound between two parts or at the free end."""
_DISAGREE = 6.0
"""Log likelihood lost when two parts differ in gender, or in case."""
_ABSENT = 4.0
"""Log likelihood lost when a part was not said at all."""
_SURNAME_LAST = 0.7
_GAPS = (0, 1, 2)
_ALONE = 12
_HOPELESS = 6.0
"""Log likelihood by which a pair may be worse than the best one and still be followed."""
_WORTH = 0.8
"""Log likelihood that each sound explained is worth, when places are compared with each other."""
_AT_A_PLACE = 10
_OBLIQUE = 1.0
"""Log likelihood lost when the name is not in the nominative."""
_FRAMES, _SEGMENTS = 40, 5
"""Likeliest frames, and stretches left over in them, for which surnames are looked up (4 ms each)."""
_SURNAMES = 30
_UNKNOWN = 5.5
"""Log likelihood lost for a surname that no dictionary has: 5.8 % of the sample region's are such."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a name: what goes into the record and what was said."""

    name: str
    form: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a text. `score` is a log likelihood with priors."""

    surname: Part | None
    first: Part | None
    patronymic: Part | None
    gender: str
    score: float

    @property
    def key(self) -> tuple[str | None, str | None, str | None]:
        return _name(self.surname), _name(self.first), _name(self.patronymic)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A first name and patronymic at their places, with what is left for the surname."""

    first: Part | None
    patronymic: Part | None
    gender: str
    case: Case
    score: float
    left: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A first name or patronymic somewhere in the text; `score` with its prior."""

    part: Part
    gender: str
    case: Case
    score: float
    start: int
    end: int

    def worth(self) -> float:
        return self.score + _WORTH * (self.end - self.start)


class NameDecoder:
    """Decodes texts against the dictionaries; keeps no state between calls."""

    def __init__(self, dictionaries: NameDictionaries) -> None:
        self._names = dictionaries
        self._priors = {
            "surname": _priors(dictionaries.men, "surname"),  # women's rows are the same surnames
            "first": _priors(dictionaries.first, "first"),
            "patronymic": _priors(dictionaries.patronymics, "patronymic"),
        }
        self._worth = {
            kind: (_WORTH * names.index.lengths + self._priors[kind]).astype(np.float32)
            for kind, names in (("first", dictionaries.first), ("patronymic", dictionaries.patronymics))
        }

    def whole(self, heard: str, raw: str, gender: str | None) -> list[Reading]:
        """Readings of `heard` (sounds; `raw`: its letters) as a whole name, likeliest first."""
        readings: dict[tuple[str | None, str | None, str | None], Reading] = {}
        frames = heapq.nlargest(_FRAMES, self._frames(heard, gender), key=lambda frame: frame.score)
        segments: dict[tuple[tuple[int, int], str, Case], list[tuple[Part | None, str, float]]] = {}
        for frame in frames:
            key = (frame.left, frame.gender, frame.case)
            if key not in segments:
                if len(segments) >= _SEGMENTS:
                    continue
                segments[key] = list(self._surnames(heard, frame.left, raw, frame.gender, frame.case))
            for surname, of, score in segments[key]:
                names = (_name(surname), _name(frame.first), _name(frame.patronymic))
                total = frame.score + score
                if names not in readings or readings[names].score < total:
                    gender_said = frame.gender if frame.gender != "u" else of
                    readings[names] = Reading(surname, frame.first, frame.patronymic, gender_said, total)
        return heapq.nlargest(80, readings.values(), key=lambda reading: reading.score)

    def surname(self, heard: str, raw: str, gender: str | None) -> list[Reading]:
        """Readings of `heard` as a surname alone."""
        found = self._surnames(heard, (0, len(heard)), raw, gender or "u", "nominative")
        readings = [Reading(part, None, None, of, score) for part, of, score in found]
        return sorted(readings, key=lambda reading: -reading.score)[:80]

    def single(self, heard: str, kind: str, gender: str | None) -> list[Reading]:
        """Readings of `heard` as a first name (`first`) or a patronymic alone."""
        names = self._names.first if kind == "first" else self._names.patronymics
        found = names.index.nearest(heard, 60, favour=self._priors[kind])
        readings: dict[str, Reading] = {}
        for row, cost in zip(found.rows.tolist(), found.costs.tolist(), strict=True):
            score = float(self._priors[kind][row]) - SHARPNESS * cost - _agreement(names.genders[row], gender)
            part = Part(names.names[row], names.forms[row])
            first, patronymic = (part, None) if kind == "first" else (None, part)
            reading = Reading(None, first, patronymic, names.genders[row], score)
            if part.name not in readings or readings[part.name].score < score:
                readings[part.name] = reading
        return sorted(readings.values(), key=lambda reading: -reading.score)

    def _frames(self, heard: str, gender: str | None) -> Iterator[_Frame]:
        size = len(heard)
        yield _Frame(None, None, gender or "u", "nominative", -2 * _ABSENT, (0, size))
        firsts, seconds = self._places("first", heard, gender), self._places("patronymic", heard, gender)
        ending: dict[int, list[_Place]] = {}
        for first in firsts:
            ending.setdefault(first.end, []).append(first)
        for first in heapq.nlargest(_ALONE, firsts, key=_Place.worth):
            yield from _around(first, None, first.score - _ABSENT, first.start, size)
        for second in heapq.nlargest(_ALONE, seconds, key=_Place.worth):
            yield from _around(None, second, second.score - _ABSENT, second.start, size)
        best = -math.inf
        for second in sorted(seconds, key=_Place.worth, reverse=True):
            own = second.worth()
            for gap in _GAPS:
                for first in ending.get(second.start - gap, ()):
                    worth = own + first.worth()
                    best = max(best, worth)
                    if worth > best - _HOPELESS:
                        yield from _together(first, second, gap, size)

    def _places(self, kind: str, heard: str, gender: str | None) -> list[_Place]:
        """Where first names or patronymics may stand: the likeliest for each place where the two would meet."""
        names = self._names.first if kind == "first" else self._names.patronymics
        rows, costs, starts = names.index.inside(heard, self._priors[kind])
        worth = self._worth[kind][rows][:, None] - SHARPNESS * costs
        meeting = np.broadcast_to(np.arange(costs.shape[1]), costs.shape) if kind == "first" else starts
        order = np.argsort(-worth, axis=None, kind="stable")[: 40 * costs.shape[1]]
        crowd = [0] * costs.shape[1]
        places = []
        at_entry, at_end = np.unravel_index(order, costs.shape)
        for entry, end in zip(at_entry.tolist(), at_end.tolist(), strict=True):
            at = int(meeting[entry, end])
            if crowd[at] < _AT_A_PLACE:
                crowd[at] += 1
                places.append(
                    self._place(
                        names, kind, rows[entry], float(costs[entry, end]), int(starts[entry, end]), end, gender
                    )
                )
        return places

    def _place(
        self, names: NameList, kind: str, row: int, cost: float, start: int, end: int, gender: str | None
    ) -> _Place:
        score = float(self._priors[kind][row]) - SHARPNESS * cost - _agreement(names.genders[row], gender)
        return _Place(Part(names.names[row], names.forms[row]), names.genders[row], names.cases[row], score, start, end)

    def _surnames(
        self, heard: str, place: tuple[int, int], raw: str, gender: str, case: Case
    ) -> Iterator[tuple[Part | None, str, float]]:
        """Surnames for one stretch of the text with their gender and score."""
        stretch = heard[place[0] : place[1]]
        yield None, gender, -_ABSENT - SHARPNESS * _GAP * len(stretch)
        if len(stretch) < 2:
            return
        for sex in ("m", "f"):
            if gender not in ("u", sex):
                continue
            spelled: Gender = "m" if sex == "m" else "f"
            names = self._names.men if sex == "m" else self._names.women
            near = names.index.nearest(
                stretch, _SURNAMES if case == "nominative" else 3 * _SURNAMES, favour=self._priors["surname"]
            )
            rows, costs = near.rows.tolist(), near.costs
            forms = [names.names[row] for row in rows]
            if case != "nominative":
                forms = [decline_surname(form, spelled, case) for form in forms]
                index = SoundIndex.of([sounds(form) for form in forms])
                costs = whole_costs(index.codes, index.lengths, encode(stretch))
            worth = self._priors["surname"][near.rows] - SHARPNESS * costs
            order = np.argsort(-worth, kind="stable")[:_SURNAMES].tolist()
            for i in order:
                prior = float(self._priors["surname"][rows[i]])
                of = sex if names.genders[rows[i]] != "u" else "u"
                yield Part(names.names[rows[i]], forms[i]), of, prior - SHARPNESS * float(costs[i])
            guess = _as_written(raw, stretch, spelled) if case == "nominative" else None
            if guess and sounds(guess) not in {sounds(form) for form in forms}:
                heard_so = float(whole_costs(*_packed(guess), encode(stretch))[0])
                yield Part(guess, guess), sex, -_UNKNOWN - SHARPNESS * heard_so


def _priors(names: NameList, kind: str) -> Costs:
    """Log prior of each row, 0 for the commonest name in the nominative; shape (n,)."""
    oblique = np.array([case != "nominative" for case in names.cases]) * _OBLIQUE
    commonness = np.log1p(names.counts) - np.log1p(names.counts.max())
    priors: Costs = (_PRIOR[kind] * commonness - oblique).astype(np.float32)
    return priors


def _name(part: Part | None) -> str | None:
    return part.name if part else None


def _packed(word: str) -> tuple[Codes, NDArray[np.uint8]]:
    index = SoundIndex.of([sounds(word)])
    return index.codes, index.lengths


def _agreement(one: str, other: str | None) -> float:
    return 0.0 if other is None or "u" in (one, other) or one == other else _DISAGREE


def _together(first: _Place, second: _Place, gap: int, size: int) -> Iterator[_Frame]:
    score = first.score + second.score - SHARPNESS * _GAP * gap - _agreement(first.gender, second.gender)
    score -= _DISAGREE if first.case != second.case else 0.0
    return _around(first, second, score, first.start, size)


def _around(first: _Place | None, second: _Place | None, score: float, start: int, size: int) -> Iterator[_Frame]:
    """Frames with the surname before and with the surname behind; what is on the other side is noise."""
    last = second or first
    assert last is not None
    parts = (first.part if first else None, second.part if second else None)
    # the patronymic's ending is the surer witness of gender
    yield _Frame(*parts, last.gender, last.case, score - SHARPNESS * _GAP * (size - last.end), (0, start))
    if last.end < size:
        score -= _SURNAME_LAST + SHARPNESS * _GAP * start
        yield _Frame(*parts, last.gender, last.case, score, (last.end, size))


_ENDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "f": (("ого", "ова"), ("ово", "ова"), ("аво", "ова"), ("ава", "ова"), ("его", "ева"), ("ево", "ева"),
          ("ино", "ина"), ("ские", "ская"), ("ское", "ская")),
    "m": (("оф", "ов"), ("аф", "ов"), ("ав", "ов"), ("еф", "ев"), ("иф", "ев"), ("ско", "ский")),
}  # fmt: skip
_ANY = {"m": ("ов", "ев", "ин", "ын", "кий", "ый", "ой"), "f": ("ова", "ева", "ина", "ына", "кая", "ая")}


def _as_written(raw: str, stretch: str, gender: Gender) -> str | None:
    """The letters that made `stretch`, when they look like a surname of that gender; None otherwise."""
    words = raw.split()
    for first in range(len(words)):
        for last in range(first + 1, min(first + 3, len(words)) + 1):
            glued = "".join(words[first:last])
            if sounds(glued) != stretch:
                continue
            for heard, spelled in _ENDINGS[gender]:
                if glued.endswith(heard):
                    glued = glued[: -len(heard)] + spelled
                    break
            return glued.capitalize() if len(glued) >= 5 and glued.endswith(_ANY[gender]) else None
    return None
