"""Promise: an address is accepted only against a register that was read whole; a fault in its files names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import ROOT
from understanding.register import House, Houses, Register

TOWNS = "town_id,guid,kind,name\n1,x,г,Подольск\n"
STREETS = "street_id,guid,town_id,kind,name,houses\n1,x,1,ул,Лесная,1-12;14/2;21А;36 к4;5 с1\n"


def written(folder: Path, towns: str = TOWNS, streets: str = STREETS) -> Path:
    (folder / "towns.csv").write_text(towns, encoding="utf-8")
    (folder / "streets.csv").write_text(streets, encoding="utf-8")
    return folder


def test_houses_of_a_street(tmp_path: Path) -> None:
    register = Register.load(written(tmp_path))
    (street,) = register.find("Подольск", "Лесная", "ул")
    for there in ("1", "12", "14/2", "21А", "36 к4", "5 с1"):
        house = House.parse(there)
        assert house is not None
        assert house in street.houses, f"{there} would be called unknown"
        assert str(house) == there
    for absent in ("13", "21", "12 к1", "36", "14/3"):
        assert House.parse(absent) not in street.houses, f"{absent} would be accepted"


def test_parts_that_were_not_heard_can_be_offered() -> None:
    houses = Houses.parse("1-30;21А;21 к4")
    assert [str(house) for house in houses.with_number(21)] == ["21А", "21 к4"]


@pytest.mark.parametrize("text", ["", "0", "дом", "12 дробь", "1-3", "12345", "5 а б"])
def test_what_is_no_house(text: str) -> None:
    assert House.parse(text) is None


def test_names_regardless_of_yo_and_case(tmp_path: Path) -> None:
    register = Register.load(written(tmp_path, TOWNS + "2,y,г,Королёв\n"))
    assert [town.name for town in register.towns_named("королев")] == ["Королёв"]
    assert register.find("Королёв", "Лесная") == []


@pytest.mark.parametrize(
    ("towns", "streets", "words"),
    [
        ("town_id,kind\n1,г\n", STREETS, "towns.csv: no column name"),
        (TOWNS + "1,y,г,Клин\n", STREETS, "towns.csv, line 3: town_id 1 stands twice"),
        (TOWNS + "2,y,город,Клин\n", STREETS, "towns.csv, line 3: kind"),
        (TOWNS, STREETS + "2,y,7,ул,Новая,1-3\n", "streets.csv, line 3: town_id 7"),
        (TOWNS, STREETS + "2,y,1,ул,Новая,9-3\n", "streets.csv, line 3: houses: range 9-3"),
        (TOWNS, STREETS + "2,y,1,ул,Новая,много\n", "streets.csv, line 3: houses: house много"),
        (TOWNS, STREETS + "2,y,1,ул\n", "streets.csv, line 3: too many or too few"),
        (TOWNS, STREETS + "x,y,1,ул,Новая,1\n", "streets.csv, line 3: street_id"),
        ("town_id,guid,kind,name\n", "street_id,guid,town_id,kind,name,houses\n", "no town"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, towns: str, streets: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Register.load(written(tmp_path, towns, streets))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"towns\.csv cannot be read"):
        Register.load(tmp_path)


def test_the_sample_region() -> None:
    register = Register.load(ROOT / "regions" / "sample")
    assert len(register.towns) == 24
    assert len(register.streets) == 1712
