"""Which of the offered choices was meant, by likeness with their wordings."""

from __future__ import annotations

from rapidfuzz import fuzz

from understanding.alternatives import Ballot, Trust, spoken
from understanding.answers import is_unknown
from understanding.model import Heard, Understood
from understanding.phonetics import sounds
from understanding.text import tidy, words

TRUST = Trust(-2.2, 0.25)
LEAST = 0.72
"""Likeness under which none of the choices was meant."""


_UNSTRESSED = str.maketrans("еэяыо", "ииииа")
"""Vowels that sound alike without stress: «име» is «имя»."""


def _key(text: str) -> str:
    return " ".join(sounds(word) or word for word in words(text)).translate(_UNSTRESSED)


def _likeness(text: str, wording: str) -> float:
    """0..1; a wording inside a longer sentence counts nearly as much as alone."""
    alone = fuzz.ratio(text, wording) / 100
    inside = fuzz.token_set_ratio(text, wording) / 100 if len(wording) > 3 else 0.0
    part = fuzz.partial_ratio(text, wording) / 100 if 6 <= len(wording) < len(text) else 0.0
    return max(alone, 0.95 * inside, 0.9 * part)


def understand_choice(heard: Heard) -> Understood:
    """`value`: the id of the choice (of `context.choices`) that was meant; a keypad digit counts them from 1."""
    choices = heard.context.choices or {}
    if heard.digits:
        digit = heard.digits.strip("#*")
        ids = list(choices)
        if digit.isdigit() and 1 <= int(digit) <= len(ids):
            return Understood(meaning="value", value=ids[int(digit) - 1], probability=0.99, complete=True)
        return Understood(heard=heard.digits)
    said = spoken(heard)
    if not said:
        return Understood()
    keys = {name: [_key(wording) for wording in wordings] for name, wordings in choices.items()}
    ballot = Ballot()
    for one in said:
        text = _key(one.text)
        likeness = {name: max((_likeness(text, key) for key in forms), default=0.0) for name, forms in keys.items()}
        good = {name: value for name, value in likeness.items() if value >= LEAST}
        best = max(good.values(), default=0.0)
        # of those within a hair of the best nobody can tell which was meant: they share the vote
        near = [name for name, value in good.items() if value >= best - 0.05]
        for name in near:
            ballot.add(name, one.weight * good[name] / len(near))
        ballot.lose(one.weight * (1 - best))
    ranked = ballot.ranked(TRUST.of(heard))
    text = tidy(said[0].text)
    if not ranked:
        meaning = "unknown" if is_unknown(said[0].text) else "none"
        return Understood.model_validate({"meaning": meaning, "heard": text})
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=text,
        candidates=ranked[1:],
    )  # fmt: skip
