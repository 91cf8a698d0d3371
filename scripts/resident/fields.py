"""The fields of a record that `expect` may name, and where they stand in it."""

from __future__ import annotations

from typing import Any

PATIENT = ("surname", "name", "patronymic", "birth_date")
ADDRESS = ("town", "street", "street_kind", "house", "flat", "entrance", "floor", "intercom", "in_register")
TOP = ("phone", "urgency", "visit_date", "temperature", "state", "reason")
CALLER = ("relation", "caller_name")
WORDS = ("symptoms", "since", "notes")
"""Free words: a regular expression that is found in them."""
AS_HEARD = (*WORDS, "caller_name")
"""What stands in the record as it was recognised: judged in text alone."""
IN_A_VISIT = (*PATIENT, "town", "street", "street_kind", "house", "flat", "phone", "clinic")
"""What the sandbox MIS shows of a visit."""
FIELDS = frozenset({*PATIENT, *ADDRESS, *TOP, *CALLER, *WORDS, "clinic", "outcome"})


def recorded(record: dict[str, Any], name: str) -> str:
    """The value of a field of `expect` in a house call or in a visit of the sandbox; absent is the empty string."""
    if name in PATIENT:
        value = record["patient"].get(name)
    elif name in ADDRESS:
        value = record["address"].get(name)
    elif name in CALLER:
        value = record["caller"].get({"relation": "relation", "caller_name": "name"}[name])
    else:
        value = record.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
