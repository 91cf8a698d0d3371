"""How dates are said, in words: what the sound is compared with."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from num2words import num2words

from understanding.text import load_data


@lru_cache(maxsize=5_000)
def said_date(value: str) -> str:
    """An ISO date: «двадцать пятого мая две тысячи второго года»."""
    day = date.fromisoformat(value)
    month = load_data("dates")["months"][day.month][1]
    return f"{_genitive(day.day)} {month} {_genitive(day.year)} года"


def _genitive(number: int) -> str:
    return str(num2words(number, lang="ru", to="ordinal", case="g", gender="m"))
