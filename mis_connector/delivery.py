"""The delivery of house calls to the MIS: once and always.

A request whose creation was not answered is `unknown`: it is sent again only after the MIS was asked and does not
have it, and had `settle_seconds` to finish what it may still have been busy with. Where it cannot be asked, a
registrar decides. Several processes may work on one database: each takes what it delivers under a lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.logs import get_logger
from core.words import HouseCallState
from mis_connector.drivers.base import MisDriver, MisRejected, MisUnavailable, OutcomeUnknown, Search
from mis_connector.model import HouseCall
from mis_connector.policies import Backoff, Breaker
from mis_connector.region import Region
from mis_connector.states import SETTLED, ForbiddenChange
from mis_connector.store import Job, Store

log = get_logger(__name__)

POLL_SECONDS = 1.0
"""How late a retry or another process's leftover may be noticed."""
FIRST_SETTLE_SECONDS = 0.3
"""An answer that got lost is asked for while the caller is still on the line."""
SENDS = 3
"""Never answered and never there, while the MIS answers others: something in the request breaks it."""
NUMBER_TRIES = 5
"""«Не возможно сгенерировать номер вызова»: a numerator that is busy now and then; then it is misconfigured."""


@dataclass(frozen=True)
class Limits:
    """Times in seconds."""

    parallel: int = 4
    attempt: float = 12.0
    """One job, login and dictionaries included."""
    lease: float = 20.0
    """Longer than an attempt: nobody takes a job from a worker that is alive."""
    settle: float = 60.0
    give_up: float = 24 * 3600.0


