"""What the person at the terminal sees, and commands that take long."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REMIND_SECONDS = 10.0
"""A command that is still running says so this often."""


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a text file, indented; empty when there is none."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def run_shown(
    what: str, argv: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, seconds: float = 3600.0,
    cwd: Path | None = None, as_user: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Run a command with its output in `log`; show that it goes on. Raises SetupError with the log's end.

    `as_user`: keyword arguments of subprocess (`user`, `group`, `extra_groups`) when it is not to run as we do.
    """
    say(f"  {what} ...")
    started = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=None if env is None else dict(env), cwd=cwd, **(as_user or {}),
            )  # fmt: skip
        except OSError as error:
            raise SetupError(f"{what}: cannot run {argv[0]}: {error.strerror}") from None
        try:
            code = _wait_shown(what, process, started, seconds)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code != 0:
        raise SetupError(f"{what}: failed with exit code {code}. The end of {log}:\n{tail(log)}")
    say(f"  {what}: done in {time.monotonic() - started:.0f} s")


def _wait_shown(what: str, process: subprocess.Popen[bytes], started: float, seconds: float) -> int:
    while True:
        try:
            return process.wait(REMIND_SECONDS)
        except subprocess.TimeoutExpired:
            passed = time.monotonic() - started
            if passed > seconds:
                raise SetupError(f"{what}: not finished after {passed:.0f} s, given up") from None
            say(f"  {what}: {passed:.0f} s so far")
