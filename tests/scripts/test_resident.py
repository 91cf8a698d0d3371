"""Promise: the simulated resident is an honest judge: it says what its scenario says, and calls wrong what is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.resident import scenario as scenarios
from scripts.resident.answers import Answers, Said, age_in_words, misread
from scripts.resident.bench import ended
from scripts.resident.bench import summary as conversations
from scripts.resident.load import summary
from scripts.resident.resident import by_voice
from scripts.resident.scenario import Scenario
from scripts.resident.speech import decode_alaw
from scripts.resident.verdict import Came, differing, judge

RESIDENTS = Path(__file__).parents[1] / "data" / "residents"
EXPECTED = {"surname": "Зайцев", "birth_date": "2002-09-25", "house": "75", "flat": "", "phone": "+79996914929",
            "outcome": "created"}  # fmt: skip


TODAY = date(2026, 11, 24)


def record(state: str = "delivered", **address: str | None) -> dict[str, Any]:
    return {
        "patient": {"surname": "Зайцев", "birth_date": "2002-09-25"},
        "address": {"house": "75", "flat": None, **address},
        "phone": "+79996914929", "state": state, "number": "122-000042", "visit_date": "2026-11-25",
        "symptoms": "сильный кашель",
    }  # fmt: skip


def scenario(expect: dict[str, str] = EXPECTED, **more: Any) -> Scenario:
    return Scenario.model_validate({"id": "a", "caller_phone": "", "say": {"opening": "алло"}, "expect": expect} | more)


def wrong(came: Came, expect: dict[str, str] = EXPECTED, **more: Any) -> list[str]:
    return judge(scenario(expect, **more), came, TODAY)


def test_a_right_record_is_right() -> None:
    assert wrong(Came("created", [record()])) == []


@pytest.mark.parametrize(
    ("outcome", "got", "named"),
    [
        ("created", [record(house="75А")], ["house"]),
        ("created", [record(flat="1")], ["flat"]),
        ("queued", [record()], ["outcome"]),
        ("created", [], ["record"]),
        ("abandoned", [], ["outcome", "record"]),
        ("created", [record(), record()], ["one record too many"]),
        ("created", [record("rejected"), record()], []),
    ],
)
def test_what_differs_is_named(outcome: str, got: list[dict[str, Any]], named: list[str]) -> None:
    assert wrong(Came(outcome, got)) == named


def test_a_transfer_needs_no_record_and_has_none() -> None:
    expected = {**EXPECTED, "outcome": "transferred"}
    assert wrong(Came("transferred"), expected) == []
    assert wrong(Came("created", [record()]), expected) == ["outcome", "one record too many"]
    wish = {"to": "operator", "reason": "wish"}
    assert wrong(Came("transferred", transfer=wish), expected, transfer=wish) == []
    assert wrong(Came("transferred", transfer=wish | {"reason": "error"}), expected, transfer=wish) == ["transfer"]


def test_two_patients_are_two_records_in_their_order() -> None:
    other = {"surname": "Зайцева"}
    assert wrong(Came("created", [record()]), also=[other]) == ["record"]
    assert wrong(Came("created", [record(), record()]), also=[other]) == ["2: surname"]


def test_free_words_are_found_by_a_regular_expression() -> None:
    assert wrong(Came("created", [record()]), EXPECTED | {"symptoms": "каш[ея]л"}) == []
    assert wrong(Came("created", [record()]), EXPECTED | {"symptoms": "насморк"}) == ["symptoms"]


@pytest.mark.parametrize(("text", "right"), [
    ("Вызов принят, номер 42. Врач придёт завтра.", True), ("Вызов принят, номер 42. Врач придёт сегодня.", False),
    ("Вызов принят, номер 43. Врач придёт завтра.", False),
])  # fmt: skip
def test_what_must_be_heard_and_what_must_not(text: str, right: bool) -> None:
    came = Came("created", [record()], heard=["Здравствуйте!", text])
    assert (wrong(came, hears=["номер.*{number}", "придёт {day}"]) == []) is right
    assert wrong(came, never_hears=["здравствуйте"]) == ["never_hears: здравствуйте"]


@pytest.mark.parametrize("name", ["red_flag", "recording_refused", "callback"])
def test_what_has_to_happen_and_what_must_not(name: str) -> None:
    happened, must, must_not = ({name: value} for value in (True, True, False))
    came: dict[str, Any] = {"outcome": "created", "records": [record()]}
    assert judge(scenario(**must_not), Came(**came | happened), TODAY) == [name]
    assert judge(scenario(**must), Came(**came), TODAY) == [name]


def test_by_voice_free_words_are_what_was_recognised() -> None:
    spoken = by_voice(scenario(EXPECTED | {"symptoms": "насморк"}, also=[{"since": "вчера"}], most_questions=1))
    assert (spoken.expect, spoken.also, spoken.most_questions) == (EXPECTED, [{}], None)


def test_too_many_questions_are_wrong() -> None:
    assert wrong(Came("created", [record()], questions=16), most_questions=15) == ["most_questions"]


def test_a_visit_that_the_mis_has_otherwise_or_not_at_all_is_wrong() -> None:
    assert wrong(Came("created", [record()], visits=[None])) == ["mis"]
    assert wrong(Came("created", [record()], visits=[record(house="57")])) == ["mis"]
    assert wrong(Came("created", [record()], visits=[record()])) == []


def test_the_visit_in_the_mis_is_compared_too() -> None:
    assert differing(EXPECTED, record(house="57")) == ["house"]


def test_a_question_is_answered_by_its_slot_then_by_what_it_expects() -> None:
    scenario = scenarios.load(RESIDENTS / "c00")
    assert scenario.answer_to(None, "free", True) == "opening"
    assert scenario.answer_to("street", "address", False) == "street"
    assert scenario.answer_to("more", "yes_no", False) == "yes"
    assert scenario.answer_to("more", "choice", False) == "unknown"
    assert scenario.say["yes"], "YAML's yes and no are words here, not booleans"


def test_where_nothing_is_said_the_natural_answer_is() -> None:
    assert scenario().answer_to("red_flags", "yes_no", False) == "no"
    assert scenario().answer_to("cancel_visit", "yes_no", False) == "yes"
    assert scenario().answer_to("done", "free", False) is None
    offered = scenario(say={"address": "Руза", "address_check": "да"})
    assert offered.answer_to("address", "yes_no", False) == "address_check"
    assert offered.answer_to("address", "address", False) == "address"


def test_a_list_is_said_one_after_another_and_a_deed_is_done_once() -> None:
    answers = Answers(
        scenario(say={"opening": "алло", "name": ["раз", "два"]}, then=[{"hears": "скорой", "say": "no"}]), TODAY
    )
    assert answers.deed(None, "Чем помочь?") is None
    said = [answers.to(None, "free", "Чем помочь?"), *(answers.to("name", "name", "Фамилия?") for _ in range(3))]
    assert [one and one.text for one in said] == ["алло", "раз", "два", "два"]
    assert answers.deed(None, "Соединить со скорой?") is not None
    assert answers.deed(None, "Соединить со скорой?") is None


@pytest.mark.parametrize(("text", "wrong"), [
    ("Проверьте. Зайцев Никита, 25 сентября 2002 года. Подольск, улица Прохладная, дом 75, квартира 17.", None),
    ("Проверьте. Зайцева Никита, 25 сентября 2002 года. Подольск, улица Прохладная, дом 75, квартира 17.", "имя"),
    ("Проверьте. Зайцев Никита, 25 сентября 2003 года. Подольск, улица Прохладная, дом 75, квартира 17.",
     "дата рождения"),
    ("Проверьте. Зайцев Никита, 25 сентября 2002 года. Подольск, улица Прохладная, дом 75, квартира 173.", "адрес"),
])  # fmt: skip
def test_a_resident_listens_to_the_readback(text: str, wrong: str | None) -> None:
    expect = {"surname": "Зайцев", "name": "Никита", "birth_date": "2002-09-25", "street": "Прохладная", "flat": "17"}
    assert misread(expect, text) == wrong
    answers = Answers(scenario(expect, topic="for_whom", say={"opening": "алло", "confirm": "да верно"}), TODAY)
    answers.to(None, "free", "Чем помочь?")
    said = answers.to("confirm", "yes_no", text)
    assert said is not None
    assert said.text == ("да верно" if wrong is None else "нет")
    if wrong is not None:
        assert answers.to("more", "choice", "Что исправить?") == Said(wrong)


@pytest.mark.parametrize(("red_flag", "said"), [(True, "да"), (False, "нет"), (None, "нет")])
def test_who_is_in_danger_wants_the_ambulance_and_nobody_else(red_flag: bool | None, said: str) -> None:
    answer = Answers(scenario(red_flag=red_flag), TODAY).to(None, "yes_no", "Соединить вас со скорой сейчас?")
    assert answer is not None
    assert answer.text == said


@pytest.mark.parametrize(("born", "words"), [
    ("1985-03-12", "сорок один год"), ("2024-11-25", "двадцать три месяца"), ("2024-11-24", "два года"),
    ("2026-11-20", "один месяц"), ("2014-01-01", "двенадцать лет"),
])  # fmt: skip
def test_the_age_is_told_from_the_date_of_birth(born: str, words: str) -> None:
    assert age_in_words(date.fromisoformat(born), TODAY) == words
    said = Answers(scenario(EXPECTED | {"birth_date": born}), TODAY).to("age", "number", "Сколько лет?")
    assert said is not None
    assert said.text == words


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id: a\ncaller_phone: ''\nsay: {opening: да, nonsense: нет}", "no such question: nonsense"),
        ("id: a\nsay: [да]", "say"),
        ("say: {opening: да}\ncaller_phone: '12'", "id"),
        ("id: [", "cannot be read"),
        ("id: a\ncaller_phone: '+7999'\nsay: {}\nthen: [{slot: name, shout: да}]", "shout"),
        ("id: a\ncaller_phone: '+7999'\nsay: {}\nexpect: {sex: м}", "no such field: sex"),
        ("id: a\ncaller_phone: '+7999'\nsay: {}\nhears: ['(']", "no regular expression"),
        ("id: a\ncaller_phone: '+7999'\nsay: {name: []}", "say.name"),
    ],
)
def test_a_wrong_scenario_is_a_clear_error(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "scenario.yml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        scenarios.load(path)


def test_a_law_is_decoded_as_g711_says() -> None:
    """The ends and the middle of the table of ITU-T G.711."""
    pcm = np.frombuffer(decode_alaw(bytes([0xD5, 0x55, 0xAA, 0x2A, 0x80])), "<i2")
    assert list(pcm) == [8, -8, 32256, -32256, 5504]


def test_a_record_that_is_wrong_and_created_is_counted() -> None:
    wrong = {"id": "a", "outcome": "created", "right": False, "voice_to_voice": [0.5, 0.7],
             "service_voice_to_voice": [0.48, 0.75]}  # fmt: skip
    figures = summary([wrong])
    assert (figures["right"], figures["wrong_but_created"]) == (0, 1)
    assert figures["service_differs_p95_s"] == 0.05


@pytest.mark.parametrize(("came", "where"), [
    ({"right": True}, "right"),
    ({"outcome": "created", "wrong_fields": ["house"], "records": [{"state": "delivered"}]}, "WRONG"),
    ({"outcome": "created", "wrong_fields": ["one record too many"], "records": [{"state": "delivered"}]}, "WRONG"),
    ({"outcome": "queued", "wrong_fields": ["outcome", "house"], "records": [{"state": "needs_registrar"}]},
     "registrar"),
    ({"outcome": "transferred", "wrong_fields": ["outcome", "record"], "records": []}, "operator"),
    ({"outcome": "created", "wrong_fields": ["most_questions"], "records": [{"state": "delivered"}]}, "other"),
    ({"outcome": "error: time-out"}, "other"),
])  # fmt: skip
def test_where_a_conversation_ended(came: dict[str, Any], where: str) -> None:
    assert ended({"right": False} | came) == where
    assert sum(conversations([{"right": False, "seconds": 1, "questions": 2} | came]).get(name) or 0 for name in (
        "right", "wrong_accepted", "at_operator", "at_registrar", "other")) == 1  # fmt: skip
