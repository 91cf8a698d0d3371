"""What all pages share: their sources, the head of the page, and how times and numbers look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from nicegui import app, ui

from core.settings import Settings
from dashboard.announcement import Announcements
from dashboard.history import History, utc
from dashboard.live import Live
from dashboard.login import Guard
from mis_connector.client import ConnectorClient

LIVE_SECONDS = 0.4
"""How often a page looks whether the live picture has changed."""
SLOW_SECONDS = 3.0
"""How often what other services keep is read again."""
PATIENCE_SECONDS = 2.0
"""How long a page waits for another service before it says so; a page itself may take 3 s to be built."""


@dataclass(frozen=True)
class Sources:
    """What the pages show, and who may see it."""

    settings: Settings
    live: Live
    history: History
    connector: ConnectorClient
    announcements: Announcements
    guard: Guard

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.time_zone)


def header(title: str) -> None:
    """The bar above a page."""
    with ui.header().classes("items-center justify-between"):
        ui.label(title).classes("text-h6")
        with ui.row():
            for name, path in (
                ("Линии", "/"), ("Звонки за день", "/calls"), ("Перезвонить", "/callbacks"),
                ("Объявление", "/announcement"),
            ):  # fmt: skip
                ui.link(name, path).classes("text-white")
            ui.button("Выйти", on_click=_log_out).props("flat color=white dense")


def _log_out() -> None:
    app.storage.user.clear()
    ui.navigate.to("/login")


def clock(at: datetime, zone: ZoneInfo) -> str:
    return utc(at).astimezone(zone).strftime("%H:%M:%S")


def day_and_clock(at: datetime, zone: ZoneInfo) -> str:
    return utc(at).astimezone(zone).strftime("%d.%m.%Y %H:%M")


def seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f} с".replace(".", ",")


def number(caller: str) -> str:
    return caller or "номер скрыт"
