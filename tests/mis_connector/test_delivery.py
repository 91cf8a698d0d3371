"""Promise: a house call reaches the MIS once and always, whatever fails: the MIS, the network or the connector.

Real connector, real sandbox, real faults; the connector is killed in the middle.
"""

from __future__ import annotations

import concurrent.futures
import re
import time
from typing import Any

import httpx
import pytest

from .conftest import HTTP, System, authorised, body, eventually, new_key

CREATE = "/api/HomeVisit/HomeVisit"
CANCEL = "/api/HomeVisit/HomeVisitCancel"
LIST = "/api/HomeVisit/mgetHomeVisitList"


def post(http: httpx.Client, key: str | None = None, **changes: Any) -> dict[str, Any]:
    answer = http.post("/v1/house-calls", json=body(**changes), headers={"Idempotency-Key": key or new_key()})
    assert answer.status_code in (200, 201), answer.text
    call: dict[str, Any] = answer.json()
    return call


def get(http: httpx.Client, call: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/v1/house-calls/{call['house_call_id']}").json()
    return found


def states(http: httpx.Client, call: dict[str, Any]) -> list[str]:
    return [change["state"] for change in http.get(f"/v1/house-calls/{call['house_call_id']}/changes").json()]


def becomes(http: httpx.Client, call: dict[str, Any], state: str, seconds: float = 20.0) -> dict[str, Any]:
    eventually(lambda: get(http, call)["state"] == state, seconds)
    return get(http, call)


def test_delivered_while_the_caller_waits(system: System, http: httpx.Client) -> None:
    call = post(http, temperature=39.1)
    assert (call["state"], call["urgency"]) == ("delivered", "urgent"), "what the answer says: the caller hears it"
    (visit,) = system.visits_of(call["number"])
    assert visit["mis_id"] == call["mis_id"]
    assert visit["patient"]["surname"] == "Волкова"
    assert (visit["address"]["street"], visit["address"]["house"], visit["address"]["flat"]) == (
        "Рыбацкий", "52", "180",
    )  # fmt: skip
    assert visit["phone"] == "+79090551489"
    assert visit["visit_at"].startswith(call["visit_date"])


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("answer_lost", ["received", "delivering", "unknown", "delivered"]),
        ("session_lost", ["received", "delivering", "delivered"]),
        ("down", ["received", "delivering", "unknown", "delivering", "delivered"]),
        ("error_500", ["received", "delivering", "unknown", "delivering", "delivered"]),
        ("slow", ["received", "delivering", "unknown", "delivered"]),
    ],
)
def test_one_fault_makes_one_record(system: System, http: httpx.Client, kind: str, way: list[str]) -> None:
    system.faults({"kind": kind, "path": CREATE, "times": 1, "seconds": 1.5})
    call = becomes(http, post(http), "delivered")
    assert len(system.visits_of(call["number"])) == 1
    assert states(http, call) == way


def test_an_answer_that_got_lost_is_settled_while_the_caller_waits(system: System, http: httpx.Client) -> None:
    system.faults({"kind": "answer_lost", "path": CREATE, "times": 1})
    assert post(http)["state"] == "delivered"


def test_a_mis_that_is_down_gets_it_later(system: System, http: httpx.Client) -> None:
    system.faults({"kind": "down"})
    call = post(http)
    assert call["state"] in ("received", "delivering", "unknown")
    system.faults()
    becomes(http, call, "delivered", 40)
    assert len(system.visits_of(call["number"])) == 1


def test_a_request_that_breaks_the_mis_is_not_sent_for_ever(system: System, http: httpx.Client) -> None:
    """An unknown patient id is HTTP 500 without a body, every time."""
    patient = {"mis_id": "99999999", "surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21"}
    call = becomes(http, post(http, patient=patient), "needs_registrar", 40)
    assert call["reason"] == "no_answer"
    assert states(http, call).count("delivering") == 3


