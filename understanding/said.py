"""How values are said, in words: what the sound is compared with."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from num2words import num2words

from understanding.text import load_data


@lru_cache(maxsize=5_000)
def said_date(value: str) -> str:
    """An ISO date: «двадцать пятого мая две тысячи второго года»."""
    day = date.fromisoformat(value)
    month = load_data("dates")["months"][day.month][1]
    return f"{_genitive(day.day)} {month} {_genitive(day.year)} года"


def said_age(value: dict[str, Any]) -> str:
    """«тридцать четыре года», «год и два месяца», «восемь месяцев»."""
    years, months = int(value["years"]), int(value.get("months") or 0)
    parts = [f"{_cardinal(years)} {_form(years, 'год', 'года', 'лет')}"] if years or not months else []
    if months:
        parts.append(f"{_cardinal(months)} {_form(months, 'месяц', 'месяца', 'месяцев')}")
    return " и ".join(parts)


def said_temperature(value: float) -> str:
    """«тридцать восемь и пять», «тридцать девять»."""
    whole, tenth = divmod(round(value * 10), 10)
    return f"{_cardinal(whole)} и {_cardinal(tenth)}" if tenth else _cardinal(whole)


def _cardinal(number: int) -> str:
    return str(num2words(number, lang="ru"))


def _genitive(number: int) -> str:
    return str(num2words(number, lang="ru", to="ordinal", case="g", gender="m"))


def _form(number: int, one: str, few: str, many: str) -> str:
    if number % 100 in range(11, 15):
        return many
    return one if number % 10 == 1 else few if number % 10 in (2, 3, 4) else many
