"""The whole system, started once by `scripts/run --lines 12` on ports and in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.settings import ROOT, Settings
from tests.conftest import free_port

VAR = ROOT / "var" / "system-test"
SHARED = ("models", "dialog", "dictionaries")
"""Prepared once and used by all: what takes long to make and does not depend on the run."""

PORTS = (
    "sip_port", "operator_desk_port", "redis_port", "asr_port", "tts_port", "understanding_port", "dialog_port",
    "actions_port", "connector_port", "sandbox_port", "dashboard_port",
)  # fmt: skip
BLOCKS = {"sip_worker_port": 3, "worker_metrics_port": 3}
"""Settings that take several ports in a row."""

READY_SECONDS = 420


@dataclass
class System:
    """A running system and its settings."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        ports = {name: int(self.environment[f"VYZOV_{name.upper()}"]) for name in (*PORTS, *BLOCKS)}
        token = (VAR / "api_token").read_text().strip()
        self.settings = Settings.model_validate(ports | {"var_dir": VAR, "api_token": token})

    @property
    def uri(self) -> str:
        return f"sip:122@{self.settings.sip_host}:{self.settings.sip_port}"

    def processes(self, words: str) -> list[psutil.Process]:
        """Our processes whose command line contains `words`."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if words in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return found

    def resident(self, scenario: Path, *arguments: str) -> subprocess.Popen[str]:
        """A resident who phones in; its standard output is the JSON of `scripts/call`."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.resident", str(scenario), *arguments],
            cwd=ROOT, env=self.environment | {"VYZOV_API_TOKEN": self.settings.api_token.get_secret_value()},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def told(resident: subprocess.Popen[str], seconds: float = 420) -> dict[str, Any]:
    """What a resident's call came to."""
    out, err = resident.communicate(timeout=seconds)
    assert out.strip(), f"the resident told nothing: {err[-2000:]}"
    result: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return result


def _free_block(count: int) -> int:
    """The first of `count` ports in a row that are free now."""
    while True:
        first = free_port()
        try:
            for port in range(first, first + count):
                with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    tcp.bind(("127.0.0.1", port))
                    udp.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """Started through the same door as in production, with real Redis, Rasa, recognition, Kamailio."""
    ports = {name: free_port() for name in PORTS} | {name: _free_block(count) for name, count in BLOCKS.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VYZOV_")}
    run = str(ROOT / "scripts" / "run")
    subprocess.run([run, "--setup-only"], cwd=ROOT, env=environment, check=True, timeout=900)
    VAR.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        if not (VAR / name).exists():
            (VAR / name).symlink_to(VAR.parent / name)
    environment |= {f"VYZOV_{name.upper()}": str(port) for name, port in ports.items()}
    environment |= {"VYZOV_VAR_DIR": str(VAR), "VYZOV_RTP_PORT": "42000"}
    log = VAR / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [run, "--lines", "12"],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        end = time.monotonic() + READY_SECONDS
        while b"Vyzov is ready" not in log.read_bytes():
            assert process.poll() is None, f"scripts/run ended: {log.read_text(errors='replace')[-3000:]}"
            assert time.monotonic() < end, f"not ready: {log.read_text(errors='replace')[-3000:]}"
            time.sleep(0.5)
        yield System(process, environment, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
