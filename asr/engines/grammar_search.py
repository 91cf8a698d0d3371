"""Which of a grammar's texts a sound is likeliest to be: a beam search along both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from asr.engines.whisper_decoder import Sound, WhisperDecoder
from asr.grammar import COMPLETE

BEAM = 12
BEHIND = 5.0
"""A beginning that is so much less likely (natural logarithm) than the best whole text so far is not followed."""
MOST_TOKENS = 48


State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Found:
    """A whole text as tokens, its end left out, and the log probability of all of it."""

    tokens: tuple[int, ...]
    log_probability: float


class Texts(Protocol[State]):
    """What may be said: `asr.grammar.Grammar`, `asr.dialled.Dialled`."""

    start: State

    def following(self, state: State) -> Mapping[int, State]: ...


def search(
    decoder: WhisperDecoder, sound: Sound, prompt: Sequence[int], grammar: Texts[State], *, beam: int = BEAM,
    spellings: int | None = None,
) -> list[Found]:  # fmt: skip
    """Texts of the grammar, likeliest first. `beam`: beginnings that are followed at once; `spellings`: how many of
    them may lead to the same state, where the state knows all that matters so far."""
    places = {token: place for place, token in enumerate(decoder.tokens.tolist())}
    beginnings = decoder.begin(sound, prompt)
    texts: list[tuple[tuple[int, ...], float, State]] = [((), 0.0, grammar.start)]
    whole: list[Found] = []
    for _ in range(MOST_TOKENS):
        further: list[tuple[float, int, int, State]] = []
        for number, (tokens, so_far, state) in enumerate(texts):
            following = grammar.following(state)
            for token, leads_to in following.items():
                if token not in places:  # of another script
                    continue
                total = so_far + float(beginnings.following[number, places[token]])
                if leads_to == COMPLETE:
                    whole.append(Found(tokens, total))
                else:
                    further.append((total, number, token, leads_to))
        best = max((found.log_probability for found in whole), default=-np.inf)
        further = _best((one for one in further if one[0] > best - BEHIND), beam, spellings or beam)
        if not further:
            break
        texts = [((*texts[number][0], token), total, state) for total, number, token, state in further]
        beginnings = decoder.go_on(sound, beginnings, [one[1] for one in further], [one[2] for one in further])
    return sorted(whole, key=lambda found: -found.log_probability)


def _best(
    further: Iterable[tuple[float, int, int, State]], beam: int, spellings: int
) -> list[tuple[float, int, int, State]]:
    """The likeliest `beam` of them, at most `spellings` of each state."""
    kept: list[tuple[float, int, int, State]] = []
    times: Counter[State] = Counter()
    for one in sorted(further, key=lambda one: -one[0]):
        times[one[3]] += 1
        if times[one[3]] <= spellings:
            kept.append(one)
        if len(kept) == beam:
            break
    return kept
