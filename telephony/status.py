"""/health and /metrics of a worker, on loopback and without a token: thin, for there may be sixty workers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import ConfigurationError

_Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Server(uvicorn.Server):
    """Leaves the signals to the worker."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class StatusPage:
    """/health answers 200 once `ready` is set, 503 before."""

    def __init__(self, host: str, port: int) -> None:
        self.ready = False
        self._address = (host, port)
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises ConfigurationError when the port is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(self._address)
        except OSError:
            listener.close()
            raise ConfigurationError(f"port {self._address[1]} of /health and /metrics is taken") from None
        self._task = asyncio.create_task(self._server.serve([listener]), name="status")

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=2)

    async def _app(self, scope: dict[str, Any], _receive: object, send: _Send) -> None:
        status, kind, body = 404, "application/json", b'{"error": {"code": "not_found", "message": "no such page"}}'
        if scope["path"] == "/health":
            status = 200 if self.ready else 503
            body = b'{"status": "ready"}' if self.ready else b'{"status": "starting"}'
        elif scope["path"] == "/metrics":
            status, kind, body = 200, CONTENT_TYPE_LATEST, generate_latest()
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
