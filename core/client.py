"""The frame of every HTTP client of ours: token, time limit, and our own errors instead of the library's."""

from __future__ import annotations

from typing import Any

import httpx

from core.errors import BadInput, NotFound, ServiceUnavailable
from core.settings import Settings


class ServiceClient:
    """JSON over HTTP to one of our services. One instance a process; close it with `aclose`.

    Raises ServiceUnavailable (no answer, time-out, 5xx), NotFound (404), BadInput (other 4xx).
    The errors' texts name the service and the status, never the URL or the body.
    """

    service = "service"

    def __init__(self, base_url: str, settings: Settings, *, seconds: float = 5.0) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(seconds, connect=2.0),
            headers={"Authorization": f"Bearer {settings.api_token.get_secret_value()}"},
            # uvicorn closes idle connections after 5 s, httpx keeps them as long: a request could meet a closed one
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=2.0),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None, seconds: float | None = None,
    ) -> httpx.Response:  # fmt: skip
        timeout = httpx.USE_CLIENT_DEFAULT if seconds is None else httpx.Timeout(seconds)
        try:
            answer = await self._http.request(method, path, json=json, headers=headers, params=params, timeout=timeout)
        except httpx.HTTPError as error:
            raise ServiceUnavailable(f"{self.service}: {type(error).__name__}") from None
        if answer.status_code >= 500 or answer.status_code in (401, 403, 429):
            raise ServiceUnavailable(f"{self.service}: HTTP {answer.status_code}")
        if answer.status_code == 404:
            raise NotFound(f"{self.service}: not found")
        if answer.status_code >= 400:
            raise BadInput(f"{self.service}: HTTP {answer.status_code}", http_status=answer.status_code)
        return answer
