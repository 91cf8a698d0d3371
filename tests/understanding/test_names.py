"""Promise: the true name is among those that the MIS is asked for, whatever became of its word boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from asr.grammar import Part
from asr.protocol import MAX_WORDINGS
from core.errors import NotFound
from core.events import Alternative
from understanding.dictionaries import NameDictionaries
from understanding.model import Heard, Understood
from understanding.names import Names


@pytest.fixture(scope="module")
def names(name_dictionaries: NameDictionaries) -> Names:
    return Names(name_dictionaries)


async def understood(names: Names, text: str, slot: str = "name", **more: Any) -> Understood:
    return await names.understand(Heard.model_validate({"expects": "name", "slot": slot, "text": text, **more}))


def words(value: dict[str, str | None]) -> str:
    return " ".join(value[part] or "" for part in ("surname", "name", "patronymic")).replace("ё", "е").strip()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("иванова мария петровна", "Иванова Мария Петровна"),
        ("мария петровна иванова", "Иванова Мария Петровна"),
        ("иваного мария петровна", "Иванова Мария Петровна"),
        ("для ивановой марии петровны", "Иванова Мария Петровна"),
        ("к зайцеву никите александровичу", "Зайцев Никита Александрович"),
        ("зайцева никиту александровича", "Зайцев Никита Александрович"),
        ("меня зовут шевченко анна сергеевна", "Шевченко Анна Сергеевна"),
        ("фамилия семёнов имя пётр отчество ильич", "Семенов Петр Ильич"),
        ("семенов петр ильич", "Семенов Петр Ильич"),
        ("смирново еленны андрей ивановна", "Смирнова Елена Андреевна"),  # «Андреевна», torn in two
        ("смирнов андрей иванович", "Смирнов Андрей Иванович"),
        ("карповагали над ней тревно", "Карпова Галина Дмитриевна"),
        ("василий во море сергеевна", "Васильева Мария Сергеевна"),
    ],
)
async def test_whole_names(names: Names, text: str, name: str) -> None:
    answer = await understood(names, text)
    assert answer.meaning == "value"
    assert words(answer.value) == name
    assert answer.complete
    assert not answer.missing
    assert 1 < len(answer.candidates) <= 12
    assert [one.probability for one in answer.candidates] == sorted(
        (one.probability for one in answer.candidates), reverse=True
    )


async def test_a_child_is_called_by_a_short_name(names: Names) -> None:
    answer = await understood(names, "петрова маша")
    assert "Мария" in {one.value["name"] for one in answer.candidates}, "the MIS knows her as Мария"
    assert "patronymic" in answer.missing


async def test_a_surname_that_no_dictionary_has(names: Names) -> None:
    answer = await understood(names, "картофельникова зоя ильинична")
    assert "Картофельникова" in {one.value["surname"] for one in answer.candidates}


@pytest.mark.parametrize(
    ("slot", "text", "name"),
    [
        ("surname", "панкратов", "Панкратов"),
        ("surname", "плавильщикова милана викторовна", "Плавильщикова"),  # the whole name again
        ("first_name", "константин", "Константин"),
        ("patronymic", "сергейевна", "Сергеевна"),
        ("surname", "пэ а вэ эл о вэ а", "Павлова"),
        ("surname", "п а в л о в а", "Павлова"),
        ("surname", "вэ как василий о эл как леонид ка о вэ", "Волков"),
        ("surname", "и гэ эн а тэ мягкий знак е вэ а", "Игнатьева"),
    ],
)
async def test_one_part(names: Names, slot: str, text: str, name: str) -> None:
    answer = await understood(names, text, slot)
    assert answer.value == name


async def test_gender_that_is_known_already(names: Names) -> None:
    answer = await understood(names, "новиково", "surname", context={"name": {"patronymic": "Игоревна"}})
    assert answer.value == "Новикова"


@pytest.mark.parametrize("text", ["", "   ", "12 34", "..."])
async def test_nothing_that_could_be_a_name(names: Names, text: str) -> None:
    assert (await understood(names, text)).meaning == "none"


async def test_gibberish_is_never_sure(names: Names) -> None:
    answer = await understood(names, 'shame this is david (system "x") \'; drop table')
    assert answer.probability < 0.5


class _Sound:
    """Hears what it is told to hear, as the recogniser would."""

    def __init__(self, *heard: tuple[str, float]) -> None:
        self._heard = [Alternative(text=text, score=score) for text, score in heard]
        self.asked: list[Sequence[Part]] = []

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
        self.asked = [*sequences]
        return self._heard

    def is_asked(self, *parts: str) -> bool:
        """Whether some sequence has these parts in this order, others between them left out."""
        return any(_in_order(parts, [part.wordings for part in sequence]) for sequence in self.asked)


def _in_order(parts: Sequence[str], wordings: Sequence[Sequence[str]]) -> bool:
    rest = iter(wordings)
    return all(any(part in one for one in rest) for part in parts)


async def test_the_sound_decides_between_like_names(name_dictionaries: NameDictionaries) -> None:
    sound = _Sound(("аристова кристина антоновна", -0.5), ("арестова кристина антоновна", -6.0))
    text = "арестова кристина антоновна"
    recognised = [{"text": text, "score": -0.4}]
    answer = await understood(Names(name_dictionaries, sound), text, turn_id="t", alternatives=recognised)
    assert answer.value["surname"] == "Аристова"
    assert sound.is_asked("Аристова", "Кристина", "Антоновна")
    assert sound.is_asked("Кристина", "Антоновна", "Аристова")
    assert sum(len(part.wordings) for sequence in sound.asked for part in sequence) <= MAX_WORDINGS


async def test_a_name_that_nobody_could_spell_is_heard(name_dictionaries: NameDictionaries) -> None:
    sound = _Sound(("записывайте родионова ольга кирилловна", -3.0))
    answer = await understood(Names(name_dictionaries, sound), "родионова ульга тирилловна", turn_id="t")
    assert words(answer.value) == "Родионова Ольга Кирилловна"


async def test_one_part_is_held_against_the_sound_alone(name_dictionaries: NameDictionaries) -> None:
    sound = _Sound(("медведева", -1.0))
    answer = await understood(Names(name_dictionaries, sound), "видвидива", slot="surname", turn_id="t")
    assert answer.value == "Медведева"
    assert sound.is_asked("Медведева")
    assert not sound.is_asked("Ольга")


async def test_spelling_alone_when_the_sound_is_gone(name_dictionaries: NameDictionaries) -> None:
    class Gone(_Sound):
        async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
            raise NotFound("gone")

    answer = await understood(Names(name_dictionaries, Gone()), "иванова мария петровна", turn_id="t")
    assert words(answer.value) == "Иванова Мария Петровна"


async def test_real_recogniser_output(names: Names, recognised: list[dict[str, Any]]) -> None:
    """Not below what was measured when the table was made (52 names), and never sure of a wrong one."""
    rows = [row for row in recognised if row["slot"] == "name"]
    first = surname = 0
    for row in rows:
        heard = {"text": row["alternatives"][0]["text"], "alternatives": row["alternatives"]}
        answer = await understood(names, **heard)
        right = words(answer.value) == words(row["truth"])
        first += right
        surname += row["truth"]["surname"].replace("ё", "е") in {
            one.value["surname"].replace("ё", "е") for one in answer.candidates if one.value["surname"]
        }
        assert right or answer.probability < 0.85, "a wrong name would be taken without asking back"
    assert first >= 0.65 * len(rows)
    assert surname >= 0.88 * len(rows), "the MIS would be asked for other people"
