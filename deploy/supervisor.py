"""supervisord: its configuration from the table, and one running instance of it."""

from __future__ import annotations

import configparser
import io
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from core.errors import ConfigurationError
from core.settings import ROOT
from deploy.bootstrap import first_stage
from deploy.table import Environment, Process

DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""Before a command: when its parent is killed, the kernel sends it SIGTERM (prctl(2), PR_SET_PDEATHSIG)."""
START_SECONDS = 10
"""What ends sooner counts as a failed start: most of ours need so long to find out that something is missing."""
_SOCKET_PATH_MOST = 107
"""sun_path in Linux, less its final zero."""


def python_of(environment: Environment) -> str:
    """The Python of an environment."""
    silero = ".venv-silero" if first_stage.silero_is_wanted() else ".venv"
    folder = {"rasa": ".venv-rasa", "silero": silero}.get(environment, ".venv")
    return str(ROOT / folder / "bin" / "python")


def command_line(command: Sequence[str], environment: Environment) -> list[str]:
    """The command with `python` replaced by that of its environment."""
    return [python_of(environment) if command[0] == "python" else command[0], *command[1:]]


def configuration(processes: Sequence[Process], run_dir: Path, log_dir: Path) -> str:
    """supervisord.conf. It carries no secret: those are in the environment that supervisord hands on.

    What dies is started again, and again: the pause grows by a second with every start that failed.
    Logs are cut at 10 MB, three old ones kept.
    """
    socket = run_dir / "supervisor.sock"
    if len(str(socket).encode()) > _SOCKET_PATH_MOST:
        raise ConfigurationError(f"the path {socket} is too long for a socket: set VYZOV_VAR_DIR to a shorter one")
    sections: dict[str, dict[str, Any]] = {
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisorctl": {"serverurl": f"unix://{socket}"},
        "supervisord": {
            "logfile": log_dir / "supervisord.log", "logfile_maxbytes": "10MB", "logfile_backups": 3,
            "pidfile": run_dir / "supervisord.pid", "childlogdir": log_dir, "nodaemon": "true", "silent": "true",
            "umask": "077", "directory": ROOT, "minfds": 1024, "nocleanup": "true",
        },
    }  # fmt: skip
    for process in processes:
        as_one = [python_of("services"), "-m", "deploy.as_one"] if process.forks else []
        command = [*DIES_WITH_PARENT, *as_one, *command_line(process.command, process.environment)]
        sections[f"program:{process.name}"] = {
            "command": shlex.join(command),
            "directory": ROOT,
            "priority": process.stage,
            "autostart": "true",
            "autorestart": "true",
            "startsecs": START_SECONDS,
            "startretries": 1_000_000_000,
            "stopwaitsecs": process.stop_seconds,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": log_dir / f"{process.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
        }
        if process.variables:
            pairs = (f'{name}="{value}"' for name, value in process.variables.items())
            sections[f"program:{process.name}"]["environment"] = ",".join(pairs)
    for stage in sorted({(process.stage, process.stage_name) for process in processes}):
        members = ",".join(process.name for process in processes if process.stage == stage[0])
        sections[f"group:{stage[1]}"] = {"programs": members, "priority": stage[0]}
    parser = configparser.RawConfigParser()
    for name, options in sections.items():
        parser[name] = {key: str(value).replace("%", "%%") for key, value in options.items()}
    text = io.StringIO()
    text.write("; Made by scripts/run at every start: changes here are lost.\n")
    parser.write(text)
    return text.getvalue()


class Supervisor:
    """A running supervisord, in a session of its own, and what it says about its processes."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._process: subprocess.Popen[bytes] | None = None
        transport = SupervisorTransport(None, None, f"unix://{run_dir / 'supervisor.sock'}")
        self._rpc = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def start(self, environment: dict[str, str]) -> None:
        """Start it; it ends with us, even when we are killed."""
        command = [*DIES_WITH_PARENT, sys.executable, "-m", "supervisor.supervisord",
                   "--nodaemon", "-c", str(self._run_dir / "supervisord.conf")]  # fmt: skip
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, cwd=ROOT
        )

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def failing(self) -> set[str]:
        """Names of processes that ended at once or cannot be started, and wait for the next try."""
        try:
            rows: Any = self._rpc.supervisor.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error):
            return set()
        return {row["name"] for row in rows if row["statename"] in ("BACKOFF", "FATAL", "UNKNOWN")}

    def stop(self, seconds: float) -> bool:
        """Let it stop everything, the last stage first. False when it had to be killed after `seconds`."""
        if self._process is None or self._process.poll() is not None:
            return True
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True
