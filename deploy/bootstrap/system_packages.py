"""Packages of the distribution: found by dpkg, installed by apt where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from deploy.bootstrap.progress import SetupError, run_shown, say

LIST = Path(__file__).resolve().parent.parent / "packages.txt"


def listed(*purposes: str) -> list[str]:
    """Names in `packages.txt` whose purpose (run, tests) is asked for."""
    rows = (line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#"))
    return [row[0] for row in rows if row[1] in purposes]


def missing(names: Iterable[str]) -> list[str]:
    """Those that dpkg does not know as installed. Raises SetupError where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        raise SetupError("dpkg-query is not here: the set-up knows Debian 12 and Ubuntu; elsewhere use docker-compose")
    wanted = list(names)
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted]
    answer = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60)
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def known_to_apt(name: str) -> bool:
    """True when apt has a version of it to offer."""
    answer = subprocess.run(
        ["apt-cache", "policy", name], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return "Candidate: " in answer.stdout and "Candidate: (none)" not in answer.stdout


def install(names: Iterable[str], log: Path) -> None:
    """Install what is missing; asks apt nothing when all is there.

    Raises SetupError with the one command to run when neither root nor a password-free sudo is ours.
    Daemons that packages start by themselves are left alone: ours have ports of their own.
    """
    lacking = missing(names)
    if not lacking:
        return
    prefix = _root_prefix()
    command = "apt-get install -y --no-install-recommends " + " ".join(lacking)
    if prefix is None:
        raise SetupError(f"packages are missing; run this and start again:\n    sudo apt-get update && sudo {command}")
    say(f"  missing packages: {' '.join(lacking)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_shown("apt-get update", [*prefix, "apt-get", "update", "-q"], log, env=environment, seconds=600)
    run_shown("apt-get install", [*prefix, *command.split()], log, env=environment, seconds=1800)


def _root_prefix() -> list[str] | None:
    """What to put before a command to run it as root; None when we may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False, timeout=20).returncode == 0
    return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"] if allowed else None
