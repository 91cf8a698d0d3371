"""Telephone numbers as they may be said, as tokens: a search along them knows how many digits are still to come.

What a grammar (asr/grammar.py) cannot say: ten digits in groups of any size, with marks anywhere («8,916,123,4567»,
«8 9 1 6 12 34 567»). A number in words is read as Russian does, «девятьсот пять» being 905 and never 900 5, so that a
text has one number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Literal, TypeAlias

from num2words import num2words

from asr.grammar import COMPLETE, Encode

DIGITS = 10
"""Of a Russian number without 8 or +7."""
_GROUP = 3
"""Most digits of a token of Whisper's vocabulary that are worth having; longer groups are several tokens."""
_MOST_BEFORE = 3
"""Words in front of a number: «так, записывайте, номер»."""
_MOST_BEHIND = 2
_MOST_GROUPS, _MOST_DIGITS = 2, 3
"""Times that a word of a number stands in a row: Whisper goes round in circles («пятьдесят пятьдесят пятьдесят»)."""
_KEPT = 2000
"""States whose following tokens are kept: those of some searches. There are as many states as numbers."""


@dataclass(frozen=True)
class Around:
    """What is not the ten digits: words before and behind, what is said for +7 (`countries`), and with which digits the
    numbers begin (`codes`)."""

    before: tuple[str, ...]
    behind: tuple[str, ...]
    countries: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True)
class _Spot:
    """Between two wordings. `said`: digits of the number so far; `open`: the value of a word that the next may complete
    («девятьсот», «сорок»); `words`: said before or behind; `marked`: the last was a mark; `last`: the last word of the
    number, said so many `times` in a row."""

    stage: Literal["before", "number", "behind"] = "before"
    said: str = ""
    open: str = ""
    words: int = 0
    marked: bool = False
    last: str = ""
    times: int = 0

    @property
    def number(self) -> str:
        return self.said + self.open


_Position: TypeAlias = tuple[tuple[int, ...], _Spot]
"""The tokens of a wording that are still to come, and where it leads."""
State: TypeAlias = frozenset[_Position]
_Way: TypeAlias = Mapping[str, str]
"""Wordings of numbers, and their digits."""


class Dialled:
    """Texts with one telephone number, in words or in digits; searched like `asr.grammar.Grammar`."""

    def __init__(self, around: Around, encode: Encode, end_of_text: int, *, in_words: bool) -> None:
        self._around = around
        self._encode = encode
        self._end_of_text = end_of_text
        self._in_words = in_words
        self._marks = (",",) if in_words else (",", ".", "-", " ")
        self._groups: _Way = _words() if in_words else _digit_tokens(encode)
        self._known: dict[State, dict[int, State]] = {}
        self.start: State = frozenset({((), _Spot())})

    def following(self, state: State) -> Mapping[int, State]:
        """The tokens that may come next, and where each leads."""
        if state not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found: dict[int, set[_Position]] = {}
            ends = False
            for tokens, spot in state:
                if tokens:
                    found.setdefault(tokens[0], set()).add((tokens[1:], spot))
                    continue
                ends |= self._is_whole(spot.number)
                for text, leads_to in self._further(spot):
                    first, *rest = _tokens(self._encode, text)
                    found.setdefault(first, set()).add((tuple(rest), leads_to))
            self._known[state] = {token: frozenset(positions) for token, positions in found.items()}
            if ends:
                self._known[state][self._end_of_text] = COMPLETE
        return self._known[state]

    def number(self, tokens: Sequence[int]) -> str:
        """The ten digits of a whole text."""
        state = self.start
        for token in tokens:
            state = self.following(state)[token]
        return next(spot.number for rest, spot in state if not rest and self._is_whole(spot.number))

    def _further(self, spot: _Spot) -> Iterator[tuple[str, _Spot]]:
        if spot.stage == "before":
            yield from self._before(spot)
        if spot.stage != "behind":
            yield from self._numbers(spot)
        if self._is_whole(spot.number):
            behind = replace(spot, stage="behind", words=spot.words + 1 if spot.stage == "behind" else 1, marked=False)
            if behind.words <= _MOST_BEHIND:
                for word in self._around.behind:
                    yield f" {word}", behind
            if not spot.marked:
                yield ".", replace(spot, stage="behind", words=_MOST_BEHIND, marked=True)
        if not spot.marked and (spot.words or spot.number or spot.stage == "number"):
            for mark in self._marks if spot.stage == "number" else (",",):
                yield mark, replace(spot, marked=True)

    def _before(self, spot: _Spot) -> Iterator[tuple[str, _Spot]]:
        if spot.words < _MOST_BEFORE:
            for word in self._around.before:
                for form in _forms(word, spot):
                    yield f" {form}", replace(spot, words=spot.words + 1, marked=False)
        for country in self._around.countries:
            for form in _forms(country, spot):
                yield f" {form}", _Spot("number", words=1)
            if not self._in_words:  # «8916» is one token or «89» and «16»
                for text, digits in self._groups.items():
                    if text.startswith(" ") and self._begins(digits):
                        yield f" {country}{digits}", _Spot("number", digits)

    def _numbers(self, spot: _Spot) -> Iterator[tuple[str, _Spot]]:
        for text, digits in self._groups.items():
            said, still_open = _joined(spot, digits) if self._in_words else (spot.said + digits, "")
            if self._begins(said + still_open.rstrip("0")) and len(said + still_open) <= DIGITS:
                if not self._in_words:
                    yield text, _Spot("number", said)
                elif (times := spot.times + 1 if text == spot.last else 1) <= (
                    _MOST_DIGITS if len(digits) == 1 else _MOST_GROUPS
                ):
                    for form in _forms(text, spot):
                        yield f" {form}", _Spot("number", said, still_open, last=text, times=times)

    def _is_whole(self, digits: str) -> bool:
        return len(digits) == DIGITS

    def _begins(self, digits: str) -> bool:
        return digits.startswith(self._around.codes) or any(code.startswith(digits) for code in self._around.codes)


def _forms(word: str, spot: _Spot) -> tuple[str, ...]:
    """A text's first word may have a capital."""
    is_first = spot == _Spot() and word[0].isalpha()
    return (word, word[0].upper() + word[1:]) if is_first else (word,)


def _joined(spot: _Spot, digits: str) -> tuple[str, str]:
    """What is said and what is open behind the word of `digits`: «девятьсот пять» is 905, «сорок сорок» 40 40."""
    value, before = int(digits), int(spot.open or 0)
    is_open = value >= 100 or (value >= 20 and value % 10 == 0)
    if 0 < value < 100 and before and before % 100 == 0:
        joined = str(before + value)
    elif 0 < value < 10 and before and before % 10 == 0:
        joined, is_open = str(before + value), False
    else:
        return (spot.number, digits) if is_open else (spot.number + digits, "")
    return (spot.said, joined) if is_open else (spot.said + joined, "")


@lru_cache(maxsize=1)
def _words() -> _Way:
    values = (*range(20), *range(20, 100, 10), *range(100, 1000, 100))
    return {str(num2words(value, lang="ru")): str(value) for value in values}


def _digit_tokens(encode: Encode) -> _Way:
    """Groups of digits that are one token, with a space before them and without."""
    groups = ["".join(group) for size in range(1, _GROUP + 1) for group in product("0123456789", repeat=size)]
    texts = [f"{space}{group}" for group in groups for space in ("", " ")]
    return {text: text.strip() for text in texts if len(encode(text)) == 1}


@lru_cache(maxsize=20_000)
def _tokens(encode: Encode, text: str) -> tuple[int, ...]:
    return tuple(encode(text))
