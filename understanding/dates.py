"""A date of birth in any of the ways it is said: in words, in digits, with or without century, month as a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from understanding.alternatives import HEARD_ALONG_GRAMMAR, Ballot, spoken
from understanding.answers import is_unknown
from understanding.model import Candidate, Context, Heard, Understood
from understanding.months import Month, find_months, month_words
from understanding.numbers import NumberToken, parse_numbers
from understanding.text import load_data, tidy, tokens

TRUST = HEARD_ALONG_GRAMMAR
OLDEST = 115
"""Years: nobody in the country's registers is older."""

AGE_BY_TWO = 0.3
"""Weight of a date whose age is two years off from the age that was said; one year off are many who round it up before
a birthday (2 of 12 recorded residents)."""
AGE_OFF = 0.06
"""… by more than 2 years: one of both was misheard."""

MISHEARD_CENTURY = 0.3
"""Chance that a year more than a century ago was one of this century: Whisper writes «две тысячи двадцать третьего» as
1923 (4 of 40 dates by telephone), and of 10,000 patients two are that old and a hundred that young."""

AGE_REPAIRS = 0.3
"""Weight of the same day in the year that the age tells, when that is one digit off: it is asked back."""

IMPOSSIBLE = 0.5
"""What the vote of an impossible date is worth against possible ones: it shows that something was misheard."""


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A reading of one text; `quality` is how sure that reading of that text is."""

    day: int | None
    month: int | None
    year: int | None
    quality: float

    @property
    def value(self) -> date | None:
        if self.day is None or self.month is None or self.year is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


@cache
def _not_numbers() -> frozenset[str]:
    data = load_data("dates")
    return frozenset(month_words()) | frozenset(data["year_words"]) | frozenset(data["other_words"])


def _years(numbers: list[NumberToken], today: date) -> Iterator[tuple[int, float]]:
    """Years that `numbers` can mean, with how sure that is (two-digit ones give both centuries)."""
    if not numbers:
        return
    values = [number.value for number in numbers]
    certainty = min(number.certainty for number in numbers)
    first = values[0]
    whole = "".join(number.digits for number in numbers)
    if len(values) == 1 and numbers[0].written and 1900 <= first <= today.year - 100:
        yield first, (1 - MISHEARD_CENTURY) * certainty
        yield first + 100, MISHEARD_CENTURY * certainty
    elif len(values) == 1 and 1880 <= first <= 2100:
        yield first, certainty
    elif len(values) == 1 and numbers[0].written and 1200 <= first <= 1299:
        yield 2000 + first % 100, 0.5 * certainty  # «1223» for «две тысячи двадцать третьего»
    elif len(values) == 1 and 900 <= first <= 999:
        yield 1000 + first, 0.95 * certainty  # «девятьсот сорок пятого»
    elif len(values) == 2 and first in (1000, 2000) and 0 < values[1] < 1000:
        yield first + values[1], 0.95 * certainty
    elif len(values) > 1 and len(whole) == 4 and whole[:2] in ("19", "20"):
        yield int(whole), 0.9 * certainty  # «19 45», «20 05», «двадцать ноль пять»
    elif len(whole) <= 2:
        yield from _both_centuries(int(whole), certainty, today)
    elif len(values) == 1 and len(whole) == 5 and whole[:2] in ("19", "20") and "0" in whole[1:]:
        yield int(whole.replace("0", "", 1)), 0.4 * certainty  # «20 000» for two thousand
    elif len(values) > 1:  # something was said twice or a part does not belong: the surest single part
        for value in values:
            if 1900 <= value <= today.year:
                yield value, 0.5 * certainty


def _both_centuries(short: int, certainty: float, today: date) -> Iterator[tuple[int, float]]:
    young, old = 2000 + short, 1900 + short
    if young > today.year:
        yield old, 0.97 * certainty
        return
    chance_old = 0.02 if today.year - old > 105 else 0.1 if today.year - old > 95 else 0.3
    yield young, (1 - chance_old) * certainty
    yield old, chance_old * certainty


def _merge_zeros(numbers: list[NumberToken]) -> list[NumberToken]:
    """«ноль пятое» is one number with two digits."""
    merged: list[NumberToken] = []
    for number in numbers:
        before = merged[-1] if merged else None
        if before is not None and before.digits == "0" and 0 < number.value < 10 and len(number.digits) == 1:
            merged[-1] = NumberToken(
                number.value, before.start, number.end, "0" + number.digits, number.ordinal, number.written,
                certainty=min(before.certainty, number.certainty),
            )  # fmt: skip
        else:
            merged.append(number)
    return merged


def _split_long(numbers: list[NumberToken]) -> list[NumberToken]:
    """«25102000» and «251000» are three numbers."""
    split: list[NumberToken] = []
    for number in numbers:
        if number.written and len(number.digits) in (6, 8) and len(numbers) == 1:
            for start, end in ((0, 2), (2, 4), (4, None)):
                part = number.digits[start:end]
                split.append(NumberToken(int(part), number.start, number.end, part, written=True, certainty=0.95))
        else:
            split.append(number)
    return split


def readings(text: str, today: date) -> list[PartialDate]:
    """What `text` can mean as a date; qualities sum to at most 1."""
    numbers = _split_long(_merge_zeros(parse_numbers(text, fuzzy=True, stop=_not_numbers())))
    months = find_months(text)
    # a word repaired into a month is no number too
    numbers = [n for n in numbers if not any(m.start < n.end and n.start < m.end for m in months)]
    if len({month.month for month in months}) == 1:
        return list(_with_month(numbers, months[-1], today))
    if len(months) > 1:
        return []
    strange = _strange_words(text, numbers)
    return [replace(one, quality=one.quality * 0.5**strange) for one in _numbers_only(numbers, today)]


def _strange_words(text: str, numbers: list[NumberToken]) -> int:
    """How many words of `text` do not belong to a date in numbers («дом», «квартира»)."""
    return sum(
        token.kind == "word"
        and len(token.text) > 2
        and token.text not in _not_numbers()
        and not any(number.start <= token.start < number.end for number in numbers)
        for token in tokens(text)
    )


def _with_month(numbers: list[NumberToken], month: Month, today: date) -> Iterator[PartialDate]:
    before = [number for number in numbers if number.end <= month.start]
    after = [number for number in numbers if number.start >= month.end]
    quality = month.certainty
    if before and before[0].value > 31 and len(before) > 1:  # «двухтысячный год, двадцать пятое октября»
        before, after = before[1:], [before[0], *after]
    day: int | None = None
    if before:
        day, certainty = _day(before)
        quality *= certainty
    elif after and after[0].value <= 31 and len(after) > 1:  # «октябрь, двадцать пятое, двухтысячный»
        day, after = after[0].value, after[1:]
        quality *= 0.8
    years = list(_years(after, today))
    if not years:
        yield PartialDate(day, month.month, None, quality * (0.5 if after else 1.0))
    for year, certainty in years:
        yield PartialDate(day, month.month, year, quality * certainty)


def _day(numbers: list[NumberToken]) -> tuple[int, float]:
    """The day among the numbers before the month, and how sure that is."""
    last = numbers[-1]
    if len(numbers) == 1:
        return last.value, last.certainty
    if len(numbers) == 2 and numbers[0].value in (20, 30) and 0 < last.value < 10:
        return numbers[0].value + last.value, 0.8 * last.certainty  # «20 5 октября»
    if numbers[-2].certainty > last.certainty:  # «31 воев в густо»: what is nearly a numeral is none here
        return numbers[-2].value, 0.8 * numbers[-2].certainty
    return last.value, (0.8 if last.value == numbers[0].value else 0.6) * last.certainty


def _numbers_only(numbers: list[NumberToken], today: date) -> Iterator[PartialDate]:
    if len(numbers) == 1 and len(numbers[0].digits) == 4:
        yield PartialDate(None, None, numbers[0].value, numbers[0].certainty)
        return
    if len(numbers) < 2:
        return
    if len(numbers[0].digits) == 4 and len(numbers) == 3:  # 2000-10-25
        numbers = [numbers[2], numbers[1], numbers[0]]
    if len(numbers) >= 4 and numbers[0].value in (20, 30) and 0 < numbers[1].value < 10 < numbers[3].value:
        joined = numbers[0].value + numbers[1].value  # «20 5 10 2000»
        first = NumberToken(joined, numbers[0].start, numbers[1].end, str(joined), certainty=0.7)
        numbers = [first, *numbers[2:]]
    day, month, *rest = numbers
    quality = min(day.certainty, month.certainty)
    years = list(_years(rest, today))
    if not years:
        yield PartialDate(day.value, month.value, None, 0.8 * quality if not rest else 0.3 * quality)
    for year, certainty in years:
        yield PartialDate(day.value, month.value, year, 0.97 * quality * certainty)


def age_on(birth: date, today: date) -> int:
    """Full years of somebody born on `birth`."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _agreement(born: date, context: Context, today: date) -> float:
    if context.age is None:
        return 1.0
    off = abs(age_on(born, today) - context.age)
    return 1.0 if off <= 1 else AGE_BY_TWO if off == 2 else AGE_OFF


