"""Entrance, floor, intercom: a short number, as it is written in a record."""

from __future__ import annotations

from functools import cache

from understanding.alternatives import HEARD_ALONG_GRAMMAR, Ballot, spoken
from understanding.answers import is_unknown, read
from understanding.model import Heard, Understood
from understanding.numbers import parse_numbers
from understanding.text import load_data, tidy

TRUST = HEARD_ALONG_GRAMMAR
HIGHEST = {"entrance": 60, "floor": 60, "intercom": 99_999}
"""No house of the country has more entrances; the tallest dwelling has some 60 floors the caller may live on."""


@cache
def _other_words() -> frozenset[str]:
    return frozenset(load_data("small_numbers")["other_words"])


def _reading(text: str, highest: int) -> tuple[str, float] | None:
    numbers = parse_numbers(text, fuzzy=True, stop=_other_words())
    if not numbers:
        return None
    certainty = min(number.certainty for number in numbers)
    values = {number.value for number in numbers}
    if len(values) == 1 and numbers[0].value <= highest:
        return str(numbers[0].value), certainty
    whole = "".join(number.digits for number in numbers)
    if highest > 1000 and int(whole) <= highest:  # an intercom's code may be said digit by digit
        return whole, 0.6 * certainty
    fitting = [number for number in numbers if 0 < number.value <= highest]
    return (str(fitting[0].value), 0.4 * certainty) if fitting else None


def understand_small_number(heard: Heard) -> Understood:
    """`value`: the number as a string, for the slot's usual range; «нет», «частный дом»: `meaning` no."""
    highest = HIGHEST.get(heard.slot or "", 99_999)
    if heard.digits:
        digits = "".join(char for char in heard.digits if char.isdigit())
        if digits and int(digits) <= highest:
            return Understood(meaning="value", value=digits, probability=0.99, complete=True)
        return Understood(heard=heard.digits)
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    ballot = Ballot()
    for one in said:
        found = _reading(one.text, highest)
        if found is not None:
            ballot.add(found[0], one.weight * found[1])
            ballot.lose(one.weight * (1 - found[1]))
        elif is_unknown(one.text):
            ballot.add("unknown", one.weight)
        elif read(one.text).answer == "no" or any(w in one.text.lower() for w in ("частн", "свой дом")):
            ballot.add("no", one.weight)
        else:
            ballot.lose(one.weight)
    ranked = ballot.ranked(TRUST.of(heard))
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=[heard.slot] if heard.slot else [], heard=text, candidates=ranked)
    best = ranked[0]
    others = [candidate for candidate in ranked[1:] if candidate.value not in ("no", "unknown")]
    if best.value in ("no", "unknown"):
        return Understood(
            meaning=best.value, probability=best.probability, complete=True, heard=text, candidates=others
        )
    return Understood(
        meaning="value", value=best.value, probability=best.probability, complete=True, heard=text, candidates=others
    )
