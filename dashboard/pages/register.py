"""Which page is where, and the login in front of all of them."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec

from fastapi.responses import RedirectResponse
from nicegui import app, ui

from dashboard.login import Guard
from dashboard.pages.announcement import announcement_page
from dashboard.pages.callbacks import CallBacksPage
from dashboard.pages.calls import calls_of_the_day, one_call
from dashboard.pages.context import ContextPage
from dashboard.pages.frame import Sources
from dashboard.pages.lines import LinesPage

P = ParamSpec("P")


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
    @_closed
    async def lines() -> None:
        await LinesPage(sources).build()

    @ui.page("/calls", title="Вызов: звонки за день")
    @_closed
    async def calls() -> None:
        await calls_of_the_day(sources)

    @ui.page("/calls/{call_id}", title="Вызов: звонок")
    @_closed
    async def call(call_id: str) -> None:
        await one_call(sources, call_id)

    @ui.page("/context/{context}", title="Вызов: перевод")
    @_closed
    async def context(context: str) -> None:
        await ContextPage(sources, context).build()

    @ui.page("/callbacks", title="Вызов: перезвонить")
    @_closed
    async def callbacks() -> None:
        await CallBacksPage(sources).build()

    @ui.page("/announcement", title="Вызов: объявление дня")
    @_closed
    async def announcement() -> None:
        await announcement_page(sources)


def _closed(build: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[RedirectResponse | None]]:
    """The page for those who are logged in; others are led to the login and, after it, back."""

    @functools.wraps(build)
    async def page(*args: P.args, **kwargs: P.kwargs) -> RedirectResponse | None:
        if not _logged_in():
            # in the cookie: visitors without a password leave nothing on the disk
            app.storage.browser["wanted"] = ui.context.client.request.url.path
            return RedirectResponse("/login")
        await build(*args, **kwargs)
        return None

    return page


def _logged_in() -> bool:
    return bool(app.storage.user.get("supervisor"))


def _log_in(guard: Guard, password: str) -> None:
    now = time.monotonic()
    if guard.locked(now):
        ui.notify("Слишком много попыток. Подождите минуту.", type="negative")
    elif guard.check(password, now):
        app.storage.user["supervisor"] = True
        ui.navigate.to(app.storage.browser.get("wanted", "/"))
    else:
        ui.notify("Пароль не подходит.", type="negative")
