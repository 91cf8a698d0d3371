"""Complaints as they were said, with the temperature and the beginning of the illness where they are named."""

from __future__ import annotations

import re
from functools import cache

from understanding import temperatures
from understanding.alternatives import Ballot, Trust, spoken
from understanding.answers import is_unknown, read
from understanding.model import Heard, Understood
from understanding.numbers import lexicon
from understanding.text import contains_phrase, fold, likeness, load_data, tidy, words

TRUST = Trust(-1.3, 0.2)

SURE_TEMPERATURE = 0.5
"""A temperature inside a complaint with less belief than this stays out: the question for it comes anyway."""

NEAR_PHRASE = 0.75
"""Likeness from which a whole answer counts as a phrase of the list («совчерашний водня» is 0.87)."""


@cache
def _since_phrases() -> list[tuple[list[str], str]]:
    phrases = [(phrase.split(), phrase) for phrase in load_data("symptoms")["since"]]
    return sorted(phrases, key=lambda one: -len(one[0]))


@cache
def _since_patterns() -> list[re.Pattern[str]]:
    numeral = "(?:" + "|".join(sorted(lexicon(), key=len, reverse=True)) + ")"
    return [re.compile(r"\b" + p.replace("{n}", numeral) + r"\b") for p in load_data("symptoms")["patterns"]]


def find_since(text: str) -> str | None:
    """The words of `text` that say since when; the longest where there are several."""
    folded = fold(text)
    said = words(text)
    matches = [match.group() for pattern in _since_patterns() if (match := pattern.search(folded))]
    matches += [phrase for split, phrase in _since_phrases() if contains_phrase(said, split)]
    return max(matches, key=len, default=None)


def nearest_since(text: str) -> tuple[str, float] | None:
    """A phrase of the list that sounds nearly like the whole of `text` («совчерашний водня»), with its likeness."""
    said = "".join(words(text))
    if len(said) < 5:
        return None
    phrases = [phrase for _split, phrase in _since_phrases()]
    best = max(zip(likeness(said, phrases), phrases, strict=True))
    return (best[1], best[0]) if best[0] >= NEAR_PHRASE else None


def _temperature(heard: Heard) -> float | None:
    ballot = Ballot()
    for one in spoken(heard):
        found = temperatures.best_reading(one.text, fuzzy=False)
        if found is None:
            ballot.lose(one.weight)
        else:
            ballot.add(found[0], one.weight * found[1])
            ballot.lose(one.weight * (1 - found[1]))
    ranked = ballot.ranked(temperatures.TRUST.of(heard))
    return ranked[0].value if ranked and ranked[0].probability >= SURE_TEMPERATURE else None


def understand_symptoms(heard: Heard) -> Understood:
    """`value` {"text", "temperature", "since"}: the words as said; temperature in °C or null; since or null."""
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    reading = read(said[0].text, "symptoms")
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=TRUST.of(heard) * 0.9, heard=text)
    if reading.answer in ("yes", "no") and not reading.rest:  # an answer, but no complaint
        return Understood(meaning=reading.answer, missing=["symptoms"], heard=text)
    value = {"text": text, "temperature": _temperature(heard), "since": find_since(said[0].text)}
    probability = round(0.97 * TRUST.of(heard), 4)
    return Understood(meaning="value", value=value, probability=probability, complete=True, heard=text)


def understand_since(heard: Heard) -> Understood:
    """`value`: the words as said («третий день»), or the phrase that they nearly are («совчерашний водня»)."""
    said = spoken(heard)
    if not said:
        return Understood()
    text = tidy(said[0].text)
    if is_unknown(said[0].text):
        return Understood(meaning="unknown", probability=TRUST.of(heard) * 0.95, complete=True, heard=text)
    ballot = Ballot()
    for one in said:
        found = find_since(one.text)
        near = (found, 0.97) if found else nearest_since(one.text)
        if near is None:
            ballot.lose(one.weight * 0.5)
        else:
            ballot.add(near[0], one.weight * near[1])
            ballot.lose(one.weight * (1 - near[1]))
    ranked = ballot.ranked(TRUST.of(heard))
    if not ranked or ranked[0].probability < 0.3:
        return Understood(meaning="value", value=text, probability=0.3, complete=True, heard=text, candidates=ranked)
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=text,
        candidates=ranked[1:],
    )  # fmt: skip


def understand_free(heard: Heard) -> Understood:
    """`value`: the words as said; `meaning` yes, no or unknown when there is nothing else in them."""
    said = spoken(heard)
    if not said:
        return Understood()
    reading = read(said[0].text, heard.slot)
    meaning = reading.answer if reading.answer and not reading.rest else "value"
    text = tidy(said[0].text)
    return Understood(
        meaning=meaning, value=text, probability=round(0.97 * TRUST.of(heard), 4), complete=True, heard=text
    )
