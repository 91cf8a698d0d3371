"""Body temperature, 34 to 43 °C, in the ways it is said and in the ways recognisers write it.

«тридцать восемь и пять» comes as «38.5», «38-5», «385», «30-85», «38-85», «38-55»: the tens apart, the eight twice,
the five twice. All of them are read, the stranger ones with less belief.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from understanding.alternatives import HEARD_ALONG_GRAMMAR, Ballot, spoken
from understanding.answers import is_unknown, read
from understanding.model import Heard, Understood
from understanding.numbers import NumberToken, between, lexicon, parse_numbers
from understanding.text import closest, contains_phrase, fold, load_data, tidy, words

TRUST = HEARD_ALONG_GRAMMAR
LOWEST, HIGHEST = 34.5, 42.9
"""Nobody on the phone has less or more."""

WHOLE = 0.8
"""Belief in a whole number of degrees: recognisers drop the «и пять» («39.» was 37.9)."""

CUT = 0.4
"""… where it looks as if they had been: the dialog asks for it then."""

ROUGH = 0.75
"""Belief in «под сорок» as a number."""


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = load_data("temperatures")
    return data


def readings(text: str, *, fuzzy: bool = True) -> list[tuple[float, float]]:
    """Temperatures in `text` with how sure each is, in the order they were said; `fuzzy` as in `parse_numbers`."""
    numbers = parse_numbers(text, fuzzy=fuzzy, stop=frozenset(_data()["other_words"]))
    found: list[tuple[float, float, NumberToken]] = []
    index = 0
    while index < len(numbers):
        value, quality, used = _at(text, numbers, index)
        if used:
            certainty = min(number.certainty for number in numbers[index : index + used])
            found.append((value, quality * certainty, numbers[index]))
        index += max(used, 1)
    result: list[tuple[float, float]] = []
    for value, quality, number in found:
        shift = _shift(text, number, value)
        result.append((value, quality) if shift is None else (round(value + shift, 1), min(quality / WHOLE, 1) * ROUGH))
    return result


def _fits(value: float) -> bool:
    return LOWEST <= value <= HIGHEST


def _at(text: str, numbers: list[NumberToken], index: int) -> tuple[float, float, int]:
    """Temperature that begins with the number at `index`: value, quality, numbers used (0 when there is none)."""
    first = numbers[index]
    close: list[NumberToken] = []
    for left, right in pairwise(numbers[index : index + 3]):
        if right.ordinal or not _joined(text, left, right) or _counts_time(text, right):
            break  # «38, третий день», «38 три дня»
        close.append(right)
    for value, quality, used in _compound(first, close):
        if _fits(value):
            return value, quality, used
    if first.half and _fits(first.amount):
        return first.amount, 0.97, 1
    if _fits(first.value):
        return float(first.value), WHOLE if not _looks_cut(text, first) else CUT, 1
    digits = first.digits
    if first.written and len(digits) == 3 and _fits(first.value / 10):  # «385»
        return first.value / 10, 0.95, 1
    if first.written and len(digits) == 4 and digits[1] == "0":  # «3091» for 39 и 1
        value = int(digits[0] + digits[2]) + int(digits[3]) / 10
        return (value, 0.7, 1) if _fits(value) else (0.0, 0.0, 0)
    if first.written and len(digits) == 4 and digits[1] == digits[2] and _fits(int(digits[:2])):  # «3885»
        return int(digits[:2]) + int(digits[3]) / 10, 0.7, 1
    return 0.0, 0.0, 0


def _joined(text: str, left: NumberToken, right: NumberToken) -> bool:
    return re.fullmatch(r"[-–—.,:]?|и|целых|целых и|градусов|градусов и", between(text, left, right)) is not None


def _counts_time(text: str, number: NumberToken) -> bool:
    following = words(text[number.end : number.end + 20])
    return bool(following) and following[0] in _data()["time_words"]


def _compound(first: NumberToken, close: list[NumberToken]) -> Iterator[tuple[float, float, int]]:
    """Readings of a number with its neighbours as degrees and tenths."""
    if len(close) == 2 and first.value in (3, 4) and all(n.value < 10 for n in close):  # «3,7,9»
        yield first.value * 10 + close[0].value + close[1].value / 10, 0.9, 3
    if len(close) == 2 and first.value in (30, 40) and all(n.value < 10 for n in close):  # «30 8 5»
        yield first.value + close[0].value + close[1].value / 10, 0.9, 3
    if len(close) == 2 and _fits(first.value) and close[0].value == close[1].value < 10:  # «39-1-1»
        yield first.value + close[0].value / 10, 0.9, 3
    if not close:
        return
    tail = close[0]
    if tail.half:
        return
    if _fits(first.value) and tail.value < 10 and len(tail.digits) == 1:
        yield first.value + tail.value / 10, 0.98, 2
    if first.value in (30, 40) and 10 < tail.value < 100 and tail.written:  # «30-85»
        yield first.value + tail.value // 10 + tail.value % 10 / 10, 0.85, 2
    if 10 < tail.value < 100 and len(tail.digits) == 2 and _fits(first.value):
        if tail.digits[0] == tail.digits[1]:  # «38-55»
            yield first.value + tail.value % 10 / 10, 0.85, 2
        if int(tail.digits[0]) == first.value % 10:  # «38-85»
            yield first.value + tail.value % 10 / 10, 0.8, 2


def _looks_cut(text: str, number: NumberToken) -> bool:
    """True when the tenths may have been lost: letters that are no numeral hang on the number («восемься», «восемь-си»
    for «восемь и семь»), or a word like a numeral follows it («37 жесть» for «37 и шесть»)."""
    rest = fold(text[number.end : number.end + 20])
    if re.match(r"-?[а-я]{1,3}(?![а-я])", rest) is not None and not rest.startswith(" "):
        return True
    following = [word for word in words(rest)[:2] if word != "и"][:1]
    # a numeral itself has been read as one, or counts days
    return bool(following) and following[0] not in _tenths() and closest(following[0], _tenths()) is not None


@cache
def _tenths() -> tuple[str, ...]:
    return tuple(word for word, atom in lexicon().items() if atom.rank == "unit" and not atom.ordinal and len(word) > 2)


def _shift(text: str, number: NumberToken, value: float) -> float | None:
    """Degrees to add for «под», «с хвостиком»; None when the number stands for itself."""
    before = words(text[: number.start])[-1:]
    after = " ".join(fold(text[number.end :]).split()[:2])
    if before and before[0] in _data()["before"] and value == int(value):
        return float(_data()["before"][before[0]])
    for phrase, degrees in _data()["after"].items():
        if after == phrase:
            return float(degrees)
    return None


def says_none(text: str) -> bool:
    """True for «температуры нет», «нормальная»."""
    said = words(text)
    return any(contains_phrase(said, phrase.split()) for phrase in _data()["none"])


def best_reading(text: str, *, fuzzy: bool = True) -> tuple[float, float] | None:
    """The temperature of `text`: the highest where several were said («тридцать семь, вечером тридцать девять»)."""
    found = readings(text, fuzzy=fuzzy)
    if not found:
        return None
    value, quality = max(found)
    return value, quality if len(found) == 1 else 0.7 * quality


def understand_temperature(heard: Heard) -> Understood:
    """`value` in °C. No temperature: `meaning` no, `value` null. Not measured: `meaning` unknown."""
    if heard.digits:
        found = best_reading("".join(char if char.isdigit() else "." for char in heard.digits.strip("#")))
        if found is None:
            return Understood(missing=["temperature"], heard=heard.digits)
        return Understood(meaning="value", value=found[0], probability=0.97, complete=True)
    said = spoken(heard)
    if not said:
        return Understood()
    ballot = Ballot()
    for one in said:
        found = best_reading(one.text)
        if found is not None:
            ballot.add(found[0], one.weight * found[1])
            ballot.lose(one.weight * (1 - found[1]))
        elif is_unknown(one.text):
            ballot.add("unknown", one.weight)
        elif says_none(one.text) or read(one.text).answer == "no":
            ballot.add("no", one.weight)
        elif read(one.text).answer == "yes":
            ballot.add("yes", one.weight)
        else:
            ballot.lose(one.weight)
    ranked = ballot.ranked(TRUST.of(heard))
    text = tidy(said[0].text)
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=["temperature"], heard=text)
    best = ranked[0]
    others = [candidate for candidate in ranked[1:] if not isinstance(candidate.value, str)]
    if best.value in ("unknown", "no", "yes"):
        return Understood(
            meaning=best.value, probability=best.probability, complete=best.value != "yes",
            missing=["temperature"] if best.value == "yes" else [], heard=text, candidates=others,
        )  # fmt: skip
    return Understood(
        meaning="value", value=best.value, probability=best.probability, complete=True, heard=text, candidates=others
    )