class Delivery:
    """One worker of the queue, inside the service. `start`, then `notify` whenever there is something new."""

    def __init__(
        self, store: Store, driver: MisDriver, region: Region, breaker: Breaker, limits: Limits,
        backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._driver = driver
        self._region = region
        self._breaker = breaker
        self._limits = limits
        self._backoff = backoff or Backoff()
        self._wake = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.Task[None] | None = None
        self.working = False
        """The queue could be read at the last try."""

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="delivery")

    async def stop(self, seconds: float = 4.0) -> None:
        """Let jobs under way finish for at most `seconds`; what is cut off is settled after the next start."""
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        if self._jobs:
            _, late = await asyncio.wait(self._jobs, timeout=seconds)
            for job in late:
                job.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def notify(self) -> None:
        """There is something new in the queue."""
        self._wake.set()

    async def wait(
        self, house_call_id: str, seconds: float, done: Callable[[HouseCall], bool] | None = None
    ) -> HouseCall:
        """The house call once a caller need not wait any longer (or `done`), or as it is after `seconds`."""
        enough = done or (lambda call: call.state in SETTLED)
        until = time.monotonic() + seconds
        changed = asyncio.Event()
        self._waiting.setdefault(house_call_id, set()).add(changed)
        try:
            while True:
                call = await asyncio.to_thread(self._store.get, house_call_id)
                left = until - time.monotonic()
                if enough(call) or left <= 0:
                    return call
                # another process may be the one who delivers it: look now and then
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, 0.25))
                changed.clear()
        finally:
            waiting = self._waiting[house_call_id]
            waiting.discard(changed)
            if not waiting:
                del self._waiting[house_call_id]

    async def _run(self) -> None:
        failures = 0
        while True:
            self._wake.clear()
            taken = 0
            try:
                taken = await self._take_jobs()
                failures, self.working = 0, True
            except Exception as error:  # a database that is away must not end the delivery
                failures, self.working = failures + 1, False
                log.error("queue_unreadable", error=type(error).__name__)
                await asyncio.sleep(self._backoff.seconds(failures))
            if not taken:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)

    async def _take_jobs(self) -> int:
        if self._breaker.is_open(time.monotonic()):
            return 0
        # a MIS that comes back gets one request first
        free = (1 if self._breaker.probing else self._limits.parallel) - len(self._jobs)
        if free <= 0:
            return 0
        lease = dt.timedelta(seconds=self._limits.lease)
        jobs = await asyncio.to_thread(self._store.claim, free, lease)
        for job in jobs:
            task = asyncio.create_task(self._do(job), name="delivery-job")
            self._jobs.add(task)
            task.add_done_callback(self._finished)
        return len(jobs)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        self._wake.set()

    async def _do(self, job: Job) -> None:
        house_call_id = job.call.house_call_id
        try:
            match job.work:
                case "send":
                    await self._send(job.call, job.attempts)
                case "settle":
                    await self._settle(job)
                case "cancel":
                    await self._cancel(job)
        except ForbiddenChange:
            log.warning("house_call_changed_meanwhile", house_call_id=house_call_id)
        except Exception as error:  # the lease ends by itself, then it is settled
            log.error("delivery_failed", house_call_id=house_call_id, work=job.work, error=type(error).__name__)
        for waiting in self._waiting.get(house_call_id, ()):
            waiting.set()

    async def _send(self, call: HouseCall, attempts: int) -> None:
        now = dt.datetime.now(dt.UTC)
        if self._is_late(call, now):
            await self._finish(call, "needs_registrar", reason="late")
            return
        local = self._region.local(now)
        clinic = self._region.clinic(call.address, call.patient.birth_date, local.date())
        day = max(call.visit_date, local.date())
        try:
            async with asyncio.timeout(self._limits.attempt):
                mis_id = await self._driver.create(call, self._region.visit_time(clinic, day, local))
        except MisRejected as error:
            if error.code == "clinic_closed":
                opens = self._region.next_opening(clinic, local + dt.timedelta(minutes=1))
                pause = max(60.0, (opens - local).total_seconds())
                await self._finish(call, "scheduled", reason=error.code, detail=error.detail, retry_in=pause)
            elif error.code == "number_failed" and attempts < NUMBER_TRIES:
                pause = self._backoff.seconds(attempts)
                await self._finish(call, "received", reason=error.code, detail=error.detail, retry_in=pause)
            else:
                await self._finish(call, "rejected", reason=error.code, detail=error.detail)
        except MisUnavailable:
            pause = self._pause(call.created_at, now)
            await self._finish(call, "received", reason="mis_unavailable", retry_in=pause, not_sent=True)
        except (OutcomeUnknown, TimeoutError):
            await self._finish(call, "unknown", reason="no_answer", retry_in=FIRST_SETTLE_SECONDS)
        else:
            await self._finish(call, "delivered", mis_id=mis_id)

    async def _settle(self, job: Job) -> None:
        call, now = job.call, dt.datetime.now(dt.UTC)
        sent_at = job.sent_at or call.created_at
        if not self._driver.can_find(call) or self._is_late(call, now):
            await self._finish(call, "needs_registrar", reason="outcome_unknown")
            return
        first = min(call.visit_date, self._region.local(sent_at).date())
        last = max(call.visit_date, self._region.local(now).date())
        try:
            async with asyncio.timeout(self._limits.attempt):
                found = await self._driver.find_created(call, (first, last))
        except (MisUnavailable, OutcomeUnknown, TimeoutError):
            await self._finish(call, "unknown", retry_in=self._pause(sent_at, now))
            return
        if found is Search.UNSURE:
            await self._finish(call, "needs_registrar", reason="outcome_unknown")
        elif found is not Search.ABSENT:
            await self._finish(call, "delivered", mis_id=found)
        elif (left := self._limits.settle - (now - sent_at).total_seconds()) > 0:
            await self._finish(call, "unknown", retry_in=min(5.0, left + 0.1))
        elif job.cancel_wanted:
            await self._finish(call, "cancelled", reason="asked")
        elif job.attempts >= SENDS:
            await self._finish(call, "needs_registrar", reason="no_answer")
        else:
            await asyncio.to_thread(self._store.resend, call.house_call_id, dt.timedelta(seconds=self._limits.lease))
            await self._send(call, job.attempts + 1)

    async def _cancel(self, job: Job) -> None:
        call = job.call
        assert call.mis_id is not None  # only a delivered house call comes here
        try:
            async with asyncio.timeout(self._limits.attempt):
                await self._driver.cancel(call.mis_id)
        except MisRejected as error:
            await self._finish(call, "delivered", reason="cancel_failed", detail=error.detail)
        except (MisUnavailable, OutcomeUnknown, TimeoutError):  # cancelling twice does no harm
            now = dt.datetime.now(dt.UTC)
            if self._is_late(call, now):
                await self._finish(call, "delivered", reason="cancel_failed")
            else:
                await self._finish(call, "delivered", retry_in=self._pause(call.created_at, now))
        else:
            await self._finish(call, "cancelled", reason="asked")

    def _is_late(self, call: HouseCall, now: dt.datetime) -> bool:
        """Too old to be delivered without a person's look; never before the promised day is over."""
        too_old = (now - call.created_at).total_seconds() > self._limits.give_up
        return too_old and self._region.local(now).date() > call.visit_date

    @staticmethod
    def _pause(since: dt.datetime, now: dt.datetime) -> float:
        """The longer it lasts, the rarer we try: about a quarter of the time so far, 1 to 60 s, with jitter."""
        seconds = min(60.0, max(1.0, (now - since).total_seconds() / 4))
        return seconds * random.uniform(0.7, 1.0)  # noqa: S311  not a secret

    async def _finish(
        self, call: HouseCall, state: HouseCallState, *, reason: str | None = None, detail: str | None = None,
        mis_id: str | None = None, retry_in: float | None = None, not_sent: bool = False,
    ) -> None:  # fmt: skip
        stored = await asyncio.to_thread(
            self._store.finish, call.house_call_id, state,
            reason=reason, detail=detail, mis_id=mis_id, retry_in=retry_in, not_sent=not_sent,
        )  # fmt: skip
        log.info("house_call_state", house_call_id=call.house_call_id, state=stored.state, reason=stored.reason)
