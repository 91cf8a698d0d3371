"""Promise: the sound of an address is held against what the register has, and can choose another house or street."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from asr.grammar import Part
from asr.protocol import MAX_PARTS, MAX_SEQUENCES, MAX_WORDINGS
from core.errors import NotFound
from core.events import Alternative
from core.settings import ROOT
from understanding.addresses import Addresses
from understanding.model import Heard, Understood
from understanding.register import Register

SAMPLE = ROOT / "regions" / "sample"


class Sound:
    """Hears one text, however it is asked."""

    def __init__(self, text: str | None, score: float = -2.0) -> None:
        self._text, self._score = text, score
        self.asked: list[Sequence[Part]] = []

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
        self.asked = [*sequences]
        if self._text is None:
            raise NotFound("gone")
        return [Alternative(text=self._text, score=self._score)]


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.load(Path(SAMPLE))


async def understood(register: Register, sound: Sound, text: str, slot: str = "address") -> Understood:
    question = {"expects": "address", "slot": slot, "text": text, "turn_id": "t"}
    return await Addresses(register, sound).understand(Heard.model_validate(question))


async def test_a_house_that_nobody_could_read_is_heard(register: Register) -> None:
    sound = Sound("люберцы улица трактовая дом 5 152")
    answer = await understood(register, sound, "люберцы домнице трактове дом пец 152")
    assert (answer.value["street"], answer.value["house"], answer.value["flat"]) == ("Трактовая", "5", "152")
    spellings = {wording for sequence in sound.asked for part in sequence for wording in part.wordings}
    assert {"Люберцы", "улица Трактовая", "дом 5", "дом пять", "квартира 152", "частный дом"} <= spellings


async def test_the_grammar_is_no_longer_than_the_recogniser_takes(register: Register) -> None:
    sound = Sound(None)
    for text in ("серпухов центральная 23", "чехов лугавая дом", "коломна советская 1", "мытищи"):
        await understood(register, sound, text)
        assert len(sound.asked) <= MAX_SEQUENCES
        assert all(len(sequence) <= MAX_PARTS for sequence in sound.asked)
        assert sum(len(part.wordings) for sequence in sound.asked for part in sequence) <= MAX_WORDINGS


async def test_spelling_alone_when_the_sound_is_gone(register: Register) -> None:
    answer = await understood(register, Sound(None), "чехов улица лугавая дом 8 квартира 18")
    assert (answer.value["street"], answer.value["house"]) == ("Луговая", "8")


async def test_what_the_sound_contradicts_is_not_sure(register: Register) -> None:
    """Two houses that sound alike: whoever was written first is asked back."""
    answer = await understood(register, Sound("чехов улица луговая дом 18", 0.0), "чехов улица лугавая дом 8")
    assert answer.probability < 0.9
    assert {one.value["house"] for one in answer.candidates} >= {"8", "18"}


async def test_the_street_asked_alone_may_stand_alone(register: Register) -> None:
    sound = Sound("улица луговая")
    answer = await understood(register, sound, "улитса лугавоя", slot="street")
    assert answer.value["street"] == "Луговая"
    assert any(len(sequence) <= 6 for sequence in sound.asked)
