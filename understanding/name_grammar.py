"""What the sound of a name is held against: the likeliest parts by spelling, and the commonest of the country.

The right surname is among the likeliest in 27 of 30 names by telephone; a first name or a patronymic may be spelled
beyond recognition and still be heard when one knows that it is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asr.client import Part as Wordings
from understanding.dictionaries import NameDictionaries, NameList
from understanding.name_decoder import Part, Reading
from understanding.text import fold

_LIKELY = 40
"""Of each part and gender, by spelling."""
_COMMON, _COMMON_SURNAMES = 100, 60
"""… and so many of the commonest: with fewer, every tenth first name by telephone is not among them."""
_GENDERS = ("m", "f")
_ORDERS = (("surname", "first", "patronymic"), ("first", "patronymic", "surname"), ("surname", "first"))

Forms = Mapping[str, Part]
"""Folded form to the part that it is a form of."""


@dataclass(frozen=True)
class _Sequence:
    gender: str
    kinds: tuple[str, ...]
    forms: tuple[Forms, ...]


class NameGrammar:
    """`before`, `between` and `behind`: words around the parts that are no name."""

    def __init__(
        self, dictionaries: NameDictionaries, before: Iterable[str], between: Iterable[str], behind: Iterable[str]
    ) -> None:
        self.before = Wordings(tuple(before), optional=True)
        self.between = Wordings(tuple(between), optional=True)
        self.behind = Wordings(tuple(behind), optional=True)
        surnames = {"m": dictionaries.men, "f": dictionaries.women}
        self._common = {
            of: {
                "surname": [*_commonest(surnames[of], of, _COMMON_SURNAMES)],
                "first": [*_commonest(dictionaries.first, of, _COMMON)],
                "patronymic": [*_commonest(dictionaries.patronymics, of, _COMMON)],
            }
            for of in _GENDERS
        }

    def around(self, readings: Sequence[Reading], part: str | None = None) -> HeldNames:
        """Whole names made of the parts of `readings` (likeliest first) and of the commonest; or one `part` alone."""
        sequences = []
        for of in _GENDERS:
            own = [reading for reading in readings if reading.gender in (of, "u")]
            forms = {kind: self._forms(kind, of, own) for kind in self._common[of]}
            for kinds in _ORDERS if part is None else ((part,),):
                sequences.append(_Sequence(of, kinds, tuple(forms[kind] for kind in kinds)))
        return HeldNames(self, sequences)

    def _forms(self, kind: str, gender: str, readings: Iterable[Reading]) -> Forms:
        likely: dict[str, Part] = {}
        for part in (getattr(reading, kind) for reading in readings):
            if part is not None and len(likely) < _LIKELY:
                likely.setdefault(fold(part.form), part)
        return likely | {fold(part.form): part for part in self._common[gender][kind] if fold(part.form) not in likely}


class HeldNames:
    """The names of one question to the sound."""

    def __init__(self, grammar: NameGrammar, sequences: Sequence[_Sequence]) -> None:
        self._grammar = grammar
        self._sequences = sequences

    @property
    def wordings(self) -> list[list[Wordings]]:
        """As `asr.client.AsrClient.hear_again` wants them."""
        grammar = self._grammar
        asked = []
        for sequence in self._sequences:
            parts = [Wordings(tuple(part.form for part in forms.values())) for forms in sequence.forms]
            between = [one for part in parts for one in (grammar.between, part)]
            asked.append([grammar.before, *between, grammar.behind])
        return asked

    def readings(self, text: str) -> Iterator[Reading]:
        """The names that `text`, one of the grammar's, can be."""
        words = fold(text).split()
        for sequence in self._sequences:
            for parts in self._matches(words, sequence.forms):
                named = dict(zip(sequence.kinds, parts, strict=True))
                yield Reading(
                    named.get("surname"), named.get("first"), named.get("patronymic"), sequence.gender, 0.0,
                )  # fmt: skip

    def _matches(self, words: Sequence[str], forms: Sequence[Forms]) -> Iterator[tuple[Part, ...]]:
        """The parts one after another, whatever words stand around them."""
        if not forms:
            yield ()
            return
        for start in range(len(words)):
            for size in (1, 2):
                part = forms[0].get(" ".join(words[start : start + size]))
                if part is not None and start + size <= len(words):
                    for rest in self._matches(words[start + size :], forms[1:]):
                        yield (part, *rest)
                        return


def _commonest(names: NameList, gender: str, count: int) -> Iterator[Part]:
    """In the nominative."""
    order = np.argsort(-names.counts, kind="stable").tolist()
    fitting = (row for row in order if names.cases[row] == "nominative" and names.genders[row] in (gender, "u"))
    for row, _ in zip(fitting, range(count), strict=False):
        yield Part(names.names[row], names.forms[row])
