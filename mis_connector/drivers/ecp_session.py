"""The ЕЦП.МИС interface on the wire: login, lost session, envelope. Verified against the published source.

Parameters are query or form fields, answers `{"error_code": 0, "data": …}`. The password and the patients' names
stand in URLs (that is the interface), so nothing here puts a URL or an answer into an error or a log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal

import httpx

from core.logs import get_logger
from mis_connector.drivers.base import MisRejected, MisUnavailable, OutcomeUnknown
from mis_connector.policies import Breaker

log = get_logger(__name__)

# Errors that come before a byte of the request was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# What a kept-alive connection that the server has just closed looks like: the same as a lost answer.
_MAYBE_STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
LOGIN_PAUSE_SECONDS = 30.0
"""After a refused login: a wrong password tried on and on locks the account."""
KEEPALIVE_SECONDS = 2.0
"""Shorter than servers keep idle connections (uvicorn: 5 s), so that stale ones are rare."""

# How the refusals of /api/HomeVisit/HomeVisit begin, and what they mean to us (states.REASONS).
_REFUSALS = (
    ("Не возможно получить улицу", "street_unknown"),
    ("Не удалось определить МО", "clinic_unknown"),
    ("Не удалось определить участок", "district_unknown"),
    ("Вызов врача на дом может быть оформлен", "clinic_closed"),
    ("Не возможно сгенерировать", "number_failed"),
    ("Отсутствует обязательный параметр", "field_missing"),
)
_ALREADY_OPEN = "имеется необслуженный вызов врача на дом"
"""The published method takes a second visit of the day without a word; the original's own form refuses it with «Для
ФИО, дата имеется необслуженный вызов врача на дом», and so may a region's version of the method."""


def refusal(text: str) -> str:
    """The reason code of an error text; «refused» for words we do not know."""
    if _ALREADY_OPEN in text:
        return "already_open"
    return next((code for start, code in _REFUSALS if text.strip().startswith(start)), "refused")


class EcpSession:
    """Requests within one login. `seconds` limits one request; the login is shared by all who wait for it."""

    def __init__(
        self, base_url: str, login: str, password: Callable[[], str], seconds: float, breaker: Breaker
    ) -> None:
        self._login = login
        self._password = password
        self._breaker = breaker
        timeout = httpx.Timeout(seconds, connect=min(2.0, seconds))
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout, follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=KEEPALIVE_SECONDS),
        )  # fmt: skip
        # what must not be repeated goes over a connection of its own, which cannot be stale
        self._fresh = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._sess_id: str | None = None
        self._refused_until = 0.0
        self._logging_in = asyncio.Lock()

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._fresh.aclose()

    async def read(self, path: str, **fields: str) -> Any:
        """`data` of a GET; raises MisUnavailable whenever there is no usable answer, MisRejected on a refusal."""
        try:
            return await self._within_session("GET", path, fields)
        except OutcomeUnknown as error:
            raise MisUnavailable(str(error)) from None

    async def change(self, method: Literal["POST", "PUT"], path: str, **fields: str) -> Any:
        """`data` of a changing request, sent once. Raises OutcomeUnknown when it went out without an answer."""
        return await self._within_session(method, path, fields)

    async def _within_session(self, method: str, path: str, fields: dict[str, str]) -> Any:
        for last in (False, True):
            sess_id = await self._session()
            answer = await self._send(method, path, {**fields, "sess_id": sess_id})
            if answer is not None:
                return answer
            if self._sess_id == sess_id:
                self._sess_id = None
            if last:
                break
        raise MisUnavailable("the MIS does not keep our session")

    async def _session(self) -> str:
        async with self._logging_in:
            if self._sess_id is None:
                if time.monotonic() < self._refused_until:
                    raise MisUnavailable("the MIS refused our login a moment ago")
                fields = {"Login": self._login, "Password": self._password()}
                try:
                    body = self._envelope(await self._exchange("GET", "/api/user/login", fields))
                except OutcomeUnknown as error:
                    raise MisUnavailable(f"login: {error}") from None
                if body is None or _code(body) != 0 or not isinstance(body.get("sess_id"), str):
                    log.error("mis_login_refused", error_code=_code(body) if body else 401)
                    self._refused_until = time.monotonic() + LOGIN_PAUSE_SECONDS
                    raise MisUnavailable("the MIS refuses our login")
                self._sess_id = body["sess_id"]
            return self._sess_id

    async def _send(self, method: str, path: str, fields: dict[str, str]) -> Any | None:
        """`data`, or None when the session is lost (and nothing was done)."""
        body = self._envelope(await self._exchange(method, path, fields))
        if body is None or _code(body) == 1:
            return None
        if _code(body) != 0:
            text = body.get("error_msg")
            detail = text[:500] if isinstance(text, str) else ""
            raise MisRejected(refusal(detail), detail)
        data = body.get("data")
        return [] if data is None else data

    async def _exchange(self, method: str, path: str, fields: dict[str, str]) -> httpx.Response:
        if not self._breaker.admit(time.monotonic()):
            raise MisUnavailable("the MIS is left alone for a while")
        try:
            if method == "GET":
                answer = await self._get(path, fields)
            else:  # text that a caller dictated does not fit a URL
                answer = await self._fresh.request(method, path, data=fields)
        except _NOT_SENT as error:
            self._breaker.failed(time.monotonic())
            raise MisUnavailable(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._breaker.failed(time.monotonic())
            raise OutcomeUnknown(type(error).__name__) from None
        if answer.status_code >= 500:
            self._breaker.failed(time.monotonic())
            raise OutcomeUnknown(f"HTTP {answer.status_code}")
        self._breaker.succeeded()
        return answer

    async def _get(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """A GET does no harm twice: once more over a new connection when the kept-alive one was stale."""
        try:
            return await self._http.get(path, params=fields)
        except _MAYBE_STALE:
            return await self._fresh.get(path, params=fields)

    @staticmethod
    def _envelope(answer: httpx.Response) -> dict[str, Any] | None:
        """The envelope; None for HTTP 401, a lost session."""
        if answer.status_code == 401:
            return None
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or "error_code" not in body:
            if 300 <= answer.status_code < 500:  # a gateway's word, not the MIS's: it did not get there
                raise MisUnavailable(f"HTTP {answer.status_code}")
            raise OutcomeUnknown("an answer without an envelope")
        return body


def _code(body: dict[str, Any]) -> int:
    """`error_code` comes as a number or as a string of it; -1 for anything else."""
    try:
        return int(body["error_code"])
    except (KeyError, TypeError, ValueError):
        return -1
