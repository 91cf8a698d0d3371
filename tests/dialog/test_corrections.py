"""Promise: what a caller takes back is asked again, alone, at any moment of the call.

A failure means the doctor goes to the wrong house although the caller said the right one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.dialog.world import ADDRESS, MEANT, NAME, PATIENT, SCRIPT, Call, World, talk


def turn(call: Call, text: str = "", **heard: Any) -> Call:
    asyncio.run(call.turn(text, **heard))
    return call


def world_with(slot: str, text: str, value: Any) -> World:
    world = World(meant=MEANT | {slot: [(value, 0.97)]})
    world.say[slot] = text
    return world


@pytest.mark.parametrize(("at", "said"), [
    ("this_phone", "нет дом семнадцать"), ("confirm", "нет дом семнадцать"), ("confirm", "неред дом семнадцать"),
])  # fmt: skip
def test_a_house_that_is_taken_back_is_replaced_alone(at: str, said: str) -> None:
    world = world_with("house", "дом семнадцать", "17")
    call = talk(Call(world, caller="+79990000000"), until=at)
    turn(call, said)
    talk(call)
    ((_, body),) = world.calls
    assert body["address"]["house"] == "17"
    assert body["address"]["street"] == ADDRESS["street"]
    assert call.asked.count("street") == 0
    assert call.asked.count("name") == 1


def test_a_new_value_at_the_read_back_counts_also_when_its_no_was_lost() -> None:
    world = world_with("house", "дом семнадцать", "17")
    call = talk(Call(world, caller="+79990000000"), until="confirm")
    turn(call, "меред дом семнадцать")
    talk(call)
    assert world.calls[0][1]["address"]["house"] == "17"


def test_a_field_named_without_its_value_is_asked_again() -> None:
    call = talk(Call(World()), until="this_phone")
    turn(call, "ой я ошиблась квартира другая")
    assert call.reply.slot == "flat"
    turn(call, call.world.say["flat"])
    assert call.reply.slot == "this_phone"


def test_not_this_name_but_that_one() -> None:
    marina = PATIENT | {"mis_id": "18", "name": "Марина"}
    world = World(patients=[PATIENT, marina])
    world.say["first_name"], world.meant["first_name"] = "марина", [("Марина", 0.97)]
    call = talk(Call(world), until="this_phone")
    turn(call, "не милана а марина")
    talk(call)
    assert world.calls[0][1]["patient"]["mis_id"] == "18"
    assert world.calls[0][1]["patient"]["surname"] == NAME["surname"]


def test_the_field_is_named_at_the_read_back() -> None:
    call = talk(Call(World()), until="confirm")
    turn(call, "нет телефон неправильный")
    assert call.reply.slot == "phone"
    turn(call, call.world.say["phone"])
    assert call.reply.slot == "confirm"
    assert "Проверим ещё раз" in call.said


@pytest.mark.parametrize("text", [
    "руза горняцкая дом сто двадцать девять квартира шестьдесят", "дом сто двадцать девять", "нет",
])  # fmt: skip
def test_an_ordinary_answer_is_no_correction(text: str) -> None:
    call = talk(Call(World()), until="address")
    assert SCRIPT.corrections.meant(text, call.state) is None


def test_a_no_with_a_new_word_is_not_taken_for_a_field_that_is_not_settled() -> None:
    call = talk(Call(World()), until="symptoms")
    assert SCRIPT.corrections.meant("нет температура тридцать девять", call.state) is None
