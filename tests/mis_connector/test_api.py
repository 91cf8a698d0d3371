"""Promise: whatever comes in at the connector's door gets a clear answer, and the service goes on."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from .conftest import HTTP, System, body, new_key

SECRET = "Тайнов"


def changed(path: str, value: Any) -> dict[str, Any]:
    """A good body with one thing changed; `...` takes it away."""
    new = body()
    *parents, last = path.split(".")
    place = new
    for parent in parents:
        place[parent] = dict(place[parent])
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return new


def post(http: httpx.Client, content: dict[str, Any], key: str | None = None) -> httpx.Response:
    return http.post("/v1/house-calls", json=content, headers={"Idempotency-Key": key or new_key()})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("call_id", ...),
        ("call_id", "../" + SECRET),
        ("patient", ...),
        ("patient", SECRET),
        ("patient.surname", ""),
        ("patient.surname", "   "),
        ("patient.surname", SECRET * 10),
        ("patient.surname", SECRET + "\x00"),
        ("patient.surname", SECRET + "\udce4"),
        ("patient.name", None),
        ("patient.birth_date", ...),
        ("patient.birth_date", "12.03.1985"),
        ("patient.birth_date", "1985-02-30"),
        ("patient.birth_date", "1885-01-01"),
        ("patient.birth_date", "2999-01-01"),
        ("patient.birth_date", 1985),
        ("patient.mis_id", f"1; {SECRET}"),
        ("address.town", ...),
        ("address.house", None),
        ("address.house", "1" * 21),
        ("address.flat", {"no": SECRET}),
        ("address.district", SECRET),
        ("phone", "89161234567"),
        ("phone", "+7916123456a"),
        ("phone", ""),
        ("phone", None),
        ("caller.relation", ""),
        ("symptoms", ""),
        ("symptoms", SECRET * 500),
        ("temperature", "горячий"),
        ("temperature", 380),
        ("temperature", "NaN"),
        ("urgency", "очень"),
        ("state", "delivered"),
        ("number", "122-000001"),
    ],
)
def test_bad_house_calls(http: httpx.Client, path: str, value: Any) -> None:
    content = changed(path, value)
    if value == SECRET + "\udce4":  # half a surrogate pair: only an escape can carry it
        answer = http.post(
            "/v1/house-calls", content=__import__("json").dumps(content),
            headers={"Idempotency-Key": new_key(), "Content-Type": "application/json"},
        )  # fmt: skip
    else:
        answer = post(http, content)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "bad_input"
    assert path.split(".")[-1] in error["message"]
    assert SECRET not in answer.text
    assert http.get("/health").status_code == 200


@pytest.mark.parametrize("key", [None, "", "short", "x" * 201, "with space in it"])
def test_bad_idempotency_keys(http: httpx.Client, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = http.post("/v1/house-calls", json=body(), headers=headers)
    assert answer.status_code == 422
    assert "idempotency" in answer.json()["error"]["message"].lower()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"' + SECRET.encode() + b'"', 422),
        (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 400),
        (b'{"symptoms": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
def test_bad_bodies(http: httpx.Client, content: bytes, status: int) -> None:
    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    answer = http.post("/v1/house-calls", content=content, headers=headers)
    assert 400 <= answer.status_code < 500, (answer.status_code, status)
    assert answer.json()["error"]["code"]
    assert SECRET not in answer.text
    assert http.get("/health").status_code == 200


@pytest.mark.parametrize("token", [None, "Bearer", "Bearer wrong", "Basic wrong", "Bearer токен"])
def test_wrong_tokens(system: System, token: str | None) -> None:
    headers: dict[bytes, bytes] = {} if token is None else {b"Authorization": token.encode()}
    for method, path in (
        ("POST", "/v1/house-calls"), ("POST", "/v1/house-calls/search"), ("POST", "/v1/patients/search"),
        ("GET", "/v1/house-calls/x"), ("GET", "/v1/house-calls/x/changes"), ("POST", "/v1/house-calls/x/cancel"),
        ("POST", "/v1/callbacks"), ("POST", "/v1/callbacks/search"), ("POST", "/v1/callbacks/x/done"),
    ):  # fmt: skip
        answer = HTTP.request(method, f"{system.connector.url}{path}", headers=headers, json={})
        assert answer.status_code == 401, (method, path)


def test_unknown_house_calls(http: httpx.Client) -> None:
    for house_call_id in ("x", "0" * 36, "%00", "' OR 1=1"):
        for answer in (
            http.get(f"/v1/house-calls/{house_call_id}"),
            http.get(f"/v1/house-calls/{house_call_id}/changes"),
            http.post(f"/v1/house-calls/{house_call_id}/cancel"),
        ):
            assert answer.status_code == 404


def test_a_repeated_key(http: httpx.Client, system: System) -> None:
    key = new_key()
    first, second = post(http, body(), key), post(http, body(), key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["house_call_id"] == second.json()["house_call_id"]
    other = post(http, body(symptoms="другое"), key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")
    assert len(system.visits_of(first.json()["number"])) == 1


def test_one_key_many_times_at_once(http: httpx.Client, system: System) -> None:
    key = new_key()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(http, body(), key), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    numbers = {answer.json()["number"] for answer in answers}
    assert len(numbers) == 1
    assert len(system.visits_of(numbers.pop())) == 1


def test_words_that_look_like_code_are_only_words(http: httpx.Client, system: System) -> None:
    words = """'; DROP TABLE house_calls; -- <script>alert(1)</script> (system "rm") {{7*7}} %s ${x}"""
    call = post(http, body(symptoms=words, notes=words)).json()
    assert call["state"] == "delivered"
    assert call["symptoms"] == words
    (visit,) = system.visits_of(call["number"])
    assert visit["symptoms"] == words


