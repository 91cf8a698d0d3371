"""A live recognition service with the real Whisper, and recorded speech of residents."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from asr.audio import Pcm, from_alaw
from core.settings import ROOT, Settings

SPEECH = ROOT / "tests" / "data" / "speech"
TOKEN = "test-token"


@pytest.fixture(scope="session")
def speech() -> Callable[[str], Pcm]:
    """A recording of a resident by its name, with half a second of silence on either side."""

    def load(name: str) -> Pcm:
        silence = np.zeros(4000, np.int16)
        return np.concatenate([silence, from_alaw((SPEECH / f"{name}.al").read_bytes()), silence])

    return load


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the test's own service: a free port, its own folder."""
    return Settings(
        var_dir=tmp_path_factory.mktemp("asr"),
        asr_port=free_port(),
        asr_processes=2,
        api_token=SecretStr(TOKEN),
        VYZOV_ASR="whisper",
    )


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "VYZOV_VAR_DIR": str(settings.var_dir),
        "VYZOV_ASR_PORT": str(settings.asr_port),
        "VYZOV_ASR_PROCESSES": str(settings.asr_processes),
        "VYZOV_API_TOKEN": settings.api_token.get_secret_value(),
        "VYZOV_ASR": settings.asr_engine,
    }


class Service:
    """The running service: its process and the file with its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def recognisers(self) -> list[int]:
        """Process ids of its recognisers."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        children = " ".join((task / "children").read_text() for task in tasks.iterdir())
        return [int(pid) for pid in children.split()]


@pytest.fixture(scope="session")
def service(settings: Settings) -> Iterator[Service]:
    """`python -m asr.service` with Whisper, ready."""
    log = settings.var_dir / "asr.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "asr.service"], cwd=ROOT, env=environment(settings), stdout=file, stderr=file
        )
    try:
        wait_until_ready(settings, process, log)
        yield Service(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], log: Path, seconds: float = 150.0) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(settings.asr_url + "/health").status_code == 200:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