def test_what_cannot_be_asked_goes_to_a_registrar_and_is_not_sent_again(system: System, http: httpx.Client) -> None:
    system.faults({"kind": "answer_lost", "path": CREATE, "times": 1}, {"kind": "error_text", "path": LIST})
    call = becomes(http, post(http), "needs_registrar")
    assert call["reason"] == "outcome_unknown"
    system.faults()
    time.sleep(1.5)
    assert len(system.visits_of(call["number"])) == 1


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("Не удалось определить участок, обслуживающий данный адрес", "rejected", "district_unknown"),
        ("Вызов врача на дом может быть оформлен через портал в рабочие дни", "scheduled", "clinic_closed"),
        ("Для ВОЛКОВА В. А. имеется необслуженный вызов врача на дом", "rejected", "already_open"),
        ("Слова, которых мы не знаем", "rejected", "refused"),
    ],
)
def test_the_caller_hears_why(system: System, http: httpx.Client, text: str, state: str, reason: str) -> None:
    system.faults({"kind": "error_text", "path": CREATE, "text": text})
    call = post(http)
    assert (call["state"], call["reason"]) == (state, reason)
    changes = http.get(f"/v1/house-calls/{call['house_call_id']}/changes").json()
    assert changes[-1]["detail"] == text


def test_a_busy_numerator_is_tried_again(system: System, http: httpx.Client) -> None:
    text = "Не возможно сгенерировать номер вызова."
    system.faults({"kind": "error_text", "path": CREATE, "text": text, "times": 1})
    call = becomes(http, post(http), "delivered")
    assert len(system.visits_of(call["number"])) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"patient": {"surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21"}}, "patient_unknown"),
        ({"address": {"town": "Урюпинск", "street": "Ленина", "house": "1"}}, "address_unknown"),
        ({"address": {"town": "Коломна", "house": "1"}}, "address_unknown"),
    ],
)
def test_what_the_mis_cannot_take_waits_for_a_registrar(
    system: System, http: httpx.Client, changes: dict[str, Any], reason: str
) -> None:
    call = post(http, **changes)
    assert (call["state"], call["reason"]) == ("needs_registrar", reason)
    assert system.visits_of(call["number"]) == []


def cancel(http: httpx.Client, call: dict[str, Any]) -> tuple[int, str]:
    answer = http.post(f"/v1/house-calls/{call['house_call_id']}/cancel")
    return answer.status_code, answer.json()["state"]


def test_cancel_of_what_the_mis_does_not_have_is_done_at_once(system: System, http: httpx.Client) -> None:
    """While the MIS is down: nobody has to ask it."""
    nobody = {"surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21"}
    calls = [post(http, patient=nobody)]
    for text in ("Вызов врача на дом может быть оформлен", "Не удалось определить участок"):
        system.faults({"kind": "error_text", "path": CREATE, "text": text})
        calls.append(post(http))
    assert [call["state"] for call in calls] == ["needs_registrar", "scheduled", "rejected"]
    system.faults({"kind": "down"})
    assert [cancel(http, call) for call in calls] == [(200, "cancelled")] * 3
    system.faults()
    time.sleep(1.5)  # longer than the delivery sleeps between two looks at its queue
    assert [visit for call in calls for visit in system.visits_of(call["number"])] == []
    assert [get(http, call)["state"] for call in calls] == ["cancelled"] * 3


@pytest.mark.parametrize(("kind", "visits"), [("answer_lost", ["cancelled"]), ("down", [])])
def test_cancel_of_an_unknown_one_waits_for_what_the_mis_says(
    system: System, http: httpx.Client, kind: str, visits: list[str]
) -> None:
    system.faults({"kind": kind, "path": CREATE, "times": 1}, {"kind": "down", "path": LIST})
    call = post(http)
    assert call["state"] == "unknown"
    assert cancel(http, call) == (202, "unknown")
    system.faults()
    becomes(http, call, "cancelled", 40)
    assert [visit["state"] for visit in system.visits_of(call["number"])] == visits
    assert states(http, call).count("delivering") == 1, "not sent again only to be cancelled"


