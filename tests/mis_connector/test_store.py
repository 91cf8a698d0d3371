"""Promise: a house call that was accepted is never lost, never doubled and every change of it is kept."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mis_connector.database import Database
from mis_connector.model import HouseCall, HouseCallSearch, NewHouseCall
from mis_connector.states import ALLOWED, REASONS, ForbiddenChange
from mis_connector.store import KeyReused, Store
from mis_connector.tables import open_engine

from .conftest import body, new_key

LEASE = dt.timedelta(seconds=30)
NO_LEASE = dt.timedelta(seconds=-1)
DAY = dt.date(2026, 11, 22)


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database, "122")


def add(store: Store, key: str | None = None, obstacle: str | None = None, **changes: Any) -> HouseCall:
    new = NewHouseCall.model_validate(body(**changes))
    call, _ = store.add(key or new_key(), new, urgency="routine", visit_date=DAY, needs_registrar=obstacle)
    return call


def found(store: Store, **query: Any) -> list[HouseCall]:
    return store.search(HouseCallSearch.model_validate(query), DAY)


def history(store: Store, call: HouseCall) -> list[str]:
    return [change.state for change in store.changes(call.house_call_id)]


def test_a_house_call_comes_back_as_it_went_in(store: Store) -> None:
    call = add(store, temperature=38.5)
    stored = store.get(call.house_call_id)
    assert stored == call
    assert stored.patient.surname == "Волкова"
    assert stored.temperature == 38.5
    assert stored.created_at.tzinfo is not None
    assert stored.number.startswith("122-0")


def test_numbers_are_never_used_twice(store: Store) -> None:
    numbers = [add(store).number for _ in range(5)]
    assert len(set(numbers)) == 5
    assert numbers == sorted(numbers)


def test_one_key_is_one_house_call(store: Store) -> None:
    key = new_key()
    first = add(store, key)
    assert add(store, key) == first
    with pytest.raises(KeyReused):
        add(store, key, symptoms="другое")
    assert len(found(store)) == 1


def test_one_key_at_the_same_moment(store: Store) -> None:
    key, new = new_key(), NewHouseCall.model_validate(body())
    results: list[tuple[HouseCall, bool]] = []
    together = threading.Barrier(8)

    def put() -> None:
        together.wait()
        results.append(store.add(key, new, urgency="routine", visit_date=DAY, needs_registrar=None))

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len({call.house_call_id for call, _ in results}) == 1
    assert sum(is_new for _, is_new in results) == 1


def test_nobody_gets_a_job_that_another_has(store: Store) -> None:
    for _ in range(20):
        add(store)
    taken: list[str] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        for _ in range(10):
            taken.extend(job.call.house_call_id for job in store.claim(3, LEASE))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20


def test_the_oldest_goes_first(store: Store) -> None:
    calls = [add(store) for _ in range(4)]
    jobs = store.claim(2, LEASE) + store.claim(2, LEASE)
    assert [job.call.number for job in jobs] == [call.number for call in calls]


def test_delivered(store: Store) -> None:
    call = add(store)
    (job,) = store.claim(5, LEASE)
    assert (job.work, job.call.state, job.attempts) == ("send", "delivering", 1)
    done = store.finish(call.house_call_id, "delivered", mis_id="77")
    assert (done.state, done.mis_id) == ("delivered", "77")
    assert history(store, call) == ["received", "delivering", "delivered"]
    assert store.claim(5, LEASE) == []


def test_a_worker_that_died_leaves_an_unknown_outcome(store: Store) -> None:
    call = add(store)
    store.claim(5, NO_LEASE)
    (job,) = store.claim(5, LEASE)
    assert (job.work, job.call.state) == ("settle", "unknown")
    assert history(store, call) == ["received", "delivering", "unknown"]
    assert store.claim(5, LEASE) == []
    assert store.resend(call.house_call_id, LEASE).state == "delivering"


def test_what_is_not_sent_comes_back_later(store: Store) -> None:
    call = add(store)
    store.claim(5, LEASE)
    store.finish(call.house_call_id, "received", reason="mis_unavailable", retry_in=30, not_sent=True)
    assert store.claim(5, LEASE) == []
    store.finish(call.house_call_id, "received", retry_in=-1)
    (job,) = store.claim(5, LEASE)
    assert job.attempts == 1, "what did not reach the MIS was no attempt"


def test_a_patient_the_mis_does_not_know_waits_for_a_registrar(store: Store) -> None:
    call = add(store, obstacle="patient_unknown")
    assert (call.state, call.reason) == ("needs_registrar", "patient_unknown")
    assert store.claim(5, LEASE) == []


def test_forbidden_changes_do_not_happen(store: Store) -> None:
    call = add(store)
    with pytest.raises(ForbiddenChange):
        store.finish(call.house_call_id, "delivered")
    assert store.get(call.house_call_id).state == "received"
    assert history(store, call) == ["received"]


def test_cancel_before_delivery(store: Store) -> None:
    call = add(store)
    assert store.want_cancel(call.house_call_id).state == "cancelled"
    assert store.claim(5, LEASE) == []
    assert store.want_cancel(call.house_call_id).state == "cancelled"
    assert history(store, call) == ["received", "cancelled"]


def test_cancel_of_a_delivered_one_goes_to_the_mis(store: Store) -> None:
    call = add(store)
    store.claim(5, LEASE)
    store.finish(call.house_call_id, "delivered", mis_id="5")
    assert store.want_cancel(call.house_call_id).state == "delivered"
    (job,) = store.claim(5, LEASE)
    assert (job.work, job.call.mis_id) == ("cancel", "5")
    assert store.finish(call.house_call_id, "cancelled", reason="asked").state == "cancelled"


def test_cancel_in_the_middle_of_a_delivery(store: Store) -> None:
    call = add(store)
    store.claim(5, LEASE)
    assert store.want_cancel(call.house_call_id).state == "delivering"
    store.finish(call.house_call_id, "delivered", mis_id="5")
    (job,) = store.claim(5, LEASE)
    assert job.work == "cancel"


def test_a_cancelled_one_that_the_mis_may_have_stays_with_the_registrar(store: Store) -> None:
    call = add(store)
    store.claim(5, LEASE)
    store.want_cancel(call.house_call_id)
    store.finish(call.house_call_id, "unknown", reason="no_answer", retry_in=0)
    done = store.finish(call.house_call_id, "needs_registrar", reason="outcome_unknown")
    assert (done.state, done.reason) == ("needs_registrar", "outcome_unknown")


def test_a_cancellation_that_failed_can_be_asked_for_again(store: Store) -> None:
    call = add(store)
    store.claim(5, LEASE)
    store.finish(call.house_call_id, "delivered", mis_id="5")
    store.want_cancel(call.house_call_id)
    store.claim(5, LEASE)
    store.finish(call.house_call_id, "delivered", reason="cancel_failed")
    assert store.claim(5, LEASE) == []
    store.want_cancel(call.house_call_id)
    assert [job.work for job in store.claim(5, LEASE)] == ["cancel"]


def test_search(store: Store) -> None:
    first, second = add(store), add(store, obstacle="patient_unknown")
    assert found(store) == [second, first]
    assert found(store, state="received") == [first]
    assert found(store, since=second.created_at) == [second]
    assert found(store, limit=1) == [second]
    later = second.created_at.astimezone(dt.timezone(dt.timedelta(hours=3))) + dt.timedelta(seconds=1)
    assert found(store, since=later) == []


def test_search_by_phone_and_patient(store: Store) -> None:
    other = {"mis_id": "2", "surname": "Волков", "name": "Пётр", "birth_date": "2020-02-29"}
    mother, child = add(store), add(store, patient=other)
    unknown = add(store, obstacle="patient_unknown", patient={**other, "mis_id": None}, phone="+79161234567")
    assert found(store, phone="+79090551489") == [child, mother]
    assert found(store, phone="+79161234567") == [unknown]
    assert found(store, patient_mis_id="2") == [child]
    assert found(store, birth_date="2020-02-29") == [unknown, child]
    assert found(store, birth_date="2020-02-29", phone="+79090551489") == [child]
    assert found(store, birth_date="1971-12-21", patient_mis_id="2") == []
    assert found(store, phone="+79999999999") == []


@pytest.mark.parametrize(
    ("today", "there"), [(DAY - dt.timedelta(days=1), 2), (DAY, 2), (DAY + dt.timedelta(days=1), 0)]
)
def test_active_is_what_a_doctor_still_comes_for(store: Store, today: dt.date, there: int) -> None:
    waiting, registrar, gone = add(store), add(store, obstacle="patient_unknown"), add(store)
    store.want_cancel(gone.house_call_id)
    refused = add(store)
    while job := next(iter(store.claim(1, LEASE)), None):
        if job.call.house_call_id == refused.house_call_id:
            store.finish(refused.house_call_id, "rejected", reason="refused")
    numbers = [call.number for call in store.search(HouseCallSearch(active=True), today)]
    assert numbers == [registrar.number, waiting.number][:there]


def test_sqlite_is_synchronous(tmp_path: Path) -> None:
    """Whoever hears «принято» is on disk, even when the power fails the next moment (PostgreSQL is so by default)."""
    with open_engine(f"sqlite:///{tmp_path / 'connector.sqlite'}").connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_every_state_can_be_left_but_the_last() -> None:
    assert set(ALLOWED) == {state for after in ALLOWED.values() for state in after}
    assert [state for state, after in ALLOWED.items() if not after] == ["cancelled"]
    assert all("cancelled" in after for state, after in ALLOWED.items() if state != "cancelled")
    assert all(reason.islower() for reason in REASONS)
