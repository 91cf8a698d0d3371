"""The Russian words of the pages, checked against the published vocabulary when loaded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml

from core.errors import ConfigurationError
from core.events import CallTransferred
from core.words import HOUSE_CALL_STATES, OUTCOMES, SLOTS, TransferReason, TransferTo

NEEDED: dict[str, tuple[str, ...]] = {
    "outcomes": OUTCOMES,
    "states": HOUSE_CALL_STATES,
    "slots": SLOTS,
    "transfers": get_args(TransferTo),
    "reasons": get_args(TransferReason),
    "ways": get_args(CallTransferred.model_fields["way"].annotation),
    "results": get_args(CallTransferred.model_fields["result"].annotation),
    "events": ("house_call.created", "red_flag", "recording.refused", "call.transferring"),
    "announcement": ("too_long", "not_russian", "too_early", "too_late"),
}
"""Table to the keys it must have."""


@lru_cache
def words() -> dict[str, dict[str, str]]:
    """The tables of words.yml. Raises ConfigurationError when a word is missing."""
    path = Path(__file__).with_name("words.yml")
    tables: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for table, keys in NEEDED.items():
        if missing := set(keys) - set(tables.get(table, {})):
            raise ConfigurationError(f"dashboard/words.yml: {table} lacks {', '.join(sorted(missing))}")
    return tables


def spoken(value: Any) -> str:
    """A slot's value in one short line."""
    if value is None:
        return "—"
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part not in (None, "", True, False)) or "—"
    if isinstance(value, bool):
        return "да" if value else "нет"
    return str(value)
