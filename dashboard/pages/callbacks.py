"""The list of callers whom somebody has to phone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from core.errors import VyzovError
from dashboard.pages.frame import PATIENCE_SECONDS, SLOW_SECONDS, Sources, day_and_clock, header
from dashboard.words import words
from mis_connector.model import CallBack

SHOWN = 100
"""Call-backs on the page, oldest first; more are not seen before some are done."""


class CallBacksPage:
    """One browser's view of the open call-backs; None while the connector is away."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._open: list[CallBack] | None = None

    async def build(self) -> None:
        header("Вызов: перезвонить")
        await self._read()
        self._draw()
        ui.timer(SLOW_SECONDS, self._refresh)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._open = await self._sources.connector.call_backs("open", SHOWN)
        except (VyzovError, TimeoutError):
            self._open = None

    async def _refresh(self) -> None:
        before = self._open
        await self._read()
        if self._open != before:
            self._draw.refresh()

    def _done(self, callback_id: str) -> Callable[[], Awaitable[None]]:
        async def done() -> None:
            try:
                await self._sources.connector.call_back_done(callback_id)
            except VyzovError:
                ui.notify("Не удалось отметить: сервис записи не отвечает. Попробуйте ещё раз.", type="negative")
            await self._refresh()

        return done

    @ui.refreshable_method
    def _draw(self) -> None:
        if self._open is None:
            ui.label("Сервис записи не отвечает. Список появится сам.").classes("text-negative").mark("away")
            return
        if not self._open:
            ui.label("Перезванивать некому.")
            return
        with ui.grid(columns="auto auto auto auto auto").classes("items-center").mark("callbacks"):
            for name in ("Телефон", "Почему", "Ждёт с", "Звонок", ""):
                ui.label(name).classes("text-grey")
            for one in self._open:
                ui.link(one.phone, f"tel:{one.phone}").classes("text-h6")
                ui.label(words()["reasons"].get(one.reason, one.reason))
                ui.label(day_and_clock(one.created_at, self._sources.zone))
                ui.link("что было сказано", f"/calls/{one.call_id}")
                ui.button("Сделано", on_click=self._done(one.callback_id))
