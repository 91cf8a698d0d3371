"""The real dashboard as a process of its own, with a real Redis; the connector is away unless a test starts one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from core import bus
from core.settings import Settings
from tests.conftest import free_port, wait_for_port
from tests.dashboard.browser import PASSWORD, new_browser

RIGHT = {"Authorization": "Bearer secret-token"}


@dataclass
class Running:
    """One dashboard; it may be stopped and started again on the same port and folder."""

    port: int
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.service"], env=os.environ | self.environment, stderr=log
            )
        wait_for_port(self.port, 30)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(20) is not None


def dashboard(folder: Path, redis_port: int, connector_port: int) -> Running:
    port = free_port()
    return Running(
        port,
        folder,
        {
            "VYZOV_VAR_DIR": str(folder),
            "VYZOV_REDIS_PORT": str(redis_port),
            "VYZOV_DASHBOARD_PORT": str(port),
            "VYZOV_CONNECTOR_PORT": str(connector_port),
            "VYZOV_API_TOKEN": "secret-token",
            "VYZOV_DASHBOARD_PASSWORD": PASSWORD,
        },
    )


@pytest.fixture(scope="module")
def running(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = dashboard(tmp_path_factory.mktemp("dashboard"), redis_port, free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def publisher(redis_port: int) -> AsyncIterator[bus.EventPublisher]:
    redis = bus.connect(Settings(redis_port=redis_port))
    publisher = bus.EventPublisher(redis, kept=1000)
    publisher.start()
    yield publisher
    await publisher.stop()
    await redis.aclose()


@pytest.fixture
async def page(running: Running) -> AsyncIterator[Page]:
    """A page of a browser that nobody has logged in with yet."""
    async with new_browser(running.url("")) as page:
        yield page


async def known(running: Running, context: str, *, like: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the interface says, once it knows the context and has those fields."""
    async with httpx.AsyncClient(headers=RIGHT) as http:
        for _ in range(200):
            answer = await http.get(running.url(f"/api/v1/contexts/{context}"))
            body: dict[str, Any] = answer.json()
            if answer.status_code == 200 and (like or {}).items() <= body.items():
                return body
            await asyncio.sleep(0.1)
    raise AssertionError(f"never came: {answer.status_code} {body}")
