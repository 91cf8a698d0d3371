"""Age of the patient: years, for the little ones months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from understanding.alternatives import HEARD_ALONG_GRAMMAR, Ballot, spoken
from understanding.answers import is_unknown
from understanding.model import Heard, Understood
from understanding.numbers import NumberToken, between, parse_numbers
from understanding.text import Token, load_data, tidy, tokens

TRUST = HEARD_ALONG_GRAMMAR
OLDEST = 115

Reading = tuple[int, int | None, float]
"""Years, months (None where only years were said), quality."""


@cache
def _data() -> dict[str, frozenset[str]]:
    return {name: frozenset(forms) for name, forms in load_data("ages").items()}


def _unit_after(number: NumberToken, said: Sequence[Token]) -> str | None:
    """The unit that stands right after a number: years, months, weeks or days."""
    following = next((t for t in said if t.start >= number.end and t.kind == "word" and t.text not in ("с", "и")), None)
    if following is None:
        return None
    return next((unit for unit in ("years", "months", "weeks", "days") if following.text in _data()[unit]), None)


def readings(text: str, today: date) -> list[Reading]:
    """What `text` can mean as an age."""
    data = _data()
    said = tokens(text)
    spoken_words = {token.text for token in said}
    stop = frozenset().union(*data.values())
    numbers = parse_numbers(text, fuzzy=True, stop=stop)
    if not numbers:
        if spoken_words & data["half_year"]:
            return [(0, 6, 1.0)]
        if spoken_words & data["newborn"]:
            return [(0, 0, 0.95)]
        if spoken_words & data["one_year"]:
            return [(1, None, 0.95)]
        if spoken_words & data["months"]:
            return [(0, 1, 0.8)]
        return []
    years = [n for n in numbers if _unit_after(n, said) == "years"]
    months = [n for n in numbers if _unit_after(n, said) == "months"]
    small = [n for n in numbers if _unit_after(n, said) in ("weeks", "days")]
    certainty = min(number.certainty for number in numbers)
    if small and not years and not months:
        weeks = _unit_after(small[0], said) == "weeks"
        days = small[0].value * (7 if weeks else 1) + (30 if spoken_words & data["months"] else 0)
        return [(0, days // 30, 0.95 * certainty)]
    if months:
        of_month = months[0].value + (12 * years[0].value if years else 0)
        if not years and spoken_words & {"год", "года", "годик"}:  # «год и два месяца»
            of_month += 12
        return [_from_months(of_month, 0.97 * certainty)]
    if len(numbers) == 1:
        return _one(numbers[0], spoken_words, today)
    return _many(text, numbers)


def _from_months(count: int, quality: float) -> Reading:
    return count // 12, count % 12 if count < 36 else None, quality


def _one(number: NumberToken, spoken_words: set[str], today: date) -> list[Reading]:
    if number.half:  # «полтора года», «три с половиной»
        return [(number.value, 6, 0.95 * number.certainty)]
    if number.value <= OLDEST:
        years = number.value
        if number.ordinal and spoken_words & _data()["born"]:
            years = (today.year - number.value) % 100
            return [(years, None, 0.7 * number.certainty)]
        if number.ordinal and "года" in spoken_words:  # «сорок восьмого года»: rather the year of birth
            return [((today.year - number.value) % 100, None, 0.6), (years, None, 0.3)]
        return [(years, None, number.certainty)]
    if 1900 <= number.value <= today.year:  # the year of birth instead
        quality = 0.75 if number.ordinal or spoken_words & _data()["born"] else 0.3
        return [(today.year - number.value, None, quality)]
    if len(number.digits) == 3 and number.digits[1] == "0":  # «706» for семьдесят шесть
        return [(int(number.digits[0]) * 10 + int(number.digits[2]), None, 0.5)]
    if len(number.digits) == 3 and len(set(number.digits)) == 2:  # «899» for восемьдесят девять
        return [(int("".join(dict.fromkeys(number.digits))), None, 0.4)]
    return []


def _many(text: str, numbers: list[NumberToken]) -> list[Reading]:
    """Several numbers: tens and a unit apart («20-4»), one said twice, or a false start («8-81»)."""
    values = [number.value for number in numbers]
    certainty = min(number.certainty for number in numbers)
    first, last = numbers[0], numbers[-1]
    if len(set(values)) == 1:
        return [(values[0], None, 0.9 * certainty)] if values[0] <= OLDEST else []
    if len(numbers) == 2:
        mark = between(text, first, last)
        if first.value % 10 == 0 and 20 <= first.value <= 90 and 0 < last.value < 10:
            return [(first.value + last.value, None, 0.85 * certainty)]
        if first.digits == last.digits[:1] and 10 < last.value < 100:  # «8,89»
            return [(last.value, None, 0.6 * certainty)]
        if first.value in (20, 30, 40, 50, 60, 70, 80, 90) and last.value // 10 * 10 == first.value:  # «20-26»
            return [(last.value, None, 0.6 * certainty)]
        if last.digits[:1] == "0" and mark in (",", ".") and first.value < 10:  # «8,09» for восемьдесят девять
            return [(first.value * 10 + last.value, None, 0.5 * certainty)]
        if 2 <= first.value <= 9 and 0 < last.value < 10 and (not mark or mark.isalpha()):  # «восемь висит 7» for 87
            return [(first.value * 10 + last.value, None, 0.4 * certainty)]
    plausible = [number for number in numbers if number.value <= OLDEST]
    if not plausible:
        return []
    longest = max(plausible, key=lambda number: number.value)
    return [(longest.value, None, 0.4 * certainty)]


def understand_age(heard: Heard) -> Understood:
    """`value` {"years", "months"}; months are null unless they were said (little children)."""
    today = heard.context.today or date.today()
    if heard.digits:
        digits = "".join(char for char in heard.digits if char.isdigit())
        if digits and int(digits) <= OLDEST:
            return Understood(meaning="value", value=_value(int(digits), None), probability=0.99, complete=True)
        return Understood(missing=["age"], heard=heard.digits)
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=0.9, complete=True, heard=text)
    ballot = Ballot()
    for one in said:
        found = readings(one.text, today)
        ballot.lose(one.weight * (1 - sum(quality for _years, _months, quality in found)))
        for years, months, quality in found:
            ballot.add(_value(years, months), one.weight * quality)
    ranked = ballot.ranked(TRUST.of(heard))
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=["age"], heard=text, candidates=ranked)
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=text,
        candidates=ranked[1:],
    )  # fmt: skip


def _value(years: int, months: int | None) -> dict[str, Any]:
    return {"years": years, "months": months}
