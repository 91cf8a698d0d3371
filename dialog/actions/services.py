"""The services the conversation asks, over HTTP. Time limits add up to less than a turn may take."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from dialog.conversation.turn import Found, ServiceFault, Understood

UNDERSTAND_SECONDS = 3.5
"""The sound's opinion takes up to 1.5 s of it on a busy machine; the caller hears «Одну секунду» after 1.5 s."""
SEARCH_SECONDS = 4.5
LIST_SECONDS = 2.0
"""Our own store answers these, without the MIS."""
CREATE_SECONDS = 5.5
"""The connector waits `delivery_wait_seconds` (3 by default) for the MIS before it answers."""


class HttpServices:
    """One instance a process. Addresses are base URLs. Errors never repeat what was sent or answered."""

    def __init__(self, understanding_url: str, connector_url: str, token: str) -> None:
        self._understanding_url = understanding_url.rstrip("/")
        self._connector_url = connector_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def understand(self, question: dict[str, Any]) -> Understood:
        answer = await self._post(
            "understanding", f"{self._understanding_url}/v1/understand", question, UNDERSTAND_SECONDS
        )
        try:
            return Understood(
                meaning=answer["meaning"],
                value=answer["value"],
                probability=float(answer["probability"]),
                complete=bool(answer["complete"]),
                missing=tuple(answer["missing"]),
                heard=str(answer["heard"]),
                candidates=tuple((c["value"], float(c["probability"])) for c in answer["candidates"]),
            )
        except (KeyError, TypeError, ValueError):
            raise ServiceFault("understanding: unexpected answer") from None

    async def find_patients(self, query: dict[str, Any]) -> Found:
        body = {"birth_date": None, "names": [], "policy": None, "phone": None, **query}
        answer = await self._post("connector", f"{self._connector_url}/v1/patients/search", body, SEARCH_SECONDS)
        try:
            return Found(tuple(answer["patients"]), bool(answer["complete"]))
        except (KeyError, TypeError):
            raise ServiceFault("connector: unexpected answer") from None

    async def house_calls(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._post("connector", f"{self._connector_url}/v1/house-calls/search", query, LIST_SECONDS)
        calls = answer.get("house_calls")
        if not isinstance(calls, list):
            raise ServiceFault("connector: unexpected answer")
        return calls

    async def create_house_call(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": key}
        answer = await self._post("connector", f"{self._connector_url}/v1/house-calls", body, CREATE_SECONDS, headers)
        if not {"house_call_id", "number", "state"} <= answer.keys():
            raise ServiceFault("connector: unexpected answer")
        return answer

    async def cancel_house_call(self, house_call_id: str) -> str:
        url = f"{self._connector_url}/v1/house-calls/{house_call_id}/cancel"
        return str((await self._post("connector", url, {}, CREATE_SECONDS)).get("state"))

    async def call_back(self, body: dict[str, Any]) -> None:
        await self._post("connector", f"{self._connector_url}/v1/callbacks", body, LIST_SECONDS)

    async def _post(
        self, service: str, url: str, body: dict[str, Any], seconds: float, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(headers=self._headers)
        try:
            async with self._session.post(
                url, json=body, headers=headers, timeout=aiohttp.ClientTimeout(total=seconds, connect=1.0)
            ) as response:
                if response.status not in (200, 201, 202):
                    raise ServiceFault(f"{service}: HTTP {response.status}")
                answer = await response.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise ServiceFault(f"{service}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise ServiceFault(f"{service}: unexpected answer")
        return answer
