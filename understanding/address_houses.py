"""Houses as they are said, and houses found by sound where no number was recognised («дом пьяча» is «дом 5А»)."""

from __future__ import annotations

from functools import lru_cache

from understanding.address_text import in_words
from understanding.phonetics import sounds
from understanding.register import House, Houses
from understanding.sound_index import SoundIndex
from understanding.text import tokens

_SPOKEN_LETTERS = {"Б": "бэ", "В": "вэ", "Г": "гэ", "Д": "дэ", "Ж": "жэ"}
_MOST_FLAT = 400
_NEAR = 0.45
"""Edit cost per sound above which nothing was recognised at all."""


def said_house(house: House) -> str:
    """The words a recogniser would write: «дом 14 дробь 2», «дом 12 корпус 3», «дом 5 А»."""
    text = f"дом {house.number}"
    text += f" {house.letter}" if house.letter else ""
    text += f" дробь {house.fraction}" if house.fraction else ""
    text += f" корпус {house.block}" if house.block else ""
    return text + (f" строение {house.building}" if house.building else "")


def in_full(house: House) -> str:
    """The same in words alone: «дом четырнадцать дробь два»."""
    text = f"дом {in_words(house.number)}"
    text += f" {_SPOKEN_LETTERS.get(house.letter, house.letter.lower())}" if house.letter else ""
    for word, part in (("дробь", house.fraction), ("корпус", house.block), ("строение", house.building)):
        if part:
            text += f" {word} {in_words(int(part)) if part.isdigit() else part}"
    return text


def houses_in(houses: Houses) -> list[House]:
    """Every house of a street."""
    every = [House(number) for low, high in houses.ranges for number in range(low, high + 1)]
    return every + [house for text in houses.single if (house := House.parse(text)) is not None]


@lru_cache(maxsize=512)
def _index(houses: Houses) -> tuple[list[House], SoundIndex]:
    every = houses_in(houses)
    return every, SoundIndex.of(["".join(map(sounds, in_full(house).split())) for house in every])


@lru_cache(maxsize=1)
def _flat_index() -> SoundIndex:
    return SoundIndex.of([sounds("квартира") + _number_sound(number) for number in range(1, _MOST_FLAT + 1)])


def _number_sound(number: int) -> str:
    return "".join(map(sounds, in_words(number).split()))


def _sound_of(text: str) -> str:
    """The sounds of an answer, its digits as they are said."""
    return "".join(
        _number_sound(int(one.text[:4])) if one.kind == "digits" else sounds(one.text) for one in tokens(text)
    )


def flats_by_sound(text: str) -> list[tuple[str, float]]:
    """Flats that `text` as a whole («квартира …») may name, with edit costs; empty when it resembles none."""
    heard = _sound_of(text)
    near = _flat_index().nearest(heard, 8)
    found = zip(near.rows.tolist(), near.costs.tolist(), strict=True)
    return [(str(row + 1), cost) for row, cost in found if cost <= _NEAR * len(heard)]


def houses_by_sound(text: str, houses: Houses) -> list[tuple[House, float]]:
    """The street's houses that `text` as a whole may name, with edit costs; empty when it resembles none."""
    if not houses:
        return []
    heard = _sound_of(text)
    every, index = _index(houses)
    near = index.nearest(heard, 8)
    return [
        (every[row], cost)
        for row, cost in zip(near.rows.tolist(), near.costs.tolist(), strict=True)
        if cost <= _NEAR * len(heard)
    ]
