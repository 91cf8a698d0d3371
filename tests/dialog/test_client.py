"""Promise: whatever becomes of Rasa, telephony gets something to say within the turn's time.

A failure means dead air, a lost cry for help, or an exception in the middle of a call.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from core.settings import Settings
from dialog.client import Alternative, Answer, DialogClient, Say, Transfer, Turn
from tests.conftest import free_port

GOOD: dict[str, Any] = {
    "say": [{"text": "Назовите дату рождения пациента.", "barge_in": True}],
    "expects": "date", "slot": "birth_date", "candidates": ["да"], "hints": ["Подольск"],
    "filled": [{"slot": "age", "value": {"years": 3, "months": None}, "probability": 0.97}],
    "house_call": {"house_call_id": "h", "number": "122-000042", "state": "delivered"},
    "transfer": None, "end": None,
}  # fmt: skip
EMPTY = GOOD | {"say": [], "house_call": None}


class FakeRasa:
    """Answers with what `plan` says, in order, the last one for ever: a body, a status, or seconds to wait."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.plan: list[Any] = [GOOD]
        self.bodies: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        app = FastAPI()

        self.health = 200

        @app.get("/webhooks/vyzov/health")
        async def health() -> Response:
            return Response(status_code=self.health)

        @app.post("/webhooks/vyzov/webhook")
        async def webhook(request: Request) -> Response:
            self.bodies.append(await request.json())
            self.tokens.append(request.headers.get("authorization", ""))
            step = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
            if isinstance(step, float):
                await asyncio.sleep(step)
                step = GOOD
            if isinstance(step, int):
                return Response(status_code=step)
            if isinstance(step, bytes):
                return Response(step, media_type="application/json")
            return Response(json.dumps(step), media_type="application/json")

        self.server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))


def neighbours() -> tuple[socket.socket, socket.socket]:
    """Two listening sockets on neighbouring ports."""
    for _ in range(50):
        first, second = socket.socket(), socket.socket()
        first.bind(("127.0.0.1", 0))
        try:
            second.bind(("127.0.0.1", first.getsockname()[1] + 1))
        except OSError:
            first.close()
            second.close()
        else:
            return first, second
    raise AssertionError("no two neighbouring ports are free")


@pytest.fixture
async def fakes() -> AsyncIterator[list[FakeRasa]]:
    """Two processes on neighbouring ports."""
    sockets = neighbours()
    found = [FakeRasa(one.getsockname()[1]) for one in sockets]
    tasks = [asyncio.create_task(fake.server.serve(sockets=[one])) for fake, one in zip(found, sockets, strict=True)]
    while not all(fake.server.started for fake in found):  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield found
    for fake in found:
        fake.server.should_exit = True
    await asyncio.gather(*tasks)


@pytest.fixture
async def client(fakes: list[FakeRasa]) -> AsyncIterator[DialogClient]:
    made = DialogClient(settings(fakes[0].port))
    yield made
    await made.aclose()


def settings(port: int, processes: int = 1, seconds: float = 2.0) -> Settings:
    return Settings.model_validate(
        {"api_token": "t0ken", "dialog_port": port, "dialog_processes": processes, "turn_seconds": seconds}
    )


async def test_an_answer_arrives_whole(client: DialogClient, fakes: list[FakeRasa]) -> None:
    answer = await client.send(
        "c1", "turn", Turn("да", (Alternative("да", -0.1),), "t1"), caller="+79161234567", called="122"
    )
    assert answer.say[0].text == GOOD["say"][0]["text"]
    assert (answer.expects, answer.slot, answer.candidates, answer.hints) == (
        "date", "birth_date", ("да",), ("Подольск",),
    )  # fmt: skip
    assert answer.filled[0].value == {"years": 3, "months": None}
    assert answer.house_call is not None
    assert answer.house_call.number == "122-000042"
    assert not answer.fault
    assert fakes[0].tokens == ["Bearer t0ken"]
    assert fakes[0].bodies[0] == {
        "call_id": "c1", "sequence": 1, "event": "turn", "caller": "+79161234567", "called": "122",
        "turn": {"text": "да", "alternatives": [{"text": "да", "score": -0.1}], "turn_id": "t1", "digits": None,
                 "silence": False, "urgent": None},
        "failed": None,
    }  # fmt: skip


@pytest.mark.parametrize("step", [[], EMPTY, 500, 503, 401, b"{", b"null", {"say": 5}, GOOD | {"say": [{}]}])
async def test_a_fault_is_tried_once_more(client: DialogClient, fakes: list[FakeRasa], step: Any) -> None:
    fakes[0].plan = [step, GOOD]
    answer = await client.send("c1", "turn", Turn("да"))
    assert not answer.fault
    assert len(fakes[0].bodies) == 2


@pytest.mark.parametrize("step", [[], EMPTY, 500, b"{", 3.0])
async def test_faults_that_stay_are_an_apology_and_a_transfer(
    client: DialogClient, fakes: list[FakeRasa], step: Any
) -> None:
    fakes[0].plan = [step]
    answer = await asyncio.wait_for(client.send("c1", "turn", Turn("маме")), 5)
    assert answer.fault
    assert "неполадка" in answer.say[0].text
    assert answer.say[0].barge_in is False
    assert answer.transfer is not None
    assert (answer.transfer.to, answer.transfer.reason) == ("operator", "error")


