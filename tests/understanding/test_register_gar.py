"""Promise: the state register's delivery is the address register: what is in force is there, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from tests.understanding.gar import Delivery, small_region
from understanding.address_text import address_words
from understanding.addresses import Addresses
from understanding.model import Heard
from understanding.register import House, Register
from understanding.text import load_data


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    folder = tmp_path_factory.mktemp("region")
    small_region().write(folder / "gar")
    return Register.load(folder)


def written(folder: Path, change: Callable[[Delivery], None] = lambda _made: None) -> Path:
    made = small_region()
    change(made)
    made.write(folder / "gar")
    return folder


def test_towns_and_streets_with_their_kinds(register: Register) -> None:
    assert [(town.kind, town.name) for town in register.towns_named("Руза")] == [("г", "Руза")]
    assert [street.kind for street in register.find("Руза", "Горняцкая")] == ["ул"]
    assert [street.kind for street in register.find("Руза", "Юрия Гагарина")] == ["пр-кт"]


def test_what_is_not_in_force_is_absent(register: Register) -> None:
    assert register.find("Руза", "Старая") == register.find("Руза", "Снятая") == []
    assert register.towns_named("Пустошь") == []
    (street,) = register.find("Руза", "Горняцкая")
    for gone in (90, 91):
        assert House(gone) not in street.houses, "a house that was pulled down would be called right"


def test_houses_as_they_are_said(register: Register) -> None:
    (street,) = register.find("Руза", "Горняцкая")
    assert street.houses.ranges == ((1, 3), (5, 5))
    assert street.houses.single == ("12 к3", "12 к3 с1", "14Б", "15 к1", "7А", "9/2")
    assert House(92) not in street.houses, "nobody lives in a garage"
    (avenue,) = register.find("Руза", "Юрия Гагарина")
    assert House(17) in avenue.houses, "a house on a plot of land would be lost"


def test_namesakes_are_told_apart_by_what_they_lie_in(register: Register) -> None:
    assert {town.name for town in register.towns if town.name.startswith("Сосновка")} == {
        "Сосновка, Рузский район",
        "Сосновка, Клинский район",
    }
    assert len(register.find("Руза", "Садовая, мкр Северный", "ул")) == 1
    (garden,) = register.find("Руза", "Садовая, снт Ромашка", "ул")
    assert House(8) in garden.houses
    assert House(7) not in garden.houses, "the doctor would look in the other Садовая"


def test_a_planning_structure_with_houses_is_a_street(register: Register) -> None:
    (quarter,) = register.find("Руза", "Северный")
    assert quarter.kind == "мкр"
    assert House(44) in quarter.houses
    assert register.find("Руза", "Ромашка") == []


def test_what_is_unknown_is_counted_and_not_fatal(register: Register) -> None:
    assert [street.kind for street in register.find("Руза", "Крутой")] == ["взвоз"]
    assert register.notes == {
        "streets of the unknown kind «взвоз»": 1,
        "towns of the unknown kind «аул»": 1,
        "streets without a town": 1,
        "houses whose number is not understood": 1,
        "garages and the like": 1,
        "houses without a street or town": 1,
    }
    assert register.counts == {"towns": 4, "streets": 6, "houses": 17}


def test_every_kind_of_ours_can_be_said() -> None:
    ours, said = load_data("gar_kinds"), address_words()
    assert set(ours["towns"]) <= set(said["town_kinds"])
    assert set(ours["streets"]) <= set(said["street_kinds"])


async def test_a_house_of_a_village_without_streets(register: Register) -> None:
    heard = {"expects": "address", "slot": "address", "text": "деревня сосновка рузский район дом 5"}
    answer = await Addresses(register).understand(Heard.model_validate(heard))
    assert answer.value["town"] == "Сосновка, Рузский район"
    assert answer.value["street"] is answer.value["street_kind"] is None
    assert answer.value["house"] == "5"
    assert answer.value["in_register"] is True
    assert answer.complete, "the caller would be asked for a street that there is not"
    assert "street" not in answer.missing


async def test_the_house_alone_where_the_village_is_known(register: Register) -> None:
    context = {"address": {"town": "Сосновка, Рузский район"}}
    heard = {"expects": "address", "slot": "house", "text": "дом шесть", "context": context}
    assert (await Addresses(register).understand(Heard.model_validate(heard))).value == "6"


def test_a_city_that_is_a_region(tmp_path: Path) -> None:
    made = Delivery()
    made.place(1, 1, "г", "Севастополь")
    made.place(2, 8, "ул", "Ленина", 1)
    made.house(3, 2, "1")
    made.write(tmp_path / "gar" / "92")
    assert len(Register.load(tmp_path).find("Севастополь", "Ленина")) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda made: made.objects[7].update(NAME=""), r"AS_ADDR_OBJ_20261102_5b1f.XML: object 20: NAME is empty"),
        (lambda made: made.objects[7].update(LEVEL="x"), r"AS_ADDR_OBJ.*: object 20: LEVEL is no number"),
        (lambda made: made.houses[0].pop("OBJECTID"), r"AS_HOUSES.*: object without OBJECTID: OBJECTID is no number"),
        (
            lambda made: made.items[10].update(PARENTOBJID="32"),
            r"AS_ADM_HIERARCHY.*: object \d+: its parents have no end",
        ),
        (lambda made: made.objects.clear(), r"AS_ADDR_OBJ.*: no street in any town: copy a whole region's files"),
    ],
)
def test_a_fault_names_file_and_object(tmp_path: Path, change: Callable[[Delivery], None], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Register.load(written(tmp_path, change))


def test_a_delivery_that_is_not_whole(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (houses,) = (folder / "gar").glob("AS_HOUSES_*")
    whole = houses.read_text(encoding="utf-8")
    houses.write_text(whole[: len(whole) // 2], encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"AS_HOUSES.*, line 1: .*cut off or damaged, fetch the delivery again"
    ):
        Register.load(folder)
    houses.unlink()
    with pytest.raises(ConfigurationError, match=r"no AS_HOUSES: copy it from the delivery"):
        Register.load(folder)
    small_region().write(folder / "gar", day="20261109")
    with pytest.raises(ConfigurationError, match="is there twice"):
        Register.load(folder)
    for old in (folder / "gar").glob("*_20261102_*"):
        if "ADDR_OBJ" not in old.name:
            old.unlink()
    for new in (folder / "gar").glob("AS_ADDR_OBJ_20261109_*"):
        new.unlink()
    with pytest.raises(ConfigurationError, match="files of 20261102, 20261109: copy one delivery whole"):
        Register.load(folder)


def test_entities_cannot_blow_it_up(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (houses,) = (folder / "gar").glob("AS_HOUSES_*")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    houses.write_text(f'<?xml version="1.0"?>{bomb}<HOUSES><HOUSE HOUSENUM="&b;"/></HOUSES>', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"AS_HOUSES.*: has a DOCTYPE"):
        Register.load(folder)


async def test_names_that_nobody_can_say_do_no_harm(tmp_path: Path) -> None:
    made = small_region()
    made.place(80, 8, "ул", "1905", 10)
    made.place(81, 8, "ул", "Ы" * 250 + " абвгд" * 60, 10)
    made.place(82, 6, "д", "77", 2)
    made.write(tmp_path / "gar")
    heard = {"expects": "address", "slot": "address", "text": "руза улица горняцкая дом 5"}
    answer = await Addresses(Register.load(tmp_path)).understand(Heard.model_validate(heard))
    assert answer.value["street"] == "Горняцкая"
