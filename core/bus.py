"""Events over a Redis Stream with a bound, so that a reader that restarts misses nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.events import EVENT, Event
from core.logs import get_logger
from core.metrics import EVENTS_DROPPED
from core.settings import Settings

log = get_logger(__name__)

STREAM = "vyzov:events"
STREAM_SECONDS = 7 * 24 * 3600
"""Every key has a time to live; each event renews the stream's."""

# Ids are microseconds since 1970, so they go on growing after Redis lost its memory, and fit a JSON number.
_ADD = """
local now = redis.call('TIME')
local id = now[1] * 1000000 + now[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if id <= last then id = last + 1 end
local id_text = string.format('%.0f', id)
redis.call('SET', KEYS[2], id_text, 'EX', ARGV[3])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], id_text .. '-0', 'event', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return id_text
"""


def connect(settings: Settings) -> Redis:
    """A client of our own Redis; every command has a time limit."""
    return Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        password=settings.redis_password.get_secret_value() or None,
        socket_timeout=5,
        socket_connect_timeout=2,
        decode_responses=True,
        protocol=2,
    )


class EventPublisher:
    """Publishes events in order from a bounded queue; a call never waits for Redis.

    `publish` returns at once. Events that find the queue full, or Redis away for three tries, are counted
    and dropped: a call goes on without its audience.
    """

    def __init__(self, redis: Redis, kept: int, *, queue_size: int = 2000) -> None:
        self._redis = redis
        self._kept = kept
        self._queue: asyncio.Queue[Event] = asyncio.Queue(queue_size)
        self._add = redis.register_script(_ADD)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="event-publisher")

    def publish(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            EVENTS_DROPPED.inc()

    async def stop(self, seconds: float = 2.0) -> None:
        """Send what is queued, for at most `seconds`, then stop."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), seconds)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._send(event)
            finally:
                self._queue.task_done()

    async def _send(self, event: Event) -> None:
        body = event.model_dump_json(exclude={"id"})
        for pause in (0.1, 0.5, None):
            try:
                await self._add(keys=[STREAM, STREAM + ":last"], args=[body, self._kept, STREAM_SECONDS])
                return
            except (RedisError, OSError, TimeoutError) as error:
                if pause is None:
                    EVENTS_DROPPED.inc()
                    log.warning("event_dropped", error=type(error).__name__)
                    return
                await asyncio.sleep(pause)


async def newest_id(redis: Redis) -> int:
    """The id of the newest event, 0 when there is none: where a listener begins who wants only what comes."""
    newest: Any = await redis.xrevrange(STREAM, count=1)
    return int(newest[0][0].split("-")[0]) if newest else 0


async def read_events(redis: Redis, after: int) -> AsyncIterator[Event | None]:
    """Events after the id `after`, for ever; None about every second without one.

    Raises redis.exceptions.RedisError when Redis is away: the reader decides how to go on.
    """
    last = f"{after}-0"
    while True:
        # redis-py's own type of this answer is a union of every protocol; ours asks for RESP2 and strings
        answer: Any = await redis.xread({STREAM: last}, count=200, block=1000)
        if not answer:
            yield None
            continue
        for _stream, entries in answer:
            for entry_id, fields in entries:
                last = entry_id
                try:
                    event = EVENT.validate_json(fields["event"])
                except ValidationError:  # a newer worker's: the rest goes on
                    log.error("event_of_unknown_form")
                    continue
                event.id = int(entry_id.split("-")[0])
                yield event
