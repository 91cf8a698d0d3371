"""Finds an emergency or the wish for an operator in what was said, before anything else looks at it.

The wordings are data (`script/urgent.yml`, which explains their form). Runs in the worker's own process and in
Rasa's environment: standard library and PyYAML only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

UrgentKind = Literal["emergency", "operator", "cancel"]
PATH = Path(__file__).parent / "script" / "urgent.yml"

SCORE_MARGIN = 0.5
"""Alternatives whose mean log probability a token is worse than the best one's by more are left out: they are
the recogniser's inventions rather than what was said."""

_PART = re.compile(r"\[(?P<optional>[^\[\]()]+)\]|\((?P<either>[^()\[\]]+)\)|(?P<gap>~)|(?P<word>[а-я*-]+)")
_OWN_NEGATION = ("не ", "нет ", "без ", "нечем ")
_AFTER = re.compile(r" (?:нет|не было|не бывает|не наблюдается|не надо|не нуж\w+)\b(?! (?:воздуха|сил|пульса))")


class WordingError(ValueError):
    """A wording cannot be read; the text names it."""


@dataclass(frozen=True)
class Urgent:
    """What was found. `words`: the words that triggered it, as heard."""

    kind: UrgentKind
    words: str


def plain(text: str) -> str:
    """Lower case words with single spaces, ё as е, no punctuation."""
    return " ".join(re.findall(r"[а-яa-z0-9]+", text.lower().replace("ё", "е")))


def compile_wording(wording: str) -> re.Pattern[str]:
    """The regular expression of one wording; raises WordingError."""
    source = wording.replace("ё", "е").strip()
    pattern = ""
    position = 0
    for match in _PART.finditer(source):
        if source[position : match.start()].strip():
            break
        position = match.end()
        if match["gap"]:
            pattern += r"(?:\w+ ){0,2}"
        elif match["optional"]:
            pattern += f"(?:{_either(match['optional'])} )?"
        else:
            pattern += f"{_either(match['either'] or match['word'])} "
    if not pattern or source[position:].strip():
        raise WordingError(f"cannot read the wording «{wording}»")
    return re.compile(r"\b" + pattern.removesuffix(" ") + r"\b")


def _either(words: str) -> str:
    return "(?:" + "|".join(word.strip().replace("*", r"\w*") for word in words.split("|")) + ")"


class _Words:
    """One group: its wordings and what is harmless."""

    def __init__(self, kind: UrgentKind, data: Any) -> None:
        if not isinstance(data, Mapping) or set(data) - {"wordings", "harmless"} or not data.get("wordings"):
            raise WordingError(f"{kind}: needs `wordings` and may have `harmless`, lists of text")
        self.kind = kind
        self._wordings = [(compile_wording(w), w.startswith(_OWN_NEGATION)) for w in _texts(kind, data["wordings"])]
        self._harmless = [compile_wording(w) for w in _texts(kind, data.get("harmless") or [])]

    def find(self, text: str) -> str | None:
        for harmless in self._harmless:
            text = harmless.sub("…", text)
        for pattern, has_negation in self._wordings:
            for match in pattern.finditer(text):
                if has_negation or not _negated(text, match):
                    return match.group(0)
        return None


def _texts(kind: str, data: Any) -> list[str]:
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise WordingError(f"{kind}: wordings must be a list of text")
    return data


def _negated(text: str, match: re.Match[str]) -> bool:
    if re.search(r"\bне $", text[: match.start()]):
        return True
    return " не " not in match.group(0) and _AFTER.match(text, match.end()) is not None


class UrgentWords:
    """The groups of `script/urgent.yml`; raises WordingError when the file is wrong."""

    def __init__(self, path: Path = PATH) -> None:
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise WordingError(f"{path.name}: {error}") from None
        if not isinstance(data, Mapping):
            raise WordingError(f"{path.name}: needs the groups emergency, operator and cancel")
        try:
            self._emergency = _Words("emergency", data.get("emergency"))
            self._operator = _Words("operator", data.get("operator"))
            self._cancel = _Words("cancel", data.get("cancel"))
        except WordingError as error:
            raise WordingError(f"{path.name}: {error}") from None

    def find(self, texts: Iterable[str]) -> Urgent | None:
        """The most urgent thing in any of the texts: an emergency before the wish for an operator."""
        cleaned = [plain(text) for text in texts]
        for group in (self._emergency, self._operator):
            for text in cleaned:
                words = group.find(text)
                if words is not None:
                    return Urgent(group.kind, words)
        return None

    def wants_to_cancel(self, text: str) -> bool:
        return self._cancel.find(plain(text)) is not None


def likely_texts(text: str, alternatives: Iterable[tuple[str, float]]) -> list[str]:
    """The turn's text and those alternatives that the recogniser held about as likely as its best."""
    scored = list(alternatives)
    best = max((score for _, score in scored), default=0.0)
    return [text, *(other for other, score in scored if score >= best - SCORE_MARGIN)]