def test_cancel_of_what_only_a_registrar_can_find_is_not_claimed(system: System, http: httpx.Client) -> None:
    system.faults({"kind": "answer_lost", "path": CREATE, "times": 1}, {"kind": "error_text", "path": LIST})
    call = becomes(http, post(http), "needs_registrar")
    assert cancel(http, call) == (202, "needs_registrar")


def test_a_cancellation_that_the_mis_refuses_is_not_claimed(system: System, http: httpx.Client) -> None:
    call = post(http)
    system.faults({"kind": "error_text", "path": CANCEL, "text": "Вызов уже обслужен"})
    assert cancel(http, call) == (202, "delivered")
    assert get(http, call)["reason"] == "cancel_failed"
    system.faults()
    assert cancel(http, call) == (200, "cancelled")


def test_cancel_reaches_the_mis(system: System, http: httpx.Client) -> None:
    call = post(http)
    answer = http.post(f"/v1/house-calls/{call['house_call_id']}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    (visit,) = system.visits_of(call["number"])
    assert visit["state"] == "cancelled"
    again = http.post(f"/v1/house-calls/{call['house_call_id']}/cancel")
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")


def test_cancel_with_the_mis_down_is_not_claimed(system: System, http: httpx.Client) -> None:
    call = post(http)
    system.faults({"kind": "down"})
    answer = http.post(f"/v1/house-calls/{call['house_call_id']}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "delivered")
    system.faults()
    becomes(http, call, "cancelled", 40)
    (visit,) = system.visits_of(call["number"])
    assert visit["state"] == "cancelled"


def _in_state(system: System, state: str) -> list[dict[str, Any]]:
    answer = HTTP.post(f"{system.connector.url}/v1/house-calls/search", json={"state": state}, headers=authorised())
    calls: list[dict[str, Any]] = answer.json()["house_calls"]
    return calls


@pytest.mark.slow
def test_killed_in_the_middle_loses_nothing_and_doubles_nothing(running: System, killable: System) -> None:
    before = {visit["mis_id"] for visit in running.visits()}
    keys = [new_key() for _ in range(12)]
    # so slow that what is on its way when it is seen is still on its way when the kill comes
    running.faults({"kind": "slow", "path": CREATE, "seconds": 1.5})

    def put(key: str) -> dict[str, Any] | None:
        """What the dialog does: repeats with the same key while there is no answer."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                answer = HTTP.post(
                    f"{killable.connector.url}/v1/house-calls", timeout=10, json=body(notes=key),
                    headers={**authorised(), "Idempotency-Key": key},
                )  # fmt: skip
            except httpx.HTTPError:
                time.sleep(0.2)
                continue
            if answer.status_code in (200, 201):
                accepted: dict[str, Any] = answer.json()
                return accepted
        return None

    with concurrent.futures.ThreadPoolExecutor(len(keys)) as callers:
        answers = [callers.submit(put, key) for key in keys]
        # the first are delivered, others are on their way, the rest are queued
        eventually(lambda: len(running.visits()) > len(before), 60)
        eventually(lambda: _in_state(killable, "delivering"))
        killable.connector.kill()
        killable.connector.start()
        killable.connector.wait_ready()
        accepted = [answer.result() for answer in answers]
    running.faults()
    assert all(call is not None for call in accepted)
    with httpx.Client(base_url=killable.connector.url, headers=authorised(), timeout=10) as http:
        for call in accepted:
            assert call is not None
            becomes(http, call, "delivered", 40)
        ways = [states(http, call) for call in accepted if call]
    made = [visit for visit in running.visits() if visit["mis_id"] not in before]
    marks = [mark for visit in made for mark in re.findall(r"test-key-\d+-\d+", visit["comment"])]
    assert sorted(marks) == sorted(keys)
    assert any("unknown" in way for way in ways), "the kill hit a delivery on its way"
