"""Promise: whom somebody must phone is listed until it was done; a connector that is away is said, and waited for.

The real dashboard, connector and browser. A failure means that a resident waits for a call that nobody makes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import free_port, wait_for_port
from tests.dashboard.browser import open_logged_in, sees
from tests.dashboard.conftest import RIGHT, Running, dashboard


@dataclass
class Connector:
    """The real connector; its MIS is away, which call-backs do not need."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            "VYZOV_VAR_DIR": str(self.folder),
            "VYZOV_CONNECTOR_PORT": str(self.port),
            "VYZOV_SANDBOX_PORT": str(free_port()),
            "VYZOV_API_TOKEN": "secret-token",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mis_connector.service"], env=os.environ | environment, stderr=log
            )
        wait_for_port(self.port, 30)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def wants(self, phone: str, reason: str) -> None:
        """A caller is noted, as the dialog does it."""
        body = {"call_id": uuid.uuid4().hex, "phone": phone, "reason": reason}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/v1/callbacks", json=body, headers=RIGHT)
        assert answer.status_code == 201


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[Connector]:
    folder = tmp_path / "connector"
    folder.mkdir()
    connector = Connector(free_port(), folder)
    connector.start()
    yield connector
    connector.stop()


@pytest.fixture
def running(redis_port: int, connector: Connector, tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path / "dashboard"
    folder.mkdir()
    running = dashboard(folder, redis_port, connector.port)
    running.start()
    yield running
    running.stop()


async def test_they_are_listed_until_done(running: Running, connector: Connector) -> None:
    connector.wants("+79161234567", "no_match")
    connector.wants("+79160000000", "wish")
    async with httpx.AsyncClient(headers=RIGHT, base_url=running.url("/api/v1")) as http:
        first, second = (await http.get("/callbacks?state=open")).json()["callbacks"]
        assert (first["phone"], first["reason"], first["state"]) == ("+79161234567", "no_match", "open")
        done = await http.post(f"/callbacks/{first['callback_id']}/done")
        assert (done.status_code, done.json()["state"]) == (200, "done")
        assert done.json()["done_at"] is not None
        assert (await http.get("/callbacks?state=open")).json()["callbacks"] == [second]
        assert [one["state"] for one in (await http.get("/callbacks")).json()["callbacks"]] == ["done", "open"]
        assert (await http.get("/callbacks?state=lost")).status_code == 422
        assert (await http.post(f"/callbacks/{uuid.uuid4()}/done")).status_code == 404
        connector.stop()
        away = await http.get("/callbacks?state=open")
        assert (away.status_code, away.json()["error"]["code"]) == (503, "unavailable")
        connector.start()


@pytest.mark.slow
async def test_the_page_lists_them_and_outlives_the_connector(
    running: Running,
    connector: Connector,
    page: Page,
) -> None:
    connector.wants("+79161234567", "no_match")
    await open_logged_in(page, "/callbacks")
    await sees(page, "+79161234567")
    await sees(page, "не удалось понять")
    connector.stop()
    await sees(page, "Сервис записи не отвечает")
    connector.start()
    connector.wants("+79160000000", "wish")
    await sees(page, "+79160000000")
    await page.get_by_role("button", name="Сделано").first.click()
    await expect(page.get_by_text("+79161234567")).to_have_count(0, timeout=20_000)
    await page.get_by_role("button", name="Сделано").first.click()
    await sees(page, "Перезванивать некому.")


@pytest.mark.slow
async def test_a_connector_that_hangs_is_said_too(connector: Connector, running: Running, page: Page) -> None:
    connector.stop()
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", connector.port)
    await open_logged_in(page, "/callbacks")
    await sees(page, "Сервис записи не отвечает")
    silent.close()
    connector.start()
    await sees(page, "Перезванивать некому.")
