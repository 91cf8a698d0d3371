"""Promise: the call is led to the right record, and what is not certain is never confirmed as right.

A failure means a caller was asked in circles, was sent to the wrong place, or heard «принято» for a wrong record.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.dialog.world import ADDRESS, MEANT, NAME, PATIENT, SAY, SCRIPT, Call, World, talk


def turn(call: Call, text: str = "", **heard: Any) -> Call:
    asyncio.run(call.turn(text, **heard))
    return call


# -- the plain way


def test_a_plain_call_becomes_a_record_in_few_questions() -> None:
    call = talk(Call(World()))
    assert call.reply.end == {"outcome": "created"}
    assert "122-000042" in call.said
    ((key, body),) = call.world.calls
    assert key.startswith("call1-")
    assert body["patient"] == {"mis_id": "17", **NAME, "birth_date": "1945-05-26"}
    assert {k: body["address"][k] for k in ADDRESS} == ADDRESS
    assert body["phone"] == "+79254375323"
    assert (body["symptoms"], body["temperature"], body["urgency"]) == (SAY["symptoms"], 39.1, "routine")
    assert len(call.asked) <= 15, call.asked
    assert call.filled["birth_date"] == "1945-05-26"


def test_the_greeting_is_short_and_says_what_it_must() -> None:
    call = Call(World())
    assert len(call.said) <= 130  # about 8 s of speech at 16 characters a second
    for word in ("робот", "записывается", "103", "112"):
        assert word in call.said
    assert (call.reply.slot, call.reply.expects) == (None, "free")


def test_danger_is_asked_before_personal_data_and_cannot_be_talked_over() -> None:
    call = talk(Call(World()), until="red_flags")
    assert call.reply.say[-1][1] is False
    call = talk(Call(World()))
    assert call.asked.index("red_flags") < call.asked.index("name")


def test_what_the_opening_says_is_not_asked_again() -> None:
    world = World()
    world.say["who"] = "дочке врача вызовите"
    world.meant["who"] = [("child", 0.97)]
    call = turn(Call(world), "дочке врача вызовите")
    assert call.reply.slot == "age"


def test_mne_nuzhen_vrach_does_not_make_the_caller_the_patient() -> None:
    world = World()
    world.say["who"] = "мне нужно вызвать врача"
    call = turn(Call(world), "мне нужно вызвать врача")
    assert call.reply.slot == "who"


def test_only_an_unclear_relation_is_asked_for() -> None:
    """A child's caller is a parent; a neighbour says who he is, apart from the patient."""
    call = talk(Call(World(meant=MEANT | {"who": [("parent", 0.97)]})))
    assert "caller" not in call.asked
    assert call.world.calls[0][1]["caller"] == {"relation": "child", "name": None}
    neighbour = {"relation": "other", "name": "Нина"}
    call = talk(Call(World(meant=MEANT | {"who": [("other", 0.97)], "caller": [(neighbour, 0.9)]})))
    assert "caller" in call.asked
    assert call.world.calls[0][1]["caller"] == neighbour
    assert call.world.calls[0][1]["patient"]["surname"] == PATIENT["surname"]


def test_without_a_caller_number_the_phone_is_asked() -> None:
    call = talk(Call(World(), caller=""))
    assert "this_phone" not in call.asked
    assert call.world.calls[0][1]["phone"] == "+79254375323"


def test_another_number_said_at_once_is_taken() -> None:
    call = talk(Call(World(), caller="+79990000000"), first={"this_phone": SAY["phone"]})
    assert call.world.calls[0][1]["phone"] == "+79254375323"


# -- certainty


@pytest.mark.parametrize(("state", "outcome", "word"), [
    ("delivered", "created", "принят"), ("received", "queued", "сохранена"), ("delivering", "queued", "сохранена"),
    ("unknown", "queued", "сохранена"), ("scheduled", "queued", "сохранена"),
    ("needs_registrar", "queued", "регистратор"),
])  # fmt: skip
def test_the_caller_hears_exactly_what_became_of_the_request(state: str, outcome: str, word: str) -> None:
    call = talk(Call(World(state=state)))
    assert call.reply.end == {"outcome": outcome}
    assert word in call.said
    assert ("принят" in call.said) == (state == "delivered")


def test_a_refusal_is_said_in_words_and_leads_to_a_person() -> None:
    call = talk(Call(World(state="rejected", reason="refused")))
    assert call.transferred == ("operator", "rejected")
    assert "отказала" in call.said


