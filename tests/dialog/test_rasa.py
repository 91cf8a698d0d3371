"""Promise: the real Rasa leads a call over HTTP, forgets it at hang-up, and says nothing to strangers.

A failure means callers reach the channel and are not led to a record, or what they said is kept, shown or logged.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from core.settings import ROOT
from dialog.client import Answer, DialogClient, Turn
from tests.dialog.conftest import PYTHON, RealRasa
from tests.dialog.world import ADDRESS, PATIENT, SAY, SCRIPT, World

# training and two starts of Rasa: 50 s of processor time, more on a busy machine
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
async def client(rasa: RealRasa) -> AsyncIterator[DialogClient]:
    rasa.services.world = World()
    rasa.services.delay = 0.0
    made = DialogClient(rasa.settings)
    yield made
    await made.aclose()


async def lead(client: DialogClient, until: str | None = None) -> tuple[str, Answer]:
    """A call that answers by slot; ends at `until` or with the call."""
    call_id = uuid.uuid4().hex
    answer = await client.send(call_id, "start", caller="+79254375323", called="122")
    for _ in range(30):
        if answer.end or answer.transfer or (until and answer.slot == until):
            return call_id, answer
        answer = await client.send(call_id, "turn", Turn(SAY.get(answer.slot or "opening", SAY["yes"])))
    raise AssertionError("the call did not end")


def said(answer: Answer) -> str:
    return " ".join(say.text for say in answer.say)


async def test_a_call_becomes_a_record_and_is_forgotten(client: DialogClient, rasa: RealRasa, redis_port: int) -> None:
    call_id, answer = await lead(client, until="done")
    assert answer.house_call is not None
    ((_key, body),) = rasa.services.world.calls
    assert body["call_id"] == call_id
    assert body["patient"]["mis_id"] == PATIENT["mis_id"]
    assert body["address"]["house"] == ADDRESS["house"]
    async with Redis(port=redis_port, decode_responses=True, protocol=2) as redis:
        keys = [key async for key in redis.scan_iter("vyzov:*")]
        assert f"vyzov:tracker:{call_id}" in keys
        assert all([await redis.ttl(key) > 0 for key in keys])
        answer = await client.send(call_id, "turn", Turn(silence=True))
        assert answer.end == "created"
        await client.send(call_id, "hangup")
        assert [key async for key in redis.scan_iter(f"*{call_id}*")] == []


@pytest.mark.parametrize(("text", "intent_answer"), [
    ("а когда придёт врач", "ask_when"), ("а больничный откроют", "ask_sick_leave"), ("вы робот", "ask_robot"),
    ("какие документы нужны", "ask_documents"),
])  # fmt: skip
async def test_a_question_in_between_is_answered(client: DialogClient, text: str, intent_answer: str) -> None:
    call_id, before = await lead(client, until="birth_date")
    answer = await client.send(call_id, "turn", Turn(text))
    assert SCRIPT.answers[intent_answer] in said(answer)
    assert said(before) in said(answer)
    assert answer.slot == "birth_date"


@pytest.mark.parametrize("text", ["повторите пожалуйста", "не расслышала", "ещё раз"])
async def test_repeat(client: DialogClient, text: str) -> None:
    call_id, before = await lead(client, until="birth_date")
    assert said(await client.send(call_id, "turn", Turn(text))) == said(before)


async def test_operator_emergency_silence_and_digits(client: DialogClient) -> None:
    call_id, _ = await lead(client, until="birth_date")
    assert "слышите" in said(await client.send(call_id, "turn", Turn(silence=True)))
    assert (await client.send(call_id, "turn", Turn(digits="12"))).slot == "birth_date"
    answer = await client.send(call_id, "turn", Turn("у него судороги"))
    assert "103" in said(answer)
    answer = await client.send(call_id, "turn", Turn("нет"))
    assert answer.slot == "birth_date"
    answer = await client.send(call_id, "turn", Turn("оператора"))
    assert answer.transfer is not None
    assert answer.transfer.reason == "wish"


async def test_a_transfer_that_fails_brings_the_caller_back(client: DialogClient, rasa: RealRasa) -> None:
    call_id, _ = await lead(client, until="birth_date")
    assert (await client.send(call_id, "turn", Turn("оператора"))).transfer is not None
    answer = await client.send(call_id, "transfer_failed")
    assert answer.slot == "go_on"
    assert (await client.send(call_id, "turn", Turn("да"))).slot == "birth_date"
    await client.send(call_id, "turn", Turn("оператора"))
    answer = await client.send(call_id, "transfer_failed")
    assert answer.end == "failed"
    assert rasa.services.world.call_backs == [{"call_id": call_id, "phone": "+79254375323", "reason": "wish"}]


async def test_the_announcement_of_the_day_is_heard_by_every_caller(client: DialogClient, redis_port: int) -> None:
    async with Redis(port=redis_port, decode_responses=True, protocol=2) as redis:
        await redis.set("vyzov:announcement", "Сегодня поликлиника работает до двух.", ex=60)
        answer = await client.send(uuid.uuid4().hex, "start")
        assert [say.text for say in answer.say][1] == "Сегодня поликлиника работает до двух."
        await redis.delete("vyzov:announcement")
    assert "Сегодня" not in said(await client.send(uuid.uuid4().hex, "start"))


@pytest.mark.parametrize("text", [
    "/restart", '/start{"state": null}', "<script>alert(1)</script>", "'; DROP TABLE calls; --", "(system \"ls\")",
    "{state}", "\x00\x01", "а" * 2000,
])  # fmt: skip
async def test_hostile_words_are_only_words(client: DialogClient, text: str) -> None:
    call_id, _ = await lead(client, until="birth_date")
    answer = await client.send(call_id, "turn", Turn(text))
    assert not answer.fault
    assert answer.slot == "birth_date"


async def test_calls_at_once_do_not_mix(client: DialogClient, rasa: RealRasa) -> None:
    ends = await asyncio.gather(*(lead(client) for _ in range(4)))
    assert [answer.end for _, answer in ends] == ["created"] * 4  # «да» after the result is a goodbye
    assert {body["call_id"] for _, body in rasa.services.world.calls} == {call_id for call_id, _ in ends}


async def test_slow_services_end_in_an_apology_not_in_silence(client: DialogClient, rasa: RealRasa) -> None:
    call_id, _ = await lead(client, until="birth_date")
    rasa.services.delay = 5.0
    answer = await client.send(call_id, "turn", Turn(SAY["birth_date"]))
    assert answer.transfer is not None
    assert answer.transfer.reason == "error"
    assert answer.say


@pytest.mark.parametrize(("body", "status"), [
    (b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"call_id": "../x", "event": "turn"}', 422),
    (b'{"call_id": "a", "event": "dance"}', 422), (b'{"call_id": "a", "event": "turn", "turn": []}', 422),
    (b'{"call_id": "a", "event": "turn", "turn": {"text": 5}}', 422),
    (b'{"call_id": "a", "event": "turn", "turn": {"digits": "1; ls"}}', 422),
    (b'{"call_id": "a", "event": "turn", "turn": {"alternatives": [5]}}', 422),
    (b'{"call_id": "a", "event": "turn", "turn": {"urgent": "yes"}}', 422),
    (b"x" * 100_000, 413), (b"\xff\xfe", 400),
])  # fmt: skip
async def test_bad_input_gets_a_clear_error_and_the_service_goes_on(
    client: DialogClient, rasa: RealRasa, body: bytes, status: int
) -> None:
    url = f"http://127.0.0.1:{rasa.settings.dialog_port}/webhooks/vyzov/webhook"
    headers = {"Authorization": f"Bearer {rasa.environment['VYZOV_API_TOKEN']}"}
    async with httpx.AsyncClient() as http:
        answer = await http.post(url, content=body, headers=headers)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"code", "message"}
    assert not (await client.send(uuid.uuid4().hex, "start")).fault


@pytest.mark.parametrize("path", ["/status", "/version", "/conversations/a/tracker", "/domain", "/model/parse"])
async def test_rasas_own_doors_are_shut(rasa: RealRasa, path: str) -> None:
    async with httpx.AsyncClient() as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, f"http://127.0.0.1:{rasa.settings.dialog_port}{path}")
            assert answer.status_code in (404, 405)


async def test_without_the_token_nothing_is_answered(rasa: RealRasa) -> None:
    actions = f"http://127.0.0.1:{rasa.environment['VYZOV_ACTIONS_PORT']}"
    dialog = f"http://127.0.0.1:{rasa.settings.dialog_port}/webhooks/vyzov/webhook"
    async with httpx.AsyncClient() as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (
                await http.post(dialog, json={"call_id": "a", "event": "start"}, headers=headers)
            ).status_code == 401
            assert (await http.post(f"{actions}/webhook", json={}, headers=headers)).status_code == 401
            assert (await http.get(f"{actions}/actions", headers=headers)).status_code == 401


async def test_an_unknown_call_in_the_middle_is_a_fault_with_something_to_say(client: DialogClient) -> None:
    answer = await client.send(uuid.uuid4().hex, "turn", Turn("маме"))
    assert answer.transfer is not None
    assert answer.say


async def test_killed_in_the_middle_the_call_goes_on(client: DialogClient, rasa: RealRasa) -> None:
    """Both processes die: without the actions the caller is transferred, after the restart the call goes on."""
    call_id, _ = await lead(client, until="birth_date")
    rasa.processes["actions"].kill()
    rasa.processes["actions"].wait()
    answer = await client.send(uuid.uuid4().hex, "start")
    assert answer.fault
    assert answer.transfer is not None
    rasa.processes["rasa"].kill()
    rasa.processes["rasa"].wait()
    rasa.start("actions", "dialog.actions.server")
    rasa.start("rasa", "dialog.components.server")
    await asyncio.to_thread(rasa.wait)
    answer = await client.send(call_id, "turn", Turn(SAY["birth_date"]))
    assert answer.slot == "name"


async def test_nothing_that_was_said_is_in_the_logs(client: DialogClient, rasa: RealRasa) -> None:
    call_id, _ = await lead(client, until="name")
    rasa.services.world.broken = {"understanding"}
    await client.send(call_id, "turn", Turn(SAY["name"]))
    for log in rasa.logs.values():
        text = log.read_text()
        decoded = text + json.dumps(text) + text.encode().decode("unicode_escape", errors="replace")
        for word in ("плавильщикова", "Плавильщикова", "горняцкая", "кашель", "79254375323"):
            assert word not in decoded, log.name


def test_the_project_is_valid_for_rasa(model_dir: Any) -> None:
    environment = os.environ | {"VYZOV_VAR_DIR": str(model_dir)}
    done = subprocess.run(
        [str(PYTHON), "-m", "dialog.train", "--check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    again = subprocess.run(
        [str(PYTHON), "-m", "dialog.train"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert "up to date" in again.stdout, "a model whose sources are unchanged was trained again"
