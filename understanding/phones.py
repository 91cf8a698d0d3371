"""Phone numbers in any grouping, judged by whether such a number exists and by the number that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, product

import phonenumbers
from rapidfuzz.distance import Levenshtein

from understanding.alternatives import Ballot, Trust, spoken
from understanding.answers import is_unknown, read, understand_yes_no
from understanding.model import Candidate, Heard, Understood
from understanding.numbers import NumberToken, between, parse_numbers
from understanding.text import tidy

TRUST = Trust(-1.2, 0.4)
"""Ten digits leave more room for a slip than a date: Whisper's eleven valid digits at -0.58 were wrong. The share of
the votes says more: 26 tuned draws of `scripts/bench understanding` (clean) were right in 6 of 6 with 0.9 of them and
in 8 of 10 with 0.6 to 0.9, whatever their scores between -1.0 and -0.4."""

NEAR_KNOWN = 0.9
"""Belief in the known number when what was heard differs from it in one digit."""

SPLIT = 0.85
"""Belief in a number that came out right only when its groups were taken apart."""
MOST_SPLIT = 6

_SOME_NUMBER = 7
"""So many digits are a telephone number of which the recogniser lost or made up some, and …"""
_MISHEARD = 0.1
"""… such a text says less against the numbers of other alternatives than an answer of another kind."""

_GROUP_MARKS = re.compile(r"^[\s\-–—.,()+]*$")


@lru_cache(maxsize=10_000)
def exists(national: str) -> bool:
    """True when `national` (ten digits) is a number of the Russian plan."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse("+7" + national, None))
    except phonenumbers.NumberParseException:
        return False


def national_part(digits: str) -> str:
    """`digits` without 8 or 7 in front where there are more than ten."""
    return digits[1:] if len(digits) > 10 and digits[0] in "78" else digits


def spoken_digits(text: str) -> str:
    """All digits of `text` in order, as they would be dialled: groups, single digits and zeros alike."""
    return "".join(number.digits for number in parse_numbers(text, fuzzy=True))


def _readings(text: str) -> list[tuple[str, float]]:
    """National numbers (any length) that `text` can mean, likeliest first."""
    numbers = parse_numbers(text, fuzzy=True)
    if not numbers:
        return []
    certainty = min(number.certainty for number in numbers)
    whole = national_part("".join(number.digits for number in numbers))
    found = [(whole, certainty)]
    if not _plausible(whole):
        once = _without_repeats(text, numbers)
        if once is not numbers:  # «95 45 45»: the recogniser wrote the last group twice
            found.append((national_part("".join(number.digits for number in once)), 0.6 * certainty))
        split = sorted({digits for digits in map(national_part, _splits(numbers)) if _plausible(digits)})
        # an area code is said in one: «девятьсот двадцать шесть» stays 926 where another group can be taken apart
        code = next((number.digits for number in numbers if len(number.digits) == 3), "")
        split = [digits for digits in split if digits.startswith(code)] or split
        found += [(digits, SPLIT / len(split) * certainty) for digits in split]
    return found


def _plausible(national: str) -> bool:
    return len(national) == 10 and exists(national)


def _splits(numbers: list[NumberToken]) -> Iterator[str]:
    """All digits with a number taken apart in some places: «пятьсот девяносто семь» as 500 97 and as 590 7."""
    options = [[number.digits, *([] if number.written else _apart(number.value))] for number in numbers]
    if sum(len(option) > 1 for option in options) <= MOST_SPLIT:
        yield from ("".join(parts) for parts in product(*options))


def _apart(value: int) -> Iterator[str]:
    """Two groups that sound like the one number."""
    if 100 < value < 1000 and value % 100:
        yield f"{value // 100 * 100}{value % 100}"
    if 20 < value < 1000 and value % 10 and value % 100 > 20:
        yield f"{value // 10 * 10}{value % 10}"


def _without_repeats(text: str, numbers: list[NumberToken]) -> list[NumberToken]:
    if len(numbers) < 3:
        return numbers
    kept = [numbers[0]]
    for left, right in pairwise(numbers):
        if not (
            left.digits == right.digits and right is numbers[-1] and _GROUP_MARKS.match(between(text, left, right))
        ):
            kept.append(right)
    return kept if len(kept) < len(numbers) else numbers