def test_an_address_that_the_clinic_does_not_find_is_asked_once_more_then_a_person() -> None:
    call = talk(Call(World(state="rejected", reason="street_unknown")))
    assert call.asked.count("address") == 2
    assert call.transferred == ("operator", "rejected")
    keys = [key for key, _ in call.world.calls]
    assert len(set(keys)) == 2, "a request that was changed needs a key of its own"


def test_a_visit_that_the_clinic_has_already_is_told() -> None:
    call = talk(Call(World(state="rejected", reason="already_open")), until="another_visit")
    assert "уже есть" in call.said


@pytest.mark.parametrize("part", ["understanding", "create"])
def test_a_service_away_is_an_apology_and_a_person(part: str) -> None:
    call = talk(Call(World(broken={part})))
    assert call.transferred == ("operator", "error")
    assert call.reply.end is None
    assert "принят" not in call.said


def test_a_search_away_goes_on_with_the_data_as_heard() -> None:
    call = talk(Call(World(broken={"search"}, state="received")))
    assert call.reply.end == {"outcome": "queued"}
    assert call.world.calls[0][1]["patient"]["mis_id"] is None


def test_nobody_found_is_asked_once_more_and_goes_to_the_registrar() -> None:
    call = talk(Call(World(patients=[], state="needs_registrar")))
    assert [slot for slot in call.asked if slot in ("surname", "birth_date")] == [
        "birth_date", "surname", "birth_date",
    ]  # fmt: skip
    assert call.reply.end == {"outcome": "queued"}
    assert call.world.calls[0][1]["patient"] == {"mis_id": None, **NAME, "birth_date": "1945-05-26"}


def test_a_surname_heard_wrong_is_mended_by_hearing_it_alone() -> None:
    wrong = {**NAME, "surname": "Правильщикова"}
    call = talk(Call(World(meant=MEANT | {"name": [(wrong, 0.6)]})))
    assert "surname" in call.asked
    assert call.world.calls[0][1]["patient"]["surname"] == "Плавильщикова"


def test_a_first_name_that_may_be_a_surname_does_not_spoil_the_search() -> None:
    """«Мария Михайлова» may be a «Мария Михайловна» without a surname: the MIS cannot be asked for her."""
    names = [({**NAME, "patronymic": None}, 0.8), ({**NAME, "surname": None}, 0.1)]
    call = talk(Call(World(meant=MEANT | {"name": names})))
    assert call.world.calls[0][1]["patient"]["mis_id"] == "17"


def test_another_likely_date_is_searched_with_in_the_same_turn() -> None:
    dates = [("1946-05-26", 0.5), ("1945-05-26", 0.4)]
    call = talk(Call(World(meant=MEANT | {"birth_date": dates})))
    assert call.asked.count("birth_date") == 1
    assert call.world.calls[0][1]["patient"]["birth_date"] == "1945-05-26"


def test_a_patronymic_written_otherwise_is_found() -> None:
    patient = PATIENT | {"patronymic": "Викторьевна"}
    call = talk(Call(World(patients=[patient])))
    assert "patronymic" not in call.asked
    assert call.world.calls[0][1]["patient"]["patronymic"] == "Викторьевна"


def test_namesakes_are_told_apart_by_the_patronymic() -> None:
    other = PATIENT | {"mis_id": "18", "patronymic": "Николаевна"}
    names = [({**NAME, "patronymic": None}, 0.7)]
    call = talk(Call(World(patients=[PATIENT, other], meant=MEANT | {"name": names})))
    assert "patronymic" in call.asked
    assert call.world.calls[0][1]["patient"]["mis_id"] == "17"


def test_an_age_that_does_not_fit_the_patient_is_asked_back() -> None:
    call = talk(Call(World(meant=MEANT | {"age": [({"years": 40, "months": None}, 0.97)]})), until="address")
    assert call.asked.count("name") == 2


@pytest.mark.parametrize("probability", [0.3, 0.55, 0.7])
def test_an_uncertain_address_is_not_settled_by_saying_it_again(probability: float) -> None:
    """Same voice, same words: the second hearing is the first one's mistake again. The parts decide."""
    wrong = ADDRESS | {"street": "Городская"}
    call = talk(Call(World(meant=MEANT | {"address": [(wrong, probability)]})))
    assert "street" in call.asked
    assert call.world.calls[0][1]["address"]["street"] == "Горняцкая"
    assert call.world.calls[0][1]["address"]["in_register"] is True


