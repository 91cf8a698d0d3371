"""Promise: the doors are closed without token or password; a listener can resume; bad input is survived.

The real process with a real Redis; the connector is away, as it may be.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from core import bus, events
from core.settings import Settings
from tests.conftest import free_port, wait_for_port


@dataclass(frozen=True)
class Running:
    port: int
    log: Path

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


RIGHT = {"Authorization": "Bearer secret-token"}


@pytest.fixture(scope="module")
def running(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("dashboard")
    running = Running(free_port(), folder / "log")
    environment = os.environ | {
        "VYZOV_VAR_DIR": str(folder),
        "VYZOV_REDIS_PORT": str(redis_port),
        "VYZOV_DASHBOARD_PORT": str(running.port),
        "VYZOV_CONNECTOR_PORT": str(free_port()),
        "VYZOV_API_TOKEN": "secret-token",
        "VYZOV_DASHBOARD_PASSWORD": "secret-password",
    }
    with running.log.open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "dashboard.service"], env=environment, stderr=log)
        wait_for_port(running.port, 30)
        yield running
        process.terminate()
        assert process.wait(20) is not None


@pytest.fixture
async def publisher(redis_port: int) -> AsyncIterator[bus.EventPublisher]:
    redis = bus.connect(Settings(redis_port=redis_port))
    publisher = bus.EventPublisher(redis, kept=1000)
    publisher.start()
    yield publisher
    await publisher.stop()
    await redis.aclose()


async def receive(socket: ClientConnection) -> dict[str, object]:
    message: dict[str, object] = json.loads(await asyncio.wait_for(socket.recv(), 15))
    return message


async def test_a_listener_gets_events_and_resumes_where_it_left(
    running: Running, publisher: bus.EventPublisher
) -> None:
    url = running.url("/api/v1/events", "ws")
    async with connect(url, additional_headers=RIGHT) as socket:
        publisher.publish(events.CallStarted(call_id="a", line=0, caller="+79161234567", called="122"))
        publisher.publish(events.PromptStarted(call_id="a", line=0, text="Кому нужен врач?", slot="who"))
        first, second = await receive(socket), await receive(socket)
    assert [first["type"], second["type"]] == ["call.started", "prompt.started"]
    publisher.publish(events.CallEnded(call_id="a", line=0, outcome="abandoned", seconds=1))
    async with connect(f"{url}?after={first['id']}", additional_headers=RIGHT) as socket:
        assert (await receive(socket))["id"] == second["id"]
        assert (await receive(socket))["type"] == "call.ended"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret-token"}])
async def test_events_are_closed_without_the_token(running: Running, headers: dict[str, str]) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with connect(running.url("/api/v1/events", "ws"), additional_headers=headers) as socket:
            await socket.recv()


async def test_bad_input_leaves_the_service_standing(running: Running) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with connect(running.url("/api/v1/events?after=now", "ws"), additional_headers=RIGHT) as socket:
            await socket.recv()
    async with connect(running.url("/api/v1/events", "ws"), additional_headers=RIGHT) as socket:
        await socket.send("{not json")
        await socket.send(b"\x00" * 1000)
    async with httpx.AsyncClient(headers=RIGHT) as http:
        assert (await http.get(running.url("/api/v1/house-calls?limit=all"))).status_code == 422
        assert (await http.get(running.url("/api/v1/house-calls/' OR 1=1"))).status_code == 422
        assert (await http.get(running.url("/health"))).status_code == 200


async def test_a_connector_that_is_away_is_a_clear_error(running: Running) -> None:
    async with httpx.AsyncClient(headers=RIGHT) as http:
        answer = await http.get(running.url("/api/v1/house-calls"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_pages_and_house_calls_are_closed(running: Running) -> None:
    async with httpx.AsyncClient() as http:
        assert (await http.get(running.url("/api/v1/house-calls"))).status_code == 401
        for page in ("/", "/calls", "/calls/a"):
            answer = await http.get(running.url(page))
            assert (answer.status_code, answer.headers.get("location")) == (307, "/login"), page


async def test_nothing_that_was_said_stands_in_the_log(running: Running, publisher: bus.EventPublisher) -> None:
    publisher.publish(events.TurnRecognised(call_id="a", line=0, text="улица Прохладная"))
    async with connect(running.url("/api/v1/events?after=0", "ws"), additional_headers=RIGHT) as socket:
        await receive(socket)
    log = running.log.read_text()
    assert "Прохладная" not in log
    assert "+7916" not in log
