"""Whether what came of a call is what the resident said."""

from __future__ import annotations

from typing import Any

PATIENT = ("surname", "name", "patronymic", "birth_date")
ADDRESS = ("town", "street", "street_kind", "house", "flat", "entrance", "floor", "intercom")
TOP = ("phone", "urgency", "visit_date", "temperature")
IN_A_VISIT = (*PATIENT, "town", "street", "street_kind", "house", "flat", "phone")
"""What the sandbox MIS shows of a visit."""


def recorded(record: dict[str, Any], field: str) -> str:
    """The value of a field of `expect` in a house call; absent is the empty string."""
    if field in PATIENT:
        value = record["patient"].get(field)
    elif field in ADDRESS:
        value = record["address"].get(field)
    else:
        value = record.get(field)
    return "" if value is None else str(value)


def wrong_fields(expected: dict[str, str], outcome: str | None, record: dict[str, Any] | None) -> list[str]:
    """Names of what differs. A call that was not to be recorded is judged by its outcome alone."""
    if expected.get("outcome", "created") != (outcome or ""):
        wrong = ["outcome"]
        if record is None:
            return wrong
    else:
        wrong = []
    if record is None:
        return wrong if expected.get("outcome", "created") != "created" else [*wrong, "record"]
    return wrong + differing(expected, record, (*PATIENT, *ADDRESS, *TOP))


def differing(expected: dict[str, str], record: dict[str, Any], fields: tuple[str, ...] = IN_A_VISIT) -> list[str]:
    """Which of `fields` are expected and stand otherwise in the record."""
    return [field for field in fields if field in expected and expected[field] != recorded(record, field)]