ELSEWHERE = PATIENT | {"address": PATIENT["address"] | {"street": "Лесная"}}


def test_the_registered_address_needs_less_certainty() -> None:
    call = talk(Call(World(meant=MEANT | {"address": [(ADDRESS, 0.5)]})))
    assert call.asked.count("address") == 1


@pytest.mark.parametrize("part", ["house", "flat"])
def test_nearly_the_registered_address_is_doubted_however_well_it_was_heard(part: str) -> None:
    """«дом пять» of «пять А»: only the doubtful part is asked again, alone."""
    call = talk(Call(World(meant=MEANT | {"address": [(ADDRESS | {part: "12"}, 0.97)]})))
    assert part in call.asked
    assert "street" not in call.asked
    assert call.world.calls[0][1]["address"][part] == ADDRESS[part]


def test_another_flat_in_the_same_house_is_possible_when_it_is_said_twice() -> None:
    meant = MEANT | {"address": [(ADDRESS | {"flat": "12"}, 0.97)], "flat": [("12", 0.97)]}
    call = talk(Call(World(meant=meant)))
    assert call.world.calls[0][1]["address"]["flat"] == "12"
    assert call.asked.count("flat") == 2


def test_an_uncertain_address_that_is_affirmed_is_taken() -> None:
    call = talk(Call(World(patients=[ELSEWHERE], meant=MEANT | {"address": [(ADDRESS, 0.7)]})), until="address")
    turn(call, SAY["address"])
    assert (call.reply.expects, call.reply.slot) == ("yes_no", "address")
    assert "Верно?" in call.said
    turn(call, "да верно")
    assert call.reply.slot == "this_phone"


def test_a_denied_address_is_asked_in_parts_and_never_comes_back() -> None:
    wrong = ADDRESS | {"house": "120"}
    call = talk(Call(World(meant=MEANT | {"address": [(wrong, 0.7)]})), until="address")
    turn(call, SAY["address"])
    turn(call, "нет")
    assert call.reply.slot == "town"
    talk(call)
    assert call.world.calls[0][1]["address"]["house"] == "129"


def test_an_address_that_stays_uncertain_ends_at_a_person_not_in_a_record() -> None:
    meant = MEANT | {"address": [(ADDRESS, 0.6)], "street": [({"street": "Горная", "street_kind": "ул"}, 0.3)]}
    call = talk(Call(World(patients=[ELSEWHERE], meant=meant)))
    assert call.transferred == ("operator", "no_match")
    assert call.world.calls == []


def test_a_private_house_has_no_flat() -> None:
    world = World(meant=MEANT | {"address": [(ADDRESS | {"flat": None}, 0.95)], "flat": []})
    world.say["flat"] = "частный дом"
    call = talk(Call(world))
    assert "flat" in call.asked
    assert call.world.calls[0][1]["address"]["flat"] is None


def test_a_flat_is_not_asked_where_the_patient_is_registered_without_one() -> None:
    home = {**ADDRESS, "flat": None}
    patient = PATIENT | {"address": {k: v for k, v in home.items() if k != "in_register"}}
    call = talk(Call(World(patients=[patient], meant=MEANT | {"address": [(home, 0.95)]})))
    assert "flat" not in call.asked


def test_only_what_was_wrong_is_asked_again() -> None:
    call = talk(Call(World()), until="confirm")
    turn(call, "нет")
    assert call.reply.slot == "more"
    turn(call, "адрес")
    assert call.reply.slot == "address"
    turn(call, SAY["address"])
    assert call.reply.slot == "confirm"
    assert "Проверим ещё раз" in call.said
    turn(call, "всё верно")
    assert call.reply.slot == "done"
    assert call.world.calls


def test_corrections_have_an_end() -> None:
    call = talk(Call(World()), until="confirm")
    for _ in range(SCRIPT.policy.limits.corrections):
        turn(call, "нет")
        turn(call, "адрес")
        turn(call, SAY["address"])
    turn(call, "нет")
    turn(call, "адрес")
    assert call.transferred == ("operator", "no_match")


# -- danger


def test_an_emergency_wins_at_every_question() -> None:
    slots = [s for s in talk(Call(World())).asked if s != "confirm"]
    for slot in dict.fromkeys(slots):
        call = talk(Call(World()), until=slot)
        turn(call, "он задыхается", urgent="emergency", urgent_words="задыхается")
        first = call.said.split(".")[0]
        assert "103" in first, slot
        assert "112" in first, slot
        turn(call, silence=True)
        assert call.transferred == ("emergency", "red_flag"), slot


