"""Promise: where what was written leaves several values open the sound decides; what is clear costs no second look."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from understanding.ages import understand_age
from understanding.dates import understand_birth_date
from understanding.model import Heard, Understood
from understanding.said import said_age, said_date, said_temperature
from understanding.sound_checked import SoundChecked


class _Sound:
    """Says that one phrase was heard; fails for None."""

    def __init__(self, heard: str | None) -> None:
        self._heard = heard
        self.asked: list[str] = []

    async def rescore(self, turn_id: str, candidates: list[str]) -> list[float]:
        self.asked = candidates
        return [] if self._heard is None else [-0.3 if one == self._heard else -3.0 for one in candidates]


def _age(sound: _Sound, *scored: tuple[str, float]) -> Understood:
    question = {
        "expects": "number", "slot": "age", "text": scored[0][0], "turn_id": "t",
        "alternatives": [{"text": text, "score": score} for text, score in scored],
    }  # fmt: skip
    return asyncio.run(SoundChecked(understand_age, said_age, sound).understand(Heard.model_validate(question)))


def test_the_sound_chooses_among_the_ages_that_were_written() -> None:
    sound = _Sound("шестнадцать лет")
    heard = _age(sound, ("17 лет", -0.4), ("16 лет", -0.45), ("14 лет", -0.5))
    assert heard.value == {"years": 16, "months": None}
    assert sound.asked == ["семнадцать лет", "шестнадцать лет", "четырнадцать лет"]
    assert {one.value["years"] for one in heard.candidates} == {17, 14}


def test_the_sound_decides_between_days() -> None:
    sound = _Sound(said_date("1962-04-06"))
    scored = [("16 апреля 1962 года", -0.40), ("6 апреля 1962 года", -0.42)]
    question = {
        "expects": "date", "slot": "birth_date", "text": scored[0][0], "turn_id": "t",
        "alternatives": [{"text": text, "score": score} for text, score in scored],
    }  # fmt: skip
    checked = SoundChecked(understand_birth_date, said_date, sound)
    assert asyncio.run(checked.understand(Heard.model_validate(question))).value == "1962-04-06"
    assert sound.asked[0] == "шестнадцатого апреля тысяча девятьсот шестьдесят второго года"


def test_without_the_sound_the_spelling_stands() -> None:
    assert _age(_Sound(None), ("17 лет", -0.4), ("16 лет", -0.45)).value == {"years": 17, "months": None}


def test_a_clear_age_costs_no_second_look() -> None:
    sound = _Sound("")
    assert _age(sound, ("17 лет", -0.1), ("70 лет", -1.5)).value["years"] == 17
    assert sound.asked == []


def test_no_number_is_not_made_one() -> None:
    sound = _Sound("пять лет")
    assert _age(sound, ("не знаю", -0.2), ("5 лет", -0.9)).meaning == "unknown"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (said_date("2002-09-25"), "двадцать пятого сентября две тысячи второго года"),
        (said_date("1963-05-05"), "пятого мая тысяча девятьсот шестьдесят третьего года"),
        (said_age({"years": 34, "months": None}), "тридцать четыре года"),
        (said_age({"years": 1, "months": 2}), "один год и два месяца"),
        (said_age({"years": 0, "months": 8}), "восемь месяцев"),
        (said_age({"years": 111, "months": None}), "сто одиннадцать лет"),
        (said_temperature(38.5), "тридцать восемь и пять"),
        (said_temperature(39.0), "тридцать девять"),
    ],
)
def test_values_are_worded_as_people_say_them(words: Any, said: str) -> None:
    assert words == said
