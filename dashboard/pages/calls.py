"""Calls afterwards: the day's list, and one of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from nicegui import ui

from dashboard.figures import midnight
from dashboard.live import retold
from dashboard.pages.call import draw_call
from dashboard.pages.frame import Sources, clock, header, number
from dashboard.words import words


async def calls_of_the_day(sources: Sources) -> None:
    header("Вызов: звонки за день")
    since = midnight(datetime.now(UTC), sources.zone)
    for call in await asyncio.to_thread(sources.history.calls, since):
        with ui.row():
            ui.label(clock(call.started_at, sources.zone))
            ui.link(number(call.caller), f"/calls/{call.call_id}")
            ui.label(words()["outcomes"].get(call.outcome or "", "идёт"))
            ui.label(call.house_call_number or "")


async def one_call(sources: Sources, call_id: str) -> None:
    header("Вызов: звонок")
    call = retold(await asyncio.to_thread(sources.history.story, call_id))
    if call is None:
        ui.label("Такого звонка нет.")
    else:
        draw_call(call, sources.zone)