def _from_keypad(digits: str, today: date) -> list[PartialDate]:
    only = "".join(char for char in digits if char.isdigit())
    return readings(only, today) if len(only) in (6, 8) else []


def understand_birth_date(heard: Heard) -> Understood:
    """`value` "1985-03-12"; without a year (or day) `complete` is false and `value` null.

    The same holds for an impossible or future date: `candidates` has what else may have been meant.
    """
    today = heard.context.today or date.today()
    if heard.digits:
        keyed = Ballot()
        for reading in _from_keypad(heard.digits, today):
            _vote(keyed, reading, 1.0, heard.context, today)
        return answer(keyed.ranked(), heard.digits)
    said = spoken(heard)
    if not said:
        return Understood()
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=TRUST.of(heard), complete=True, heard=tidy(said[0].text))
    ballot = Ballot()
    partial = 0.0
    for one in said:
        found = readings(one.text, today)
        rest = 1.0 - sum(reading.quality for reading in found)
        ballot.lose(one.weight * max(0.0, rest) * IMPOSSIBLE)
        for reading in found:
            if reading.day is None or reading.month is None or reading.year is None:
                partial += one.weight * reading.quality
            _vote(ballot, reading, one.weight, heard.context, today)
    ranked = ballot.ranked(TRUST.of(heard))
    if partial > 0.5:  # a year that only a minor alternative has is no year
        return Understood(missing=["birth_date"], heard=tidy(said[0].text), candidates=ranked)
    return answer(ranked, tidy(said[0].text))


