"""Behind the scenes of a call: what is there before it (house calls, faults of the sandbox MIS, an announcement),
what stands in the connector and in the sandbox afterwards, and how it is put back."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

from redis.asyncio import Redis

from core.client import ServiceClient
from core.errors import VyzovError
from core.logs import get_logger
from core.settings import Settings
from mis_connector.client import ConnectorClient
from mis_connector.model import NewHouseCall, PatientSearch, PersonName
from scripts.resident.scenario import Before, Scenario

log = get_logger(__name__)

ANNOUNCEMENT = "vyzov:announcement"
ANNOUNCEMENT_SECONDS = 600
"""It goes by itself when the runner is killed."""

BACK_SECONDS = 45.0
"""The connector leaves a MIS alone for half a minute at most."""


class _Sandbox(ServiceClient):
    service = "sandbox"


class Office:
    """One instance a process; close it with `aclose`. Raises the errors of core.client."""

    def __init__(self, settings: Settings) -> None:
        self._connector = ConnectorClient(settings)
        self._sandbox = None if settings.mis_url else _Sandbox(settings.url(settings.sandbox_port), settings)
        self._redis = Redis(
            host=settings.redis_host, port=settings.redis_port,
            password=settings.redis_password.get_secret_value() or None, socket_timeout=5,
        )  # fmt: skip

    async def aclose(self) -> None:
        await self._connector.aclose()
        if self._sandbox is not None:
            await self._sandbox.aclose()
        await self._redis.aclose()

    @contextlib.asynccontextmanager
    async def staged(self, scenario: Scenario, made: list[str]) -> AsyncIterator[list[str]]:
        """Around the call of a scenario: makes what is there before it, gives the ids of those house calls, and puts
        all back after it. The house calls that the call `made` are cancelled when the scenario tests a conversation."""
        earlier = await self._prepare(scenario.before, [scenario.expect, *scenario.also])
        try:
            yield earlier
        finally:
            await self._put_back(scenario.before, [*made, *earlier] if scenario.topic else [])

    # -- before the call

    async def _prepare(self, before: Before, expected: list[dict[str, str]]) -> list[str]:
        """Make it so; the ids of the house calls that were made. In the sandbox the day begins anew for the `expected`
        patients: what an earlier run ordered for them would be a second request now."""
        if self._sandbox is not None and not before.house_calls:
            for patient in expected:
                await self._cancel_visits(patient)
        made = []
        for earlier in before.house_calls:
            call_id = f"before-{uuid.uuid4().hex}"
            new = NewHouseCall.model_validate(earlier.model_dump(exclude={"cancelled"}) | {"call_id": call_id})
            house_call = await self._connector.create(call_id, new)
            if earlier.cancelled:
                await self._connector.cancel(house_call.house_call_id)
            made.append(house_call.house_call_id)
        if before.faults:
            await self._set_faults([fault.model_dump() for fault in before.faults])
        if before.announcement is not None:
            await self._redis.set(ANNOUNCEMENT, before.announcement, ex=ANNOUNCEMENT_SECONDS)
        return made

    async def _cancel_visits(self, patient: dict[str, str]) -> None:
        if not patient.get("birth_date") or not patient.get("surname"):
            return
        born = date.fromisoformat(patient["birth_date"])
        for call in await self._connector.search(birth_date=born, active=True):
            if call.patient.surname == patient["surname"]:
                await self._connector.cancel(call.house_call_id)

    # -- after it

    async def record(self, house_call_id: str) -> dict[str, Any]:
        """The house call as the connector keeps it now."""
        return (await self._connector.get(house_call_id)).model_dump(mode="json")

    async def visit(self, mis_id: str | None) -> dict[str, Any] | None:
        """The visit in the sandbox MIS itself, None when it is not there."""
        if self._sandbox is None or mis_id is None:
            return None
        visits = (await self._sandbox.request("GET", "/sandbox/visits", params={"limit": 1000})).json()
        found: dict[str, Any] | None = next((visit for visit in visits if visit["mis_id"] == mis_id), None)
        return found

    @property
    def checks_mis(self) -> bool:
        """True when the MIS is the sandbox, whose records anybody may read."""
        return self._sandbox is not None

    async def awaits_callback(self, call_id: str) -> bool:
        """Whether the call-back list has an open entry of that call."""
        return any(entry.call_id == call_id for entry in await self._connector.call_backs("open", 1000))

    async def _put_back(self, before: Before, house_call_ids: list[str]) -> None:
        """Faults and announcement go, the house calls are cancelled, so that the next run finds none of today."""
        if before.faults:
            await self._set_faults([])
            await self._mis_is_back()
        if before.announcement is not None:
            await self._redis.delete(ANNOUNCEMENT)
        for house_call_id in house_call_ids:
            try:
                await self._connector.cancel(house_call_id)
            except VyzovError as error:
                log.warning("not_cancelled", house_call_id=house_call_id, error=error.code)

    async def _mis_is_back(self) -> None:
        """Wait until the connector asks the MIS again: it leaves one alone for a while that has failed it."""
        end = time.monotonic() + BACK_SECONDS
        while time.monotonic() < end:
            born = date(1900, 1, 1) + timedelta(days=random.randrange(40_000))  # noqa: S311  no answer is kept for it
            query = PatientSearch(birth_date=born, names=[PersonName(surname="Проверкин")])
            if (await self._connector.patients(query)).complete:
                return
            await asyncio.sleep(0.5)
        log.warning("mis_stays_away")

    async def _set_faults(self, faults: list[dict[str, Any]]) -> None:
        if self._sandbox is not None:
            await self._sandbox.request("POST", "/sandbox/faults", json=faults)