def test_no_ambulance_wanted_goes_on_and_the_doctor_reads_of_it() -> None:
    call = talk(Call(World()), until="name")
    turn(call, "умирает от боли", urgent="emergency", urgent_words="умирает")
    turn(call, "нет")
    assert call.reply.slot == "name"
    assert "103" in call.said
    talk(call)
    assert call.world.calls[0][1]["urgency"] == "urgent"
    assert "умирает" in call.world.calls[0][1]["notes"]


def test_an_unclear_answer_twice_is_a_yes() -> None:
    call = turn(Call(World()), "плохо", urgent="emergency", urgent_words="плохо")
    turn(call, "ой")
    turn(call, "ой")
    assert call.transferred == ("emergency", "red_flag")


def test_an_affirmed_sign_is_an_emergency_and_without_ambulance_a_person() -> None:
    call = talk(Call(World()), until="red_flags")
    turn(call, "да")
    assert "103" in call.said
    turn(call, "нет")
    assert call.transferred == ("operator", "red_flag")


@pytest.mark.parametrize("text", ["нет но он вялый", "не знаю"])
def test_an_answer_that_is_not_plain_leads_to_single_signs_then_to_a_person(text: str) -> None:
    call = talk(Call(World()), until="red_flags")
    turn(call, text)
    assert call.said == SCRIPT.groups_for(81)[0].signs[0]
    turn(call, "нет")
    assert call.said == SCRIPT.groups_for(81)[0].signs[1]
    turn(call, text)
    turn(call, text)
    assert call.transferred == ("operator", "red_flag")


def test_children_are_asked_for_their_own_signs() -> None:
    call = talk(Call(World(meant=MEANT | {"age": [({"years": 0, "months": 7}, 0.97)]})), until="red_flags")
    assert call.said == SCRIPT.groups_for(0)[0].ask


# -- wishes, questions, silence


def test_the_wish_for_an_operator_is_granted_at_once() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "соедините меня с оператором", urgent="operator", urgent_words="оператором")
    assert call.transferred == ("operator", "wish")


def test_a_question_is_answered_and_the_open_one_asked_again() -> None:
    call = talk(Call(World()), until="birth_date")
    before = call.said
    turn(call, "а когда придёт врач", intent="ask_when")
    assert SCRIPT.answers["ask_when"] in call.said
    assert before in call.said
    assert call.reply.slot == "birth_date"


def test_an_answer_that_was_understood_wins_over_a_doubtful_intent() -> None:
    call = talk(Call(World()), until="address")
    turn(call, SAY["address"], intent="cancel", confidence=0.99)
    assert call.reply.slot == "this_phone"


def test_repeat_says_it_again_and_counts_as_no_failure() -> None:
    call = talk(Call(World()), until="birth_date")
    before = call.said
    for _ in range(4):
        turn(call, "повторите пожалуйста", intent="repeat")
    assert call.said == before


def test_the_greeting_is_not_said_again() -> None:
    call = turn(Call(World()), "повторите", intent="repeat")
    assert "записывается" not in call.said


def test_silence_is_reminded_of_then_ended_politely() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, silence=True)
    assert "слышите" in call.said
    turn(call, silence=True)
    assert call.reply.slot == "birth_date"
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "abandoned"}
    assert "До свидания" in call.said


def test_speech_between_silences_starts_the_count_anew() -> None:
    call = talk(Call(World()), until="age")
    for _ in range(3):
        turn(call, silence=True)
        turn(call, "ой")
        if call.over:
            break
    assert call.reply.end is None


def test_nothing_is_wanted_any_more() -> None:
    call = turn(talk(Call(World()), until="name"), "ничего не надо")
    assert call.reply.end == {"outcome": "cancelled"}


@pytest.mark.parametrize("intent", ["cancel", "visit_cancel", ""])
def test_who_begins_with_a_cancellation_means_an_earlier_call(intent: str) -> None:
    """He must not believe that it is cancelled while the doctor is on the way: it is looked for first."""
    call = turn(Call(World()), "отмените вызов", intent=intent, confidence=0.99)
    assert call.reply.end is None
    assert call.reply.slot == "birth_date"


def test_goodbye_in_the_middle_is_asked_back() -> None:
    call = turn(talk(Call(World()), until="name"), "до свидания", intent="goodbye")
    assert (call.reply.expects, call.reply.slot) == ("yes_no", None)
    turn(call, "нет")
    assert call.reply.slot == "name"
    turn(call, "до свидания", intent="goodbye")
    turn(call, "да")
    assert call.reply.end == {"outcome": "cancelled"}


