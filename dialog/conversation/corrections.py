"""Takes back what was settled earlier: «нет, дом семнадцать», «не Мария, а Марина» (`script/corrections.yml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from dialog.conversation.state import State
from dialog.reader import Reader, ScriptError

LIKE = 0.75
"""Likeness (difflib's ratio) from which the word that is taken back is one that was settled: «марию» is «Мария»."""

_NOT_BUT = re.compile(r"\bне (?:[а-яё]+ )??([а-яё0-9]+) а ([а-яё0-9 ]+)$")
_NAME_PARTS = {"surname": "surname", "first_name": "name", "patronymic": "patronymic"}
_ADDRESS_PARTS = ("town", "street", "house", "flat")


@dataclass(frozen=True)
class Correction:
    """The field that is wrong; `text`: what it should be, empty when that was not said."""

    slot: str
    text: str


class Corrections:
    """Pure: from the words and what is settled to the field that is meant."""

    def __init__(
        self, begins: Iterable[str], holds: Iterable[str], fields: Mapping[str, tuple[str, ...]], empty: Iterable[str]
    ) -> None:
        self._begins = tuple(_plain(cue) for cue in begins)
        self._holds = frozenset(_plain(cue) for cue in holds)
        pairs = [(_plain(word), slot) for slot, words in fields.items() for word in words]
        self._fields = sorted(pairs, key=lambda pair: -len(pair[0]))  # «номер дома» before «дом»
        self._empty = frozenset(_plain(word) for word in empty)

    @classmethod
    def load(cls, path: Path) -> Corrections:
        """Raises ScriptError."""
        reader = Reader.open(path)
        inner = reader.inner("fields")
        fields = {slot: inner.texts(slot) for slot in inner.keys()}  # noqa: SIM118 - Reader is no mapping
        unknown = set(fields) - {*_NAME_PARTS, *_ADDRESS_PARTS, "birth_date", "address", "phone", "temperature"}
        if unknown:
            raise ScriptError(f"{path.name}: fields: cannot be corrected: {', '.join(sorted(unknown))}")
        made = cls(reader.texts("begins"), reader.texts("holds"), fields, reader.texts("empty"))
        reader.done()
        return made

    def meant(self, text: str, state: State, *, cued: bool = False) -> Correction | None:
        """What the caller takes back, or None. `cued`: a classifier thinks so, no cue is needed then."""
        said = _plain(text)
        replaced = self._not_but(said, state)
        if replaced is not None:
            return replaced
        words = said.split()
        if not cued and not self._has_cue(said, words):
            return None
        for phrase, slot in self._fields:
            named = re.search(rf"\b{phrase}\b", said)
            if named and _is_settled(slot, state):
                # what stands in front is mostly a garbled «нет»: «неред дом 17»
                rest = self._meaning(said[named.end() :]) or self._meaning(said[: named.start()])
                # the field's own word belongs to the answer: «дом семнадцать»
                keep = f"{phrase} {rest}" if slot in _ADDRESS_PARTS else rest
                return Correction(slot, keep if rest else "")
        return None

    def _meaning(self, text: str) -> str:
        return " ".join(word for word in text.split() if word not in self._empty)

    def _has_cue(self, said: str, words: list[str]) -> bool:
        return any(said == cue or said.startswith(cue + " ") for cue in self._begins) or bool(self._holds & set(words))

    @staticmethod
    def _not_but(said: str, state: State) -> Correction | None:
        """«не мария а марина»: the field is the one that has the first of both."""
        found = _NOT_BUT.search(said)
        if found is None:
            return None
        for slot, value in _settled_words(state):
            if any(SequenceMatcher(None, found[1], word).ratio() >= LIKE for word in _plain(value).split()):
                return Correction(slot, found[2])
        return None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[а-яa-z0-9]+", text.lower().replace("ё", "е")))


def _settled_words(state: State) -> list[tuple[str, str]]:
    name: dict[str, Any] = state.value("name") or {}
    address: dict[str, Any] = state.value("address") or {}
    pairs = [(slot, name.get(part)) for slot, part in _NAME_PARTS.items()]
    pairs += [(slot, address.get(slot)) for slot in _ADDRESS_PARTS]
    return [(slot, str(value)) for slot, value in pairs if value]


def _is_settled(slot: str, state: State) -> bool:
    if slot in _NAME_PARTS:
        return bool(state.value("name"))
    if slot in _ADDRESS_PARTS:
        return bool(state.value("address"))
    return slot in state.taken
