"""Promise: who phones again need not spell the names, and the number alone never shows another household's patients."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from mis_connector.database import Database
from mis_connector.known import MOST, KnownPatients
from mis_connector.model import NewHouseCall
from mis_connector.store import Store

from .conftest import System, body, new_key

DAY = dt.date(2026, 11, 22)
PHONE = "+79161234567"


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database, "122")


@pytest.fixture
def known(database: Database) -> KnownPatients:
    return KnownPatients(database)


def add(store: Store, mis_id: str | None, relation: str = "self", phone: str = PHONE, **patient: Any) -> str:
    person = {"mis_id": mis_id, "surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21", **patient}
    new = NewHouseCall.model_validate(body(phone=phone, patient=person, caller={"relation": relation, "name": "Ия"}))
    call, _ = store.add(new_key(), new, urgency="routine", visit_date=DAY, needs_registrar=None)
    return call.house_call_id


def test_everybody_once_as_in_the_newest_call(store: Store, known: KnownPatients) -> None:
    add(store, "1", "other", surname="Волкава")
    add(store, "2", "child")
    add(store, "1", "parent")
    add(store, "3", phone="+79999999999")
    add(store, None)
    assert [(p.mis_id, p.surname, p.relation) for p in known.of(PHONE, None)] == [
        ("1", "Волкова", "parent"), ("2", "Волкова", "child"),
    ]  # fmt: skip
    assert all(patient.address is None for patient in known.of(PHONE, None))
    assert known.of("+79160000000", None) == []


def test_a_birth_date_leaves_those_who_were_born_then(store: Store, known: KnownPatients) -> None:
    add(store, "1")
    add(store, "2", birth_date="2020-02-29")
    assert [p.mis_id for p in known.of(PHONE, dt.date(2020, 2, 29))] == ["2"]
    assert known.of(PHONE, dt.date(2020, 3, 1)) == []


def test_who_cancelled_is_known_all_the_same(store: Store, known: KnownPatients) -> None:
    store.want_cancel(add(store, "1"))
    assert [p.mis_id for p in known.of(PHONE, None)] == ["1"]


def test_of_many_the_last_ones(store: Store, known: KnownPatients) -> None:
    for number in range(MOST + 3):
        add(store, str(number))
    assert [p.mis_id for p in known.of(PHONE, None)] == [str(number) for number in range(MOST + 2, 2, -1)]


def test_by_http_with_the_mis_down_and_up(http: httpx.Client, system: System) -> None:
    phone = "+79169876543"
    child = {"mis_id": "3", "surname": "Как", "name": "Записано", "birth_date": "2020-02-29"}
    adult = {"mis_id": "4", "surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21"}
    for changes in (
        {"patient": adult, "caller": {"relation": "self"}},
        {"patient": child, "caller": {"relation": "other"}},
        {"patient": {**child, "mis_id": None}},
        {"patient": child, "caller": {"relation": "parent"}},
    ):
        content = body(phone=phone, **changes)
        answer = http.post("/v1/house-calls", json=content, headers={"Idempotency-Key": new_key()})
        assert answer.status_code == 201

    def search(**query: str) -> Any:
        answer = http.post("/v1/patients/search", json=query)
        assert answer.status_code == 200
        return answer.json()

    system.faults({"kind": "down"})
    found = search(phone=phone)
    assert [(p["mis_id"], p["surname"], p["relation"]) for p in found["patients"]] == [
        ("3", "Как", "parent"), ("4", "Волкова", "self"),
    ]  # fmt: skip
    assert ([p["address"] for p in found["patients"]], found["complete"]) == ([None, None], False)
    system.faults()
    found = search(phone=phone, birth_date="1971-12-21")
    (patient,) = found["patients"]
    assert (patient["mis_id"], patient["address"]["in_register"], found["complete"]) == ("4", True, True)
    assert search(phone="+79160000000") == {"patients": [], "complete": True}
