"""The services the conversation asks, over HTTP. Time limits add up to less than a turn may take."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from dialog.conversation.turn import Found, ServiceFault, Understood

UNDERSTAND_SECONDS = 2.0
SEARCH_SECONDS = 4.5
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

    async def find_patients(self, birth_date: str, names: list[dict[str, Any]]) -> Found:
        body = {"birth_date": birth_date, "names": names, "policy": None, "phone": None}
        answer = await self._post("connector", f"{self._connector_url}/v1/patients/search", body, SEARCH_SECONDS)
        try:
            return Found(tuple(answer["patients"]), bool(answer["complete"]))
        except (KeyError, TypeError):
            raise ServiceFault("connector: unexpected answer") from None

    async def create_house_call(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": key}
        answer = await self._post("connector", f"{self._connector_url}/v1/house-calls", body, CREATE_SECONDS, headers)
        if not {"house_call_id", "number", "state"} <= answer.keys():
            raise ServiceFault("connector: unexpected answer")
        return answer

    async def _post(
        self, service: str, url: str, body: dict[str, Any], seconds: float, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(headers=self._headers)
        try:
            async with self._session.post(
                url, json=body, headers=headers, timeout=aiohttp.ClientTimeout(total=seconds, connect=1.0)
            ) as response:
                if response.status not in (200, 201):
                    raise ServiceFault(f"{service}: HTTP {response.status}")
                answer = await response.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise ServiceFault(f"{service}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise ServiceFault(f"{service}: unexpected answer")
        return answer
