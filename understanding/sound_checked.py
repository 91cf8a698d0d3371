"""A value as it was meant: what was written of it first, then the sound, where that is not clear."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from asr.client import Part
from understanding.model import Candidate, Heard, Understood
from understanding.second_hearing import Ear, heard_again

CLEAR = 0.9
"""A value that is believed with this is not held against the sound."""
ANY = 0.5
"""Belief in all candidates together from which one of them is likely to be right."""
LEAST = 0.25
"""A value needs this to be one, as for those who understand the text alone."""
ASKED = 5
"""Candidates that the sound is asked about at most, the likeliest ones."""
_SOUND_WEIGHT = 0.12
"""Weight of the sound's log likelihood: the recogniser has listened to these wordings already, and they are one of many
ways to say the value. With 0.3 and more fewer dates are right."""

_UNHEARD = 12.0
"""Log likelihood by which a wording is behind the best that the search along the sound gave up."""


class SoundChecked:
    """Understands a slot by its text; where values compete, the sound puts them in order."""

    def __init__(
        self, understand: Callable[[Heard], Understood], say: Callable[[Any], str], ear: Ear | None = None
    ) -> None:
        """`say` words a value as people say it (`understanding.said`)."""
        self._understand = understand
        self._say = say
        self._ear = ear

    async def understand(self, heard: Heard) -> Understood:
        understood = self._understand(heard)
        ranked = list(understood.candidates)
        if understood.value is not None:
            ranked.insert(0, Candidate(value=understood.value, probability=understood.probability))
        asked = ranked[:ASKED]
        believed = sum(one.probability for one in asked)
        if len(asked) < 2 or asked[0].probability >= CLEAR or believed < ANY or understood.meaning in ("no", "unknown"):
            return understood
        phrases = [self._say(one.value) for one in asked]
        likely = {one.text: one.score for one in await heard_again(self._ear, heard.turn_id, [[Part(tuple(phrases))]])}
        if not likely:
            return understood
        unheard = max(likely.values()) - _UNHEARD
        weights = [
            one.probability * math.exp(_SOUND_WEIGHT * likely.get(phrase, unheard))
            for one, phrase in zip(asked, phrases, strict=True)
        ]
        again = [
            Candidate(value=one.value, probability=round(believed * weight / sum(weights), 4))
            for one, weight in zip(asked, weights, strict=True)
        ]
        best, *others = sorted(again, key=lambda one: -one.probability)
        if best.probability < LEAST:
            return understood
        return Understood(
            meaning="value", value=best.value, probability=best.probability, complete=True, heard=understood.heard,
            candidates=others,
        )  # fmt: skip