@pytest.mark.parametrize("slot", ["who", "age", "temperature", "since", "can_walk", "contact"])
def test_what_may_be_left_open_is_skipped(slot: str) -> None:
    world = World(meant=MEANT | {"symptoms": [({"text": "кашель", "temperature": None, "since": None}, 0.95)]})
    world.say[slot] = "не знаю"
    assert talk(Call(world)).reply.end == {"outcome": "created"}


@pytest.mark.parametrize("slot", ["symptoms", "birth_date", "address", "phone"])
def test_what_must_be_known_ends_at_a_person_after_failures(slot: str) -> None:
    world = World()
    for part in (slot, "town", "street", "house"):
        world.say[part], world.meant[part] = "бу бу бу", []
    call = talk(Call(world, caller=""))
    assert call.transferred == ("operator", "no_match")
    assert call.asked.count(slot) <= 3


def test_nothing_understood_at_all_ends() -> None:
    call = Call(World(say=dict.fromkeys(SAY, "тра ля ля")))
    talk(call)
    assert call.over


def test_after_the_end_the_same_answer_comes_again() -> None:
    call = talk(Call(World()))
    said = call.said
    turn(call, "алло")
    assert call.said == said
    assert len(call.world.calls) == 1


def test_the_same_call_and_patient_have_one_key() -> None:
    one, other = talk(Call(World())), talk(Call(World()))
    assert one.world.calls[0][0] == other.world.calls[0][0]


def test_a_complaint_that_was_heard_badly_twice_is_taken_only_when_there_is_no_danger() -> None:
    """«Выпила уксус» came as «уй пела укурсус», both times."""
    garbled = [({"text": "уй пела укурсус", "temperature": None, "since": None}, 0.88)]
    call = talk(Call(World(meant=MEANT | {"symptoms": garbled})), until="symptoms")
    turn(call, SAY["symptoms"])
    assert call.reply.slot == "symptoms"
    turn(call, SAY["symptoms"])
    assert call.said == SCRIPT.phrases.doubt_question
    turn(call, "нет")
    assert call.state.value("symptoms") == "уй пела укурсус"
    talk(call)
    assert len(call.world.calls) == 1


def test_who_is_in_danger_and_not_understood_is_sent_to_103() -> None:
    garbled = [({"text": "уй пела укурсус", "temperature": None, "since": None}, 0.88)]
    call = talk(Call(World(meant=MEANT | {"symptoms": garbled})), until="symptoms")
    for said in (SAY["symptoms"], SAY["symptoms"], "да"):
        turn(call, said)
    assert call.said == SCRIPT.phrases.emergency_question


def test_a_child_is_nobodys_husband() -> None:
    child = PATIENT | {"birth_date": "2017-09-22"}
    meant = {"who": [("spouse", 0.9)], "age": [({"years": 9, "months": None}, 0.97)],
             "birth_date": [("2017-09-22", 0.95)]}  # fmt: skip
    call = talk(Call(World(patients=[child], meant=MEANT | meant)))
    assert call.world.calls[0][1]["caller"]["relation"] == "parent"


VILLAGE = {"town": "Сосновка", "street": None, "street_kind": None, "house": "5", "flat": None, "in_register": True}


def test_a_village_without_streets_is_a_whole_address() -> None:
    world = World(meant=MEANT | {"address": [(VILLAGE, 0.97)]}, patients=[])
    world.say["address"] = "деревня сосновка дом пять"
    call = talk(Call(world))
    assert "street" not in call.asked
    ((_, body),) = world.calls
    assert (body["address"]["town"], body["address"]["street"], body["address"]["house"]) == ("Сосновка", None, "5")


def test_who_says_that_there_is_no_street_is_not_asked_for_it_again() -> None:
    parts = {**VILLAGE, "house": None, "in_register": False}
    world = World(meant=MEANT | {"address": [(parts, 0.97)], "house": [("5", 0.97)]}, patients=[])
    world.say |= {"address": "деревня сосновка", "street": "у нас улиц нет", "house": "дом пять"}
    call = talk(Call(world))
    assert call.asked.count("street") == 1
    ((_, body),) = world.calls
    assert (body["address"]["town"], body["address"]["street"], body["address"]["house"]) == ("Сосновка", None, "5")
