"""Promise: the events keep their published form, and whoever reads them again misses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from redis.asyncio import Redis

from core import events
from core.bus import STREAM, EventPublisher, connect, read_events
from core.settings import Settings

PUBLISHED = [
    {"type": "call.started", "caller": "+79161234567", "called": "122"},
    {"type": "prompt.started", "text": "Назовите дату рождения.", "expects": "date", "slot": "birth_date",
     "barge_in": True},
    {"type": "prompt.finished", "interrupted": False},
    {"type": "speech.started"},
    {"type": "turn.recognised", "text": "да", "alternatives": [{"text": "да", "score": -0.3}],
     "latency": {"end_of_turn": 0.41, "recognition": 0.22, "dialog": 0.05, "synthesis": 0.03, "voice_to_voice": 0.78}},
    {"type": "slot.filled", "slot": "birth_date", "value": "1985-03-12", "probability": 0.97},
    {"type": "dtmf", "digit": "5"},
    {"type": "house_call.created", "house_call_id": "x", "number": "122-000042", "state": "delivered"},
    {"type": "call.transferred", "to": "operator", "reason": "wish", "result": "answered"},
    {"type": "call.ended", "outcome": "created", "seconds": 96.2},
]  # fmt: skip


@pytest.mark.parametrize("body", PUBLISHED, ids=lambda body: str(body["type"]))
def test_an_event_keeps_its_published_form(body: dict[str, object]) -> None:
    event = events.EVENT.validate_python({**body, "call_id": "c", "line": 0})
    sent = json.loads(event.model_dump_json())
    assert {name: sent[name] for name in body} == body
    assert {"id", "at", "call_id", "line"} <= sent.keys()
    jsonschema.validate(sent, events.json_schema())


def test_the_schema_in_the_docs_is_the_codes() -> None:
    published = json.loads((Path(__file__).parents[2] / "docs" / "events.schema.json").read_text())
    assert published == events.json_schema(), "run: python -m core.events > docs/events.schema.json"


@pytest.fixture
async def redis(redis_port: int):  # type: ignore[no-untyped-def]
    client = connect(Settings(redis_port=redis_port))
    await client.flushall()
    yield client
    await client.aclose()


async def _read(redis: Redis, after: int) -> list[events.Event]:
    found: list[events.Event] = []
    async for event in read_events(redis, after):
        if event is None:
            return found
        found.append(event)
    raise AssertionError("the stream ended")


async def test_a_reader_that_comes_back_gets_what_it_missed(redis: Redis) -> None:
    publisher = EventPublisher(redis, kept=1000)
    publisher.start()
    for line in range(5):
        publisher.publish(events.CallStarted(call_id="c", line=line, caller="", called="122"))
    await publisher.stop()
    everything = await _read(redis, 0)
    assert [event.line for event in everything] == [0, 1, 2, 3, 4]
    assert [event.id for event in everything] == sorted({event.id for event in everything})
    assert [event.line for event in await _read(redis, everything[2].id)] == [3, 4]


async def test_the_stream_has_a_bound_and_every_key_a_time_to_live(redis: Redis) -> None:
    publisher = EventPublisher(redis, kept=100, queue_size=5000)
    publisher.start()
    for _ in range(1000):
        publisher.publish(events.SpeechStarted(call_id="c", line=0))
    await publisher.stop(seconds=20)
    assert 100 <= await redis.xlen(STREAM) < 400  # Redis trims whole nodes of its stream
    assert all([await redis.ttl(key) > 0 for key in await redis.keys("*")])


async def test_a_call_does_not_wait_for_a_redis_that_is_away() -> None:
    away = connect(Settings(redis_port=1))
    publisher = EventPublisher(away, kept=100, queue_size=3)
    publisher.start()
    for _ in range(10):
        publisher.publish(events.SpeechStarted(call_id="c", line=0))
    await publisher.stop(seconds=0.2)
    await away.aclose()