def _vote(ballot: Ballot, readings: list[tuple[str, float]], weight: float) -> None:
    """Share `weight` among the readings that are numbers of the plan; the first alone when it is one."""
    possible = [(digits, quality) for digits, quality in readings if _plausible(digits)]
    if possible and possible[0][0] == readings[0][0]:
        possible = possible[:1]
    for digits, quality in possible:
        ballot.add("+7" + digits, weight * quality)
    lost = max(0.0, 1 - sum(quality for _digits, quality in possible))
    is_misheard = bool(readings) and not possible and len(readings[0][0]) >= _SOME_NUMBER
    ballot.lose(weight * lost * (_MISHEARD if is_misheard else 1.0))


def _known_vote(heard: Heard, readings: list[list[tuple[str, float]]]) -> float:
    """Belief that the known number was said: certain when it was heard, strong when one digit is off."""
    known = heard.context.known.phone if heard.context.known else None
    if not known:
        return 0.0
    target = national_part("".join(char for char in known if char.isdigit()))
    heard_digits = {digits for found in readings for digits, _quality in found}
    # a digit is missing, so the 8 in front could not be told from the number
    heard_digits |= {digits[1:] for digits in heard_digits if len(digits) == 10 and digits[0] in "78"}
    distances = [Levenshtein.distance(digits, target) for digits in heard_digits]
    nearest = min(distances, default=99)
    return 0.98 if nearest == 0 else NEAR_KNOWN if nearest == 1 else 0.0


def understand_phone(heard: Heard) -> Understood:
    """`value` "+79161234567"; too few or too many digits leave it null, not complete, with what was heard."""
    if heard.digits:
        keyed = Ballot()
        _vote(keyed, [(national_part("".join(char for char in heard.digits if char.isdigit())), 1.0)], 1.0)
        return _answer(keyed.ranked(), heard.digits)
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=0.9, complete=True, heard=text)
    known_phone = heard.context.known.phone if heard.context.known else None
    if known_phone and not spoken_digits(said[0].text) and read(said[0].text, "this_phone").answer == "yes":
        return Understood(meaning="value", value=known_phone, probability=NEAR_KNOWN, complete=True, heard=text)
    readings = [_readings(one.text) for one in said]
    ballot = Ballot()
    for one, found in zip(said, readings, strict=True):
        _vote(ballot, found, one.weight)
    ranked = ballot.ranked(TRUST.of(heard))
    belief = _known_vote(heard, readings)
    if belief and heard.context.known and heard.context.known.phone:
        known = "+7" + national_part("".join(char for char in heard.context.known.phone if char.isdigit()))
        others = [
            candidate.model_copy(update={"probability": min(candidate.probability, 1 - belief)})
            for candidate in ranked
            if candidate.value != known
        ]
        ranked = [Candidate(value=known, probability=belief), *others]
    return _answer(ranked, text)


def _answer(ranked: list[Candidate], heard: str) -> Understood:
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=["phone"], heard=heard, candidates=ranked)
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=heard,
        candidates=ranked[1:],
    )  # fmt: skip


def understand_this_phone(heard: Heard) -> Understood:
    """Yes or no to «на этот номер?»; a number said right away is a no whose `candidates` hold the number."""
    answer = understand_yes_no(heard)
    if heard.digits or not any(len(spoken_digits(one.text)) >= 7 for one in spoken(heard)):
        return answer
    phone = understand_phone(heard)
    known = heard.context.known.phone if heard.context.known else None
    numbers = [Candidate(value=phone.value, probability=phone.probability)] if phone.value else []
    if phone.value is not None and phone.value == known:
        return Understood(meaning="yes", value=True, probability=phone.probability, complete=True, candidates=numbers)
    return Understood(
        meaning="no", value=False, probability=max(answer.probability if answer.meaning == "no" else 0.0, 0.8),
        complete=True, heard=phone.heard, candidates=numbers + phone.candidates,
    )  # fmt: skip
