"""Rasa's tracker and locks in Redis: a time to live on every key, a time limit on every command."""

from __future__ import annotations

from typing import Any

import redis
from rasa.core.lock import TicketLock
from rasa.core.lock_store import RedisLockStore
from rasa.core.tracker_store import RedisTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

LOCK_SECONDS = 60
"""Rasa leaves a lock behind for good when it is killed within a turn."""
REDIS_SECONDS = 2
TRACKER_SECONDS = 7200
"""Longer than any call; the channel deletes the tracker at hang-up."""


class CallTrackerStore(RedisTrackerStore):
    """Writes the tracker as it is.

    Rasa's own store reads the stored tracker again before each write and compares all events of both, in case somebody
    else wrote meanwhile: half of a message's processor time. Here nobody does: the lock is held for the whole turn.
    """

    def __init__(self, domain: Domain, host: str, port: Any, password: str | None = None, **kwargs: Any) -> None:
        super().__init__(domain, host=host, port=port, password=password, record_exp=TRACKER_SECONDS, **kwargs)
        self.red = _connect(host, port, password, decode_responses=True)

    async def save(self, tracker: DialogueStateTracker, timeout: float | None = None) -> None:
        serialised = self.serialise_tracker(tracker)
        self.red.set(self.key_prefix + tracker.sender_id, serialised, ex=int(timeout or TRACKER_SECONDS))


class ExpiringLockStore(RedisLockStore):
    def __init__(self, endpoint_config: EndpointConfig) -> None:
        super().__init__(host=endpoint_config.url, **endpoint_config.kwargs)
        kwargs = endpoint_config.kwargs
        self.red = _connect(endpoint_config.url, kwargs["port"], kwargs.get("password"), decode_responses=False)

    def save_lock(self, lock: TicketLock) -> None:
        self.red.set(self.key_prefix + lock.conversation_id, lock.dumps(), ex=LOCK_SECONDS)


def _connect(host: str, port: Any, password: str | None, *, decode_responses: bool) -> redis.StrictRedis:
    return redis.StrictRedis(
        host=host, port=int(port), password=password or None, decode_responses=decode_responses,
        socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS,
    )  # fmt: skip
