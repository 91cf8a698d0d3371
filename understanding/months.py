"""Which month a text names: written right, nearly right («севрале»), torn («ак тября») or by sound («воя в густо»)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from understanding.numbers import lexicon
from understanding.phonetics import encode, sounds
from understanding.sound_index import SoundIndex, inside_costs
from understanding.text import Token, closest, load_data, tokens

LIKE = 0.75
"""Likeness from which a word is nearly a month."""
BY_SOUND = 0.2
"""Edit cost for each sound of a month up to which it is heard inside other words: «воявгусто» has 0.08 for «августа»,
«аписичемперод» 0.33 for «мая»."""
CLEARLY = 0.12
"""… and by how much more the next best month has to have: «сонтикбряд» has 0.14 for «декабря», 0.19 for «сентября»."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month with the place in the text that names it; `certainty` 0..1."""

    month: int
    start: int
    end: int
    certainty: float


@cache
def month_words() -> dict[str, int]:
    """Every form of every month, folded, with its number."""
    return {form: number for number, forms in load_data("dates")["months"].items() for form in forms}


def find_months(text: str) -> list[Month]:
    """Months in `text`: all that are written right, else the one that is nearest to something in it."""
    known = month_words()
    said = [token for token in tokens(text) if token.kind == "word"]
    found = [Month(known[token.text], token.start, token.end, 1.0) for token in said if token.text in known]
    if found:
        return found
    said = [token for token in said if token.text not in lexicon()]  # «семь» is no «сен»
    for token in said:
        ending = next((form for form in known if len(form) > 2 and token.text.endswith(form)), None)
        if ending is not None:  # «вымая»
            found.append(Month(known[ending], token.start, token.end, 0.8))
    return found or _by_sound(said) or _nearly(said)


def _nearly(said: list[Token]) -> list[Month]:
    known = month_words()
    tries = [(token.text, token.start, token.end) for token in said]
    tries += [(a.text + b.text, a.start, b.end) for a, b in pairwise(said)]
    near = [(closest(word, known.keys(), least=LIKE), start, end) for word, start, end in tries]
    best = max(((hit, start, end) for hit, start, end in near if hit), key=lambda one: one[0][1], default=None)
    if best is None:
        return []
    (word, likeness), start, end = best
    return [Month(known[word], start, end, 0.3 + 0.6 * likeness)]


@cache
def _spoken() -> tuple[list[int], SoundIndex]:
    """The months as they stand in a date, and their sounds."""
    months = load_data("dates")["months"]
    return list(months), SoundIndex.of([sounds(forms[1]) for forms in months.values()])


def _by_sound(said: list[Token]) -> list[Month]:
    """The one month that can be heard in up to four words that follow each other."""
    numbers, index = _spoken()
    best: tuple[float, Month] | None = None
    for run in _runs(said):
        heard = "".join(sounds(token.text) for token in run)
        if len(heard) < 3:
            continue
        table, _starts = inside_costs(index.codes, index.lengths, encode(heard))
        costs = table.min(axis=1) / index.lengths
        first, second = np.argsort(costs, kind="stable")[:2].tolist()
        cost = float(costs[first])
        if cost <= BY_SOUND and costs[second] - cost >= CLEARLY and (best is None or cost < best[0]):
            best = cost, Month(numbers[first], run[0].start, run[-1].end, 0.9 - cost)
    return [best[1]] if best else []


def _runs(said: list[Token]) -> Iterator[list[Token]]:
    """Stretches of words, short ones first: of equal ones the shortest leaves most to the numbers around."""
    for length in range(1, 5):
        for first in range(len(said) - length + 1):
            yield said[first : first + length]
