"""Promise: where what was written leaves several values open the sound decides; what is clear costs no second look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from asr.grammar import Part
from core.errors import NotFound
from core.events import Alternative
from understanding.dates import understand_birth_date
from understanding.model import Heard, Understood
from understanding.said import said_date
from understanding.sound_checked import SoundChecked


class _Sound:
    """Says that one phrase was heard; fails for None."""

    def __init__(self, heard: str | None) -> None:
        self._heard = heard
        self.asked: list[str] = []

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
        if self._heard is None:
            raise NotFound("gone")
        ((part,),) = sequences
        self.asked = [*part.wordings]
        return [Alternative(text=one, score=-2.0 if one == self._heard else -12.0) for one in part.wordings]


def _date(sound: _Sound, *scored: tuple[str, float]) -> Understood:
    question = {
        "expects": "date", "slot": "birth_date", "text": scored[0][0], "turn_id": "t",
        "alternatives": [{"text": text, "score": score} for text, score in scored],
    }  # fmt: skip
    checked = SoundChecked(understand_birth_date, said_date, sound)
    return asyncio.run(checked.understand(Heard.model_validate(question)))


def test_the_sound_decides_between_days() -> None:
    sound = _Sound(said_date("1962-04-06"))
    heard = _date(sound, ("16 апреля 1962 года", -0.40), ("6 апреля 1962 года", -0.42), ("7 апреля 1962 года", -0.5))
    assert heard.value == "1962-04-06"
    assert sound.asked[0] == "шестнадцатого апреля тысяча девятьсот шестьдесят второго года"
    assert {one.value for one in heard.candidates} == {"1962-04-16", "1962-04-07"}


def test_without_the_sound_the_spelling_stands() -> None:
    heard = _date(_Sound(None), ("16 апреля 1962 года", -0.4), ("6 апреля 1962 года", -0.45))
    assert heard.value == "1962-04-16"


def test_a_clear_date_costs_no_second_look() -> None:
    sound = _Sound("")
    assert _date(sound, ("16 апреля 1962 года", -0.1), ("6 апреля 1962 года", -1.5)).value == "1962-04-16"
    assert sound.asked == []


def test_no_date_is_not_made_one() -> None:
    sound = _Sound(said_date("1962-04-06"))
    assert _date(sound, ("не знаю", -0.2), ("6 апреля 1962 года", -0.9)).meaning == "unknown"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2002-09-25", "двадцать пятого сентября две тысячи второго года"),
        ("1963-05-05", "пятого мая тысяча девятьсот шестьдесят третьего года"),
    ],
)
def test_dates_are_worded_as_people_say_them(value: str, said: str) -> None:
    assert said_date(value) == said
