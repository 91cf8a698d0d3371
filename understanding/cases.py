"""Names in the cases in which callers say them: «для Ивановой Марии Петровны», «к Иванову Ивану».

Spelling rules only (no dictionary): the forms serve to compare sounds and to word a phrase for the recogniser.
"""

from __future__ import annotations

from typing import Literal

Case = Literal["nominative", "genitive", "dative", "accusative"]
Gender = Literal["m", "f"]

OBLIQUE: tuple[Case, ...] = ("genitive", "dative", "accusative")

_IRREGULAR = {"Павел": "Павл", "Лев": "Льв", "Пётр": "Петр", "Петр": "Петр"}
_HUSHING = "гкхжчшщ"


def decline_first(name: str, gender: Gender, case: Case) -> str:
    """First name in `case`: Мария → Марии, Павел → Павла."""
    if case == "nominative":
        return name
    if gender == "m" and name in _IRREGULAR:
        return _IRREGULAR[name] + ("у" if case == "dative" else "а")
    stem, last = name[:-1], name[-1]
    if last in "ая":
        soft = last == "я"
        if case == "accusative":
            return stem + ("ю" if soft else "у")
        if case == "dative":
            return stem + ("и" if stem.endswith("и") else "е")
        return stem + ("и" if soft or stem[-1:] in _HUSHING else "ы")
    if gender == "f":
        return stem + "и" if last == "ь" and case != "accusative" else name
    if last in "йь":
        return stem + ("ю" if case == "dative" else "я")
    if last in "оеуюиыэё":
        return name
    return name + ("у" if case == "dative" else "а")


def decline_patronymic(name: str, gender: Gender, case: Case) -> str:
    """Patronymic in `case`: Петровна → Петровны; such as «Гасан-оглы» stay as they are."""
    if case == "nominative" or not name.endswith(("ич", "на")):
        return name
    if gender == "m":
        return name + ("у" if case == "dative" else "а")
    return name[:-1] + {"genitive": "ы", "dative": "е", "accusative": "у"}[case]


def decline_surname(name: str, gender: Gender, case: Case) -> str:
    """Surname in `case`: Иванова → Ивановой, Зайцев → Зайцева, Шевченко stays."""
    if case == "nominative":
        return name
    if gender == "f":
        if name.endswith("ая"):
            return name[:-2] + ("ую" if case == "accusative" else "ой")
        if name.endswith(("ова", "ева", "ёва", "ина", "ына")):
            return name[:-1] + ("у" if case == "accusative" else "ой")
        return name
    if name.endswith(("кий", "ый", "ой", "хий", "гий")):
        return name[:-2] + ("ому" if case == "dative" else "ого")
    if name.endswith(("их", "ых")) or name[-1] in "аяоеуюиыэё":
        return name
    if name[-1] in "йь":
        return name[:-1] + ("ю" if case == "dative" else "я")
    return name + ("у" if case == "dative" else "а")


def female_surname(male: str) -> str:
    """The form of a surname for a woman: Зайцев → Зайцева, Каминский → Каминская, Шевченко → Шевченко."""
    if male.endswith(("ов", "ев", "ёв", "ин", "ын")):
        return male + "а"
    if male.endswith(("кий", "ый", "ой", "хий", "гий", "жий", "ший")) and len(male) > 4:
        return male[:-2] + "ая"
    return male


def male_surname(female: str) -> str:
    """The usual man's form of a woman's surname; a surname without one comes back as it is."""
    if female.endswith(("ова", "ева", "ёва", "ина", "ына")):
        return female[:-1]
    if female.endswith("ая") and len(female) > 4:
        return female[:-2] + ("ий" if female[-3] in _HUSHING else "ый")
    return female
