"""The Russian words of the pages, checked against the published vocabulary when loaded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigurationError
from core.words import HOUSE_CALL_STATES, OUTCOMES, SLOTS


@lru_cache
def words() -> dict[str, dict[str, str]]:
    """Tables `outcomes`, `states`, `slots`. Raises ConfigurationError when a word is missing."""
    path = Path(__file__).with_name("words.yml")
    tables: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for table, keys in (("outcomes", OUTCOMES), ("states", HOUSE_CALL_STATES), ("slots", SLOTS)):
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
