"""Finds an emergency or the wish for an operator in what was said, before anything else looks at it.

The wordings are data (`script/urgent.yml`, which explains their form). Runs in the worker's own process and in
Rasa's environment: standard library and PyYAML only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dialog.reader import Reader, ScriptError
from dialog.sound import Phrases
from dialog.wordings import WordingError, compile_wording, plain, spellings

__all__ = ["Urgent", "UrgentKind", "UrgentWords", "WordingError", "compile_wording", "likely_texts", "plain"]

UrgentKind = Literal["emergency", "doubt", "operator"]
PATH = Path(__file__).parent / "script" / "urgent.yml"

SCORE_MARGIN = 0.5
"""Alternatives whose mean log probability a token is worse than the best one's by more are left out: they are
the recogniser's inventions rather than what was said."""

NEAR_TEXTS = 5
"""Texts of a turn in which words are looked for that sound nearly like a sign: each takes a millisecond or two."""

OLDEST = 130

_OWN_NEGATION = ("не ", "нет ", "без ", "нечем ", "ни ")
_NEGATIONS = {"не", "нет", "ни", "без", "нечем"}
_SOUNDS_NEGATIVE = ("не", "ни", "на", "без", "бес")
_BEFORE = re.compile(r"\b(?:не|не было|не бывает|никаких|никакой|никакого) $")
_AFTER = re.compile(
    r" (?:(?:тоже|пока|давно|вроде|вообще|точно|уже|никаких|у него|у нее|у меня|слава богу) )?"
    r"(?:нет|нету|не было|не бывает|не наблюдается|не надо|не нуж\w+|отсутству\w+)\b(?! (?:воздуха|сил|пульса))"
)


@dataclass(frozen=True)
class Urgent:
    """What was found. `words`: the words that triggered it, as heard."""

    kind: UrgentKind
    words: str


@dataclass(frozen=True)
class Sign:
    """A sign of danger. `asked`: it is one only as an answer to the questions about signs, at these ages (years)."""

    id: str
    asked: tuple[int, int] | None
    wordings: tuple[str, ...]


class _Words:
    """Wordings that mean one thing, and what is harmless."""

    def __init__(self, wordings: Iterable[str], harmless: Iterable[str], *, by_sound: bool = False) -> None:
        wordings = list(wordings)
        self._wordings = [(compile_wording(wording), wording.startswith(_OWN_NEGATION)) for wording in wordings]
        self._harmless = [compile_wording(wording) for wording in harmless]
        self._sounds = {
            has_negation: Phrases(
                spelling
                for wording in wordings
                if by_sound
                for spelling in spellings(wording)
                if _NEGATIONS.isdisjoint(spelling[0]) != has_negation
            )
            for has_negation in (False, True)
        }

    def find(self, text: str) -> str | None:
        """The words of the first wording that is in `text` (plain) and neither negated nor harmless."""
        spans = self.harmless_spans(text)
        for pattern, has_negation in self._wordings:
            for match in pattern.finditer(text):
                if self._counts(text, match.start(), match.end(), has_negation, spans):
                    return match.group(0)
        return None

    def find_by_sound(self, text: str, spans: list[tuple[int, int]], *, same: bool) -> str | None:
        """The words outside of the harmless `spans` that sound like a wording: the same, or nearly so."""
        words = text.split()
        starts = [match.start() for match in re.finditer(r"\S+", text)]
        for has_negation, phrases in self._sounds.items():
            for found in phrases.find(words):
                start, end = starts[found.first], starts[found.last - 1] + len(words[found.last - 1])
                if found.same != same or not _fits(words[found.first : found.last], has_negation):
                    continue
                if self._counts(text, start, end, has_negation, spans):
                    return text[start:end]
        return None

    def harmless_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for pattern in self._harmless for match in pattern.finditer(text)]

    @staticmethod
    def _counts(text: str, start: int, end: int, has_negation: bool, harmless: list[tuple[int, int]]) -> bool:
        if any(first < end and start < last for first, last in harmless):
            return False
        if has_negation:
            return True
        denied = " не " not in text[start:end] and _AFTER.match(text, end)
        return not (denied or _BEFORE.search(text[:start]))


