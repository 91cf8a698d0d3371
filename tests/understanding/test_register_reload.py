"""Promise: a new register comes into use without a stop, and a broken one never does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from core.errors import ConfigurationError
from core.settings import get_settings
from tests.understanding.gar import small_region
from understanding.addresses import Addresses
from understanding.model import Heard
from understanding.register import Register
from understanding.register_reload import RegisterKeeper, ReloadRunning
from understanding.service import create, reload_on_hangup

TEXT = "руза улица новая дом 3"


@pytest.fixture
def region(tmp_path: Path) -> Path:
    small_region().write(tmp_path / "gar")
    return tmp_path


def deliver(region: Path, *, whole: bool = True) -> None:
    """A new delivery with one street more in the place of the old one; or a broken one."""
    made = small_region()
    made.place(70, 8, "ул", "Новая", 10)
    made.house(400, 70, "3")
    for old in (region / "gar").iterdir():
        old.unlink()
    made.write(region / "gar", day="20261109")
    if not whole:
        (houses,) = (region / "gar").glob("AS_HOUSES_*")
        houses.write_text(houses.read_text(encoding="utf-8")[:300], encoding="utf-8")


async def street(addresses: Addresses) -> str | None:
    answer = await addresses.understand(Heard(expects="address", slot="address", text=TEXT))
    return answer.value["street"] if answer.value and answer.value["in_register"] else None


def reloads(outcome: str) -> float:
    return REGISTRY.get_sample_value("vyzov_register_reloads_total", {"outcome": outcome}) or 0.0


async def test_the_new_one_comes_into_use(region: Path) -> None:
    keeper = RegisterKeeper(region)
    used: list[Addresses] = []
    assert await street(keeper.addresses) != "Новая"
    deliver(region)
    before = reloads("loaded")
    reloaded = await keeper.reload(used.append)
    assert (reloaded.towns, reloaded.streets, reloaded.houses) == (4, 7, 18)
    assert reloaded.notes["garages and the like"] == 1
    assert await street(used[-1]) == "Новая"
    assert keeper.addresses is used[-1]
    assert reloads("loaded") == before + 1
    assert REGISTRY.get_sample_value("vyzov_register_size", {"of": "streets"}) == 7


async def test_a_broken_one_leaves_the_old_in_use(region: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keeper = RegisterKeeper(region)
    old = keeper.addresses
    deliver(region, whole=False)
    before = reloads("refused")
    with pytest.raises(ConfigurationError, match=r"AS_HOUSES_20261109.*cut off.*the old register stays in use"):
        await keeper.reload(lambda _new: pytest.fail("callers would be searched for in half a register"))
    assert keeper.addresses is old
    assert reloads("refused") == before + 1
    assert "register_refused" in "".join(capsys.readouterr())
    deliver(region)
    await keeper.reload(lambda _new: None)


async def test_one_that_lost_most_of_the_region_is_refused(region: Path) -> None:
    keeper = RegisterKeeper(region)
    (houses,) = (region / "gar").glob("AS_HOUSES_*")
    houses.write_text("<HOUSES/>", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"has 0 houses, the one in use 17.* restart the service"):
        await keeper.reload(lambda _new: pytest.fail("every house would be unknown"))


async def test_callers_are_answered_meanwhile_and_two_never_run(region: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = RegisterKeeper(region)
    deliver(region)
    load, loading, go_on = Register.load, threading.Event(), threading.Event()

    def slow(folder: Path) -> Register:
        loading.set()
        assert go_on.wait(30)
        return load(folder)

    monkeypatch.setattr(Register, "load", slow)
    used: list[Addresses] = []
    first = asyncio.create_task(keeper.reload(used.append))
    await asyncio.to_thread(loading.wait, 30)
    assert await street(keeper.addresses) != "Новая", "the old one answers while the new one is read"
    with pytest.raises(ReloadRunning):
        await keeper.reload(used.append)
    assert not used
    go_on.set()
    await first
    assert await street(used[0]) == "Новая"


async def test_by_a_signal(region: Path) -> None:
    keeper = RegisterKeeper(region)
    deliver(region)
    used: asyncio.Queue[Addresses] = asyncio.Queue()
    reload_on_hangup(keeper, used.put_nowait)
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        assert await street(await asyncio.wait_for(used.get(), 30)) == "Новая"
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("VYZOV_API_TOKEN", "right")
    get_settings.cache_clear()
    yield "right"
    get_settings.cache_clear()


async def test_by_http_with_the_token_alone(region: Path, token: str) -> None:
    app = create(get_settings())
    app.state.keeper = RegisterKeeper(region)

    class Understanding:
        def use(self, addresses: Addresses) -> None:
            self.addresses = addresses

    app.state.understanding = understanding = Understanding()
    deliver(region)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        assert (await client.post("/v1/register/reload")).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/v1/register/reload", headers=headers)
        assert answer.status_code == 200
        assert {name: answer.json()[name] for name in ("towns", "streets", "houses")} == {
            "towns": 4, "streets": 7, "houses": 18,
        }  # fmt: skip
        assert await street(understanding.addresses) == "Новая"
        deliver(region, whole=False)
        answer = await client.post("/v1/register/reload", headers=headers)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "configuration"
        assert "AS_HOUSES" in answer.json()["error"]["message"]
