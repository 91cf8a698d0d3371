"""How Russian letters sound, and what one costs when it was heard for another.

A recogniser for 8 kHz speech gets letters nearly right and word boundaries wrong: «карповагали над ней тревно» is
«Карпова Галина Дмитриевна». So words are compared as strings of sounds, without spaces, and an edit costs less the
more alike two sounds are on the telephone: 0.25 for а/о or б/п, about 1 for what is never confused.
The costs follow articulation (vowel reduction, voicing, place) and were not fitted to any recording.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Costs = NDArray[np.float32]

ALPHABET = "абвгдежзийклмнопрстуфхцчшщыэюя"
"""Sounds are letters; code 0 is padding, the first letter has code 1. ё counts as е, ь and ъ are silent."""

VOWELS = "аеиоуыэюя"

_LATIN = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абкдефгхижклмнопкрстуввкиз")

_RULES = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        ("ё", "е"),
        ("тся|ться", "ца"),
        ("стн", "сн"),
        ("здн", "зн"),
        ("лнц", "нц"),
        ("вств", "ств"),
        ("[сзж]ч", "щ"),
        ("[тд]ч", "ч"),
        ("[тд]ьс|[тд]с|[тд]ц", "ц"),
        ("ого", "ово"),
        ("его", "ево"),
        ("[^а-я]|[ьъ]", ""),
        (r"(.)\1+", r"\1"),
    ]
]

_PAIRS: list[tuple[float, str]] = [
    (0.10, "еэ"),
    (0.15, "ую"),
    (0.20, "шщ"),
    (0.25, "ао еи бп вф гк дт жш зс"),
    (0.30, "иы яе яа ий"),
    (0.35, "яи ео ей"),
    (0.40, "мн щч цс еы эи"),
    (0.50, "ае оы аы оу вл вб чш чц чт цт сш зж жщ хк хг хф фс дг дз вг аэ юи йы"),
    (0.60, "аи юе лр тк пт пк дб бг нл мв юо яо уы йя йю тс зц бм"),
    (0.75, "дн нт рв пф лн йл йн йв"),
]
"""Cost of hearing one for the other, both ways."""

_OTHER_VOWELS, _OTHER_CONSONANTS, _ACROSS = 0.7, 0.9, 1.1


def _substitution() -> Costs:
    size = len(ALPHABET) + 1
    table = np.full((size, size), _ACROSS, np.float32)
    for one in ALPHABET:
        for other in ALPHABET:
            if (one in VOWELS) == (other in VOWELS):
                cost = _OTHER_VOWELS if one in VOWELS else _OTHER_CONSONANTS
                table[code(one), code(other)] = cost
    for cost, pairs in _PAIRS:
        for pair in pairs.split():
            one, other = pair[0], pair[1]
            table[code(one), code(other)] = table[code(other), code(one)] = cost
    np.fill_diagonal(table, 0.0)
    return table


def code(letter: str) -> int:
    return ALPHABET.index(letter) + 1


def _each(vowel: float, consonant: float, short_i: float) -> Costs:
    """A cost per sound; padding costs nothing."""
    return np.array(
        [0.0, *(short_i if x == "й" else vowel if x in VOWELS else consonant for x in ALPHABET)], np.float32
    )


@lru_cache(maxsize=100_000)
def sounds(text: str) -> str:
    """The sounds of one word (or of glued words), as letters of ALPHABET.

    >>> sounds("Плавильщикова"), sounds("кузиного")
    ('плавилщикова', 'кузиново')
    """
    text = text.lower().translate(_LATIN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def encode(sound: str) -> Codes:
    """Codes of a string that `sounds` made; shape (len,)."""
    return _CODES[np.frombuffer(sound.encode("utf-16-le"), np.uint16) - 0x400]


_CODES = np.array([ALPHABET.find(chr(letter)) + 1 for letter in range(0x400, 0x500)], np.uint8)
SUBSTITUTION = _substitution()
EXTRA = _each(vowel=0.5, consonant=0.8, short_i=0.3)
"""A sound that was heard and is not in the word."""
MISSED = _each(vowel=0.5, consonant=0.75, short_i=0.25)
"""A sound of the word that was not heard."""
