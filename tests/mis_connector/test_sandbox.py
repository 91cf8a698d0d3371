"""Promise: the sandbox is no easier than the MIS: a drill that is won against it proves something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import ROOT
from mis_connector.sandbox.data import load

from .conftest import HTTP, System, patient_like

Ask = Callable[..., Any]


@pytest.fixture
def mis(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{system.sandbox.url}/api", timeout=10) as client:
        password = (system.folder / "mis_password").read_text()
        answer = client.get("user/login", params={"Login": "vyzov", "Password": password}).json()
        assert answer["error_code"] == 0
        client.params = httpx.QueryParams(sess_id=answer["sess_id"])
        yield client


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200
    assert answer.json()["error_code"] == 0, answer.text
    return answer.json()["data"]


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    assert int(answer.json()["error_code"]) != 0
    return str(answer.json()["error_msg"])


def visit(**changes: str) -> dict[str, str]:
    return {
        "Person_id": "1", "CallProfType_id": "1", "Address_Address": "г Коломна, проезд Рыбацкий, д. 52",
        "HomeVisitCallType_id": "1", "HomeVisit_setDT": "23.11.2026 08:00", "HomeVisitWhoCall_id": "1",
        "HomeVisit_Symptoms": "кашель", "HomeVisitStatus_id": "1", "HomeVisit_House": "52", "KLStreet_id": "995",
        **changes,
    }  # fmt: skip


def test_wrong_login(system: System) -> None:
    answer = HTTP.get(f"{system.sandbox.url}/api/user/login", params={"Login": "vyzov", "Password": "123"})
    assert answer.json()["error_code"] == 100


def test_without_a_session(system: System) -> None:
    answer = HTTP.get(f"{system.sandbox.url}/api/Person", params={"Person_id": "1"})
    assert (answer.status_code, answer.json()["error_code"]) == (401, 1)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"PersonSurName_SurName": "Волкова", "PersonBirthDay_BirthDay": "1971-12-21"}, 1),
        ({"PersonSurName_SurName": "Волкова", "PersonBirthDay_BirthDay": "21.12.1971"}, 1),
        ({"PersonSurName_SurName": "волкова", "PersonBirthDay_BirthDay": "1971-12-21"}, 0),
        ({"PersonSurName_SurName": "Волков", "PersonBirthDay_BirthDay": "1971-12-21"}, 0),
        ({"PersonSurName_SurName": "Волков%", "PersonBirthDay_BirthDay": "1971-12-21"}, 0),
        ({"PersonSurName_SurName": "Волкова", "PersonFirName_FirName": "Вера",
          "PersonBirthDay_BirthDay": "1971-12-21"}, 0),
        ({"PersonSnils_Snils": "11524184827"}, 1),
        ({"Person_id": "1"}, 1),
        ({"PersonSurName_SurName": "Волкова' OR '1'='1"}, 0),
    ],
)  # fmt: skip
def test_person_is_searched_exactly(mis: httpx.Client, fields: dict[str, str], found: int) -> None:
    assert len(data(mis.get("Person", params=fields))) == found


def test_yo_is_not_ye(mis: httpx.Client) -> None:
    person = patient_like(lambda row: "ё" in row["surname"])
    fields = {"PersonSurName_SurName": person["surname"], "PersonBirthDay_BirthDay": person["birth_date"]}
    assert data(mis.get("Person", params=fields))
    fields["PersonSurName_SurName"] = person["surname"].replace("ё", "е")
    assert data(mis.get("Person", params=fields)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"PersonBirthDay_BirthDay": "1971-12-21"},
        {"PersonFirName_FirName": "Анна", "PersonBirthDay_BirthDay": "1971-12-21"},
        {"PersonPhone_Phone": "9090551489"},
    ],
)
def test_no_search_by_less_or_by_phone(mis: httpx.Client, fields: dict[str, str]) -> None:
    assert refusal(mis.get("Person", params=fields)) == "Не передан ни один из параметров поиска"


def test_at_most_a_hundred_rows(mis: httpx.Client) -> None:
    assert len(data(mis.get("Person", params={"PersonSurName_SurName": "Иванова"}))) == 100


def test_policy_and_address(mis: httpx.Client) -> None:
    assert data(mis.get("Polis", params={"Polis_Num": "5047820828182555"}))[0]["Person_id"] == "1"
    assert data(mis.get("Polis", params={"Polis_Num": "0" * 16})) == []
    address = data(mis.get("Address", params={"Person_id": "1"}))[0]
    assert (address["Address_House"], address["Address_Flat"]) == ("52", "180")
    assert "Рыбацкий" in address["Address_Address"]
    assert mis.get("Address").json()["error_code"] == "3"


@pytest.mark.parametrize("field", [name for name in visit() if name != "KLStreet_id"])
def test_every_required_field(mis: httpx.Client, field: str) -> None:
    assert refusal(mis.post("HomeVisit/HomeVisit", data=visit(**{field: ""}))) == (
        f"Отсутствует обязательный параметр '{field}'"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"KLStreet_id": ""}, "Не возможно получить улицу."),
        ({"KLStreet_id": "999999"}, "Не возможно получить улицу."),
        ({"HomeVisit_setDT": "завтра"}, "Неверный формат даты и времени для параметра 'HomeVisit_setDT'"),
        ({"HomeVisitStatus_id": "9"}, "Неверное значение параметра 'HomeVisitStatus_id'"),
        ({"Person_id": "1e3"}, "Неверный тип данных для параметра 'Person_id'"),
    ],
)
def test_bad_visits_are_refused(mis: httpx.Client, changes: dict[str, str], says: str) -> None:
    assert refusal(mis.post("HomeVisit/HomeVisit", data=visit(**changes))) == says


def test_a_visit_is_stored_listed_and_cancelled(mis: httpx.Client, system: System) -> None:
    made = data(mis.post("HomeVisit/HomeVisit", data=visit(MedStaffFact_id="7777", HomeVisit_Comment="заметка")))
    visit_id = str(made["HomeVisit_id"])
    stored = data(mis.get("HomeVisit/HomeVisitById", params={"HomeVisit_id": visit_id}))[0]
    assert (stored["HomeVisit_Symptoms"], stored["HomeVisit_setDT"]) == ("кашель", "2026-11-23 08:00")
    period = {"HomeVisit_begDate": "2026-11-23", "HomeVisit_endDate": "2026-11-23"}
    listed = data(mis.get("HomeVisit/mgetHomeVisitList", params={**period, "MedStaffFact_id": "7777"}))
    assert [row["HomeVisit_id"] for row in listed] == [visit_id]
    assert "MedStaffFact_id" in refusal(mis.get("HomeVisit/mgetHomeVisitList", params=period))
    status = data(mis.put("HomeVisit/HomeVisitCancel", data={"HomeVisit_id": visit_id}))
    assert status["HomeVisitStatus_Name"] == "Отменен"
    assert system.visits()[0]["state"] == "cancelled"


def test_the_server_picks_the_clinic_by_age(mis: httpx.Client, system: System) -> None:
    child = patient_like(lambda row: row["birth_date"] > "2015" and bool(row["clinic_id"]))
    data(mis.post("HomeVisit/HomeVisit", data=visit(Person_id=child["patient_id"])))
    assert "детская" in system.visits()[0]["clinic"]


def test_unknown_ids_are_500_without_a_body(mis: httpx.Client) -> None:
    for answer in (
        mis.get("HomeVisit/HomeVisitById", params={"HomeVisit_id": "99999999"}),
        mis.put("HomeVisit/HomeVisitCancel", data={"HomeVisit_id": "99999999"}),
        mis.post("HomeVisit/HomeVisit", data=visit(Person_id="99999999")),
    ):
        assert (answer.status_code, answer.content) == (500, b"")


def test_json_is_not_understood(mis: httpx.Client) -> None:
    assert "Отсутствует" in refusal(mis.post("HomeVisit/HomeVisit", json=visit()))


def test_faults_and_visits_are_behind_the_token(system: System) -> None:
    assert HTTP.post(f"{system.sandbox.url}/sandbox/faults", json=[]).status_code == 401
    assert HTTP.get(f"{system.sandbox.url}/sandbox/visits").status_code == 401


def test_the_database_is_loaded_once(tmp_path: Path) -> None:
    path, region = tmp_path / "sandbox.sqlite", ROOT / "regions/sample"
    assert load(path, region)
    assert not load(path, region)
    path.write_bytes(b"half a database")
    assert load(path, region)
