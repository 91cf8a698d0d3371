"""The ordinary user that services run as, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bootstrap.progress import SetupError, say

NAME = "vyzov"


@dataclass(frozen=True)
class ServiceUser:
    """`name`, `uid`, `gid` of the user the services run as."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments that make subprocess run a command as this user; none when we are that user."""
        if self.is_us:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_read(self, path: Path) -> bool:
        """True when the user gets through every folder above `path` and can read it."""
        check = ["sh", "-c", 'test -r "$1" && { test ! -d "$1" || test -x "$1"; }', "sh", str(path)]
        return subprocess.run(check, check=False, cwd="/", **self.popen_arguments()).returncode == 0

    def become(self, home: Path) -> None:
        """Give up root for good; the rest of this process and what it starts runs as the user."""
        if self.is_us:
            return
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        os.environ.update(HOME=str(home), USER=self.name, LOGNAME=self.name)
        for place in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
            os.environ.pop(place, None)


def choose(root: Path, var: Path) -> ServiceUser:
    """Whoever started us; for root, the project folder's owner, else the system user `vyzov` (made when missing).

    Where no ordinary user gets to the folder (a clone under /root), everything runs as root and says so:
    good enough to try it, not to serve with.
    """
    if os.geteuid() != 0:
        return _of(os.geteuid())
    owner = root.stat().st_uid
    user = _of(owner) if owner != 0 else _system_user()
    above_var = next(folder for folder in var.parents if folder.exists())
    for path in (root, root / "core" / "settings.py", above_var):
        if not user.can_read(path):
            say(
                f"WARNING: the user {user.name} cannot read {path}, so every service runs as root. That is for trying "
                f"only: put the project where everybody can read it (/opt/vyzov; chmod -R a+rX)."
            )
            return _of(0)
    return user


def prepare_var(var: Path, root: Path, user: ServiceUser) -> None:
    """Make the folder for everything written at run time, closed to others, the user's own throughout."""
    if var in root.parents or var == root or len(var.parts) < 3:
        raise SetupError(f"VYZOV_VAR_DIR must be a folder of its own, not {var}")
    try:
        for folder in (var, var / "log", var / "home"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            _own(var, user)
    except OSError as error:
        raise SetupError(f"cannot prepare {var}: {error.strerror}; VYZOV_VAR_DIR names another folder") from None
    if not os.access(var, os.W_OK):
        raise SetupError(f"{var} belongs to another user: start as that user or as root, or set VYZOV_VAR_DIR")


def _own(top: Path, user: ServiceUser) -> None:
    for folder, names, files, handle in os.fwalk(top, follow_symlinks=False):
        for name in [".", *names, *files] if folder == str(top) else [*names, *files]:
            if os.stat(name, dir_fd=handle, follow_symlinks=False).st_uid != user.uid:
                os.chown(name, user.uid, user.gid, dir_fd=handle, follow_symlinks=False)


def _of(uid: int) -> ServiceUser:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return ServiceUser(str(uid), uid, uid)
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _system_user() -> ServiceUser:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                   "--shell", "/usr/sbin/nologin", NAME]  # fmt: skip
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if made.returncode != 0:
            raise SetupError(f"cannot make the system user {NAME}: {made.stderr.strip()}") from None
        entry = pwd.getpwnam(NAME)
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
