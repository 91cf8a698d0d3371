"""Names spelled letter by letter: «пэ а вэ эл о вэ а», «вэ как Василий», «п а в л о в а»."""

from __future__ import annotations

import re
from functools import cache

from understanding.text import fold, load_data

_LEAST = 3
"""Fewer letters than this are no spelled name."""


@cache
def _letters() -> dict[str, str]:
    """How each letter is called, folded, to the letter."""
    return {fold(call): letter for letter, calls in load_data("names")["letters"].items() for call in [letter, *calls]}


def spelled(text: str) -> str | None:
    """The word that `text` spells, or None when it is not a spelling.

    >>> spelled("вэ как василий а эн я")
    'ваня'
    """
    calls = _letters()
    words = re.findall(r"[^\W\d_]+", fold(text))
    found: list[str] = []
    strange = 0
    index = 0
    while index < len(words):
        pair = " ".join(words[index : index + 2])
        if words[index] in ("как", "это", "буква") and index + 1 < len(words):
            if words[index] == "как" and found:
                found[-1] = words[index + 1][0]  # the word is heard better than the letter's name
                index += 2
            else:
                index += 1
        elif pair in calls and " " in pair:
            found.append(calls[pair])
            index += 2
        elif words[index] in calls:
            found.append(calls[words[index]])
            index += 1
        else:
            strange += 1
            found.append(words[index])
            index += 1
    if len(found) - strange < _LEAST or strange > (len(found) - strange) / 2:
        return None
    return "".join(found)
