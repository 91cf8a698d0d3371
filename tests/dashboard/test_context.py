"""Promise: an operator who gets a call finds under its opaque id what is known of it, from the first ring on.

A failure means that the resident has to tell everything again. The real service with a real Redis.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import httpx

from core import bus, events
from core.settings import Settings
from dashboard.history import History, database_url, open_engine
from tests.dashboard.conftest import RIGHT, Running, known
from tests.dashboard.stories import LONG_AGO, until_ringing


async def test_everything_known_is_found_while_it_rings(running: Running, publisher: bus.EventPublisher) -> None:
    call_id, context = uuid.uuid4().hex, uuid.uuid4().hex
    for one in until_ringing(call_id, context):
        publisher.publish(one)
    found = await known(running, context)
    assert (found["call_id"], found["caller"], found["outcome"]) == (call_id, "+79161234567", None)
    assert {key: found["transfer"][key] for key in ("to", "reason", "reason_label", "result")} == {
        "to": "operator", "reason": "wish", "reason_label": "просит оператора", "result": None,
    }  # fmt: skip
    assert [(one["label"], one["spoken"], one["probability"]) for one in found["slots"]] == [
        ("есть ли взрослый", "да", 0.9), ("ФИО", "Зайцев, Никита", 0.8),
    ]  # fmt: skip
    assert [(one["words"], one["slot"]) for one in found["red_flags"]] == [("не дышит", "birth_date")]
    assert [(one["who"], one["text"]) for one in found["transcript"]] == [
        ("vyzov", "Назовите дату рождения пациента."),
        ("caller", "он не дышит"),
        ("alarm", "Признак опасности: не дышит"),
        ("note", "Вызов 122-7"),
        ("note", "Перевод на оператора: просит оператора…"),
    ]
    assert found["house_calls"] == [{"house_call_id": "h", "number": "122-7", "state": "received"}]


async def test_it_grows_with_the_call_and_stays_with_its_history(
    running: Running, publisher: bus.EventPublisher
) -> None:
    call_id, first, second = (uuid.uuid4().hex for _ in range(3))
    for one in until_ringing(call_id, first, line=1):
        publisher.publish(one)
    await known(running, first)
    publisher.publish(
        events.CallTransferred(
            call_id=call_id, line=1, to="operator", reason="wish", result="failed", way="leg", status=486
        )
    )
    publisher.publish(events.TurnRecognised(call_id=call_id, line=1, text="попробуйте ещё раз"))
    publisher.publish(
        events.CallTransferring(call_id=call_id, line=1, to="operator", reason="no_match", context=second)
    )
    publisher.publish(
        events.CallTransferred(call_id=call_id, line=1, to="operator", reason="no_match", result="answered")
    )
    publisher.publish(events.CallEnded(call_id=call_id, line=1, outcome="transferred", seconds=40))
    now = await known(running, second, like={"outcome": "transferred"})
    old = await known(running, first, like={"outcome": "transferred"})
    assert (old["transfer"]["result"], old["transfer"]["way"], old["transfer"]["status"]) == ("failed", "leg", 486)
    assert (now["transfer"]["result"], now["transfer"]["reason"]) == ("answered", "no_match")
    texts = [one["text"] for one in now["transcript"]]
    assert "Перевод на оператора: не удалось (вторая линия, 486)" in texts
    assert "попробуйте ещё раз" in texts
    running.stop()  # what was only in memory is gone
    running.start()
    assert await known(running, second) == now
    assert await known(running, first) == old


async def test_an_unknown_one_is_a_clear_error_that_repeats_nothing(running: Running) -> None:
    async with httpx.AsyncClient(headers=RIGHT) as http:
        for context in ("nobody", "'; DROP TABLE contexts --", "%00"):
            answer = await http.get(running.url(f"/api/v1/contexts/{context}"))
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), context
            assert context not in answer.text
        assert (await http.get(running.url("/api/v1/contexts/" + "x" * 65))).status_code == 422
        assert (await http.get(running.url("/health"))).status_code == 200


async def test_nothing_is_left_of_a_refused_call_in_history_stream_or_interface(
    running: Running, publisher: bus.EventPublisher, redis_port: int
) -> None:
    call_id, context = uuid.uuid4().hex, uuid.uuid4().hex
    start, *rest = until_ringing(call_id, context, line=2)
    for one in (start, rest[0], events.RecordingRefused(call_id=call_id, line=2), *rest):
        publisher.publish(one)
    ringing = await known(running, context)
    assert "он не дышит" in [one["text"] for one in ringing["transcript"]], "the operator is told while it rings"
    publisher.publish(events.CallEnded(call_id=call_id, line=2, outcome="transferred", seconds=40))
    after = await known(running, context, like={"outcome": "transferred"})
    assert "Зайцев" not in json.dumps(after, ensure_ascii=False)
    assert "не дышит" not in json.dumps(after, ensure_ascii=False)

    history = History(open_engine(database_url(Settings(var_dir=running.folder))))
    for _ in range(200):
        if any(call.call_id == call_id and call.outcome for call in history.calls(LONG_AGO)):
            break
        await asyncio.sleep(0.1)
    bodies = json.dumps([entry.body for entry in history.entries(call_id)], ensure_ascii=False)
    assert "transferred" in bodies
    assert "122-7" in bodies
    for word in ("Зайцев", "не дышит", "Назовите"):
        assert word not in bodies, word

    redis = bus.connect(Settings(redis_port=redis_port))
    for _ in range(200):
        kept: Any = await redis.xrange(bus.STREAM)
        stream = [fields["event"] for _, fields in kept if call_id in fields["event"]]
        if not any("Зайцев" in one for one in stream):
            break
        await asyncio.sleep(0.1)
    await redis.aclose()
    assert {json.loads(one)["type"] for one in stream} == {
        "call.started", "recording.refused", "house_call.created", "call.transferring", "call.ended",
    }  # fmt: skip
