"""Promise: every caller is served as a good operator would: several patients, known numbers, children, angry people.

A failure means a second child was forgotten, a stranger learned who is ill, or a caller was left without a way on.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from dialog.conversation.state import Asked
from tests.dialog.world import ADDRESS, MEANT, NAME, PATIENT, SCRIPT, Call, World, talk

KNOWN = PATIENT | {"relation": "self"}


def turn(call: Call, text: str = "", **heard: Any) -> Call:
    asyncio.run(call.turn(text, **heard))
    return call


# -- a known number


def test_a_known_patient_is_offered_only_after_the_date_of_birth() -> None:
    call = talk(Call(World(known=[KNOWN])), until="birth_date")
    before = " ".join(call.heard)
    assert "Милан" not in before
    turn(call, call.world.say["birth_date"])
    assert call.said == "Вы звоните по поводу Миланы Викторовны?"
    assert call.reply.slot == "name"
    assert call.reply.expects == "yes_no"


def test_another_date_of_birth_learns_nothing_of_the_known_patient() -> None:
    world = World(known=[KNOWN], meant=MEANT | {"birth_date": [("1999-01-01", 0.97)]})
    call = talk(Call(world))
    assert "Милан" not in " ".join(call.heard[:-3])
    assert "who" in call.asked, "nobody knows any more for whom the call is"


def test_a_known_number_needs_nine_questions_and_no_read_back() -> None:
    call = Call(World(known=[KNOWN]))
    call.world.say |= {"name": "да", "address": "да"}
    talk(call)
    assert call.world.calls[0][1]["patient"]["mis_id"] == PATIENT["mis_id"]
    assert call.world.calls[0][1]["phone"] == call.state.caller
    assert len(call.asked) - 1 <= 9 + 1, call.asked  # «когда заболели» was not said in this call; `done` asks nothing
    assert "confirm" not in call.asked


def test_a_known_patient_who_is_denied_is_asked_for_like_anybody() -> None:
    other = PATIENT | {"mis_id": "18", "surname": "Иванова", "name": "Мила"}
    call = talk(Call(World(known=[other | {"relation": "self"}])), until="name")
    turn(call, "нет")
    assert call.reply.slot == "who", "nobody knows any more for whom the call is"
    talk(call)
    assert call.world.calls[0][1]["patient"]["mis_id"] == PATIENT["mis_id"]


def test_who_repeats_the_offered_name_has_said_yes_though_the_surname_is_garbled() -> None:
    world = World(known=[KNOWN], meant=MEANT | {"name": [({**NAME, "surname": "Дросили"}, 0.6)]})
    world.say["name"] = said = "дросили милана викторовна"
    call = talk(Call(world), until="name")
    turn(call, said)
    assert call.state.identity == "found"
    assert call.state.value("name")["surname"] == PATIENT["surname"]


def test_a_name_that_was_denied_is_not_read_back_once_more() -> None:
    wrong, right = {**NAME, "surname": "Павильщикова"}, {**NAME, "surname": "Павликова"}
    world = World(patients=[], meant=MEANT | {"name": [(wrong, 0.6), (right, 0.2)], "surname": [("Павильщикова", 0.5)]})
    call = talk(Call(world), until="confirm")
    assert "Павильщикова" in call.said
    turn(call, "нет")
    turn(call, "имя")
    talk(call, until="confirm")
    assert "Павильщикова" not in call.said


def test_the_registered_address_is_a_question_to_an_identified_patient_only() -> None:
    call = talk(Call(World()), until="address")
    assert call.said.startswith("Врачу прийти по адресу: Руза")
    turn(call, "нет")
    assert call.reply.expects == "address"
    assert "Горняцкая" not in call.said
    unknown = talk(Call(World(patients=[])), until="address")
    assert "Горняцкая" not in unknown.said


def test_an_offered_address_that_is_repeated_without_its_letter_is_the_offered_one() -> None:
    """«5 А?» «Да, дом пять, квартира 60»: the letter is what recognition loses; the house beside is never meant."""
    patient = PATIENT | {"address": PATIENT["address"] | {"house": "129А"}}
    call = talk(Call(World(patients=[patient])))
    assert call.world.calls[0][1]["address"]["house"] == "129А"
    assert "house" not in call.asked
    other_flat = MEANT | {"address": [(ADDRESS | {"flat": "61"}, 0.95)]}
    call = talk(Call(World(patients=[patient], meant=other_flat)), until="house")
    assert call.state.taken.get("address") is None


def test_a_value_that_is_asked_back_and_answered_with_another_one_is_not_taken() -> None:
    world = World(patients=[PATIENT | {"address": PATIENT["address"] | {"street": "Лесная"}}])
    call = talk(Call(world), until="this_phone")
    turn(call, "нет дом другой")
    call.state.asked = Asked("house", "check", "129", 0.7, said="Дом 129. Верно?")
    call.state.beliefs["house"] = [("129", 0.8)]
    world.meant["house"] = [("129А", 0.9)]
    turn(call, world.say["house"])
    assert call.state.value("house") == "129А"


# -- several patients


def test_two_patients_make_two_records_with_one_phone() -> None:
    child = PATIENT | {"mis_id": "18", "name": "Пётр", "birth_date": "2020-01-01"}
    call = talk(Call(World(patients=[PATIENT, child])), until="done")
    turn(call, "и ещё сыну", intent="another_patient", confidence=0.95)
    assert "следующий" in call.said
    assert call.reply.slot == "who"
    call.world.meant |= {
        "who": [("child", 0.98)], "age": [({"years": 6, "months": None}, 0.97)], "birth_date": [("2020-01-01", 0.97)],
        "name": [({"surname": "Плавильщикова", "name": "Пётр", "patronymic": "Викторович"}, 0.9)],
    }  # fmt: skip
    talk(call)
    (one, first), (two, second) = call.world.calls
    assert one != two
    assert [first["patient"]["mis_id"], second["patient"]["mis_id"]] == ["17", "18"]
    assert second["phone"] == first["phone"]
    assert second["address"]["street"] == ADDRESS["street"]
    assert call.asked.count("this_phone") == 1
    assert call.asked.count("red_flags") == 4, "the signs of danger are asked for each of them"


@pytest.mark.parametrize("text", ["у меня двое детей заболели", "мне и мужу врача"])
def test_several_patients_of_the_first_sentence_are_not_forgotten(text: str) -> None:
    call = turn(Call(World()), text)
    assert "по очереди" in call.said
    talk(call, until="done")
    assert call.state.others == 0
    assert len(call.world.calls) == 2
    assert "Теперь следующий пациент" in " ".join(call.heard)


# -- who must be treated otherwise


def test_a_child_alone_is_asked_for_an_adult() -> None:
    world = World(meant=MEANT | {"age": [({"years": 9, "months": None}, 0.97)]})
    call = talk(Call(world), until="adult")
    turn(call, "нет")
    assert call.transferred == ("operator", "no_match")
    call = talk(Call(world), until="adult")
    turn(call, "да")
    assert "передайте трубку" in call.said
    assert call.reply.slot == "who"


def test_a_refused_recording_is_told_with_every_answer() -> None:
    call = talk(Call(World()), until="symptoms")
    turn(call, "не записывайте меня", intent="refuse_recording")
    assert call.reply.recording_refused
    assert call.reply.slot == "symptoms"
    turn(call, call.world.say["symptoms"])
    assert call.reply.recording_refused


def test_slower_is_slower_from_then_on() -> None:
    call = talk(Call(World()), until="symptoms")
    turn(call, "помедленнее пожалуйста", intent="slower")
    assert call.reply.to_json()["say"][-1]["slow"]
    turn(call, call.world.say["symptoms"])
    assert call.reply.to_json()["say"][-1]["slow"]


def test_anger_is_calmed_once_then_gets_a_person() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "вы издеваетесь", intent="abuse")
    assert call.reply.slot == "birth_date"
    turn(call, "тупая железка", intent="abuse")
    assert call.transferred == ("operator", "wish")


def test_a_wrong_number_is_asked_before_the_end() -> None:
    call = turn(Call(World()), "это такси", intent="wrong_number")
    assert call.reply.slot == "go_on"
    turn(call, "нет")
    assert call.reply.end == {"outcome": "answered"}
    call = turn(turn(Call(World()), "это такси", intent="wrong_number"), "да")
    assert call.reply.end is None


def test_the_announcement_comes_after_the_greeting() -> None:
    _, reply = Call(World()).conversation.start("call2", "", "122", "Сегодня приём до двух.")
    assert [text for text, _ in reply.say][1:] == ["Сегодня приём до двух.", "Чем помочь?"]


def test_nothing_said_after_the_greeting_a_second_one_then_slower_then_the_end() -> None:
    call = turn(Call(World()), silence=True)
    assert call.said.startswith("Здравствуйте")
    assert not call.reply.slow
    turn(call, silence=True)
    assert call.reply.slow
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "abandoned"}


def test_a_question_that_may_be_skipped_is_skipped_in_silence() -> None:
    """Before the caller who does not know the answer is taken for gone."""
    call = talk(Call(World()), until="since")
    turn(call, silence=True)
    assert call.reply.slot == "since"
    turn(call, silence=True)
    assert call.reply.slot == "can_walk"
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "abandoned"}


def test_who_asks_to_wait_is_waited_for() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "подождите паспорт найду", intent="wait")
    for _ in range(4):
        turn(call, silence=True)
        assert call.reply.end is None
    assert call.reply.slot == "birth_date"


# -- alternatives to a visit at home


def test_where_the_region_has_thresholds_the_alternatives_are_told_and_insisting_gets_a_person() -> None:
    rule = replace(SCRIPT.policy.home_visit, enabled=True)
    script = replace(SCRIPT, policy=replace(SCRIPT.policy, home_visit=rule))
    symptoms = [({"text": "насморк", "temperature": 36.6, "since": "вчера"}, 0.95)]
    world = World(meant=MEANT | {"symptoms": symptoms})
    world.say["can_walk"] = "да"
    call = talk(Call(world, script=script), until="insist")
    assert "приём" in call.said
    assert turn(call, "да").transferred == ("operator", "wish")
    call = talk(Call(world, script=script), until="insist")
    turn(call, "нет")
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "answered"}
    assert not world.calls
    assert "insist" not in talk(Call(world)).asked, "off, where the region has no thresholds"


# -- danger that may be a joke


def test_a_doubtful_word_is_asked_about_once() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "я сейчас умру от ожидания", urgent="doubt", urgent_words="умру")
    assert "угроза жизни" in call.said
    turn(call, "нет")
    assert call.reply.slot == "birth_date"
    assert call.state.danger is None
    turn(call, call.world.say["birth_date"], urgent="doubt", urgent_words="умру")
    turn(call, "нет")
    assert call.reply.slot == "name", "what was said with the doubtful word was lost"
    talk(call)
    assert call.world.calls[0][1]["urgency"] == "routine"


@pytest.mark.parametrize("answer", ["да", "ы ы ы", ""])
def test_a_doubt_that_is_not_denied_leads_to_the_ambulance(answer: str) -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "помогите", urgent="doubt", urgent_words="помогите")
    turn(call, answer, silence=not answer)
    assert "103" in call.said
    assert call.reply.red_flag == {"words": "помогите"}
    turn(call, silence=True)
    assert call.transferred == ("emergency", "red_flag")


def test_a_doubtful_word_among_the_signs_of_danger_is_no_joke() -> None:
    call = talk(Call(World()), until="red_flags")
    turn(call, "ему совсем плохо", urgent="doubt", urgent_words="совсем плохо")
    assert "103" in call.said


# -- the same turn twice


def test_a_turn_that_is_sent_twice_counts_once() -> None:
    call = talk(Call(World()), until="age")
    turn(call, "нет", sequence=3)  # not an age: a failure
    said, failures = call.said, dict(call.state.failures)
    turn(call, "нет", sequence=3)
    assert (call.said, call.state.failures) == (said, failures)
