"""The edge's promise: a call finds a free worker, a full or dead one is passed over, and a caller for whom there is
no line hears so at once. Real Kamailio, sipp in the place of workers and callers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from deploy import generated, readiness
from deploy.capacity import Capacity
from deploy.supervisor import python_of
from deploy.table import Ready
from tests.conftest import free_port

SCENARIOS = Path(__file__).parent / "sipp"
StartWorker = Callable[[int, str], "subprocess.Popen[bytes]"]

pytestmark = pytest.mark.slow


@pytest.fixture
def worker_ports() -> list[int]:
    return [free_port(), free_port()]


@pytest.fixture
def edge(tmp_path: Path, worker_ports: list[int]) -> Iterator[int]:
    """The public port of a Kamailio in front of two workers that are not there yet."""
    settings = Settings(sip_port=free_port())
    dispatcher = tmp_path / "dispatcher.list"
    dispatcher.write_text("".join(f"1 sip:127.0.0.1:{port} 0 0\n" for port in worker_ports))
    config = tmp_path / "kamailio.cfg"
    config.write_text(generated.kamailio(settings, dispatcher))
    command = ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(tmp_path), "-m", "64", "-M", "8"]
    with (tmp_path / "kamailio.log").open("wb") as log:
        process = subprocess.Popen([python_of("services"), "-m", "deploy.as_one", *command], stderr=log, stdout=log)
    yield settings.sip_port
    process.terminate()
    process.wait(15)


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, scenario: str) -> subprocess.Popen[bytes]:
        command = ["sipp", "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-p", str(port), "-aa", "-nostdin"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def phone(edge: int, scenario: str, calls: int, tmp_path: Path, transport: str = "u1") -> bool:
    """True when every call went as the scenario says."""
    command = ["sipp", f"127.0.0.1:{edge}", "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-t", transport,
               "-p", str(free_port()), "-m", str(calls), "-r", "10", "-nostdin", "-timeout", "20"]  # fmt: skip
    return subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL, timeout=40, check=False).returncode == 0


def wait_until(edge: int, ready: bool, seconds: float = 20.0) -> None:
    """The edge says whether a worker would take a call."""
    end = time.monotonic() + seconds
    while readiness.is_ready(Ready("sip", edge, ""), "127.0.0.1") is not ready:
        assert time.monotonic() < end, f"the edge did not become {'ready' if ready else 'closed'} in {seconds} s"
        time.sleep(0.2)


def test_calls_pass_a_full_worker_and_reach_a_free_one(
    edge: int, worker_ports: list[int], start_worker: StartWorker, tmp_path: Path
) -> None:
    start_worker(worker_ports[0], "worker_full.xml")
    start_worker(worker_ports[1], "worker_free.xml")
    wait_until(edge, ready=True)
    time.sleep(2)  # so that the probe has found both
    assert phone(edge, "caller_served.xml", 6, tmp_path), "a caller was refused though a worker had a free line"
    assert phone(edge, "caller_served.xml", 2, tmp_path, "t1"), "a caller over TCP was not served"


def test_no_free_line_is_503_with_retry_after(
    edge: int, worker_ports: list[int], start_worker: StartWorker, tmp_path: Path
) -> None:
    for port in worker_ports:
        start_worker(port, "worker_full.xml")
    wait_until(edge, ready=True)
    time.sleep(2)
    assert phone(edge, "caller_refused.xml", 4, tmp_path), "a caller was not told when to try again"


def test_a_dead_worker_costs_no_call_and_comes_back(
    edge: int, worker_ports: list[int], start_worker: StartWorker, tmp_path: Path
) -> None:
    dead = start_worker(worker_ports[0], "worker_free.xml")
    start_worker(worker_ports[1], "worker_free.xml")
    wait_until(edge, ready=True)
    time.sleep(2)
    dead.kill()
    dead.wait()
    assert phone(edge, "caller_served.xml", 4, tmp_path), "a caller met a dead worker and nobody else answered"
    start_worker(worker_ports[0], "worker_full.xml")
    assert phone(edge, "caller_served.xml", 4, tmp_path)


def test_without_any_worker_the_edge_refuses_at_once(edge: int, tmp_path: Path) -> None:
    time.sleep(4)  # both were probed and found missing
    wait_until(edge, ready=False)
    assert phone(edge, "caller_refused.xml", 1, tmp_path), "a caller waited for workers that are not there"


def test_list_of_workers_follows_the_settings() -> None:
    settings = Settings(sip_worker_port=7000)
    assert generated.dispatcher_list(settings, Capacity(9, 4)) == (
        "1 sip:127.0.0.1:7000 0 0\n1 sip:127.0.0.1:7001 0 0\n1 sip:127.0.0.1:7002 0 0\n"
    )


def test_killed_program_takes_its_workers_along(tmp_path: Path) -> None:
    """Otherwise a killed Kamailio's workers would keep the port and take every second call."""
    pids = tmp_path / "pids"
    child = f"echo $$ >> {pids}; exec sleep 60"
    program = ["sh", "-c", f"sh -c '{child}' & sh -c '{child}' & sleep 0.5; kill -9 $$"]
    ended = subprocess.run([python_of("services"), "-m", "deploy.as_one", *program], timeout=30, check=False)
    assert ended.returncode == 128 + 9
    left = [pid for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()]
    assert left == []
