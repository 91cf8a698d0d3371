"""Promise: supervisors and operators see what they need in a browser, live, and only after the login.

The real service in a real browser. A failure means that an operator takes a call blindly, or that an announcement
cannot be set.
"""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import Page, expect

from core import bus, events
from tests.dashboard.browser import open_logged_in, sees
from tests.dashboard.conftest import Running, known
from tests.dashboard.stories import until_ringing

pytestmark = pytest.mark.slow


async def test_the_operators_page_fills_by_itself_and_follows_the_call(
    running: Running, publisher: bus.EventPublisher, page: Page
) -> None:
    call_id, context = uuid.uuid4().hex, uuid.uuid4().hex
    await open_logged_in(page, f"/context/{context}")
    await sees(page, "Под этим кодом звонка нет")
    for one in until_ringing(call_id, context, line=3):
        publisher.publish(one)
    for text in ("Перевод на оператора: просит оператора", "+79161234567", "Признак опасности: не дышит",
                 "он не дышит", "Вызов 122-7: принят", "есть ли взрослый", "Зайцев, Никита", "80%"):  # fmt: skip
        await sees(page, text)
    publisher.publish(events.TurnRecognised(call_id=call_id, line=3, text="мы ждём"))
    await sees(page, "мы ждём")
    publisher.publish(
        events.CallTransferred(call_id=call_id, line=3, to="operator", reason="wish", result="answered", status=200)
    )
    publisher.publish(events.CallEnded(call_id=call_id, line=3, outcome="transferred", seconds=9))
    await sees(page, "Перевод на оператора: ответили (переадресация, 200)")
    await sees(page, "переведён оператору")
    await page.goto(f"/calls/{call_id}")  # afterwards, in the history
    await sees(page, "Признак опасности: не дышит")
    await sees(page, "Перевод на оператора: ответили (переадресация, 200)")


async def test_the_operator_who_talks_keeps_what_he_sees_of_an_unrecorded_call(
    running: Running, publisher: bus.EventPublisher, page: Page
) -> None:
    call_id, context = uuid.uuid4().hex, uuid.uuid4().hex
    start, *rest = until_ringing(call_id, context, line=2)
    await open_logged_in(page, f"/context/{context}")
    for one in (start, events.RecordingRefused(call_id=call_id, line=2), *rest):
        publisher.publish(one)
    await sees(page, "Абонент отказался от записи разговора")
    await sees(page, "Зайцев, Никита")
    publisher.publish(events.CallEnded(call_id=call_id, line=2, outcome="transferred", seconds=9))
    await sees(page, "Звонок закончен")
    await known(running, context, like={"outcome": "transferred"})
    other = await page.context.new_page()
    await other.goto(f"/context/{context}")
    await sees(other, "переведён оператору")  # a page that is opened afterwards has nothing of it
    await expect(other.get_by_text("Зайцев")).to_have_count(0)
    await sees(page, "Зайцев, Никита")


async def test_the_announcement_is_set_refused_and_taken_away(page: Page) -> None:
    await open_logged_in(page, "/announcement")
    await sees(page, "Объявления нет.")
    text = page.get_by_label("Текст, который абонент услышит после приветствия")
    await text.fill("12345")
    await page.get_by_role("button", name="Поставить").click()
    await sees(page, "Нужен обычный русский текст")
    await text.fill("Сегодня приём до восьми вечера.")
    await page.get_by_role("button", name="Поставить").click()
    await expect(page.locator(".text-h6", has_text="Сегодня приём до восьми вечера.")).to_be_visible()
    await sees(page, "(supervisor)")
    await page.get_by_role("button", name="Снять").click()
    await sees(page, "Объявления нет.")
