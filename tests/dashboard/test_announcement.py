"""Promise: callers hear what a supervisor set, for as long as it holds, also after Redis lost its memory.

A failure means that callers miss an announcement, hear one that is over, or one that no voice can say.
The real service with a Redis that is killed and comes back empty.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Page
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core import bus
from core.errors import BadInput
from core.settings import Settings
from dashboard.announcement import KEY, MOST, Announcements, NewAnnouncement, end_of_day, speakable
from dashboard.history import database_url, migrate, open_engine
from tests.conftest import free_port, wait_for_port
from tests.dashboard.browser import open_logged_in, sees
from tests.dashboard.conftest import RIGHT, Running, dashboard

TEXT = "Сегодня, 24 ноября, вызовы принимаются до 14 часов."


@pytest.mark.parametrize(
    "text", ["", TEXT, "  Приём\nдо восьми.  ", "Ёлка", "Поликлиника №3 — «Северная» (вход со двора) 50%", "я" * MOST]
)
def test_plain_russian_is_taken(text: str) -> None:
    assert speakable(text) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("я" * (MOST + 1), "too_long"),
        ("123 456 7", "not_russian"),
        ("...", "not_russian"),
        ("д 5", "not_russian"),
        ("Hello", "not_russian"),
        ("Приём до восьми <b>вечера</b>", "not_russian"),
        ("Приём\x00 до восьми", "not_russian"),
        ("Приём до восьми 😀", "not_russian"),
    ],
)
def test_what_no_voice_can_say_is_refused_without_repeating_it(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        speakable(text)
    assert refused.value.code == code
    assert text not in str(refused.value)


def test_today_ends_at_the_clinics_midnight() -> None:
    late = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # half past one of the 23rd in Moscow
    assert end_of_day(late, ZoneInfo("Europe/Moscow")) == datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


@dataclass
class OwnRedis:
    port: int
    folder: Path
    server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: scripts/test installs it"
        words = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for_port(self.port)

    def kill(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.wait(10)

    async def says(self, text: str | None) -> int:
        """Wait until the key has that text; its time to live, seconds."""
        redis: Redis = bus.connect(Settings(redis_port=self.port))
        found: Any = ...
        for _ in range(300):
            try:
                found = await redis.get(KEY)
                if found == text:
                    seconds: int = await redis.ttl(KEY)
                    await redis.aclose()
                    return seconds
            except (RedisError, OSError):
                pass
            await asyncio.sleep(0.1)
        raise AssertionError(f"Redis says {found!r}")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(free_port(), tmp_path)
    redis.start()
    yield redis
    redis.kill()


@pytest.fixture
def running(own_redis: OwnRedis, tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path / "dashboard"
    folder.mkdir()
    running = dashboard(folder, own_redis.port, free_port())
    running.start()
    yield running
    running.stop()


async def put(running: Running, body: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(headers=RIGHT, timeout=15) as http:
        return await http.put(running.url("/api/v1/announcement"), json=body)


async def get(running: Running) -> dict[str, Any]:
    async with httpx.AsyncClient(headers=RIGHT, timeout=15) as http:
        body: dict[str, Any] = (await http.get(running.url("/api/v1/announcement"))).json()
        return body


async def test_it_is_set_kept_over_a_lost_redis_and_a_restart_and_taken_away(
    running: Running, own_redis: OwnRedis
) -> None:
    nothing = {"text": "", "until": None, "set_at": None, "set_by": None, "mirrored": False}
    assert await get(running) == nothing
    until = datetime.now(UTC) + timedelta(minutes=30)
    answer = await put(running, {"text": TEXT, "until": until.isoformat()})
    assert answer.status_code == 200
    assert (answer.json()["text"], answer.json()["set_by"], answer.json()["mirrored"]) == (TEXT, "api", True)
    assert datetime.fromisoformat(answer.json()["until"]) == until
    assert 0 < await own_redis.says(TEXT) <= 30 * 60

    own_redis.kill()
    assert (await get(running))["mirrored"] is False
    own_redis.start()
    assert 0 < await own_redis.says(TEXT) <= 30 * 60

    running.stop()
    redis: Redis = bus.connect(Settings(redis_port=own_redis.port))
    await redis.delete(KEY)
    await redis.aclose()
    running.start()
    await own_redis.says(TEXT)
    assert (await get(running))["set_at"] == answer.json()["set_at"]

    assert (await put(running, {"text": ""})).status_code == 200
    await own_redis.says(None)
    assert await get(running) == nothing


async def test_bad_ones_get_a_clear_error_and_change_nothing(running: Running, own_redis: OwnRedis) -> None:
    assert (await put(running, {"text": TEXT})).status_code == 200
    past, far = datetime.now(UTC) - timedelta(seconds=1), datetime.now(UTC) + timedelta(days=32)
    for body, code in (
        ({"text": "12345"}, "not_russian"),
        ({"text": "я" * 301}, "too_long"),
        ({"text": "я" * 30_000}, "bad_input"),
        ({"text": TEXT, "until": past.isoformat()}, "too_early"),
        ({"text": TEXT, "until": far.isoformat()}, "too_late"),
        ({"text": TEXT, "until": "2026-11-24T12:00:00"}, "bad_input"),
        ({"text": TEXT, "for": "all"}, "bad_input"),
        ({}, "bad_input"),
    ):
        answer = await put(running, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert (await get(running))["text"] == TEXT
    assert 0 < await own_redis.says(TEXT) <= 24 * 3600


async def test_one_that_is_over_is_not_said_again(own_redis: OwnRedis, tmp_path: Path) -> None:
    url = database_url(Settings(var_dir=tmp_path))
    migrate(url)
    redis: Redis = bus.connect(Settings(redis_port=own_redis.port))
    board = Announcements(open_engine(url), redis, ZoneInfo("Europe/Moscow"))
    soon = datetime.now(UTC) + timedelta(seconds=1.2)
    assert (await board.put(NewAnnouncement(text=TEXT, until=soon), "supervisor")).mirrored
    await asyncio.sleep((soon - datetime.now(UTC)).total_seconds() + 0.1)
    over = await board.mirrored()
    assert (over.text, over.mirrored) == ("", False)
    assert await redis.get(KEY) is None
    await redis.aclose()


@pytest.mark.slow
async def test_the_page_works_while_redis_is_away(running: Running, own_redis: OwnRedis, page: Page) -> None:
    own_redis.kill()
    await open_logged_in(page, "/announcement")
    await page.get_by_label("Текст, который абонент услышит после приветствия").fill(TEXT)
    await page.get_by_role("button", name="Поставить").click()
    await sees(page, "Redis не отвечает")
    own_redis.start()
    await own_redis.says(TEXT)
