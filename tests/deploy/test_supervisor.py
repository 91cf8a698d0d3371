"""What dies is started again, and the end leaves nothing behind: however it comes. Real supervisord, small services."""

from __future__ import annotations

import configparser
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import ROOT
from deploy import readiness
from deploy.supervisor import configuration
from deploy.table import Port, Process, Ready
from tests.conftest import free_port

RUNNER = """
import sys
from pathlib import Path
from deploy import descendants
from deploy.start import Stopped, _stop, running
from deploy.supervisor import Supervisor
import os, signal, time
signal.signal(signal.SIGTERM, _stop)
descendants.adopt_orphans()
try:
    with running(Supervisor(Path(sys.argv[1])), []) as supervisor:
        while supervisor.is_running:
            time.sleep(0.1)
except Stopped:
    pass
finally:
    descendants.end_all()
"""
"""The part of scripts/run that stands over the supervisor."""


def service(name: str, port: int, *, stage: int = 0) -> Process:
    command = ["python", "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return Process(
        name, stage, f"stage{stage}", "services", command, [Port(port, "tcp", "VYZOV_X")], Ready("http", port, "/")
    )


def wait_until(what: str, condition: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def pid_of(port: int) -> int | None:
    """The process that serves `port`, by its command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"http.server" in words and str(port).encode() in words:
                return int(folder.name)
    return None


@pytest.fixture
def ports() -> list[int]:
    return [free_port(), free_port()]


@pytest.fixture
def runner(tmp_path: Path, ports: list[int]) -> Iterator[subprocess.Popen[bytes]]:
    """A running system of two services."""
    run_dir, log_dir = tmp_path / "run", tmp_path / "log"
    run_dir.mkdir()
    log_dir.mkdir()
    processes = [service("first", ports[0]), service("second", ports[1], stage=1)]
    (run_dir / "supervisord.conf").write_text(configuration(processes, run_dir, log_dir))
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(run_dir)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        wait_until(
            "services answer", lambda: all(readiness.is_ready(Ready("http", p, "/"), "127.0.0.1") for p in ports)
        )
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        process.wait(20)


def supervisord(tmp_path: Path) -> int:
    return int((tmp_path / "run" / "supervisord.pid").read_text())


def nothing_left(ports: list[int]) -> bool:
    return all(pid_of(port) is None for port in ports)


def test_a_killed_service_is_started_again(runner: subprocess.Popen[bytes], ports: list[int]) -> None:
    before = pid_of(ports[0])
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until("a new process", lambda: pid_of(ports[0]) not in (None, before))


def test_sigterm_stops_all(runner: subprocess.Popen[bytes], ports: list[int], tmp_path: Path) -> None:
    daemon = supervisord(tmp_path)
    runner.terminate()
    runner.wait(20)
    assert nothing_left(ports)
    assert not Path(f"/proc/{daemon}").exists()


def test_kill_9_of_the_run_itself_stops_all(runner: subprocess.Popen[bytes], ports: list[int], tmp_path: Path) -> None:
    daemon = supervisord(tmp_path)
    runner.kill()
    wait_until("services are gone", lambda: nothing_left(ports))
    wait_until("the supervisor is gone", lambda: not Path(f"/proc/{daemon}").exists())


def test_kill_9_of_the_supervisor_stops_all(runner: subprocess.Popen[bytes], ports: list[int], tmp_path: Path) -> None:
    os.kill(supervisord(tmp_path), signal.SIGKILL)
    runner.wait(20)
    assert nothing_left(ports)


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    from deploy.start import only_one

    before = sorted(tmp_path.iterdir())
    with only_one(tmp_path):
        with pytest.raises(ConfigurationError, match="another scripts/run"), only_one(tmp_path):
            pass
        assert sorted(tmp_path.iterdir()) == before, "the lock leaves a file"
    with only_one(tmp_path):
        pass


def test_configuration_goes_on_trying_and_bounds_its_logs(tmp_path: Path) -> None:
    processes = [service("first", 1), service("second", 2, stage=1)]
    parser = configparser.RawConfigParser()
    parser.read_string(configuration(processes, tmp_path, tmp_path))
    first = parser["program:first"]
    assert first["autorestart"] == "true"
    assert int(first["startretries"]) > 10**6
    assert first["stdout_logfile_maxbytes"] == "10MB"
    assert first["killasgroup"] == "true"
    assert "setpriv --pdeathsig TERM" in first["command"]
    assert int(parser["group:stage0"]["priority"]) < int(parser["group:stage1"]["priority"])
    assert parser["unix_http_server"]["chmod"] == "0700"


def test_a_folder_too_deep_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="VYZOV_VAR_DIR"):
        configuration([], tmp_path / ("x" * 100), tmp_path)
