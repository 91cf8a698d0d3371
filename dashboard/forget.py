"""Takes out of the event stream what was said in ended calls that must not be recorded.

The stream is memory of Redis and would forget by itself after a week; the history never had the words.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.bus import STREAM, STREAM_SECONDS
from core.logs import get_logger
from dashboard.history import History

log = get_logger(__name__)

PAUSE_SECONDS = 5.0
"""Between two looks; and how long other readers of the stream have after the end of a call."""

AGAIN = timedelta(hours=1)
"""Calls that ended so long ago at most are looked at again: Redis or we may have been away. It costs nothing twice."""


class Forgetting:
    """`run` never returns; Redis or the database away is waited for."""

    def __init__(self, redis: Redis, history: History) -> None:
        self._redis = redis
        self._history = history

    async def run(self) -> None:
        back = timedelta(seconds=STREAM_SECONDS)  # at the start all that the stream may hold
        while True:
            try:
                await self._forget(datetime.now(UTC), back)
                back = AGAIN
            except (RedisError, OSError, TimeoutError, SQLAlchemyError) as error:
                log.warning("forgetting_waits", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _forget(self, now: datetime, back: timedelta) -> None:
        before = now - timedelta(seconds=PAUSE_SECONDS)
        ids = await asyncio.to_thread(self._history.refused, now - back, before)
        for first in range(0, len(ids), 500):
            await self._redis.xdel(STREAM, *(f"{one}-0" for one in ids[first : first + 500]))
