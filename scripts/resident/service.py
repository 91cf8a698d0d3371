"""What the resident's side may see of the running system: its published events and house calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from websockets.asyncio.client import connect

from core.events import EVENT, Event
from core.settings import Settings


class Service:
    """The dashboard's published interface, with the token of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._headers = {"Authorization": f"Bearer {settings.api_token.get_secret_value()}"}
        self._base = settings.url(settings.dashboard_port)

    async def events(self, connected: asyncio.Event) -> AsyncIterator[Event]:
        """Live events from now on; `connected` is set when none can be missed any more.

        Raises OSError or websockets' errors when the dashboard is away or the token is wrong.
        """
        url = self._base.replace("http", "ws", 1) + "/api/v1/events"
        async with connect(url, additional_headers=self._headers, open_timeout=10) as socket:
            connected.set()
            async for message in socket:
                yield EVENT.validate_json(message)

    async def house_call(self, house_call_id: str) -> dict[str, Any]:
        """The record as the system keeps it now."""
        async with httpx.AsyncClient(headers=self._headers, timeout=10) as http:
            answer = await http.get(f"{self._base}/api/v1/house-calls/{house_call_id}")
            answer.raise_for_status()
            record: dict[str, Any] = answer.json()
            return record
