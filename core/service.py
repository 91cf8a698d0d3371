"""The frame of every HTTP service: token, size limit, clear errors, /health and /metrics without a token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs
from core.errors import VyzovError
from core.settings import Settings, get_settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_bearer = HTTPBearer(auto_error=False)


def token_is_right(token: str, settings: Settings) -> bool:
    """True for our token. An empty configured token closes the door: nothing matches it."""
    right = settings.api_token.get_secret_value()
    return bool(right) and hmac.compare_digest(token.encode(), right.encode())


async def require_token(credentials: HTTPAuthorizationCredentials | None = Depends(_bearer)) -> None:
    """FastAPI dependency: 401 unless `Authorization: Bearer TOKEN` is right."""
    if credentials is None or not token_is_right(credentials.credentials, get_settings()):
        raise HTTPException(401, "wrong or missing token", {"WWW-Authenticate": "Bearer"})


class BodyLimit:
    """ASGI middleware: 413 for a request body over `limit` bytes, declared or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(scope, receive, send)
            return
        size = 0
        parts: list[Message] = []
        while True:  # bodies are small by definition here: read whole, then replay
            message = await receive()
            parts.append(message)
            size += len(message.get("body", b""))
            if size > self._limit:
                await self._refuse(scope, receive, send)
                return
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                break
        replay = iter(parts)

        async def replayed() -> Message:
            return next(replay, None) or await receive()

        await self._app(scope, replayed, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = {"error": {"code": "too_large", "message": f"at most {self._limit} bytes"}}
        await JSONResponse(body, 413)(scope, receive, send)


def create_app(
    title: str, *, lifespan: Lifespan | None = None, body_limit: int = 256 * 1024,
    ready: Callable[[], bool] = lambda: True,
) -> FastAPI:  # fmt: skip
    """A FastAPI app with our errors (`{"error": {"code", "message"}}`), /health and /metrics.

    /health answers 503 while `ready` says that the service cannot do its work.

    Validation errors name the field and the rule and never repeat the value: it may be personal data.
    """
    app = FastAPI(title=title, lifespan=lifespan)
    app.add_middleware(BodyLimit, limit=body_limit)

    def answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
        return JSONResponse({"error": {"code": code, "message": message}}, status, headers)

    @app.exception_handler(VyzovError)
    async def _ours(_request: Request, error: VyzovError) -> Response:
        return answer(error.http_status, error.code, str(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        places = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['type']}" for e in error.errors()[:10])
        return answer(422, "bad_input", places)

    @app.exception_handler(StarletteHTTPException)  # the parent of FastAPI's: unknown paths and methods raise it
    async def _http(_request: Request, error: StarletteHTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        return answer(error.status_code, "http_error", str(error.detail), headers)

    @app.get("/health", include_in_schema=False)
    async def _health() -> Response:
        return JSONResponse({"status": "ready"}) if ready() else JSONResponse({"status": "not ready"}, 503)

    @app.get("/metrics", include_in_schema=False)
    async def _metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def serve(app: FastAPI, service: str, port: int, host: str | None = None) -> None:
    """Run the app until SIGTERM; open requests get five seconds to finish."""
    settings = get_settings()
    logs.configure(service, settings.log_level)
    uvicorn.run(
        app,
        host=host or settings.host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        ws_max_size=4 * 1024 * 1024,
    )
