"""Promise: the doors are closed without token or password; a listener can resume; bad input is survived."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from core import bus, events
from tests.dashboard.conftest import RIGHT, Running


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
        for path in ("house-calls", "contexts/c", "callbacks?state=open", "announcement"):
            assert (await http.get(running.url(f"/api/v1/{path}"))).status_code == 401, path
        assert (await http.post(running.url("/api/v1/callbacks/c/done"))).status_code == 401
        assert (await http.put(running.url("/api/v1/announcement"), json={"text": ""})).status_code == 401
        for page in ("/", "/calls", "/calls/a", "/context/c", "/callbacks", "/announcement"):
            answer = await http.get(running.url(page))
            assert (answer.status_code, answer.headers.get("location")) == (307, "/login"), page


async def test_nothing_that_was_said_stands_in_the_log(running: Running, publisher: bus.EventPublisher) -> None:
    async with connect(running.url("/api/v1/events", "ws"), additional_headers=RIGHT) as socket:
        publisher.publish(events.TurnRecognised(call_id="a", line=0, text="улица Прохладная"))
        await receive(socket)
    log = running.log.read_text()
    assert "Прохладная" not in log
    assert "+7916" not in log
