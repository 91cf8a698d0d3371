"""What the sound of an address is held against: the likeliest towns and streets by spelling, and their houses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from num2words import num2words

from asr.client import Part
from understanding.address_houses import houses_in, in_full, said_house
from understanding.address_streets import StreetReading
from understanding.address_text import address_words, in_words
from understanding.register import Street, Town
from understanding.register_wordings import street_wordings, town_wordings

_STREETS, _TOWNS = 12, 6
"""Of the likeliest by spelling."""
_LOST = 0.6
"""Log likelihood that a wording of a street may lose and still be tried."""
_HOUSES = 1600
"""Wordings of houses, so that all of the grammar stays within what the recogniser takes."""
_FLATS, _ENTRANCES, _FLOORS = 300, 12, 25
"""Nine in ten dwellings have such numbers; the others are still heard freely."""


def sequences(places: Iterable[StreetReading], *, streets_alone: bool) -> list[list[Part]]:
    """For `asr.client.AsrClient.hear_again`; `places` likeliest first. `streets_alone`: the street was asked for, and a
    house may not follow. Nothing when no place is known."""
    towns: dict[Town, None] = {}
    streets: dict[Street, None] = {}
    for place in places:
        if place.town is not None and len(towns) < _TOWNS:
            towns.setdefault(place.town)
        if place.street is not None and place.street.name and len(streets) < _STREETS:
            streets.setdefault(place.street)
    if not streets:
        return []
    before = _part(address_words()["fillers"], optional=True)
    town = [_part([words for one in towns for words in town_wordings(one)], optional=True)] if towns else []
    street = _part([wording.words for one in streets for wording in street_wordings(one) if wording.lost <= _LOST])
    houses = dict.fromkeys(words for one in streets for words in _house_wordings(one))
    start = [before, before, *town, street]
    asked = [[*start, before]] if streets_alone or not houses else []
    if houses:
        extras = [_entrances(), _floors()]
        asked.append([*start, _part([*houses][:_HOUSES]), *extras, _flats(), *extras, before])
    return asked


def _part(wordings: Sequence[str], *, optional: bool = False) -> Part:
    return Part(tuple(dict.fromkeys(wordings)), optional)


@lru_cache(maxsize=2_000)
def _house_wordings(street: Street) -> tuple[str, ...]:
    """«дом 14 корпус 2», «14 корпус 2», and the same in words."""
    said = [words for house in houses_in(street.houses) for words in (said_house(house), in_full(house))]
    return tuple(form for words in said for form in (words, words.removeprefix("дом ")))


@lru_cache(maxsize=1)
def _flats() -> Part:
    return _part([*_numbered(["квартира {}", "{}"], _FLATS), *address_words()["private"]], optional=True)


@lru_cache(maxsize=1)
def _entrances() -> Part:
    return _part([*_numbered(["подъезд {}"], _ENTRANCES), *_ordered("{} подъезд", _ENTRANCES)], optional=True)


@lru_cache(maxsize=1)
def _floors() -> Part:
    return _part([*_numbered(["этаж {}"], _FLOORS), *_ordered("{} этаж", _FLOORS)], optional=True)


def _numbered(around: Sequence[str], most: int) -> Iterator[str]:
    for number in range(1, most + 1):
        for one in around:
            yield one.format(number)
            yield one.format(in_words(number))


def _ordered(around: str, most: int) -> Iterator[str]:
    for number in range(1, most + 1):
        yield around.format(number)
        yield around.format(num2words(number, lang="ru", to="ordinal"))
