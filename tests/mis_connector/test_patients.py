"""Promise: the patient is found however the surname is spelled, and a slow MIS never keeps the caller waiting."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import pytest

from mis_connector.drivers.base import MisUnavailable, Question
from mis_connector.model import Address, Patient, PatientSearch, PersonName
from mis_connector.patients import PatientFinder, spellings

BORN = dt.date(1985, 3, 12)


@pytest.mark.parametrize(
    ("heard", "forms"),
    [
        ("Иванов", ["Иванов"]),
        ("Королев", ["Королев", "Королёв"]),
        ("Королёв", ["Королёв", "Королев"]),
        ("Медведев", ["Медведев", "Мёдведев", "Медвёдев", "Медведёв"]),
        ("ИВАНОВ", ["Иванов"]),
        ("петров-водкин", ["Петров-Водкин", "Пётров-Водкин"]),
        ("Ежов", ["Ежов", "Ёжов"]),
    ],
)
def test_spellings(heard: str, forms: list[str]) -> None:
    assert spellings(heard) == forms


class Registry:
    """A MIS with two people; answers after `seconds`, or not at all for `failing`."""

    def __init__(
        self, seconds: float = 0.0, failing: frozenset[str] = frozenset(), *, address_fails: bool = False
    ) -> None:
        self.seconds = seconds
        self.address_fails = address_fails
        self.failing = failing
        self.asked: list[Question] = []
        self.most_at_once = 0
        self._now = 0

    async def find_patients(self, question: Question) -> list[Patient]:
        self.asked.append(question)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self._now -= 1
        if question.surname in self.failing:
            raise MisUnavailable("down")
        people = {"Королёв": "1", "Петров": "2"}
        mis_id = people.get(question.surname or "", "3" if question.policy else "")
        if not mis_id:
            return []
        surname = question.surname or "Иванов"
        return [Patient(mis_id=mis_id, surname=surname, name="Иван", patronymic=None, birth_date=BORN)]

    async def registered_address(self, person_id: str) -> Address | None:
        await asyncio.sleep(self.seconds)
        if self.address_fails:
            raise MisUnavailable("down")
        return Address(town="Подольск", house=person_id)


def names(*surnames: str) -> list[PersonName]:
    return [PersonName(surname=surname) for surname in surnames]


PHONE = "+79161234567"


def known(phone: str, born: dt.date | None) -> list[Patient]:
    """Two patients of earlier house calls from one phone."""
    child = Patient(
        mis_id="2", surname="Петрова", name="Анна", patronymic=None, birth_date=dt.date(2020, 2, 29), relation="parent"
    )
    own = Patient(mis_id="1", surname="Королева", name="Ия", patronymic=None, birth_date=BORN, relation="self")
    return [patient for patient in (child, own) if phone == PHONE and born in (None, patient.birth_date)]


def finder(registry: Registry, **options: float) -> PatientFinder:
    return PatientFinder(registry, known, **options)  # type: ignore[arg-type]


async def test_both_spellings_and_addresses() -> None:
    found = await finder(Registry()).search(PatientSearch(birth_date=BORN, names=names("Королев", "Петров")))
    assert found.complete
    assert [(p.surname, p.address and p.address.house) for p in found.patients] == [("Петров", "2"), ("Королёв", "1")]


async def test_a_policy_finds_without_names() -> None:
    found = await finder(Registry()).search(PatientSearch(policy="5047820828182555"))
    assert [p.mis_id for p in found.patients] == ["3"]


async def test_a_phone_finds_the_patients_of_earlier_calls_without_asking_the_mis_who_they_are() -> None:
    registry = Registry()
    found = await finder(registry).search(PatientSearch(phone=PHONE))
    assert found.complete
    assert [(p.mis_id, p.relation, p.address and p.address.house) for p in found.patients] == [
        ("2", "parent", "2"), ("1", "self", "1"),
    ]  # fmt: skip
    assert registry.asked == []
    found = await finder(registry).search(PatientSearch(phone=PHONE, birth_date=BORN))
    assert [p.mis_id for p in found.patients] == ["1"]
    found = await finder(registry).search(PatientSearch(phone="+79990000000"))
    assert (found.patients, found.complete, registry.asked) == ([], True, [])


async def test_a_phone_with_names_finds_both_and_nobody_twice() -> None:
    found = await finder(Registry()).search(
        PatientSearch(phone=PHONE, birth_date=BORN, names=names("Петров", "Королев"))
    )
    assert [(p.mis_id, p.surname, p.relation) for p in found.patients] == [
        ("1", "Королёв", "self"), ("2", "Петров", None),
    ]  # fmt: skip


@pytest.mark.parametrize("registry", [Registry(30), Registry(address_fails=True)], ids=["slow", "failing"])
async def test_a_mis_that_does_not_answer_costs_the_address_alone(registry: Registry) -> None:
    found = await finder(registry, known_seconds=0.1).search(PatientSearch(phone=PHONE))
    assert [(p.mis_id, p.relation, p.address) for p in found.patients] == [("2", "parent", None), ("1", "self", None)]
    assert not found.complete


async def test_twelve_names_go_a_few_at_a_time() -> None:
    registry = Registry(0.01)
    wanted = PatientSearch(birth_date=BORN, names=names(*(f"Медведев{letter}" for letter in "абвгджзиклмн")))
    found = await finder(registry, parallel=6).search(wanted)
    assert found.complete
    assert registry.most_at_once <= 6
    assert len(registry.asked) == 12 * 4
    assert [q.surname for q in registry.asked[:12]] == [n.surname for n in wanted.names], "as heard comes first"


async def test_a_slow_mis_is_not_waited_for() -> None:
    registry = Registry(30)
    started = time.monotonic()
    found = await finder(registry, seconds=0.2).search(PatientSearch(birth_date=BORN, names=names("Петров")))
    assert (found.patients, found.complete) == ([], False)
    assert time.monotonic() - started < 10, "far from the 30 s that the MIS would take"


async def test_what_answered_is_used_and_the_rest_is_said() -> None:
    found = await finder(Registry(failing=frozenset({"Королев"}))).search(
        PatientSearch(birth_date=BORN, names=names("Королев", "Петров"))
    )
    assert [p.mis_id for p in found.patients] == ["2", "1"]
    assert not found.complete


async def test_answers_are_kept_for_a_while_but_not_failures() -> None:
    registry = Registry(failing=frozenset({"Иванов"}))
    patients = finder(registry)
    wanted = PatientSearch(birth_date=BORN, names=names("Петров", "Иванов"))
    await patients.search(wanted)
    await patients.search(wanted)
    asked = [q.surname for q in registry.asked]
    assert asked.count("Петров") == 1
    assert asked.count("Иванов") == 2
