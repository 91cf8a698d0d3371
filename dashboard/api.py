"""The published interface: live events with resume, house calls, calls that are handed over, call-backs, and the
announcement of the day. Behind the token."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, WebSocket, WebSocketDisconnect
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.bus import newest_id, read_events
from core.logs import get_logger
from core.service import require_token, token_is_right
from core.settings import Settings
from core.words import HouseCallState
from dashboard.announcement import Announcement, Announcements, NewAnnouncement
from dashboard.context import CallContext, call_in_context, describe
from dashboard.history import History
from dashboard.live import Live
from mis_connector.client import ConnectorClient
from mis_connector.model import CallBack, CallBacks, CallBackState, HouseCall, HouseCalls

log = get_logger(__name__)

LISTENERS = 50
"""WebSockets at once; each holds one connection to Redis."""


def add_api(
    app: FastAPI, settings: Settings, redis: Redis, connector: ConnectorClient, live: Live, history: History,
    announcements: Announcements,
) -> None:  # fmt: skip
    """Put the interface on the app."""
    api = APIRouter(prefix="/api/v1", dependencies=[Depends(require_token)])

    @api.get("/house-calls")
    async def house_calls(
        state: HouseCallState | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> HouseCalls:
        """The newest house calls, `{"house_calls": […]}`."""
        return HouseCalls(house_calls=await connector.search(state=state, limit=limit))

    @api.get("/house-calls/{house_call_id}")
    async def house_call(house_call_id: UUID) -> HouseCall:
        """One house call; 404 when there is none."""
        return await connector.get(str(house_call_id))

    @api.get("/contexts/{context}")
    async def context(context: Annotated[str, Path(max_length=64)]) -> CallContext:
        """What is known of a call that is or was handed over under that opaque id; 404 when there is none."""
        return describe(await call_in_context(context, live, history), context)

    @api.get("/callbacks")
    async def callbacks(
        state: CallBackState | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> CallBacks:
        """Whom somebody has to phone, oldest first, `{"callbacks": […]}`."""
        return CallBacks(callbacks=await connector.call_backs(state, limit))

    @api.post("/callbacks/{callback_id}/done")
    async def callback_done(callback_id: UUID) -> CallBack:
        """Somebody has phoned; 404 when there is none."""
        return await connector.call_back_done(str(callback_id))

    @api.get("/announcement")
    async def announcement() -> Announcement:
        """What callers hear after the greeting today."""
        return await announcements.mirrored()

    @api.put("/announcement")
    async def announce(new: NewAnnouncement) -> Announcement:
        """Set it, or take it away with an empty text; 422 with a code that says what is wrong."""
        return await announcements.put(new, "api")

    app.include_router(api)
    listeners = asyncio.Semaphore(LISTENERS)

    @app.websocket("/api/v1/events")
    async def live_events(socket: WebSocket, after: int | None = None) -> None:
        """Events as JSON text, one a message; `?after=ID` first repeats what came after that id.

        Closed with 1008 for a wrong token, 1013 (try again later) when there are too many listeners or Redis is away.
        """
        scheme, _, token = socket.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token_is_right(token, settings):
            await socket.close(1008, "wrong or missing token")
            return
        if listeners.locked():
            await socket.close(1013, "too many listeners")
            return
        async with listeners:
            try:
                # before the listener is let in: it must not miss what happens between that and the first reading
                begin = await newest_id(redis) if after is None else after
            except (RedisError, OSError, TimeoutError):
                await socket.close(1013, "events are away, try again")
                return
            await socket.accept()
            gone = asyncio.create_task(_until_gone(socket))
            try:
                await _send_events(socket, redis, begin, gone)
            except (RedisError, OSError, TimeoutError):
                with contextlib.suppress(RuntimeError):
                    await socket.close(1013, "events are away, try again")
            except WebSocketDisconnect:
                pass
            finally:
                gone.cancel()


async def _send_events(socket: WebSocket, redis: Redis, after: int, gone: asyncio.Task[None]) -> None:
    async for event in read_events(redis, after):
        if gone.done():
            return
        if event is not None:
            await asyncio.wait_for(socket.send_text(event.model_dump_json()), 10)


async def _until_gone(socket: WebSocket) -> None:
    """Whatever a listener sends is ignored; returns when it has gone."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
