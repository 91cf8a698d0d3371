"""Which telephone number a sound is likeliest to be: searched as digits and as words.

Whisper writes a number in digits and skips what it does not hear well, or in words and takes «восемь» for
«восемьдесят». Either search alone has the right number first in half of the answers, in 9 of 10 it is among the best of
both, and in 6 of 10 first by the mean of both (30 tuned draws of `scripts/bench understanding`, clean).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asr.dialled import Dialled
from asr.engines.grammar_search import Found, search
from asr.engines.whisper_decoder import Sound, WhisperDecoder

_MOST = 12
"""Numbers that are told."""
_SPELLINGS = 3
"""Beginnings of the same digits that are followed."""
_FLAT = 1.5
"""A search is not as sure as it says: its log probabilities are divided by this."""
_CLEAR = 0.8
"""Belief in one number as digits from which it is not searched as words: that takes a second."""
_UNHEARD = 0.02
"""Share of belief that a search keeps for a number that it did not find."""


@dataclass(frozen=True)
class Number:
    """`tokens`: its likeliest text; `log_probability`: among the other numbers."""

    tokens: tuple[int, ...]
    log_probability: float


class NumberSearch:
    """`told`: the tokens before a text when it is searched as words; `untold`: otherwise."""

    def __init__(
        self, decoder: WhisperDecoder, in_digits: Dialled, in_words: Dialled, untold: Sequence[int], told: Sequence[int]
    ) -> None:
        self._decoder = decoder
        self._in_digits = in_digits
        self._in_words = in_words
        self._untold = untold
        self._told = told

    def numbers(self, sound: Sound) -> tuple[list[Number], float]:
        """The likeliest numbers, best first, and the log probability of the likeliest text."""
        as_digits = _numbers(
            self._in_digits, search(self._decoder, sound, self._untold, self._in_digits, spellings=_SPELLINGS)
        )
        one = _belief(as_digits)
        as_words: dict[str, Found] = {}
        if max(one.values(), default=0.0) < _CLEAR:
            as_words = _numbers(
                self._in_words, search(self._decoder, sound, self._told, self._in_words, spellings=_SPELLINGS)
            )
        if not as_digits and not as_words:
            return [], -np.inf
        other = _belief(as_words) or one
        mean = {number: (one.get(number, _UNHEARD) + other.get(number, _UNHEARD)) / 2 for number in one | other}
        likely = sorted(mean, key=lambda number: -mean[number])[:_MOST]
        texts = as_words | as_digits
        whole = math.fsum(mean[number] for number in likely)
        best = max(text.log_probability for text in texts.values())
        return [Number(texts[number].tokens, math.log(mean[number] / whole)) for number in likely], best


def _numbers(dialled: Dialled, texts: Sequence[Found]) -> dict[str, Found]:
    """Each number's likeliest text; `texts`: likeliest first."""
    found: dict[str, Found] = {}
    for text in texts:
        found.setdefault(dialled.number(text.tokens), text)
    return found


def _belief(texts: dict[str, Found]) -> dict[str, float]:
    """Each number's share."""
    if not texts:
        return {}
    scores = np.array([text.log_probability for text in texts.values()]) / _FLAT
    shares = np.exp(scores - np.logaddexp.reduce(scores))
    return dict(zip(texts, shares.tolist(), strict=True))
