"""A real browser in front of the dashboard, for these tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Page, async_playwright, expect

PASSWORD = "secret-password"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@contextlib.asynccontextmanager
async def new_browser(base_url: str) -> AsyncIterator[Page]:
    """A page of a browser that nobody has logged in with yet."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        context = await browser.new_context(base_url=base_url)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        yield page
        await browser.close()


async def open_logged_in(page: Page, path: str) -> None:
    """Ask for a page, be led to the login, log in, and be led back to it."""
    await page.goto(path)
    await page.get_by_label("Пароль").fill(PASSWORD)
    await page.get_by_role("button", name="Войти").click()
    await page.wait_for_url(f"**{path}")


async def sees(page: Page, text: str) -> None:
    await expect(page.get_by_text(text).first).to_be_visible(timeout=20_000)
