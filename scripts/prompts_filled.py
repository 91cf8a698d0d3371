"""Prompts with fields, filled as calls would: people, addresses and phones of the region, numbers, days."""

from __future__ import annotations

import csv
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken, spoken_about, spoken_day

_EXAMPLES = 3
"""Of every prompt; people stand at even distances in the region's list."""
_TODAY = date(2026, 11, 20)
_DAYS = ("2026-11-20", "2026-11-21", "2026-11-24")
_NUMBERS = ("122-000042", "122-001387", "122-015906")
_VALUES: dict[str, tuple[Any, ...]] = {
    "who": ("child", "parent", "self"), "age": ({"years": 4}, {"years": 71}, {"months": 8}),
    "temperature": (38.5, 39, 37.2), "entrance": (2, 5, 11), "floor": (3, 9, 14), "intercom": (48, 112, 357),
}  # fmt: skip


def filled_prompts(script: Script, region: Path) -> list[str]:
    """Each phrase and each question back with fields, `_EXAMPLES` times; always the same in the same order."""
    phrases, rejections = script.phrases, [rejection.say for rejection in script.rejections.values()]
    texts: list[str] = []
    for number, values in enumerate(_people(region)):
        fields = {slot: spoken(slot, values[slot]) for slot in ("name", "birth_date", "address", "phone")}
        value = {"offer_patient": spoken_about(values["name"]), "offer_address": fields["address"]}
        others = {
            "phone": phrases.readback_phone.format(phone=fields["phone"]),
            "temperature": phrases.readback_temperature.format(temperature=("38,5", "39", "37,2")[number]),
            "number": _NUMBERS[number],
            "day": spoken_day(_DAYS[number], _TODAY),
            "before": (phrases.operators_closed, phrases.operator_silent, "")[number],
            "reason": rejections[number],
        }
        for name, template in asdict(phrases).items():
            if "{" in template and name not in ("readback_phone", "readback_temperature"):  # parts of the read-backs
                filled = fields | others | {"value": value.get(name, fields["name"])}
                texts.append(template.format(**filled).strip())
        values |= {slot: examples[number] for slot, examples in _VALUES.items()}
        checks = {slot: question.check for slot, question in script.questions.items() if question.check}
        texts += [check.format(value=spoken(slot, values[slot])) for slot, check in checks.items()]
    return list(dict.fromkeys(texts))


def _people(region: Path) -> list[dict[str, Any]]:
    """For each example a patient's data, by slot, in the shape that the conversation keeps."""
    towns = {row["town_id"]: row["name"] for row in _rows(region / "towns.csv")}
    streets = {row["street_id"]: row for row in _rows(region / "streets.csv")}
    patients = _rows(region / "patients.csv")
    people: list[dict[str, Any]] = []
    for patient in patients[:: -(-len(patients) // _EXAMPLES)]:
        street = streets[patient["street_id"]]
        name = {part: patient[part] for part in ("surname", "name", "patronymic")}
        address = {"town": towns[patient["town_id"]], "street": street["name"], "street_kind": street["kind"]}
        address |= {part: patient[part] for part in ("house", "flat")}
        people.append(
            {**name, **address, "street": address, "first_name": name["name"], "name": name, "address": address}
            | {part: patient[part] for part in ("birth_date", "phone")}
        )
    return people


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
