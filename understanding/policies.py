"""Policy of mandatory health insurance or СНИЛС: the check digits choose among the alternatives.

Rules: the unified policy (ЕНП) has 16 digits, the last a Luhn digit; a temporary certificate has 9; СНИЛС has 11,
the last two a control number (not for numbers up to 001-001-998).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from understanding.alternatives import Ballot, Trust, spoken
from understanding.answers import is_unknown, read
from understanding.model import Candidate, Heard, Understood
from understanding.phones import spoken_digits
from understanding.text import tidy

TRUST = Trust(-0.8)
CHECKED = 0.9
"""One wrong number in ten passes a check digit; one in a hundred that of СНИЛС."""
UNCHECKED = 0.6


def luhn(digits: str) -> bool:
    """True when the last digit is right by Luhn's rule."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = int(char) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def snils_is_right(digits: str) -> bool:
    """True when the control number of `digits` (11) is right, or the number is too old to have one."""
    if len(digits) != 11:
        return False
    if int(digits[:9]) <= 1_001_998:
        return True
    total = sum(int(char) * (9 - place) for place, char in enumerate(digits[:9])) % 101
    return int(digits[9:]) == total % 100


def enp_fits(digits: str, born: date) -> bool:
    """True when digits 3-10 of the policy hold that date of birth (nine's complement of month, reversed year, day)."""
    try:
        month, year, day = (
            99 - int(digits[2:4]),
            9999 - int(digits[4:8]),
            99 - int(digits[8:10]),
        )
    except ValueError:
        return False
    shift = 40 if born.year > 1950 else 20
    shift = 0 if born.year > 2000 else shift
    return (
        month in (born.month + shift, born.month)
        and int(f"{year:04d}"[::-1]) == born.year
        and day in (born.day, born.day + 50)
    )


def _reading(digits: str, born: date | None) -> tuple[dict[str, Any], float] | None:
    """The policy that `digits` are, and how sure that is; None when they are none."""
    if len(digits) == 16:
        quality = CHECKED if luhn(digits) else 0.0
        if quality and born is not None and enp_fits(digits, born):
            quality = 0.98
        return ({"kind": "enp", "number": digits}, quality) if quality else None
    if len(digits) == 11:
        return ({"kind": "snils", "number": digits}, 0.97) if snils_is_right(digits) else None
    if len(digits) == 9:
        return {"kind": "temporary", "number": digits}, UNCHECKED
    return None


def understand_policy(heard: Heard) -> Understood:
    """`value` {"kind": "enp" | "snils" | "temporary", "number"}; «не знаю», «нет под рукой» is `meaning` unknown."""
    born = heard.context.birth_date
    if heard.digits:
        digits = "".join(char for char in heard.digits if char.isdigit())
        found = _reading(digits, born)
        if found is None:
            return Understood(missing=["policy"], heard=heard.digits)
        return Understood(meaning="value", value=found[0], probability=max(found[1], 0.9), complete=True)
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=0.95, complete=True, heard=text)
    digits_said = [spoken_digits(one.text) for one in said]
    if not digits_said[0] and (any(is_unknown(one.text) for one in said) or read(said[0].text).answer == "no"):
        return Understood(meaning="unknown", probability=0.9, complete=True, heard=text)
    ballot = Ballot()
    for one, digits in zip(said, digits_said, strict=True):
        found = _reading(digits, born)
        if found is None:
            ballot.lose(one.weight * 0.3)  # wrong check digits say little against an alternative with right ones
        else:
            ballot.add(found[0], one.weight * found[1])
            ballot.lose(one.weight * (1 - found[1]))
    ranked: list[Candidate] = ballot.ranked(TRUST.of(heard))
    if not ranked or ranked[0].probability < 0.25:
        return Understood(missing=["policy"], heard=text, candidates=ranked)
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=text,
        candidates=ranked[1:],
    )  # fmt: skip
