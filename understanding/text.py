"""Clean-up and tokens of recogniser text, and words that are nearly those of a closed list.

Recognisers write «38-85», «25-го», «двадцать-пятого», «ак тября», «двадзать». Everything here keeps positions:
a token's `start` and `end` count characters of the text that was given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from core.errors import ConfigurationError

DATA = Path(__file__).parent / "data"

_TOKEN = re.compile(r"(?P<word>[^\W\d_]+)|(?P<digits>\d+)|(?P<mark>[^\s\w])")
_SPACE = re.compile(r"\s+")
_FOLD = str.maketrans({"ё": "е", "Ё": "Е"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word (lower case, ё as е), a run of digits, or one mark."""

    text: str
    start: int
    end: int
    kind: Literal["word", "digits", "mark"]


def fold(text: str) -> str:
    """Lower case with ё as е; as long as `text`, so that positions stay right."""
    folded = text.translate(_FOLD).lower()
    return folded if len(folded) == len(text) else text.translate(_FOLD)


def tidy(text: str) -> str:
    """`text` as it was said, with single spaces and without marks at its ends."""
    return _SPACE.sub(" ", text).strip(" .,!?…;:-—–\"'«»")


def tokens(text: str) -> list[Token]:
    """Words, digit runs and marks of `text`, in order."""
    found: list[Token] = []
    for match in _TOKEN.finditer(fold(text)):
        kind: Any = match.lastgroup
        found.append(Token(match.group(), match.start(), match.end(), kind))
    return found


def words(text: str) -> list[str]:
    """The words and digit runs of `text`, folded, without marks."""
    return [token.text for token in tokens(text) if token.kind != "mark"]


# Letters that Russian speech confuses (unstressed vowels, voicing at the end, «тс» and «ц»): Whisper's own
# mistakes are mostly of this kind, «ак тября», «сорог», «двадзать».
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        ("тся|ться|дцать|тцать|дзать", "ца"),
        ("[тд]с|дц|тц", "ц"),
        ("стн", "сн"),
        ("[сз]ч|щ", "ш"),
        ("[ъь]", ""),
        ("[оа]", "а"),
        ("[еиыйэя]", "и"),
        ("ю", "у"),
        ("б", "п"),
        ("[вф]", "ф"),
        ("г", "к"),
        ("д", "т"),
        ("ж", "ш"),
        ("з", "с"),
        (r"(.)\1+", r"\1"),
    ]
]


@lru_cache(maxsize=50_000)
def sound(word: str) -> str:
    """A rough key of how a folded word sounds: words that differ only in confusable letters share it."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word


def closest(word: str, vocabulary: Collection[str], *, least: float = 0.7) -> tuple[str, float] | None:
    """The vocabulary's word nearest to `word` with its likeness (0..1), or None below `least`.

    Likeness is the mean of Levenshtein likeness by letters and by sound. Words of fewer than 4 letters have too
    many neighbours: they only match exactly.
    """
    word = fold(word)
    if word in vocabulary:
        return word, 1.0
    if len(word) < 4:
        return None
    best: tuple[str, float] | None = None
    near = process.extract(
        word, vocabulary, scorer=Levenshtein.normalized_similarity, limit=6, score_cutoff=least - 0.25
    )
    for other, letters, _index in near:
        likeness = (letters + Levenshtein.normalized_similarity(sound(word), sound(other))) / 2
        if likeness >= least and (best is None or likeness > best[1]):
            best = other, likeness
    return best


def contains_phrase(spoken: list[str], phrase: Iterable[str]) -> bool:
    """True when the words of `phrase` stand in `spoken` one after another."""
    wanted = list(phrase)
    return any(spoken[i : i + len(wanted)] == wanted for i in range(len(spoken) - len(wanted) + 1))


def load_data(name: str) -> Any:
    """The YAML file `data/<name>.yml` of this room; ConfigurationError when it is missing or broken."""
    path = DATA / f"{name}.yml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}") from None
