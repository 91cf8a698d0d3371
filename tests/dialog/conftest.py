"""The real Rasa with its action server and Redis, started once; only the services behind it are stand-ins."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from core.settings import ROOT, Settings
from tests.conftest import free_port
from tests.dialog.services import WorldServer

PYTHON = ROOT / ".venv-rasa" / "bin" / "python"


@dataclass
class RealRasa:
    settings: Settings
    services: WorldServer
    environment: dict[str, str]
    logs: dict[str, Path]
    processes: dict[str, subprocess.Popen[bytes]]

    def start(self, name: str, module: str) -> None:
        with self.logs[name].open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(PYTHON), "-m", module], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def wait(self, seconds: float = 280) -> None:
        """Until the dialog says that it is ready."""
        url = f"http://127.0.0.1:{self.settings.dialog_port}/webhooks/vyzov/health"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            assert not dead, f"{dead} ended: {self.logs[dead[0]].read_text()[-2000:]}"
            time.sleep(0.3)
        raise AssertionError("the dialog did not get ready")


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Where the model is kept between runs: training takes half a minute."""
    folder = ROOT / "var" / "test-dialog"
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"VYZOV_VAR_DIR": str(folder)}
    done = subprocess.run(
        [str(PYTHON), "-m", "dialog.train"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def rasa(redis_port: int, model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRasa]:
    services = WorldServer()
    folder = tmp_path_factory.mktemp("dialog")
    dialog_port, actions_port = free_port(), free_port()
    environment = os.environ | {
        "VYZOV_VAR_DIR": str(model_dir),
        "VYZOV_API_TOKEN": "token-of-the-test",
        "VYZOV_REDIS_HOST": "127.0.0.1",
        "VYZOV_REDIS_PORT": str(redis_port),
        "VYZOV_REDIS_PASSWORD": "",
        "VYZOV_DIALOG_PORT": str(dialog_port),
        "VYZOV_ACTIONS_PORT": str(actions_port),
        "VYZOV_ACTIONS_URL": f"http://127.0.0.1:{actions_port}",
        "VYZOV_UNDERSTANDING_URL": services.url,
        "VYZOV_CONNECTOR_URL": services.url,
    }
    settings = Settings.model_validate(
        {"api_token": environment["VYZOV_API_TOKEN"], "dialog_port": dialog_port, "turn_seconds": 15.0}
    )
    running = RealRasa(settings, services, environment, {n: folder / f"{n}.log" for n in ("actions", "rasa")}, {})
    running.start("actions", "dialog.actions.server")
    running.start("rasa", "dialog.components.server")
    running.wait()
    yield running
    for process in running.processes.values():
        process.terminate()
    for process in running.processes.values():
        process.wait(20)
    services.close()
