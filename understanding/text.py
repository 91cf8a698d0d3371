"""Clean-up and tokens of recogniser text, and words that are nearly those of a closed list.

Recognisers write «38-85», «25-го», «двадцать-пятого», «ак тября», «двадзать». Everything here keeps positions:
a token's `start` and `end` count characters of the text that was given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from core.errors import ConfigurationError
from understanding.phonetics import encode, sounds
from understanding.sound_index import pack, whole_costs

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


@lru_cache(maxsize=256)
def tokens(text: str) -> tuple[Token, ...]:
    """Words, digit runs and marks of `text`, in order; kept for a moment, since one turn asks several times."""
    found: list[Token] = []
    for match in _TOKEN.finditer(fold(text)):
        kind: Any = match.lastgroup
        found.append(Token(match.group(), match.start(), match.end(), kind))
    return tuple(found)


def words(text: str) -> list[str]:
    """The words and digit runs of `text`, folded, without marks."""
    return [token.text for token in tokens(text) if token.kind != "mark"]


def likeness(word: str, others: Sequence[str]) -> list[float]:
    """How much `word` sounds like each of `others`, 1 for alike; by what the telephone confuses (`phonetics`)."""
    heard = encode(sounds(word))
    if len(heard) == 0 or not others:
        return [0.0] * len(others)
    codes, lengths = pack([sounds(other) for other in others])
    costs = whole_costs(codes, lengths, heard)
    return [
        max(0.0, 1 - float(cost) / max(len(heard), int(length))) for cost, length in zip(costs, lengths, strict=True)
    ]


def closest(word: str, vocabulary: Collection[str], *, least: float = 0.75) -> tuple[str, float] | None:
    """The vocabulary's word that sounds nearest to `word` with its likeness (0..1), or None below `least`.

    Words of fewer than 4 letters have too many neighbours: they only match exactly.
    """
    word = fold(word)
    if word in vocabulary:
        return word, 1.0
    if len(word) < 4:
        return None
    near = process.extract(
        word, vocabulary, scorer=Levenshtein.normalized_similarity, limit=8, score_cutoff=least - 0.25
    )
    others = [other for other, _similarity, _index in near]
    ranked = sorted(zip(likeness(word, others), others, strict=True), key=lambda one: -one[0])
    return (ranked[0][1], ranked[0][0]) if ranked and ranked[0][0] >= least else None


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
