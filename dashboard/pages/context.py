"""The page of an operator to whom a call is handed over: what is known of it, from the first ring on."""

from __future__ import annotations

from nicegui import ui

from core.errors import NotFound
from dashboard.context import call_in_context
from dashboard.live import LiveCall
from dashboard.pages.call import draw_call
from dashboard.pages.frame import LIVE_SECONDS, Sources, header
from dashboard.words import words


class ContextPage:
    """One browser's view; drawn again while the call goes on."""

    def __init__(self, sources: Sources, context: str) -> None:
        self._sources = sources
        self._context = context
        self._call: LiveCall | None = None
        self._version = sources.live.version
        self._timer: ui.timer | None = None
        """While the call goes on, or may still come."""

    async def build(self) -> None:
        header("Вызов: перевод")
        await self._read()
        self._draw()
        if self._call is None or self._call.outcome is None:
            self._timer = ui.timer(LIVE_SECONDS, self._refresh)

    async def _read(self) -> None:
        sources = self._sources
        try:
            self._call = await call_in_context(self._context, sources.live, sources.history)
        except NotFound:
            self._call = None

    async def _refresh(self) -> None:
        if self._version == self._sources.live.version:
            return
        self._version = self._sources.live.version
        await self._read()
        ended = self._call is not None and self._call.outcome is not None
        if ended and self._timer is not None:
            self._timer.deactivate()
        if ended and self._call is not None and self._call.refused:
            # what was said is forgotten everywhere else; the operator who talks now keeps what he sees
            ui.notify("Звонок закончен. Он не записан: закройте страницу, когда он больше не нужен.", timeout=0)
        else:
            self._draw.refresh()

    @ui.refreshable_method
    def _draw(self) -> None:
        call = self._call
        if call is None:
            ui.label("Под этим кодом звонка нет. Если перевод идёт сейчас, страница заполнится сама.").mark("unknown")
            return
        transfer = next(one for one in call.transfers if one.context == self._context)
        to = words()["transfers"][transfer.to]
        with ui.card().classes("w-full").mark("transfer"):
            ui.label(f"Перевод {to}: {words()['reasons'][transfer.reason]}").classes("text-h6")
            for flag in call.red_flags:
                ui.label(f"{words()['events']['red_flag']}: {flag.words or '…'}").classes(
                    "text-negative text-weight-bold"
                )
            for one in call.house_calls:
                ui.label(f"{words()['events']['house_call.created']} {one.number}: {words()['states'][one.state]}")
            if not call.house_calls:
                ui.label("Вызовов на дом в этом звонке не записано.")
        draw_call(call, self._sources.zone)
