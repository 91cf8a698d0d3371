"""Promise: the doctor is sent to the house that was said, found in the register whatever became of the words."""

from __future__ import annotations

from typing import Any

import pytest

from understanding.addresses import Addresses
from understanding.model import Heard, Understood
from understanding.register import Register


@pytest.fixture(scope="module")
def addresses(register: Register) -> Addresses:
    return Addresses(register)


async def understood(addresses: Addresses, text: str, slot: str = "address", **more: Any) -> Understood:
    return await addresses.understand(Heard.model_validate({"expects": "address", "slot": slot, "text": text, **more}))


def line(value: dict[str, Any]) -> str:
    return ", ".join(str(value[part]) for part in ("town", "street_kind", "street", "house", "flat"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("руза горняцкая дом 129 квартира 60", "Руза, ул, Горняцкая, 129, 60"),
        ("руза гарняцкая дом сто двадцать девять квартира шестьдесят", "Руза, ул, Горняцкая, 129, 60"),
        ("улица прохладная дом 7 корпус 3 квартира 179 химки", "Химки, ул, Прохладная, 7 к3, 179"),
        ("егорьевск улица третья прибрежная 98 109", "Егорьевск, ул, 3-я Прибрежная, 98, 109"),
        ("егоривск улица 3 я прибрежная дом 98 квартира 109", "Егорьевск, ул, 3-я Прибрежная, 98, 109"),
        ("дмитров проспект восточный дом 27 квартира 170", "Дмитров, пр-кт, Восточный, 27, 170"),
        ("чехов у лица 4 якорьерные дом 30 квартира 61", "Чехов, ул, 4-я Карьерная, 30, 61"),
        ("коломна улица базарная дом пять а квартира семьдесят девять", "Коломна, ул, Базарная, 5А, 79"),
        ("нахабина переулек центральный дом 24", "Нахабино, пер, Центральный, 24, None"),
    ],
)
async def test_whole_addresses(addresses: Addresses, text: str, address: str) -> None:
    answer = await understood(addresses, text)
    assert line(answer.value) == address
    assert answer.complete
    assert answer.value["in_register"] is True
    assert ("flat" in answer.missing) is (answer.value["flat"] is None)


@pytest.mark.parametrize(
    ("text", "house"),
    [
        ("12 корпус 3", "12 к3"),
        ("дом двенадцать корпус три", "12 к3"),
        ("пять строение один", "5 с1"),
        ("четырнадцать дробь два", "14/2"),
        ("14/2", "14/2"),
        ("дом семь гэ", "7Г"),
        ("дом сто двадцать девять", "129"),
        ("дом 120 9", "129"),
        ("дом 1003", "103"),
    ],
)
async def test_houses(addresses: Addresses, text: str, house: str) -> None:
    answer = await understood(addresses, text, "house")
    assert house in [one.value for one in answer.candidates][:3]
    assert answer.value == house


async def test_a_house_that_was_no_number_is_found_by_its_sound(addresses: Addresses) -> None:
    context = {"address": {"town": "Коломна", "street": "Базарная", "street_kind": "ул"}}
    answer = await understood(addresses, "дом пьяча", "house", context=context)
    assert answer.value == "5А"
    assert answer.probability < 0.85, "a guess by sound is asked back"


@pytest.mark.parametrize(("text", "flat"), [("квартира 169", "169"), ("сто девять", "109"), ("квартира 160-9", "169")])
async def test_flats(addresses: Addresses, text: str, flat: str) -> None:
    assert (await understood(addresses, text, "flat")).value == flat


async def test_a_private_house_has_no_flat(addresses: Addresses) -> None:
    answer = await understood(addresses, "частный дом", "flat")
    assert (answer.meaning, answer.value, answer.complete) == ("no", None, True)


async def test_the_street_of_the_town_that_was_said_before(addresses: Addresses) -> None:
    answer = await understood(addresses, "базарные", "street", context={"address": {"town": "Коломна"}})
    assert answer.value == {"street": "Базарная", "street_kind": "ул"}


async def test_town_alone(addresses: Addresses) -> None:
    assert (await understood(addresses, "парузы", "town")).value == "Руза"


async def test_what_is_missing_is_told(addresses: Addresses) -> None:
    answer = await understood(addresses, "коломна улица базарная")
    assert not answer.complete
    assert answer.missing == ["house", "flat"]


async def test_a_house_that_the_register_does_not_have(addresses: Addresses) -> None:
    there = await understood(addresses, "коломна улица базарная дом 5 квартира 1")
    absent = await understood(addresses, "коломна улица базарная дом 399 квартира 1")
    assert absent.value["house"] == "399"
    assert absent.value["in_register"] is False
    assert absent.probability < there.probability


async def test_the_registered_address_never_replaces_what_was_said(addresses: Addresses) -> None:
    known = {"town": "Коломна", "street": "Базарная", "street_kind": "ул", "house": "12", "flat": "7"}
    answer = await understood(
        addresses, "коломна улица базарная дом 5 квартира 79", context={"known": {"address": known}}
    )
    assert line(answer.value) == "Коломна, ул, Базарная, 5, 79"


@pytest.mark.parametrize("text", ["", "...", '(system "x") \'; drop table streets; <b>'])
async def test_what_is_no_address(addresses: Addresses, text: str) -> None:
    answer = await understood(addresses, text)
    assert answer.meaning == "none" or answer.probability < 0.5


async def test_real_recogniser_output(addresses: Addresses, recognised: list[dict[str, Any]]) -> None:
    """Not below what was measured when the table was made (52 addresses), and never sure of a wrong one."""
    rows = [row for row in recognised if row["slot"] == "address"]
    right = wrong_and_sure = 0
    for row in rows:
        heard = {"text": row["alternatives"][0]["text"], "alternatives": row["alternatives"]}
        answer = await understood(addresses, **heard)
        truth = {part: value or None for part, value in row["truth"].items()}
        same = answer.value is not None and line(answer.value) == line(truth)
        right += same
        wrong_and_sure += not same and answer.probability >= 0.85
    assert wrong_and_sure <= 1, "the doctor would be sent to another house"
    assert right >= 39, "40 of 52 were right when the table was made"
