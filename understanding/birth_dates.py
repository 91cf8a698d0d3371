"""A date of birth as it was meant: what was written of it first, then the sound, where that is not clear."""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache

from num2words import num2words

from understanding.dates import answer, understand_birth_date
from understanding.model import Candidate, Heard, Understood
from understanding.rescoring import ASKED, Rescorer, by_sound
from understanding.text import load_data

CLEAR = 0.9
"""A date that is believed with this is not held against the sound."""
_SOUND_WEIGHT = 0.12
"""Weight of the sound's log likelihood, as for names and addresses."""


class BirthDates:
    """Understands the slot birth_date."""

    def __init__(self, rescorer: Rescorer | None = None) -> None:
        self._rescorer = rescorer

    async def understand(self, heard: Heard) -> Understood:
        """As `dates.understand_birth_date`, with its candidates in the order that the sound gives them."""
        understood = understand_birth_date(heard)
        ranked = list(understood.candidates)
        if understood.value is not None:
            ranked.insert(0, Candidate(value=understood.value, probability=understood.probability))
        asked = ranked[:ASKED]
        if len(asked) < 2 or understood.missing or asked[0].probability >= CLEAR:
            return understood
        likelihoods = await by_sound(self._rescorer, heard.turn_id, [said_date(one.value) for one in asked])
        if likelihoods is None:
            return understood
        weights = [
            one.probability * math.exp(_SOUND_WEIGHT * likelihood)
            for one, likelihood in zip(asked, likelihoods, strict=True)
        ]
        believed = sum(one.probability for one in asked)
        again = [
            Candidate(value=one.value, probability=round(believed * weight / sum(weights), 4))
            for one, weight in zip(asked, weights, strict=True)
        ]
        return answer(sorted(again, key=lambda one: -one.probability), understood.heard)


@lru_cache(maxsize=5_000)
def said_date(value: str) -> str:
    """An ISO date as people say it: «двадцать пятого мая две тысячи второго года»."""
    day = date.fromisoformat(value)
    month = load_data("dates")["months"][day.month][1]
    return f"{_genitive(day.day)} {month} {_genitive(day.year)} года"


def _genitive(number: int) -> str:
    return str(num2words(number, lang="ru", to="ordinal", case="g", gender="m"))
