"""The wordings of `script/urgent.yml`: how one is written, and what it fits. Standard library only.

A wording is a row of words: `слов*` any ending, `~` up to two words in between, `[слово]` may be missing, `(а|б)` one
of them; an option may be several words. ё and е are the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

_PART = re.compile(r"\[(?P<optional>[^\[\]()]+)\]|\((?P<either>[^()\[\]]+)\)|(?P<gap>~)|(?P<word>[а-я*-]+)")
_GAP = r"(?: (?!не\b|нет\b|ни\b)\w+){0,2}"
"""No negation stands in a gap: «губы не синие»."""
_INSIDE = ("", "ла", "лись", "ом")
_MOST_SPELLED = 400
"""Spellings of one wording that are looked for by their sound; of more the first ones."""


class WordingError(ValueError):
    """A wording cannot be read; the text names it."""


@dataclass(frozen=True)
class _Part:
    options: tuple[str, ...]
    is_needed: bool = True


def plain(text: str) -> str:
    """Lower case words with single spaces, ё as е, no punctuation."""
    return " ".join(re.findall(r"[а-яa-z0-9]+", text.lower().replace("ё", "е")))


def _parts(wording: str) -> list[_Part | None]:
    """The parts in order, None for a gap; raises WordingError."""
    source = wording.replace("ё", "е").replace("-", " ").strip()
    parts: list[_Part | None] = []
    position = 0
    for match in _PART.finditer(source):
        if source[position : match.start()].strip():
            break
        position = match.end()
        options = match["optional"] or match["either"] or match["word"]
        if match["gap"]:
            parts.append(None)
        else:
            parts.append(_Part(tuple(option.strip() for option in options.split("|")), not match["optional"]))
    if not parts or source[position:].strip() or parts[0] is None or not parts[0].is_needed:
        raise WordingError(f"cannot read the wording «{wording}»")
    return parts


def compile_wording(wording: str) -> re.Pattern[str]:
    """The regular expression of one wording; raises WordingError."""
    pattern, space = "", ""
    for part in _parts(wording):
        if part is None:
            pattern += _GAP
        else:
            either = "(?:" + "|".join(option.replace("*", r"\w*") for option in part.options) + ")"
            pattern += f"{space}{either}" if part.is_needed else f"(?:{space}{either})?"
        space = " "
    return re.compile(rf"\b{pattern}\b")


def spellings(wording: str) -> Iterator[tuple[list[str], bool]]:
    """What the wording may be in full, without gaps: its words, and whether the last one may have any ending.

    An ending inside is one of the commonest, or none.
    """
    choices: list[list[str]] = []
    for part in _parts(wording):
        if part is not None:
            choices.append([*part.options] if part.is_needed else ["", *part.options])
    for chosen in itertools.islice(itertools.product(*choices), _MOST_SPELLED):
        phrase = " ".join(option for option in chosen if option)
        is_open = phrase.endswith("*")
        for ending in _INSIDE if "* " in phrase else ("",):
            words = phrase.removesuffix("*").replace("* ", f"{ending} ").split()
            if words:
                yield words, is_open
