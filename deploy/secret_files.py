"""Secrets of one installation: made once, kept in var/ for the services' user alone.

Standard library only: the containers of Rasa use it too.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path

NAMES = ("api_token", "dashboard_password", "redis_password", "mis_password")


def provide(var: Path, environment: MutableMapping[str, str]) -> None:
    """Set VYZOV_<NAME> for every secret that the environment leaves empty, from var/<name>, made when missing.

    The environment is the way to the services: an argument would stand in `ps` for everybody.
    """
    for name in NAMES:
        variable = f"VYZOV_{name.upper()}"
        if not environment.get(variable):
            environment[variable] = _kept(var / name)


def _kept(path: Path) -> str:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        if secret := path.read_text().strip():
            return secret
        path.unlink()
        return _kept(path)
    with os.fdopen(handle, "w") as file:
        secret = secrets.token_urlsafe(24)
        file.write(secret + "\n")
    return secret