@pytest.mark.parametrize(("text", "to", "reason"), [
    ("он задыхается", "emergency", "red_flag"), ("соедините меня с оператором", "operator", "wish"),
])  # fmt: skip
async def test_help_is_given_also_when_rasa_is_away(text: str, to: str, reason: str) -> None:
    client = DialogClient(settings(free_port()))
    answer = await client.send("c1", "turn", Turn("мычание", (Alternative(text, -0.3),)))
    await client.aclose()
    assert answer.transfer is not None
    assert (answer.transfer.to, answer.transfer.reason) == (to, reason)
    assert to != "emergency" or ("103" in answer.say[0].text and "112" in answer.say[0].text)


async def test_a_cry_for_help_does_not_wait_for_a_slow_rasa(fakes: list[FakeRasa]) -> None:
    fakes[0].plan = [30.0]
    client = DialogClient(settings(fakes[0].port, seconds=60.0))
    answer = await asyncio.wait_for(client.send("c1", "turn", Turn("он задыхается")), 20)
    await client.aclose()
    assert answer.transfer is not None
    assert answer.transfer.to == "emergency"


async def test_rasa_is_told_what_is_urgent(client: DialogClient, fakes: list[FakeRasa]) -> None:
    await client.send("c1", "turn", Turn("потеряла сознание"))
    assert fakes[0].bodies[0]["turn"]["urgent"] == {"kind": "emergency", "words": "потеряла сознание"}


async def test_calls_are_spread_and_a_dead_process_is_stood_in_for(fakes: list[FakeRasa]) -> None:
    client = DialogClient(settings(fakes[0].port, processes=2))
    for index in range(20):
        await client.send(f"call{index}", "turn", Turn("да"))
    assert min(len(fake.bodies) for fake in fakes) >= 4
    fakes[1].plan = [500]
    answers = [await client.send(f"call{index}", "turn", Turn("да")) for index in range(20)]
    await client.aclose()
    assert not any(answer.fault for answer in answers)


async def test_a_hang_up_never_speaks_and_is_not_repeated(client: DialogClient, fakes: list[FakeRasa]) -> None:
    fakes[0].plan = [500]
    answer = await client.send("c1", "hangup")
    assert answer == Answer()
    assert len(fakes[0].bodies) == 1


async def test_the_newer_parts_of_an_answer_arrive_whole(client: DialogClient, fakes: list[FakeRasa]) -> None:
    fakes[0].plan = [GOOD | {
        "say": [{"text": "Номер пять.", "barge_in": False, "slow": True}], "house_call": None,
        "transfer": {"to": "emergency", "reason": "red_flag", "area": "Руза"},
        "red_flag": {"words": "не дышит"}, "recording_refused": True,
    }]  # fmt: skip
    answer = await client.send("c1", "turn", Turn("да"))
    assert answer.say == (Say("Номер пять.", barge_in=False, slow=True),)
    assert answer.transfer == Transfer("emergency", "red_flag", "Руза")
    assert answer.red_flag == "не дышит"
    assert answer.recording_refused


async def test_a_second_try_is_known_as_such(client: DialogClient, fakes: list[FakeRasa]) -> None:
    fakes[0].plan = [GOOD, 500, GOOD]
    await client.send("c1", "start")
    await client.send("c1", "turn", Turn(silence=True))
    await client.send("c1", "turn", Turn("да"))
    await client.send("c1", "hangup")
    await client.send("c1", "start")
    assert [body["sequence"] for body in fakes[0].bodies] == [1, 2, 2, 3, 4, 1]


async def test_the_dialog_is_asked_after_a_failed_transfer(client: DialogClient, fakes: list[FakeRasa]) -> None:
    answer = await client.send("c1", "transfer_failed", failed=Transfer("operator", "wish"))
    assert answer.expects == "date"
    assert fakes[0].bodies[0]["event"] == "transfer_failed"
    assert fakes[0].bodies[0]["failed"] == {"to": "operator", "reason": "wish", "area": None}


@pytest.mark.parametrize(("failed", "words"), [
    (Transfer("operator", "wish"), "перезвоните"), (Transfer("emergency", "red_flag"), "103"),
])  # fmt: skip
async def test_the_client_has_the_last_word_when_the_dialog_is_away(failed: Transfer, words: str) -> None:
    client = DialogClient(settings(free_port()))
    answer = await client.send("c1", "transfer_failed", failed=failed)
    await client.aclose()
    assert words in answer.say[0].text
    assert not answer.say[0].barge_in
    assert (answer.transfer, answer.end, answer.fault) == (None, "failed", True)


async def test_who_was_not_put_through_to_103_does_not_wait(fakes: list[FakeRasa]) -> None:
    fakes[0].plan = [30.0]
    client = DialogClient(settings(fakes[0].port, seconds=60.0))
    failed = Transfer("emergency", "red_flag")
    answer = await asyncio.wait_for(client.send("c1", "transfer_failed", failed=failed), 20)
    await client.aclose()
    assert answer.end == "failed"


async def test_readiness_is_the_dialogs_own_word(client: DialogClient, fakes: list[FakeRasa]) -> None:
    assert await client.ready()
    fakes[0].health = 503
    assert not await client.ready()
    assert not fakes[0].bodies, "a probe is no call"


async def test_texts_for_synthesis_ahead(client: DialogClient) -> None:
    prompts = client.fixed_prompts()
    assert len(prompts) == len(set(prompts)) > 60
    assert any("робот" in prompt for prompt in prompts)