def test_house_calls_are_found(http: httpx.Client) -> None:
    call = post(http, body()).json()
    assert http.get(f"/v1/house-calls/{call['house_call_id']}").json() == call
    found = http.post("/v1/house-calls/search", json={"state": "delivered", "since": call["created_at"], "limit": 5})
    assert call in found.json()["house_calls"]
    for bad in (
        {"state": "gone"}, {"limit": 0}, {"limit": 100_000}, {"since": "вчера"}, {"who": "x"},
        {"phone": "89161234567"}, {"birth_date": "вчера"}, {"patient_mis_id": "'"}, {"active": "x"},
    ):  # fmt: skip
        assert http.post("/v1/house-calls/search", json=bad).status_code == 422


def test_a_second_request_for_the_same_patient_is_seen_but_not_refused(http: httpx.Client) -> None:
    """The dialog asks the caller; «active» ends with the day of the visit or a cancellation."""
    patient = {"mis_id": "2", "surname": "Волкова", "name": "Анна", "birth_date": "1971-12-21"}
    wanted = {"patient_mis_id": "2", "birth_date": "1971-12-21", "active": True, "limit": 20}

    def numbers() -> list[str]:
        answer = http.post("/v1/house-calls/search", json=wanted)
        assert answer.status_code == 200
        return [call["number"] for call in answer.json()["house_calls"]]

    first = post(http, body(patient=patient)).json()
    assert numbers() == [first["number"]]
    second = post(http, body(patient=patient))
    assert second.status_code == 201
    assert numbers() == [second.json()["number"], first["number"]]
    http.post(f"/v1/house-calls/{first['house_call_id']}/cancel")
    assert numbers() == [second.json()["number"]]


def test_patients_are_found(http: httpx.Client) -> None:
    names = [{"surname": "Волкова", "name": "Василиса", "patronymic": "Александровна"}, {"surname": "Белкова"}]
    for query in (
        {"birth_date": "1971-12-21", "names": names}, {"policy": "5047820828182555"}, {"policy": "11524184827"},
    ):  # fmt: skip
        answer = http.post("/v1/patients/search", json=query).json()
        assert answer["complete"]
        (patient,) = answer["patients"]
        assert (patient["mis_id"], patient["name"], patient["birth_date"]) == ("1", "Василиса", "1971-12-21")
        assert (patient["address"]["street"], patient["address"]["house"]) == ("Рыбацкий", "52")
        assert patient["relation"] is None


def test_a_policy_that_nobody_has_finds_nobody(http: httpx.Client) -> None:
    """A temporary certificate (9 digits) is searched for like a policy; the sample region has none."""
    for policy in ("123456789", "00000000001", "0" * 16):
        answer = http.post("/v1/patients/search", json={"policy": policy})
        assert (answer.status_code, answer.json()) == (200, {"patients": [], "complete": True})


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"names": [{"surname": "Волкова"}]},
        {"birth_date": "1971-12-21"},
        {"birth_date": "1971-12-21", "names": [{"surname": "Волкова"}] * 13},
        {"birth_date": "1971-12-21", "names": [{"name": "Анна"}]},
        {"birth_date": "21 декабря", "names": [{"surname": "Волкова"}]},
        {"policy": "12345"},
        {"phone": "9161234567"},
        {"surname": "Волкова"},
    ],
)
def test_bad_searches(http: httpx.Client, query: dict[str, Any]) -> None:
    answer = http.post("/v1/patients/search", json=query)
    assert answer.status_code == 422
    assert "Волкова" not in answer.text


def test_a_search_with_the_mis_down_says_so(http: httpx.Client, system: System) -> None:
    system.faults({"kind": "error_500"})
    query = {"birth_date": "1980-01-02", "names": [{"surname": "Волкова"}]}
    answer = http.post("/v1/patients/search", json=query)
    assert (answer.status_code, answer.json()) == (200, {"patients": [], "complete": False})


def test_the_published_interface_is_what_is_answered(http: httpx.Client) -> None:
    openapi = http.get("/openapi.json").json()
    paths = {(method, path) for path, methods in openapi["paths"].items() for method in methods}
    assert paths == {
        ("post", "/v1/house-calls"), ("get", "/v1/house-calls/{house_call_id}"),
        ("get", "/v1/house-calls/{house_call_id}/changes"), ("post", "/v1/house-calls/{house_call_id}/cancel"),
        ("post", "/v1/house-calls/search"), ("post", "/v1/patients/search"),
        ("post", "/v1/callbacks"), ("post", "/v1/callbacks/search"), ("post", "/v1/callbacks/{callback_id}/done"),
    }  # fmt: skip

    def validator(name: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": openapi["components"]})

    for name in ("NewHouseCall", "PatientSearch"):
        for example in openapi["components"]["schemas"][name]["examples"]:
            validator(name).validate(example)
    example = openapi["components"]["schemas"]["NewHouseCall"]["examples"][0]
    answer = post(http, example)
    assert answer.status_code == 201
    validator("HouseCall").validate(answer.json())