def _fits(words: list[str], has_negation: bool) -> bool:
    """A negation may neither come into a phrase by its sound («лицо не опухло») nor get lost («просыпается»)."""
    if has_negation:
        return "нет" not in words and any(word.startswith(_SOUNDS_NEGATIVE) for word in words)
    return _NEGATIONS.isdisjoint(words)


class UrgentWords:
    """The lists of `script/urgent.yml`; raises WordingError when the file is wrong."""

    def __init__(self, path: Path = PATH) -> None:
        try:
            reader = Reader.open(path)
            for key in ("version", "source"):
                reader.text(key)
            reader.optional_text("approved_by")
            self.signs = tuple(_signs(reader))
            doubt, operator, cancel = (reader.inner(key) for key in ("doubt", "operator", "cancel"))
            instead = doubt.texts("instead")
            always = reader.texts("harmless")
            harmless = (*always, *instead)
            self._emergency = _Words(
                [wording for sign in self.signs if sign.asked is None for wording in sign.wordings],
                harmless,
                by_sound=True,
            )
            self._asked = [(sign.asked, _Words(sign.wordings, harmless)) for sign in self.signs if sign.asked]
            self._doubt = _Words((*instead, *doubt.texts("wordings")), (*always, *doubt.texts("harmless")))
            self._operator, self._cancel = (
                _Words(part.texts("wordings"), part.texts("harmless")) for part in (operator, cancel)
            )
            for part in (doubt, operator, cancel, reader):
                part.done()
        except ScriptError as error:
            raise WordingError(str(error)) from None
        except WordingError as error:
            raise WordingError(f"{path.name}: {error}") from None

    def find(self, texts: Iterable[str]) -> Urgent | None:
        """The most urgent thing in any of the texts: an emergency, the wish for an operator, a doubt."""
        cleaned = list(dict.fromkeys(plain(text) for text in texts))
        for kind, words in self._found(cleaned):
            if words is not None:
                return Urgent(kind, words)
        return None

    def _found(self, texts: list[str]) -> Iterator[tuple[UrgentKind, str | None]]:
        # where the first text denies or explains a sign («сердце не болит»), no sound of another makes it one again
        sounds = texts[:1] if texts and self._emergency.harmless_spans(texts[0]) else texts
        yield from (("emergency", self._emergency.find(text)) for text in texts)
        for text in sounds:
            yield "emergency", self._emergency.find_by_sound(text, self._emergency.harmless_spans(text), same=True)
        yield from (("operator", self._operator.find(text)) for text in texts)
        yield from (("doubt", self._doubt.find(text)) for text in texts)
        for text in sounds[:NEAR_TEXTS]:
            yield "doubt", self._emergency.find_by_sound(text, self._doubt.harmless_spans(text), same=False)

    def find_asked(self, texts: Iterable[str], years: float) -> str | None:
        """The words of a sign that counts as an answer to the questions about signs of danger at that age."""
        cleaned = list(dict.fromkeys(plain(text) for text in texts))
        for ages, words in self._asked:
            if ages[0] <= int(years) <= ages[1]:
                for text in cleaned:
                    if found := words.find(text):
                        return found
        return None

    def wants_to_cancel(self, text: str) -> bool:
        return self._cancel.find(plain(text)) is not None


def _signs(reader: Reader) -> Iterator[Sign]:
    """Raises ScriptError, also for an id that comes twice."""
    ids: set[str] = set()
    for entry in reader.items("signs"):
        name = entry.text("id")
        if name in ids:
            raise entry.fail("id", f"{name} comes twice")
        ids.add(name)
        asked = entry.raw("asked") if entry.has("asked") else None
        if asked is not None and not (
            isinstance(asked, list)
            and len(asked) == 2
            and all(type(age) is int and 0 <= age <= OLDEST for age in asked)
        ):
            raise entry.fail("asked", "must be two whole numbers of years, youngest and oldest")
        yield Sign(name, None if asked is None else (asked[0], asked[1]), entry.texts("wordings"))
        entry.done()


def likely_texts(text: str, alternatives: Iterable[tuple[str, float]]) -> list[str]:
    """The turn's text and those alternatives that the recogniser held about as likely as its best."""
    scored = list(alternatives)
    best = max((score for _, score in scored), default=0.0)
    return [text, *(other for other, score in scored if score >= best - SCORE_MARGIN)]
