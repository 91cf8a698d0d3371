"""Reads the event stream for ever and keeps the live picture, the history and the figures of all workers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core import events, metrics
from core.bus import read_events
from core.logs import get_logger
from dashboard.history import History
from dashboard.live import Live

log = get_logger(__name__)

BATCH = 200
"""Events that are written in one transaction at most."""

AT_ONCE = frozenset({"call.ended", "call.transferring", "recording.refused"})
"""What does not wait for company: an operator looks for it, or words must go."""


class Ingest:
    """One reader, one writer. `run` never returns; Redis or the database away is waited for."""

    def __init__(self, redis: Redis, history: History, live: Live) -> None:
        self._redis = redis
        self._history = history
        self._live = live
        self._waiting: list[events.Event] = []

    async def run(self) -> None:
        pause = 0.5
        last: int | None = None
        while True:
            try:
                if last is None:
                    last = await self._pick_up()
                await self._write()  # what a failed try left
                async for event in read_events(self._redis, last):
                    if event is not None:
                        last = event.id
                        self._take(event)
                    if event is None or event.type in AT_ONCE or len(self._waiting) >= BATCH:
                        await self._write()
                    pause = 0.5
            except (RedisError, OSError, TimeoutError, SQLAlchemyError) as error:
                log.warning("ingest_waits", error=type(error).__name__, seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10)

    async def _pick_up(self) -> int:
        """Where to go on reading; calls that were going on when we stopped are live again."""
        since = datetime.now(UTC) - timedelta(hours=1)
        for event in await asyncio.to_thread(self._history.going_on, since):
            self._live.feed(event)
        return await asyncio.to_thread(self._history.last_event_id)

    async def _write(self) -> None:
        if self._waiting:
            await asyncio.to_thread(self._history.write, self._waiting)
            self._waiting = []

    def _take(self, event: events.Event) -> None:
        self._live.feed(event)
        self._waiting.append(event)
        if isinstance(event, events.CallEnded):
            metrics.CALLS.labels(event.outcome).inc()
        elif isinstance(event, events.TurnRecognised):
            for part, seconds in event.latency.model_dump().items():
                if seconds is not None:
                    metrics.TURN_SECONDS.labels(part).observe(seconds)
