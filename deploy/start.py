"""The second stage of `scripts/run`, inside .venv and as the ordinary user: prepare, start, watch, stop."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from core.errors import ConfigurationError, VyzovError
from core.settings import Settings, get_settings
from deploy import capacity, demo, descendants, generated, ports, readiness, secret_files, table
from deploy.bootstrap import first_stage
from deploy.bootstrap.progress import REMIND_SECONDS, SetupError, say, tail
from deploy.capacity import Capacity
from deploy.prepare import prepare
from deploy.supervisor import Supervisor, configuration
from deploy.table import Process

READY_SECONDS = 600.0
"""All is ready in half a minute on two idle cores, and took 150 s with eight other programs on them (measured)."""


class Stopped(BaseException):
    """Somebody asked us to stop (SIGINT, SIGTERM, SIGHUP)."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--exit", action="store_true")
    parser.add_argument("--setup-only", action="store_true")
    options = parser.parse_args()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _stop)
    var = first_stage.var_dir()
    descendants.adopt_orphans()
    try:
        with only_one(var):
            secret_files.provide(var, os.environ)
            return run(load_settings(), options)
    except (VyzovError, SetupError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped:
        say("Stopped.")
        return 130 if options.demo or options.setup_only else 0
    finally:
        if left := descendants.end_all():
            say(f"{left} processes were left over and were ended")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Everything between set-up and the end. Returns the exit code."""
    run_dir, log_dir = settings.var_dir / "run", settings.var_dir / "log"
    size = Capacity(settings.lines, capacity.library_limit())
    processes = table.lay_out(table.load(), settings, size, run_dir)
    if not options.setup_only:
        ports.check(processes, settings.host)
    say("Preparing the data")
    prepare(settings, run_dir, log_dir)
    if options.setup_only:
        say("Everything is set up.")
        return 0
    with run_folder(run_dir):
        generated.write_all(settings, size, run_dir)
        (run_dir / "supervisord.conf").write_text(configuration(processes, run_dir, log_dir))
        with running(Supervisor(run_dir), processes) as supervisor:
            wait_until_ready(supervisor, processes, settings, log_dir)
            say(addresses(settings, size))
            if options.demo:
                code = demo.run(settings)
                if options.exit:
                    return code
            say("Ctrl-C stops it.")
            while supervisor.is_running:
                descendants.reap(supervisor.pid)
                time.sleep(0.5)
            raise ConfigurationError(f"the supervisor died. The end of its log:\n{tail(log_dir / 'supervisord.log')}")


def load_settings() -> Settings:
    """The settings. Raises ConfigurationError that names the variable and the rule, never the value."""
    try:
        return get_settings()
    except ValidationError as error:
        complaints = [f"VYZOV_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        lines = "\n  ".join(line.replace("VYZOV_VYZOV_", "VYZOV_") for line in complaints)
        raise ConfigurationError(f"These settings cannot be used:\n  {lines}") from None


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the folder itself locked, so that no file stays behind. Raises ConfigurationError when it is locked."""
    handle = os.open(var, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"another scripts/run works in {var}: stop it, or set VYZOV_VAR_DIR") from None
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def run_folder(run_dir: Path) -> Iterator[None]:
    """An empty folder for sockets and generated files, gone afterwards."""
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(mode=0o700)
    try:
        yield
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)


@contextlib.contextmanager
def running(supervisor: Supervisor, processes: list[Process]) -> Iterator[Supervisor]:
    """The supervisor, started, and in the end stopped with all its processes."""
    try:
        supervisor.start(dict(os.environ))
        yield supervisor
    finally:
        with _undisturbed():
            say("Stopping ...")
            stages = {process.stage: process.stop_seconds for process in processes}
            if not supervisor.stop(sum(stages.values()) + 5):
                say("  the supervisor had to be killed")


def wait_until_ready(supervisor: Supervisor, processes: list[Process], settings: Settings, log_dir: Path) -> None:
    """Ask every process until it is ready, and show it. Raises ConfigurationError naming those that are not."""
    started = reminded = time.monotonic()
    shown: set[str] = set()
    waiting = {process.name: process for process in processes}
    say(f"Starting {len(waiting)} processes")
    while waiting:
        if not supervisor.is_running:
            raise ConfigurationError(f"the supervisor died:\n{tail(log_dir / 'supervisord.log')}")
        for name, process in list(waiting.items()):
            if readiness.is_ready(process.ready, settings.host):
                say(f"  {name} is ready ({time.monotonic() - started:.0f} s)")
                del waiting[name]
        now = time.monotonic()
        if now - started > READY_SECONDS:
            ends = "\n".join(f"  {name}, log:\n{tail(log_dir / f'{name}.log')}" for name in waiting)
            raise ConfigurationError(f"not ready after {READY_SECONDS:.0f} s:\n{ends}")
        if waiting and now - reminded > REMIND_SECONDS:
            reminded = now
            say(f"  waiting for {', '.join(waiting)} ({now - started:.0f} s)")
        for name in supervisor.failing() - shown:
            shown.add(name)
            say(f"  {name} ends as soon as it is started; we go on trying. The end of {log_dir / f'{name}.log'}:")
            say(tail(log_dir / f"{name}.log", 5))
        time.sleep(0.3)


def addresses(settings: Settings, size: Capacity) -> str:
    """Where everything is, for the person who started it."""
    workers = f"{size.lines} lines, {size.workers} worker{'s behind Kamailio' if size.has_edge else ''}"
    var = settings.var_dir
    return "\n".join(
        [
            "",
            "Vyzov is ready:",
            f"  telephone   sip:122@{settings.sip_host}:{settings.sip_port}  (UDP and TCP; {workers})",
            f"  dashboard   {settings.url(settings.dashboard_port)}/  (supervisor; {var}/dashboard_password)",
            f"  connector   {settings.url(settings.connector_port)}/  (token: {var}/api_token)",
            f"  MIS         {settings.mis_url or 'the sandbox, ' + settings.url(settings.sandbox_port) + '/'}",
            f"  logs        {var}/log",
            "",
        ]
    )


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the stopping: every step of it has a time limit."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    yield


def _stop(_sign: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
