"""Promise: what exists already is told, cancelled or doubled only for who may know of it, and honestly.

A failure means a stranger learned of an illness, a visit was doubled, or a caller believed it was cancelled.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.dialog.world import MEANT, PATIENT, Call, World, talk

VISIT: dict[str, Any] = {
    "house_call_id": "h7", "number": "122-000007", "state": "delivered", "visit_date": "2026-11-22", "call_id": "other",
    "phone": "+79254375323", "patient": {key: PATIENT[key] for key in ("mis_id", "surname", "name", "birth_date")},
}  # fmt: skip


def turn(call: Call, text: str = "", **heard: Any) -> Call:
    asyncio.run(call.turn(text, **heard))
    return call


def begin(world: World, intent: str, caller: str = "+79254375323") -> Call:
    call = turn(Call(world, caller=caller), "я утром вызывала врача", intent=intent)
    assert call.reply.slot == "birth_date", "who the patient is comes first"
    return call


def test_the_state_of_a_visit_is_told_to_who_ordered_it() -> None:
    call = talk(begin(World(visits=[VISIT]), "visit_status"), until="done")
    assert "122-000007" in call.said
    assert "сегодня" in call.said
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "answered"}


@pytest.mark.parametrize(("state", "words"), [
    ("scheduled", "когда она откроется"), ("needs_registrar", "проверяет регистратор"), ("unknown", "передают"),
])  # fmt: skip
def test_a_request_that_is_not_delivered_is_not_called_accepted(state: str, words: str) -> None:
    call = talk(begin(World(visits=[VISIT | {"state": state}]), "visit_status"), until="done")
    assert words in call.said
    assert "принят" not in call.said


def test_another_number_has_to_say_the_number_of_the_request() -> None:
    world = World(visits=[VISIT])
    call = talk(begin(world, "visit_status", caller="+79990000000"), until="phone")
    assert "122-000007" not in " ".join(call.heard)
    talk(call, until="done")
    assert "122-000007" in call.said


def test_a_wrong_number_learns_nothing() -> None:
    world = World(visits=[VISIT], meant=MEANT | {"phone": [("+79111111111", 0.97)]})
    call = talk(begin(world, "visit_status", caller="+79990000000"))
    assert call.transferred == ("operator", "wish")
    assert "122-000007" not in " ".join(call.heard)


def test_a_visit_is_cancelled_after_a_yes_and_only_then() -> None:
    world = World(visits=[VISIT])
    call = talk(begin(world, "visit_cancel"), until="cancel_visit")
    assert world.cancelled == []
    turn(call, "нет")
    assert world.cancelled == []
    assert "остаётся" in call.said
    call = turn(talk(begin(world, "visit_cancel"), until="cancel_visit"), "да")
    assert world.cancelled == ["h7"]
    assert "отменён" in call.said
    assert turn(call, silence=True).reply.end == {"outcome": "cancelled"}


def test_a_cancellation_that_is_not_certain_is_not_called_one() -> None:
    world = World(visits=[VISIT], cancel_state="delivered")
    call = turn(talk(begin(world, "visit_cancel"), until="cancel_visit"), "да")
    assert "отменён" not in call.said
    assert "регистратор" in call.said


def test_who_repeats_the_wish_to_cancel_is_not_told_that_nothing_was_ordered() -> None:
    world = World(visits=[VISIT])
    call = turn(begin(world, "visit_cancel"), "отмените вызов", intent="visit_cancel")
    assert call.reply.end is None
    talk(call, until="cancel_visit")


def test_a_request_that_was_heard_as_its_contrary_is_no_cancellation() -> None:
    call = turn(Call(World(visits=[VISIT])), "здравствую тем не нужен врач", intent="request_doctor", confidence=0.7)
    assert call.reply.slot == "who"


def test_no_visit_found_a_new_one_is_offered() -> None:
    call = talk(begin(World(), "visit_status"), until="go_on")
    turn(call, "да")
    assert call.reply.slot == "who"
    talk(call)
    assert call.world.calls


@pytest.mark.parametrize("intent", ["visit_change", "visit_missed"])
def test_a_change_and_a_doctor_who_did_not_come_are_for_a_person(intent: str) -> None:
    call = turn(Call(World(visits=[VISIT])), "врач не пришёл", intent=intent)
    talk(call)
    assert call.transferred == ("operator", "wish")


def test_a_second_request_for_the_same_patient_is_told_and_not_made() -> None:
    world = World(visits=[VISIT])
    call = talk(Call(world), until="another_visit")
    assert "122-000007" in call.said
    turn(call, "нет")
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "answered"}
    assert world.calls == []
    call = turn(talk(Call(world), until="another_visit"), "да")
    assert call.transferred == ("operator", "wish")


def test_a_second_request_from_another_number_is_told_without_number_and_day() -> None:
    call = talk(Call(World(visits=[VISIT]), caller="+79990000000"), until="another_visit")
    assert "122-000007" not in call.said


def test_a_list_that_cannot_be_asked_does_not_stop_the_call() -> None:
    call = talk(Call(World(visits=[VISIT], broken={"list"})))
    assert call.world.calls


# -- after the result


@pytest.mark.parametrize(
    ("intent", "words"), [("repeat", "122-000042"), ("ask_when", "завтра"), ("ask_price", "бесплатн")]
)
def test_after_the_result_the_number_is_said_again_and_questions_are_answered(intent: str, words: str) -> None:
    call = turn(talk(Call(World()), until="done"), "а", intent=intent)
    assert words in call.said
    assert call.reply.slot == "done"
    turn(call, silence=True)
    assert call.reply.end == {"outcome": "created"}


def test_the_visit_of_this_call_can_be_cancelled_right_away() -> None:
    call = turn(talk(Call(World()), until="done"), "отмените", intent="cancel")
    assert "122-000042" in call.said
    turn(call, "да")
    assert call.world.cancelled == ["h1"]


@pytest.mark.parametrize("text", ["спасибо", "бу бу бу", "температура тридцать девять"])
def test_whatever_else_is_said_after_the_result_is_a_goodbye(text: str) -> None:
    call = turn(talk(Call(World()), until="done"), text, intent="complaint")
    assert call.reply.end == {"outcome": "created"}
    assert len(call.world.calls) == 1
