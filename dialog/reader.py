"""Reads the script's YAML with clear errors: file, place, what would be right. Standard library and PyYAML only."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

SCRIPT_DIR = Path(__file__).parent / "script"


class ScriptError(ValueError):
    """The script is wrong; the text names the file, the place and the rule."""


class Reader:
    """A mapping of the script. Every getter checks; `done` refuses keys that nobody asked for."""

    def __init__(self, data: Any, place: str) -> None:
        if not isinstance(data, Mapping):
            raise ScriptError(f"{place}: must be a mapping")
        self._data = data
        self._place = place
        self._known: set[str] = set()

    @classmethod
    def open(cls, path: Path) -> Reader:
        try:
            return cls(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
        except OSError as error:
            raise ScriptError(f"{path.name}: {error.strerror}") from None
        except yaml.YAMLError as error:
            raise ScriptError(f"{path.name}: {error}") from None

    def keys(self) -> list[str]:
        return [str(key) for key in self._data]

    def fail(self, key: str, rule: str) -> ScriptError:
        return ScriptError(f"{self._place}: {key}: {rule}")

    def _get(self, key: str, default: Any) -> Any:
        self._known.add(key)
        value = self._data.get(key, default)
        if value is None and default is None and key not in self._data:
            raise self.fail(key, "is missing")
        return value

    def text(self, key: str, default: str | None = None, *, fields: frozenset[str] = frozenset()) -> str:
        """Text; its {fields} must be among `fields`."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.fail(key, "must be text")
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        except ValueError:
            raise self.fail(key, "has a brace without its partner") from None
        if used - fields:
            raise self.fail(key, f"may use {sorted(fields) or 'no fields'}, not {sorted(used - fields)}")
        return value.strip()

    def optional_text(self, key: str) -> str | None:
        value = self._get(key, "")
        if value is None or value == "":
            return None
        return self.text(key)

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self._get(key, default)
        if value not in allowed:
            raise self.fail(key, f"must be one of {', '.join(allowed)}")
        return str(value)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.fail(key, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, "must be true or false")
        return value

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        value = self._get(key, default)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self.fail(key, "must be a list of text")
        return tuple(item.strip() for item in value)

    def raw(self, key: str) -> Any:
        return self._get(key, None)

    def has(self, key: str) -> bool:
        self._known.add(key)
        return key in self._data

    def inner(self, key: str) -> Reader:
        return Reader(self._get(key, None), f"{self._place}: {key}")

    def items(self, key: str) -> Iterator[Reader]:
        value = self._get(key, None)
        if not isinstance(value, list) or not value:
            raise self.fail(key, "must be a list with entries")
        for index, item in enumerate(value):
            yield Reader(item, f"{self._place}: {key}[{index}]")

    def done(self) -> None:
        unknown = set(self.keys()) - self._known
        if unknown:
            raise ScriptError(f"{self._place}: unknown: {', '.join(sorted(unknown))}")
