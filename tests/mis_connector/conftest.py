"""Real processes for the connector's tests: the sandbox MIS, the connector, and a PostgreSQL where there is one."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from core.settings import ROOT, Settings
from mis_connector.database import Database
from mis_connector.migrate import migrate
from mis_connector.tables import open_engine
from tests.conftest import free_port

TOKEN = "test-token"
HTTP = httpx.Client(timeout=15)
"""One for all: a client costs 0.1 s of CPU to make (its TLS context)."""


@dataclass
class Service:
    """One of our services as a process of its own."""

    module: str
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module], cwd=ROOT, env={**os.environ, **self.environment}, stderr=log
            )

    def wait_ready(self, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if HTTP.get(f"{self.url}/health").status_code == 200:
                    return
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise TimeoutError(f"{self.module} is not ready: {self.log.read_text()}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class System:
    """A sandbox and a connector that speaks to it."""

    folder: Path
    sandbox: Service
    connector: Service

    @property
    def settings(self) -> Settings:
        """The settings of both, for code that runs in the test's own process."""
        return Settings(
            var_dir=self.folder, api_token=TOKEN, connector_port=self.connector.port, sandbox_port=self.sandbox.port,
            mis_seconds=1.0,
        )  # fmt: skip

    def faults(self, *faults: dict[str, Any]) -> None:
        answer = HTTP.post(f"{self.sandbox.url}/sandbox/faults", json=list(faults), headers=authorised())
        assert answer.status_code == 200, answer.text

    def visits(self) -> list[dict[str, Any]]:
        answer = HTTP.get(f"{self.sandbox.url}/sandbox/visits", params={"limit": 1000}, headers=authorised())
        visits: list[dict[str, Any]] = answer.json()
        return visits

    def visits_of(self, number: str) -> list[dict[str, Any]]:
        return [visit for visit in self.visits() if visit["number"] == number]


def authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def make_system(folder: Path, **settings: str) -> System:
    environment = {
        "VYZOV_VAR_DIR": str(folder), "VYZOV_API_TOKEN": TOKEN, "VYZOV_MIS_SECONDS": "1", "VYZOV_SETTLE_SECONDS": "2",
        "VYZOV_SANDBOX_PORT": str(free_port()), "VYZOV_CONNECTOR_PORT": str(free_port()), **settings,
    }  # fmt: skip
    sandbox = Service(
        "mis_connector.sandbox.service", int(environment["VYZOV_SANDBOX_PORT"]), environment, folder / "sandbox.log"
    )
    connector = Service(
        "mis_connector.service", int(environment["VYZOV_CONNECTOR_PORT"]), environment, folder / "connector.log"
    )
    return System(folder, sandbox, connector)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = make_system(tmp_path_factory.mktemp("mis"))
    try:
        for service in (system.sandbox, system.connector):
            service.start()
        for service in (system.sandbox, system.connector):
            service.wait_ready()
        yield system
    finally:
        system.connector.stop()
        system.sandbox.stop()


@pytest.fixture
def system(running: System) -> Iterator[System]:
    """The running system; faults are taken away after the test."""
    running.faults()
    yield running
    running.faults()


@pytest.fixture
def http(system: System) -> Iterator[httpx.Client]:
    """A client of the connector with the right token."""
    with httpx.Client(base_url=system.connector.url, headers=authorised(), timeout=15) as client:
        yield client


_numbers = itertools.count(1)


def new_key() -> str:
    return f"test-key-{os.getpid()}-{next(_numbers)}"


def body(**changes: Any) -> dict[str, Any]:
    """A good request for a house call of a patient of the sample region."""
    good: dict[str, Any] = {
        "call_id": "c0ffee",
        "patient": {
            "mis_id": "1", "surname": "Волкова", "name": "Василиса", "patronymic": "Александровна",
            "birth_date": "1971-12-21",
        },
        "address": {
            "town": "Коломна", "street": "Рыбацкий", "street_kind": "проезд", "house": "52", "flat": "180",
            "entrance": "6", "floor": "3", "intercom": "358", "in_register": True,
        },
        "phone": "+79090551489",
        "caller": {"relation": "self", "name": None},
        "symptoms": "спину прихватило, встать не могу",
        "temperature": None, "since": "третий день", "urgency": "routine",
    }  # fmt: skip
    return {**good, **changes}


def eventually(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first true result of `check`."""
    end = time.monotonic() + seconds
    while True:
        result = check()
        if result or time.monotonic() > end:
            assert result, f"did not come true within {seconds} s"
            return result
        time.sleep(0.1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL of the test's own; skipped where no server is installed."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    folder = programs[-1] if programs else os.path.dirname(shutil.which("initdb") or "")
    if not folder:
        pytest.skip("no PostgreSQL server on this machine")
    home = Path(tempfile.mkdtemp(prefix="vyzov-pg-"))
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(home, user)
    port = free_port()
    data, socket = home / "data", home
    try:
        subprocess.run(
            [f"{folder}/initdb", "-D", data, "-U", "vyzov", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            user=user, cwd=home, check=True, capture_output=True,
        )  # fmt: skip
        server = subprocess.Popen(
            [f"{folder}/postgres", "-D", data, "-p", str(port), "-k", socket, "-c", "listen_addresses=127.0.0.1"],
            user=user, cwd=home, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = f"postgresql://vyzov@127.0.0.1:{port}/postgres"
            eventually(lambda: _answers(url), 30)
            yield url
        finally:
            server.terminate()
            server.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def killable(running: System, tmp_path: Path) -> Iterator[System]:
    """A connector of the test's own before the shared sandbox."""
    system = make_system(
        tmp_path,
        VYZOV_SANDBOX_PORT=str(running.sandbox.port),
        VYZOV_MIS_PASSWORD=(running.folder / "mis_password").read_text(),
    )
    system.connector.start()
    system.connector.wait_ready()
    running.faults()
    yield system
    running.faults()
    system.connector.stop()


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=1).close()
    except psycopg.Error:
        return False
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with the newest schema, on both engines."""
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path / 'connector.sqlite'}")
    else:
        url: str = request.getfixturevalue("postgresql")
        opened = open_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        migrate(opened, "base")
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def database(engine: Engine) -> Database:
    return Database(engine)


def patient_like(predicate: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """The first patient of the sample region that fits."""
    import csv

    with (ROOT / "regions/sample/patients.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if predicate(row))


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
