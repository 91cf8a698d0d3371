"""Where a supervisor sets the announcement of the day."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from core.errors import BadInput
from dashboard.announcement import MOST, Announcement, NewAnnouncement
from dashboard.pages.frame import Sources, day_and_clock, header
from dashboard.words import words


async def announcement_page(sources: Sources) -> None:
    header("Вызов: объявление дня")
    now = await sources.announcements.mirrored()

    @ui.refreshable
    def shown(one: Announcement) -> None:
        with ui.card().classes("w-full").mark("announcement"):
            if one.until is None or one.set_at is None:
                ui.label("Объявления нет.")
                return
            ui.label(one.text).classes("text-h6")
            ui.label(
                f"До {day_and_clock(one.until, sources.zone)}; поставлено {day_and_clock(one.set_at, sources.zone)}"
                f" ({one.set_by})"
            ).classes("text-caption")
            if not one.mirrored:
                ui.label("Redis не отвечает: абоненты услышат объявление, когда он вернётся.").classes("text-negative")

    async def put(new_text: str, new_until: str) -> None:
        until = datetime.fromisoformat(new_until).replace(tzinfo=sources.zone) if new_until else None
        try:
            shown.refresh(await sources.announcements.put(NewAnnouncement(text=new_text, until=until), "supervisor"))
        except BadInput as error:
            ui.notify(words()["announcement"][error.code], type="negative")

    async def take_away() -> None:
        text.value = until.value = ""
        await put("", "")

    shown(now)
    text = ui.textarea("Текст, который абонент услышит после приветствия", value=now.text).classes("w-full")
    text.props(f"maxlength={MOST} counter")
    until = ui.input("Действует до (пусто: до конца дня)").props("type=datetime-local stack-label clearable")
    with ui.row():
        ui.button("Поставить", on_click=lambda: put(text.value or "", until.value or ""))
        ui.button("Снять", on_click=take_away).props("flat")
