"""The conversation's half of the system, real and started once: Redis, Rasa with its actions, understanding, connector
and sandbox MIS with the sample region; neither sound nor telephone. All chosen scenarios are talked through in text,
several at once, before the first test looks at its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import VyzovError
from core.settings import ROOT, Settings
from dialog.client import DialogClient
from scripts.resident.__main__ import today
from scripts.resident.office import Office
from scripts.resident.scenario import Scenario, load
from scripts.resident.text import TextResident
from tests.conftest import free_port

HERE = Path(__file__).parent
REGIONS = HERE / "regions"
RASA = ROOT / ".venv-rasa" / "bin" / "python"
VAR = ROOT / "var" / "test-dialog"
"""Rasa's model is kept between runs: training takes half a minute."""

PORTS = ("understanding_port", "connector_port", "sandbox_port", "actions_port", "dialog_port")
AT_ONCE = 4
READY_SECONDS = 240
CALL_SECONDS = 120


@dataclass
class Stack:
    """The processes of one region and where they listen."""

    region_dir: Path
    redis_port: int
    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"var_dir": self.folder, "region_dir": self.region_dir, "api_token": "token-of-the-test",
               "mis_password": "password-of-the-test", "redis_port": self.redis_port, "redis_password": ""}  # fmt: skip
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VYZOV_")}
        return inherited | {f"VYZOV_{name.upper()}": str(value) for name, value in (own | self.ports).items()}

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self.ports | {
            "var_dir": self.folder, "region_dir": self.region_dir, "api_token": "token-of-the-test",
            "redis_port": self.redis_port, "turn_seconds": 20.0,
        })  # fmt: skip

    def start(self) -> None:
        (self.folder / "dialog").symlink_to(VAR / "dialog")
        (self.folder / "dictionaries").symlink_to(ROOT / "var" / "dictionaries")
        for name, python, module, port, path in (
            ("sandbox", sys.executable, "mis_connector.sandbox.service", "sandbox_port", "/health"),
            ("connector", sys.executable, "mis_connector.service", "connector_port", "/health"),
            ("understanding", sys.executable, "understanding.service", "understanding_port", "/health"),
            ("actions", str(RASA), "dialog.actions.server", "actions_port", "/health"),
            ("dialog", str(RASA), "dialog.components.server", "dialog_port", "/webhooks/vyzov/health"),
        ):
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [python, "-m", module], cwd=ROOT, env=self.environment, stdout=log, stderr=log
                )
            if name == "sandbox":  # the connector logs in at once
                self._wait(name, port, path)
        for name, port, path in (
            ("connector", "connector_port", "/health"), ("understanding", "understanding_port", "/health"),
            ("actions", "actions_port", "/health"), ("dialog", "dialog_port", "/webhooks/vyzov/health"),
        ):  # fmt: skip
            self._wait(name, port, path)

    def _wait(self, name: str, port: str, path: str) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            try:
                if httpx.get(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            assert self.processes[name].poll() is None, f"{name} ended: {self._log(name)}"
            time.sleep(0.2)
        raise AssertionError(f"{name} did not get ready: {self._log(name)}")

    def _log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running(region: str | None, redis_port: int, folder: Path) -> Iterator[Stack]:
    stack = Stack(region_dir(region, folder), redis_port, folder)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def region_dir(region: str | None, folder: Path) -> Path:
    """The sample region, or a folder with the files of a region of the tests over those of the sample."""
    sample = ROOT / "regions" / "sample"
    if region is None:
        return sample
    made = folder / "region"
    made.mkdir()
    for path in (*sample.iterdir(), *(REGIONS / region).iterdir()):
        (made / path.name).unlink(missing_ok=True)
        (made / path.name).symlink_to(path)
    return made


async def talk(stack: Stack, scenarios: list[tuple[Path, Scenario]]) -> dict[Path, dict[str, Any]]:
    """Every scenario's result; those that others would feel come last, one after another."""
    dialog, office = DialogClient(stack.settings), Office(stack.settings)
    places = asyncio.Semaphore(AT_ONCE)
    results: dict[Path, dict[str, Any]] = {}

    async def one(path: Path, scenario: Scenario) -> None:
        async with places:
            try:
                resident = TextResident(scenario, dialog, office, today(stack.settings))
                results[path] = await asyncio.wait_for(resident.run(), CALL_SECONDS)
            except (VyzovError, TimeoutError) as error:
                results[path] = {"right": False, "outcome": f"error: {error!r}", "wrong_fields": [], "transcript": []}

    try:
        await asyncio.gather(*(one(path, s) for path, s in scenarios if not s.before.is_shared))
        for path, scenario in scenarios:
            if scenario.before.is_shared:
                await one(path, scenario)
    finally:
        await dialog.aclose()
        await office.aclose()
    return results


@pytest.fixture(scope="session")
def results(
    request: pytest.FixtureRequest, redis_port: int, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, dict[str, Any]]:
    """What came of every scenario that this run of pytest has chosen."""
    callspecs = [getattr(item, "callspec", None) for item in request.session.items]
    paths = [spec.params["conversation"] for spec in callspecs if spec and "conversation" in spec.params]
    VAR.mkdir(parents=True, exist_ok=True)
    prepare([str(RASA), "-m", "dialog.train"], VAR)
    prepare([sys.executable, "-m", "understanding.dictionaries"], ROOT / "var")
    found: dict[Path, dict[str, Any]] = {}
    scenarios = [(path, load(path)) for path in paths]
    for region in dict.fromkeys(scenario.region for _, scenario in scenarios):
        with running(region, redis_port, tmp_path_factory.mktemp(region or "sample")) as stack:
            found |= asyncio.run(talk(stack, [(p, s) for p, s in scenarios if s.region == region]))
    return found


def prepare(command: list[str], var_dir: Path) -> None:
    environment = os.environ | {"VYZOV_VAR_DIR": str(var_dir)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
