"""Lets the sound choose among candidate phrases, where the recogniser still has the turn's sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from asr.grammar import Part
from core.errors import VyzovError
from core.events import Alternative
from core.logs import get_logger

log = get_logger(__name__)

MOST = 12
"""Candidates that one request may hold; docs/protocols.md."""

ASKED = 5
"""Of these so many at most are worth it: each costs 0.03 to 0.1 CPU s. With 12, 6 or 4 of them as many names and
addresses are right (120 by telephone, `scripts/bench understanding`); with none 3 in a hundred addresses fewer."""
WINDOW = 4.0
"""… and none that is less likely than the first by a factor of more than e to the power of this."""

_TOKEN_LETTERS = 2.7
"""Letters of Russian names and addresses to a token of Whisper's vocabulary."""


class Rescorer(Protocol):
    """What `asr.client.AsrClient` does."""

    async def rescore(self, turn_id: str, candidates: list[str]) -> list[float]: ...

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]: ...


def worth_asking(priors: Sequence[float], flatness: float) -> int:
    """How many of the likeliest candidates the sound is asked about; `priors`: log likelihoods, likeliest first."""
    behind = [(priors[0] - prior) / flatness for prior in priors[:ASKED]]
    return sum(distance <= WINDOW for distance in behind)


async def by_sound(rescorer: Rescorer | None, turn_id: str | None, phrases: Sequence[str]) -> list[float] | None:
    """Log likelihood of each of up to 12 phrases, relative to the best (0); None when the sound cannot be asked.

    A phrase's mean log probability a token is turned into one of the whole phrase, all taken as equally long, so
    that a shorter phrase has no advantage.
    """
    if rescorer is None or turn_id is None or len(phrases) < 2:
        return None
    try:
        scores = await rescorer.rescore(turn_id, list(phrases[:MOST]))
    except VyzovError as error:
        log.info("not_rescored", reason=error.code)
        return None
    if len(scores) != len(phrases[:MOST]):
        return None
    tokens = max(4.0, sum(map(len, phrases)) / len(phrases) / _TOKEN_LETTERS)
    best = max(scores)
    return [tokens * (score - best) for score in scores]


async def heard_again(
    rescorer: Rescorer | None, turn_id: str | None, sequences: Sequence[Sequence[Part]]
) -> list[Alternative]:
    """What the sound is likeliest to be of a grammar's texts; nothing when it cannot be asked."""
    if rescorer is None or turn_id is None or not sequences:
        return []
    try:
        return await rescorer.hear_again(turn_id, sequences)
    except VyzovError as error:
        log.info("not_heard_again", reason=error.code)
        return []
