"""Promise: who wants or needs a person gets one, or is told what can be done, or is phoned back.

A failure means a caller was put through into nothing, or somebody who waits for a call was never noted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pytest

from dialog.conversation.policy import Hours
from tests.dialog.world import SCRIPT, Call, World, talk

OFFICE = replace(SCRIPT, policy=replace(SCRIPT.policy, operators=Hours(time(8), time(20))))
NIGHT = datetime(2026, 11, 22, 3, 0)


def turn(call: Call, text: str = "", **heard: Any) -> Call:
    asyncio.run(call.turn(text, **heard))
    return call


def fail_transfer(call: Call) -> Call:
    call.reply = asyncio.run(call.conversation.transfer_failed(call.state))
    call.heard.append(" ".join(text for text, _ in call.reply.say if text))
    return call


def wish(world: World | None = None, **options: Any) -> Call:
    call = talk(Call(world or World(), **options), until="birth_date")
    return turn(call, "оператора", urgent="operator")


def test_a_transfer_that_fails_leaves_the_caller_a_choice_and_the_place_in_the_call() -> None:
    call = fail_transfer(wish())
    assert call.reply.slot == "go_on"
    turn(call, "да")
    assert call.reply.slot == "birth_date"
    talk(call)
    assert call.world.calls


@pytest.mark.parametrize("answer", ["нет", ""])
def test_who_does_not_go_on_is_phoned_back(answer: str) -> None:
    call = fail_transfer(wish())
    turn(call, answer, silence=not answer)
    if not answer:
        turn(call, silence=True)
    assert call.reply.end == {"outcome": "failed"}
    assert call.world.call_backs == [{"call_id": "call1", "phone": "+79254375323", "reason": "wish"}]
    assert "перезвоним" in call.said


def test_nobody_is_promised_a_call_back_that_was_not_noted() -> None:
    call = fail_transfer(wish(World(broken={"call_back"})))
    turn(call, "нет")
    assert "перезвоним" not in call.said
    assert call.reply.end == {"outcome": "failed"}


def test_a_hidden_number_is_asked_for_before_the_call_back() -> None:
    call = fail_transfer(wish(caller=""))
    turn(call, "нет")
    assert call.reply.slot == "phone"
    turn(call, call.world.say["phone"])
    assert call.world.call_backs[0]["phone"] == "+79254375323"
    assert call.reply.end == {"outcome": "failed"}


def test_outside_of_their_hours_nobody_is_put_through_to_the_operators() -> None:
    call = wish(script=OFFICE, now=NIGHT)
    assert call.transferred is None
    assert "не работают" in call.said
    assert call.reply.slot == "go_on"
    assert wish(script=OFFICE).transferred == ("operator", "wish")


def test_a_call_that_cannot_go_on_ends_on_the_list_at_night() -> None:
    world = World(broken={"create"})
    call = talk(Call(world, script=OFFICE, now=NIGHT))
    assert call.reply.end == {"outcome": "failed"}
    assert world.call_backs[0]["reason"] == "error"


def test_an_ambulance_that_does_not_answer_is_dialled_by_the_caller() -> None:
    call = talk(Call(World()), until="birth_date")
    turn(call, "он не дышит", urgent="emergency", urgent_words="не дышит")
    turn(call, "да")
    assert call.transferred == ("emergency", "red_flag")
    fail_transfer(call)
    assert "наберите 103" in call.said
    assert call.reply.end == {"outcome": "failed"}


def test_transfers_have_an_end() -> None:
    call = wish()
    for _ in range(SCRIPT.policy.limits.transfers + 2):
        fail_transfer(call)
        if call.reply.end:
            break
        turn(call, "да")
        turn(call, "оператора", urgent="operator")
        if call.transferred is None:
            break
    assert call.reply.end == {"outcome": "failed"}
    assert len(call.world.call_backs) == 1


def test_the_zero_is_the_operator() -> None:
    call = talk(Call(World()), until="birth_date")
    assert turn(call, digits="0").transferred == ("operator", "wish")


def test_the_town_goes_along_when_it_is_known() -> None:
    call = talk(Call(World()), until="this_phone")
    turn(call, "он умирает", urgent="emergency", urgent_words="умирает")
    turn(call, silence=True)
    assert call.reply.transfer is not None
    assert call.reply.transfer["area"] == "Руза"


def test_too_many_answers_that_nobody_understands_get_a_person() -> None:
    call = turn(Call(World()), "бу")
    for _ in range(20):
        if call.over:
            break
        turn(call, "бу бу бу")
    assert call.transferred is not None
    assert len(call.heard) < 20
