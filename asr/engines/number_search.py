"""Which telephone number a sound is likeliest to be: searched as digits and as words, then judged.

Whisper writes a number in digits and skips what it does not hear well, or in words and takes «восемь» for
«восемьдесят». Either search alone has the right number first in half of the answers; in 9 of 10 it is among the best of
both, and words without a hint mostly tell which it is (30 tuned draws of `scripts/bench understanding`, clean). Where
both have the same one first it is not judged: it was right in 4 of 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asr.dialled import Dialled
from asr.engines.grammar_search import BEHIND, Found, search
from asr.engines.whisper_decoder import Sound, WhisperDecoder

_JUDGED = 6
"""Numbers that are judged: the likeliest of both searches."""
_SPELLINGS = 3
"""Beginnings of the same digits that are followed …"""
_JUDGES_SPELLINGS = 2
"""… and by the judge, who is to lose none of his numbers early."""
_FLAT = 1.5
"""A search is not as sure as it says: its log probabilities are divided by this …"""
_JUDGES_FLAT = 2.0
"""… and the judge's by this."""
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
        digits = search(self._decoder, sound, self._untold, self._in_digits, _SPELLINGS)
        words = search(self._decoder, sound, self._told, self._in_words, _SPELLINGS)
        as_digits, as_words = _numbers(self._in_digits, digits), _numbers(self._in_words, words)
        if not as_digits and not as_words:
            return [], -np.inf
        one, other = _belief(as_digits), _belief(as_words)
        mean = {number: (one.get(number, _UNHEARD) + other.get(number, _UNHEARD)) / 2 for number in one | other}
        likely = sorted(mean, key=lambda number: -mean[number])[:_JUDGED]
        texts = as_words | as_digits
        if _first(as_digits) == _first(as_words):
            totals = {number: _log(one.get(number, _UNHEARD) * other.get(number, _UNHEARD)) for number in likely}
        else:
            judge = self._in_words.among(likely)
            judged = _numbers(judge, search(self._decoder, sound, self._untold, judge, _JUDGES_SPELLINGS))
            texts |= judged
            unjudged = max((text.log_probability for text in judged.values()), default=0.0) - BEHIND
            opinions = {n: judged[n].log_probability if n in judged else unjudged for n in likely}
            totals = {number: _log(mean[number]) + opinions[number] / _JUDGES_FLAT for number in likely}
        whole = float(np.logaddexp.reduce([*totals.values()]))
        ranked = sorted(likely, key=lambda number: -totals[number])
        best = max(text.log_probability for text in texts.values())
        return [Number(texts[number].tokens, totals[number] - whole) for number in ranked], best


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


def _first(numbers: dict[str, Found]) -> str | None:
    return next(iter(numbers), None)


def _log(share: float) -> float:
    return float(np.log(max(share, 1e-9)))
