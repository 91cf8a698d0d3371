"""The main page: lines now, one call as it grows, house calls and the figures of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from nicegui import ui

from core.errors import VyzovError
from dashboard.figures import Figures, midnight, of_the_day
from dashboard.pages.call import draw_call
from dashboard.pages.frame import LIVE_SECONDS, PATIENCE_SECONDS, SLOW_SECONDS, Sources, header, number, seconds
from dashboard.words import words
from mis_connector.model import HouseCall


class LinesPage:
    """The main page of one browser: what is chosen, and the parts that are drawn again when something changed."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._chosen: str | None = None
        self._version = -1
        self._house_calls: list[HouseCall] | None = []
        self._figures: Figures | None = None

    async def build(self) -> None:
        header("Вызов: линии")
        await self._read()
        self._draw_figures()
        with ui.row().classes("w-full no-wrap items-start"):
            with ui.column().classes("w-1/2"):
                self._draw_lines()
                self._draw_house_calls()
            with ui.column().classes("w-1/2"):
                self._draw_call()
        ui.timer(LIVE_SECONDS, self._refresh_live)
        ui.timer(SLOW_SECONDS, self._refresh_slow)

    # -- when things change

    def _refresh_live(self) -> None:
        if self._version != self._sources.live.version:
            self._version = self._sources.live.version
            self._draw_lines.refresh()
            self._draw_call.refresh()

    async def _refresh_slow(self) -> None:
        await self._read()
        self._draw_house_calls.refresh()
        self._draw_figures.refresh()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._house_calls = await self._sources.connector.search(limit=20)
        except (VyzovError, TimeoutError):
            self._house_calls = None
        since = midnight(datetime.now(UTC), self._sources.zone)
        self._figures = await asyncio.to_thread(of_the_day, self._sources.history, since)

    def _choose(self, call_id: str) -> Callable[[], None]:
        def chosen() -> None:
            self._chosen = call_id
            self._draw_call.refresh()

        return chosen

    # -- what it looks like

    @ui.refreshable_method
    def _draw_figures(self) -> None:
        figures = self._figures
        if figures is None:
            return
        with ui.row().classes("w-full"):
            for name, value in (
                ("Звонков сегодня", figures.calls), ("Записано", figures.created), ("Ждут", figures.queued),
                ("Переведено", figures.handed_over), ("Сбои", figures.failed),
                ("Ответ, медиана", seconds(figures.p50)), ("Ответ, 95 %", seconds(figures.p95)),
            ):  # fmt: skip
                with ui.card().tight().classes("px-4 py-2"):
                    ui.label(str(value)).classes("text-h6")
                    ui.label(name).classes("text-caption")

    @ui.refreshable_method
    def _draw_lines(self) -> None:
        going_on = self._sources.live.going_on
        with ui.row().mark("lines"):
            for line in range(max(self._sources.settings.lines, max(going_on, default=-1) + 1)):
                call = going_on.get(line)
                card = ui.card().tight().classes("px-3 py-2 w-40").mark(f"line-{line}")
                if call is not None:
                    card.classes("bg-green-2 cursor-pointer").on("click", self._choose(call.call_id))
                with card:
                    ui.label(f"Линия {line + 1}").classes("text-caption")
                    ui.label(number(call.caller) if call else "свободна")
                    ui.label(words()["slots"].get(call.asked or "", "разговор") if call else " ").classes(
                        "text-caption"
                    )

    @ui.refreshable_method
    def _draw_call(self) -> None:
        calls = self._sources.live.calls
        call = calls.get(self._chosen or "") or next(iter(reversed(calls.values())), None)
        if call is None:
            ui.label("Звонков пока не было.")
            return
        draw_call(call, self._sources.zone)

    @ui.refreshable_method
    def _draw_house_calls(self) -> None:
        ui.label("Вызовы на дом").classes("text-h6")
        if self._house_calls is None:
            ui.label("Сервис записи не отвечает. Заявки не теряются: список появится сам.").classes("text-negative")
            return
        columns = [("number", "Номер"), ("state", "Состояние"), ("patient", "Пациент"), ("address", "Адрес"),
                   ("visit_date", "День")]  # fmt: skip
        ui.table(
            columns=[{"name": key, "label": label, "field": key, "align": "left"} for key, label in columns],
            rows=[_house_call_row(one) for one in self._house_calls],
            row_key="number",
        ).mark("house-calls").classes("w-full")


def _house_call_row(one: HouseCall) -> dict[str, str]:
    patient, address = one.patient, one.address
    name = (patient.surname, patient.name, patient.patronymic)
    place = (address.town, address.street, address.house, address.flat)
    return {
        "number": one.number,
        "state": words()["states"][one.state],
        "patient": " ".join(part for part in name if part),
        "address": ", ".join(part for part in place if part),
        "visit_date": str(one.visit_date or ""),
    }
