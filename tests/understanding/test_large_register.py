"""Promise: among thousands of streets the one that was said is still found, whatever became of its sounds.

Larger than every pool of the search by sound, so that what the first step leaves out would show here.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from understanding.address_streets import StreetFinder
from understanding.bench_region import misheard, write_region
from understanding.dictionaries import NameDictionaries
from understanding.register import Register, Street
from understanding.register_wordings import said_street, sound_of
from understanding.text import fold

SEARCHES = 40


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory, name_dictionaries: NameDictionaries) -> Register:
    folder = tmp_path_factory.mktemp("region")
    surnames = [name for name in name_dictionaries.men.names[::100] if "-" not in name]
    write_region(folder / "gar", surnames, streets=4000, towns=1200, houses=2)
    return Register.load(folder)


@pytest.fixture(scope="module")
def finder(register: Register) -> StreetFinder:
    return StreetFinder(register)


def drawn(register: Register) -> list[Street]:
    return random.Random(1).sample([street for street in register.streets if street.kind == "ул"], SEARCHES)


def test_the_whole_delivery_is_there(register: Register) -> None:
    assert register.counts["streets"] == 4000
    assert register.counts["towns"] == 1200
    assert not register.notes


@pytest.mark.parametrize(("errors", "least"), [(0, SEARCHES), (3, SEARCHES - 2)])
def test_with_the_town_said(register: Register, finder: StreetFinder, errors: int, least: int) -> None:
    draw, found = random.Random(2), 0
    for street in drawn(register):
        text = misheard(fold(f"{street.town.name.replace(',', '')} {said_street(street.name)}"), draw, errors)
        found += any(one.street == street for one in finder.find(sound_of(text), None)[:12])
    assert found >= least, "a caller would be told that there is no such street"


@pytest.mark.parametrize(("errors", "least"), [(0, SEARCHES), (2, SEARCHES - 2)])
def test_with_no_town_said(register: Register, finder: StreetFinder, errors: int, least: int) -> None:
    """A name that several towns have may be any of them: the name counts here."""
    draw, found = random.Random(3), 0
    for street in drawn(register):
        text = misheard(fold(f"улица {said_street(street.name)}"), draw, errors)
        near = [one.street.name for one in finder.find(sound_of(text), None)[:12] if one.street]
        found += street.name in near
    assert found >= least


def test_namesakes_of_the_region_are_equally_likely(register: Register, finder: StreetFinder) -> None:
    streets = Counter(street.name for street in register.streets if street.kind == "ул")
    name = next(name for name, number in streets.items() if 5 <= number <= 12)
    found = finder.find(sound_of(fold(f"улица {name}")), None)
    scores = [one.score for one in found if one.street and (one.street.kind, one.street.name) == ("ул", name)]
    assert len(scores) == streets[name], "one of the towns can never be asked about"
    assert max(scores) - min(scores) < 0.01, "one town would have an unjust lead"
