"""Phrases found by how they sound, where a recogniser has words and their borders wrong. Standard library only.

«суд дороги», «недышит» and «сине ет» are heard for «судороги», «не дышит» and «синеет». So words are written as they
sound (no difference between о and а, е and и, voiced and voiceless), borders between words are forgotten but for
where a phrase begins and ends, and what differs in a sound or two is found as well, as something less certain.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_SOUNDS = str.maketrans("оэеяыёбвгдзж", "аииииипфктсш", "ьъ")
_CLUSTERS = [(re.compile(pattern), sound) for pattern, sound in [
    ("тся|ться", "ца"), ("[тд]с|[тд]ц", "ц"), ("стн", "сн"), ("здн", "зн"), ("вств", "ств"), ("[сзж]ч", "щ"),
    ("ого\\b", "ово"), ("его\\b", "ево"),
]]  # fmt: skip
_DOUBLE = re.compile(r"(.)\1+")
_VOWEL = re.compile("[аиуюй]")
_KINDS = str.maketrans("фхцчшщнр", "пкссссмл")
"""Consonants that are heard for each other more often: lips, palate, hissing, nose, tongue."""

SHORTEST = 6
"""Sounds of a phrase that may be found by its sound: shorter ones are parts of other words."""
SHORTEST_NEAR = 9
"""… and that may differ in some (a shorter one in a vowel only) …"""
ONE_IN = 4
"""… one of so many. Measured on 120 emergencies and 215 sentences that nearly name one, spoken at telephone band, half
of them with noise: 28 more emergencies are noticed, for 11 sentences and one name of 300 asked about in vain."""
_ENDING = 3
"""Sounds of an ending that is left open."""
_LONGEST = 6
"""Words that a phrase may be torn into."""
_NONE: frozenset[tuple[str, bool]] = frozenset()
_MOST = 40
"""Sounds of the longest phrase; more need not be looked at."""


def sound(word: str) -> str:
    """
    >>> sound("судороги"), sound("недышит")
    ('сутараки', 'нитишит')
    """
    for pattern, replacement in _CLUSTERS:
        word = pattern.sub(replacement, word)
    return _DOUBLE.sub(r"\1", word.translate(_SOUNDS))


def _joined(sounds: Iterable[str]) -> str:
    return _DOUBLE.sub(r"\1", "".join(sounds))


def _skeleton(sounds: str) -> str:
    return _DOUBLE.sub(r"\1", _VOWEL.sub("", sounds).translate(_KINDS))


@dataclass(frozen=True)
class Likeness:
    """Words `first` to `last` (exclusive) of a text sound like a phrase; `same`: there is no difference."""

    first: int
    last: int
    same: bool


class Phrases:
    """An index of phrases: by their consonants, each with any one of them left out, then compared sound by sound."""

    def __init__(self, phrases: Iterable[tuple[Sequence[str], bool]]) -> None:
        """Each phrase: its words, and whether its last word may have any ending."""
        self._by_consonants: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        for words, is_open in phrases:
            whole = _joined(map(sound, words))
            if len(whole) >= SHORTEST:
                for key in _keys(_skeleton(whole)):
                    self._by_consonants[key].add((whole, is_open))

    def find(self, words: Sequence[str]) -> Iterator[Likeness]:
        """Where `words` sound like a phrase."""
        sounds = [sound(word) for word in words]
        for first in range(len(words)):
            for last in range(first + 1, min(len(words), first + _LONGEST) + 1):
                heard = _joined(sounds[first:last])
                if SHORTEST <= len(heard) <= _MOST and (same := self._sounds_like(heard)) is not None:
                    yield Likeness(first, last, same)

    def _sounds_like(self, heard: str) -> bool | None:
        """True for a phrase, False for something near one, None for nothing."""
        seen: set[tuple[str, bool]] = set()
        for cut in range(_ENDING + 1):
            for key in _keys(_skeleton(heard[: len(heard) - cut])):
                seen |= self._by_consonants.get(key, _NONE)
        if (heard, False) in seen or any(is_open and heard.startswith(whole) and len(heard) - len(whole) <= _ENDING
                                         for whole, is_open in seen):  # fmt: skip
            return True
        return False if any(_is_near(whole, heard, is_open) for whole, is_open in seen) else None


def _is_near(whole: str, heard: str, is_open: bool) -> bool:
    if min(len(whole), len(heard)) >= SHORTEST_NEAR:
        most = len(whole) // ONE_IN
        longest = len(whole) + most + (_ENDING - 1 if is_open else 0)
        return len(whole) - most <= len(heard) <= longest and _difference(whole, heard, is_open) <= most
    if len(heard) <= SHORTEST or abs(len(whole) - len(heard)) > 1 or _skeleton(whole) != _skeleton(heard):
        return False
    return _difference(whole, heard, is_open=False) == 1  # a vowel: «судорги»


def _keys(skeleton: str) -> set[str]:
    return {skeleton, *(skeleton[:at] + skeleton[at + 1 :] for at in range(len(skeleton)))}


def _difference(whole: str, heard: str, is_open: bool) -> int:
    """Sounds to change, add or leave out (Levenshtein); an open ending costs nothing, or one where more differs."""
    row = list(range(len(heard) + 1))
    for at, one in enumerate(whole, 1):
        left, row[0] = row[0], at
        for index, other in enumerate(heard, 1):
            left, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, left + (one != other))
    ended = min(row[-1 - _ENDING :])
    return row[-1] if not is_open else min(row[-1], ended + bool(ended))
