"""The supervisors' pages: lines now, one call as it grows, house calls and figures; the day's calls afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.responses import RedirectResponse
from nicegui import app, ui

from core.errors import VyzovError
from core.logs import get_logger
from core.settings import Settings
from dashboard.figures import Figures, midnight, of_the_day
from dashboard.history import History, utc
from dashboard.live import Live, LiveCall
from dashboard.login import Guard
from dashboard.words import spoken, words
from mis_connector.client import ConnectorClient
from mis_connector.model import HouseCall

log = get_logger(__name__)

LIVE_SECONDS = 0.4
"""How often a page looks whether the live picture has changed."""
SLOW_SECONDS = 3.0
"""How often house calls and figures are read again."""


@dataclass(frozen=True)
class Sources:
    """What the pages show, and who may see it."""

    settings: Settings
    live: Live
    history: History
    connector: ConnectorClient
    guard: Guard

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.time_zone)


def add_pages(sources: Sources) -> None:
    """Register the pages with NiceGUI."""

    @ui.page("/login", title="Вызов: вход")
    def login() -> RedirectResponse | None:
        if _logged_in():
            return RedirectResponse("/")
        with ui.card().classes("absolute-center"):
            ui.label("Вызов").classes("text-h5")
            password = ui.input("Пароль", password=True).props("autofocus").mark("password")
            password.on("keydown.enter", lambda: _log_in(sources.guard, password.value or ""))
            ui.button("Войти", on_click=lambda: _log_in(sources.guard, password.value or ""))
        return None

    @ui.page("/", title="Вызов: линии")
    async def lines() -> RedirectResponse | None:
        if not _logged_in():
            return RedirectResponse("/login")
        await LinesPage(sources).build()
        return None

    @ui.page("/calls", title="Вызов: звонки за день")
    async def calls() -> RedirectResponse | None:
        if not _logged_in():
            return RedirectResponse("/login")
        await _calls_of_the_day(sources)
        return None

    @ui.page("/calls/{call_id}", title="Вызов: звонок")
    async def call(call_id: str) -> RedirectResponse | None:
        if not _logged_in():
            return RedirectResponse("/login")
        await _one_call(sources, call_id)
        return None


def _logged_in() -> bool:
    return bool(app.storage.user.get("supervisor"))


def _log_in(guard: Guard, password: str) -> None:
    now = time.monotonic()
    if guard.locked(now):
        ui.notify("Слишком много попыток. Подождите минуту.", type="negative")
    elif guard.check(password, now):
        app.storage.user["supervisor"] = True
        ui.navigate.to("/")
    else:
        ui.notify("Пароль не подходит.", type="negative")


def _log_out() -> None:
    app.storage.user.clear()
    ui.navigate.to("/login")


def _header(title: str) -> None:
    with ui.header().classes("items-center justify-between"):
        ui.label(title).classes("text-h6")
        with ui.row():
            ui.link("Линии", "/").classes("text-white")
            ui.link("Звонки за день", "/calls").classes("text-white")
            ui.button("Выйти", on_click=_log_out).props("flat color=white dense")


class LinesPage:
    """The main page of one browser: what is chosen, and the parts that are drawn again when something changed."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._chosen: str | None = None
        self._version = -1
        self._house_calls: list[HouseCall] | None = []
        self._figures: Figures | None = None

    async def build(self) -> None:
        _header("Вызов: линии")
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
            self._house_calls = await self._sources.connector.search(limit=20)
        except VyzovError:
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
                ("Ответ, медиана", _seconds(figures.p50)), ("Ответ, 95 %", _seconds(figures.p95)),
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
                    ui.label(call.caller or "номер скрыт" if call else "свободна")
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
        _draw_live_call(call, self._sources.zone)

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


def _draw_live_call(call: LiveCall, zone: ZoneInfo) -> None:
    outcome = words()["outcomes"].get(call.outcome, call.outcome) if call.outcome else "идёт"
    ui.label(f"Линия {call.line + 1}, {call.caller or 'номер скрыт'}: {outcome}").classes("text-h6").mark("call-title")
    with ui.column().classes("w-full gap-1").mark("transcript"):
        for entry in call.entries:
            _draw_entry(entry.at, entry.who, entry.text, entry.detail.get("latency"), zone)
    with ui.grid(columns="auto auto auto").mark("slots"):
        for slot, (value, probability) in call.slots.items():
            _draw_slot(slot, value, probability)


def _draw_entry(at: datetime, who: str, text: str, latency: float | None, zone: ZoneInfo) -> None:
    colours = {"vyzov": "text-primary", "caller": "text-black", "note": "text-positive"}
    with ui.row().classes("no-wrap gap-2 items-baseline"):
        ui.label(utc(at).astimezone(zone).strftime("%H:%M:%S")).classes("text-caption text-grey")
        ui.label(text).classes(colours.get(who, ""))
        if latency is not None:
            ui.label(_seconds(latency)).classes("text-caption text-grey")


def _draw_slot(slot: str, value: Any, probability: float) -> None:
    ui.label(words()["slots"].get(slot, slot)).classes("text-grey")
    ui.label(spoken(value))
    ui.label(f"{probability:.0%}").classes("text-negative" if probability < 0.85 else "text-grey")


def _seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f} с".replace(".", ",")


async def _calls_of_the_day(sources: Sources) -> None:
    _header("Вызов: звонки за день")
    since = midnight(datetime.now(UTC), sources.zone)
    for call in await asyncio.to_thread(sources.history.calls, since):
        with ui.row():
            ui.label(utc(call.started_at).astimezone(sources.zone).strftime("%H:%M:%S"))
            ui.link(call.caller or "номер скрыт", f"/calls/{call.call_id}")
            ui.label(words()["outcomes"].get(call.outcome or "", "идёт"))
            ui.label(call.house_call_number or "")


async def _one_call(sources: Sources, call_id: str) -> None:
    _header("Вызов: звонок")
    entries = await asyncio.to_thread(sources.history.entries, call_id)
    if not entries:
        ui.label("Такого звонка нет.")
    for entry in entries:
        body = entry.body
        if entry.type == "prompt.started":
            _draw_entry(entry.at, "vyzov", body["text"], None, sources.zone)
        elif entry.type == "turn.recognised":
            _draw_entry(entry.at, "caller", body["text"] or "…", entry.voice_to_voice, sources.zone)
        elif entry.type == "house_call.created":
            _draw_entry(entry.at, "note", f"Вызов {body['number']}", None, sources.zone)
        elif entry.type == "call.ended":
            _draw_entry(entry.at, "note", words()["outcomes"].get(body["outcome"], ""), None, sources.zone)
    with ui.grid(columns="auto auto auto"):
        for entry in entries:
            if entry.type == "slot.filled":
                _draw_slot(entry.body["slot"], entry.body["value"], entry.body["probability"])
