"""Promise: nobody learns from a log who called, where they live or what hurts.

The real processes' whole standard error of a run with every kind of traffic, errors included, is searched.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from mis_connector.client import ConnectorClient
from mis_connector.model import NewHouseCall, PatientSearch

from .conftest import System, body, lines_of, new_key, patient_like

FAULTS: list[dict[str, Any]] = [
    {"kind": "answer_lost", "times": 1, "path": "/api/HomeVisit/HomeVisit"},
    {"kind": "error_500", "times": 1, "path": "/api/Person"},
    {"kind": "down", "times": 1, "path": "/api/Person"},
    {"kind": "session_lost", "times": 1},
    {"kind": "error_text", "times": 1, "path": "/api/Address", "text": "Ошибка: пациент {surname} не найден"},
]


async def _traffic(system: System, person: dict[str, str], words: str) -> str:
    """Everything that can happen to one patient; the number of a house call."""
    address = {"town": "Коломна", "street": "Базарная", "street_kind": "ул", "house": "5А", "flat": "917"}
    patient = {
        "mis_id": person["patient_id"], "surname": person["surname"], "name": person["name"],
        "patronymic": person["patronymic"], "birth_date": person["birth_date"],
    }  # fmt: skip
    content = body(patient=patient, address=address, phone=person["phone"], symptoms=words)
    names = [{"surname": person["surname"], "name": person["name"], "patronymic": None}]
    client = ConnectorClient(system.settings)
    number = ""
    for fault in [None, *FAULTS]:
        if fault:
            system.faults({**fault, "text": fault.get("text", "").format(surname=person["surname"])})
        query = {"birth_date": person["birth_date"], "names": names, "policy": person["enp"], "phone": person["phone"]}
        await client.patients(PatientSearch.model_validate(query))
        call = await client.create(new_key(), NewHouseCall.model_validate(content))
        number = call.number
        await client.cancel(call.house_call_id)
        await client.patients(PatientSearch(phone=person["phone"]))
        await client.search(phone=person["phone"], birth_date=content["patient"]["birth_date"], active=True)
        await client.call_back(call.call_id, person["phone"], "wish")
    await client.aclose()
    async with httpx.AsyncClient(base_url=system.connector.url) as http:
        headers = {"Authorization": f"Bearer {system.settings.api_token.get_secret_value()}"}
        await http.post("/v1/house-calls", json={**content, "phone": words}, headers=headers)
        await http.get(f"/v1/patients/search?surname={person['surname']}", headers=headers)
        await http.post("/v1/house-calls", content=words.encode(), headers=headers)
        await http.post("/v1/callbacks", json={"call_id": "x", "phone": words, "reason": words}, headers=headers)
    return number


def test_logs_hold_no_personal_data(system: System) -> None:
    person = patient_like(lambda row: len(row["surname"]) > 9 and "ё" not in row["surname"])
    words = "невыносимо ломит поясницу"
    number = asyncio.run(_traffic(system, person, words))
    logs = "".join((system.folder / f"{name}.log").read_text() for name in ("connector", "sandbox"))
    assert "house_call_state" in logs, "the log was really written"
    assert number.startswith("122-")
    digits = person["phone"].lstrip("+")
    secrets = [
        person["surname"], person["patronymic"], person["birth_date"], person["enp"], digits, digits[1:],
        "Базарная", "Рыбацкий", "Волкова", "Василиса", words.split()[-1], (system.folder / "mis_password").read_text(),
        "Тайнов",
    ]  # fmt: skip
    for secret in secrets:
        for form in {secret, quote(secret), quote_plus(secret), ascii(secret).strip("'"), secret.upper()}:
            assert form not in logs, f"a secret of {len(secret)} characters stands in a log"
    for line in (*lines_of(system.folder / "connector.log"), *lines_of(system.folder / "sandbox.log")):
        assert "http" not in line["logger"].lower(), line
