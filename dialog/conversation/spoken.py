"""Values as they are read back: ordinary Russian with digits, which the synthesis turns into words."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
           "декабря")  # fmt: skip
_WEEKDAYS = ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье")
_STREET_KINDS = {
    "ул": "улица", "пер": "переулок", "пр-кт": "проспект", "проезд": "проезд", "ш": "шоссе", "б-р": "бульвар",
    "наб": "набережная", "пл": "площадь", "туп": "тупик", "мкр": "микрорайон", "кв-л": "квартал",
}  # fmt: skip
_WHO = {"self": "вам", "child": "ребёнку", "parent": "родителю", "spouse": "супругу", "relative": "родственнику",
        "other": "другому человеку"}  # fmt: skip


def spoken_date(value: str) -> str:
    day = date.fromisoformat(value)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year} года"


def spoken_day(value: str | None, today: date) -> str:
    """When the doctor comes: «сегодня», «завтра», «во вторник, 24 ноября»; without a date «в ближайшее время»."""
    if not value:
        return "в ближайшее время"
    day = date.fromisoformat(value[:10])
    if day == today:
        return "сегодня"
    if (day - today).days == 1:
        return "завтра"
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]}"


def spoken_visit(template: str, visit: dict[str, Any], today: date) -> str:
    """A phrase with the {number} and the {day} of a house call, or with one of them."""
    return template.format(number=visit["number"], day=spoken_day(visit.get("visit_date"), today))


def spoken_name(value: dict[str, Any]) -> str:
    return " ".join(str(value[part]) for part in ("surname", "name", "patronymic") if value.get(part))


def spoken_about(value: dict[str, Any]) -> str:
    """Name and patronymic after «по поводу»: «Марии Петровны»."""
    return " ".join(_genitive(str(value[part])) for part in ("name", "patronymic") if value.get(part))


_GENITIVES = {"Павел": "Павла", "Лев": "Льва", "Пётр": "Петра"}
_SOFT_WOMEN = ("ль", "вь", "фь")
"""Айгуль, Любовь, Юдифь: the feminine names that end so outnumber the masculine ones."""


def _genitive(name: str) -> str:
    """A Russian first name or patronymic in the genitive; what bends by no rule stays as it is.

    >>> [_genitive(name) for name in ("Мария", "Петровна", "Андрей", "Никита", "Ольга", "Игорь", "Ильич")]
    ['Марии', 'Петровны', 'Андрея', 'Никиты', 'Ольги', 'Игоря', 'Ильича']
    """
    if name in _GENITIVES:
        return _GENITIVES[name]
    last = name[-1:].lower()
    if last == "а":
        return name[:-1] + ("и" if name[-2:-1].lower() in "гкхжчшщ" else "ы")
    if last == "я":
        return name[:-1] + "и"
    if last == "й":
        return name[:-1] + "я"
    if last == "ь":
        return name[:-1] + ("и" if name[-2:].lower() in _SOFT_WOMEN and name not in ("Эмиль", "Рафаэль") else "я")
    return name + "а" if last in "бвгджзклмнпрстфхцчшщ" else name


def spoken_street(value: dict[str, Any]) -> str:
    kind = _STREET_KINDS.get(str(value.get("street_kind") or ""), str(value.get("street_kind") or ""))
    return f"{kind} {value.get('street') or ''}".strip()


def spoken_house(value: str) -> str:
    """«12 к3» as «12, корпус 3»; «14/2» as «14 дробь 2»; «7А» as «7 А»."""
    text = re.sub(r"\s*(?<![А-Яа-я])к(?:орп)?\.?\s*(\d+)", r", корпус \1", value)
    text = re.sub(r"\s*(?<![А-Яа-я])с(?:тр)?\.?\s*(\d+)", r", строение \1", text)
    text = text.replace("/", " дробь ")
    return re.sub(r"(\d)([А-Яа-я])\b", r"\1 \2", text)


def spoken_address(value: dict[str, Any]) -> str:
    parts = [str(value["town"])] if value.get("town") else []
    if value.get("street"):
        parts.append(spoken_street(value))
    if value.get("house"):
        parts.append(f"дом {spoken_house(str(value['house']))}")
    if value.get("flat"):
        parts.append(f"квартира {value['flat']}")
    return ", ".join(parts)


def spoken_phone(value: str) -> str:
    """+79161234567 in groups as people say it: 8 916 123-45-67."""
    digits = re.sub(r"\D", "", value)
    if len(digits) != 11:
        return digits
    return f"8 {digits[1:4]} {digits[4:7]}-{digits[7:9]}-{digits[9:]}"


def spoken_age(value: dict[str, Any]) -> str:
    years, months = value.get("years"), value.get("months")
    if not years and months:
        return f"{months} {_form(int(months), 'месяц', 'месяца', 'месяцев')}"
    return f"{years} {_form(int(years or 0), 'год', 'года', 'лет')}"


def _form(count: int, one: str, few: str, many: str) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many


def spoken(slot: str, value: Any) -> str:
    """A value of a slot as it is asked back."""
    if value is None:
        return ""
    if slot == "who":
        return _WHO.get(str(value), str(value))
    if slot == "age":
        return spoken_age(value)
    if slot == "birth_date":
        return spoken_date(str(value))
    if slot == "name":
        return spoken_name(value)
    if slot == "address":
        return spoken_address(value)
    if slot == "street":
        return spoken_street(value)
    if slot == "house":
        return spoken_house(str(value))
    if slot == "phone":
        return spoken_phone(str(value))
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
