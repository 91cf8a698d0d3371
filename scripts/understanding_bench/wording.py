"""Numbers, dates, names, houses and phones as people say them (`words`) and as recognisers write them (`digits`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from num2words import num2words

from dialog.conversation.spoken import spoken_date
from understanding.cases import Case, Gender, decline_first, decline_patronymic, decline_surname
from understanding.register import House

Fields = dict[str, str]
_CASES: tuple[tuple[str, Case], ...] = (("g", "genitive"), ("d", "dative"), ("a", "accusative"))


def cardinal(number: int) -> str:
    return str(num2words(number, lang="ru"))


def year_in_words(year: int) -> str:
    """«тысяча девятьсот восемьдесят пять»: nobody says «одна тысяча» of a year."""
    return cardinal(year).removeprefix("одна ")


def ordinal(number: int, case: Literal["n", "g", "p"] = "n", gender: Literal["m", "f", "n"] = "m") -> str:
    return str(num2words(number, lang="ru", to="ordinal", case=case, gender=gender))


def plural(number: int, one: str, few: str, many: str) -> str:
    """The form of a noun behind a number: год, года, лет."""
    if number % 10 == 1 and number % 100 != 11:
        return one
    return few if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else many


def years(number: int) -> str:
    return plural(number, "год", "года", "лет")


def months(number: int) -> str:
    return plural(number, "месяц", "месяца", "месяцев")


def date_fields(day: dt.date, *, is_male: bool) -> Fields:
    """Ends: `_g` ordinal in the genitive, `_n` neuter, `_m` masculine, `_c` a plain number; `month0`: «ноль девятое»;
    `short`: the year without its century. Without an end: in digits, but for `month`."""
    zero = "ноль " if day.month < 10 else ""
    short = day.year % 100
    return {
        "born": "родился" if is_male else "родилась",
        "day_g": ordinal(day.day, "g"), "day_n": ordinal(day.day, gender="n"), "day_c": cardinal(day.day),
        "month": spoken_date(day.isoformat()).split()[1],
        "month_g": ordinal(day.month, "g"), "month_n": ordinal(day.month, gender="n"),
        "month0_n": zero + ordinal(day.month, gender="n"), "month0_c": zero + cardinal(day.month),
        "year_g": ordinal(day.year, "g"), "year_m": ordinal(day.year), "year_c": year_in_words(day.year),
        "short_g": ordinal(short, "g"),
        "day": str(day.day), "dd": f"{day.day:02}", "mm": f"{day.month:02}", "year": str(day.year), "yy": f"{short:02}",
    }  # fmt: skip


def name_fields(surname: str, name: str, patronymic: str, *, is_male: bool) -> Fields:
    """The three parts; `_g`, `_d`, `_a` in oblique cases."""
    gender: Gender = "m" if is_male else "f"
    fields = {"surname": surname, "name": name, "patronymic": patronymic}
    for end, case in _CASES:
        fields[f"surname_{end}"] = decline_surname(surname, gender, case)
        fields[f"name_{end}"] = decline_first(name, gender, case)
        fields[f"patronymic_{end}"] = decline_patronymic(patronymic, gender, case)
    return fields


def house_said(house: House, letters: Mapping[str, str], *, in_digits: bool) -> str:
    """«двенадцать корпус три», «14 дробь 2»; `letters` are their names when they are spoken."""
    say = str if in_digits else cardinal
    text = str(say(house.number))
    if house.letter:
        text += house.letter.lower() if in_digits else f" {letters[house.letter]}"
    for word, part in (("дробь", house.fraction), ("корпус", house.block), ("строение", house.building)):
        if part:
            text += f" {word} {say(int(part))}"
    return text


def phone_said(national: str, sizes: Sequence[int], *, in_digits: bool) -> str:
    """Ten digits in groups; a group that begins with zeros is said with them."""
    groups, at = [], 0
    for size in sizes:
        groups.append(national[at : at + size])
        at += size
    return " ".join(group if in_digits else _group(group) for group in groups)


def _group(digits: str) -> str:
    zeros = len(digits) - len(digits.lstrip("0"))
    rest = digits[zeros:]
    return " ".join([*["ноль"] * zeros, *([cardinal(int(rest))] if rest else [])])