def _of_age(born: date, age: int | None, today: date) -> date | None:
    """The same day in the year that the age tells, where one digit of the year was misheard: «90» as 99."""
    for year in range(today.year - (age or 0) - 1, today.year - (age or 0) + 1):
        off = sum(one != other for one, other in zip(str(year), str(born.year), strict=True))
        if off == 1 and (born.month, born.day) != (2, 29) and age_on(born.replace(year=year), today) == age:
            return born.replace(year=year)
    return None


def _vote(ballot: Ballot, reading: PartialDate, weight: float, context: Context, today: date) -> None:
    born = reading.value
    share = weight * reading.quality
    if born is None:
        ballot.lose(share * IMPOSSIBLE)
    elif born > today or today.year - born.year > OLDEST:
        ballot.lose(share * IMPOSSIBLE)
        if born > today and reading.year is not None and reading.year - 100 > today.year - OLDEST:
            earlier = PartialDate(reading.day, reading.month, reading.year - 100, reading.quality).value
            if earlier is not None:
                ballot.add(earlier.isoformat(), share * 0.1 * _agreement(earlier, context, today))
    else:
        agreed = _agreement(born, context, today)
        ballot.add(born.isoformat(), share * agreed)
        if agreed == AGE_OFF and (meant := _of_age(born, context.age, today)) is not None:
            ballot.add(meant.isoformat(), share * AGE_REPAIRS)
        # what speaks against a date does not make the others true: most of that weight stays undecided
        ballot.lose(share * (1 - agreed) * 0.2)


def answer(ranked: list[Candidate], heard: str) -> Understood:
    """The likeliest of `ranked` as the value, if it is likely enough."""
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=["birth_date"], heard=heard, candidates=ranked)
    best, *others = ranked
    return Understood(
        meaning="value", value=best.value, probability=best.probability, complete=True, heard=heard, candidates=others
    )
