"""The ways in which callers say a street or a town of the register, each with what it loses against the fullest one.

A recogniser's text comes with its numbers as ordinals in the feminine (`address_text.take_apart`), so the register's
«3-я Прибрежная» is «третья Прибрежная» here, and «8 Марта» is «восьмая Марта».
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from understanding.address_text import address_words, in_words
from understanding.phonetics import sounds
from understanding.register_places import Street, Town
from understanding.text import fold, load_data

_NO_KIND = {"ул": 0.3}
_NO_KIND_OTHER = 1.5
"""Log likelihood lost when the kind was not said: a street's mostly is not, a lane's mostly is."""
_NO_FIRST_NAME = 0.5
"""Log likelihood lost by «Гагарина» for «Юрия Гагарина», and the other way round: both are usual."""
_NO_ORDINAL = 2.0
"""Log likelihood lost by «Полевая» for «1-я Полевая»: it may be the one without a number."""
_MOST_ORDINAL = 60
"""Larger numbers are no part of a name's words; as in `address_text.take_apart`."""

_LONGEST = 80
"""Sounds of an address's text that are compared (`addresses`)."""

_ORDINAL = re.compile(r"\b(\d+)-(?:я|й|е|ая|ый|ий|ое)\b")
_NUMBER = re.compile(r"\b(\d+)(?:(-)(?=лет)|(?:-(?:я|й|е|ая|ый|ий|ое|го))?\b)")
_INITIALS = re.compile(r"\b(?:[А-ЯЁ]\.\s*|[Ии]м\.?\s+)")


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that may be said, and the log likelihood that they lose."""

    words: str
    lost: float


def sound_of(words: str) -> str:
    """The sounds of some words, as many as are compared; empty when there is nothing to say in them."""
    return "".join(map(sounds, words.split()))[:_LONGEST]


def said_street(name: str) -> str:
    """A street's name as it is said: «3-я Прибрежная» as «третья Прибрежная», «А.С. Пушкина» as «Пушкина»."""
    return " ".join(_NUMBER.sub(_said_number, _INITIALS.sub("", name)).split())


def _said_number(match: re.Match[str]) -> str:
    """«третья», «восьмая»; nothing for «60-летия», of which a recogniser's text keeps «летия»."""
    number = int(match.group(1))
    return in_words(number, ordinal=True) if 0 < number < _MOST_ORDINAL and not match.group(2) else ""


def street_wordings(street: Street) -> list[Wording]:
    """All wordings of a street, with and without its kind; none for the houses of a village without streets."""
    if not street.name:
        return []
    known = address_words()["street_kinds"]
    kinds = known.get(street.kind, [street.kind] if street.kind.isalpha() else [])
    silent = _NO_KIND.get(street.kind, _NO_KIND_OTHER)
    found = []
    for name, lost in _names(street.name).items():
        found.append(Wording(name, lost + silent))
        for kind in kinds:
            found += [Wording(f"{kind} {name}", lost), Wording(f"{name} {kind}", lost)]
    return found


def _names(name: str) -> dict[str, float]:
    """The name in its wordings: with what it lies in and without, without first name, without ordinal."""
    name, _comma, within = name.partition(", ")
    ordinal = _ORDINAL.search(name)
    bare = " ".join(_ORDINAL.sub("", name).split()) if ordinal else ""
    first = f"{ordinal.group()} {bare}" if ordinal and bare else name
    found = {said_street(first): 0.0}
    if bare:
        found.setdefault(said_street(bare), _NO_ORDINAL)
    words = said_street(name).split()
    while len(words) > 1 and fold(words[0]) in _before_surnames():
        words = words[1:]
        found.setdefault(" ".join(words), _NO_FIRST_NAME)
    if within:
        found |= {f"{words} {_in_full(within)}": lost for words, lost in found.items()}
    return {words: lost for words, lost in found.items() if words}


def _in_full(within: str) -> str:
    """«мкр Северный» as «микрорайон Северный»."""
    kind, _space, name = within.partition(" ")
    return f"{address_words()['street_kinds'].get(kind, [kind])[0]} {said_street(name)}"


def town_wordings(town: Town) -> list[str]:
    """«Сосновка», «деревня Сосновка»."""
    name = town.name.partition(", ")[0]
    kinds = address_words()["town_kinds"].get(town.kind, [town.kind] if town.kind.isalpha() else [])
    return [name, *(f"{kind} {name}" for kind in kinds)]


def town_wordings_within(town: Town) -> list[str]:
    """The same with the district before and behind, for a town that has namesakes."""
    within = town.name.partition(", ")[2]
    if not within:
        return []
    return [words for one in town_wordings(town) for words in (f"{one} {within}", f"{within} {one}")]


@cache
def _before_surnames() -> frozenset[str]:
    words = load_data("street_people")
    return frozenset(words["titles"] + words["names"])


@cache
def _sounds_before_surnames() -> tuple[str, ...]:
    return tuple(sorted(map(sounds, _before_surnames()), key=len, reverse=True))


def without_first_name(heard: str) -> tuple[str, float] | None:
    """`heard` (sounds) without a first name or title in it, and what that loses: «Маршала Жукова» for «Жукова»."""
    for sound in _sounds_before_surnames():
        before, found, after = heard.partition(sound)
        if found and len(after) >= _SHORTEST:
            return before + after, _NO_FIRST_NAME
    return None


_SHORTEST = 4
"""Sounds of a surname at least: «ивана» within «Иванова» is no first name."""
