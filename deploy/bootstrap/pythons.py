"""Finding a Python of a wanted version that the services' user can run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bootstrap.progress import SetupError, say
from deploy.bootstrap.service_user import ServiceUser

_PROBE = """
import json, sys
try:
    import ctypes, ensurepip, sqlite3, ssl, venv
    whole = True
except ImportError:
    whole = False
executable = getattr(sys, "_base_executable", sys.executable)
print(json.dumps([executable, list(sys.version_info[:2]), sys.base_prefix, whole]))
"""
_NOT_COPIED = ("__pycache__", "test", "idlelib", "turtledemo", "site-packages", "config-*", "*.a", "*.pyc")


@dataclass(frozen=True)
class Interpreter:
    """A Python that ran when asked. `whole`: has what a virtual environment needs (Debian splits that off)."""

    executable: Path
    version: tuple[int, int]
    prefix: Path
    whole: bool


def probe(executable: str | Path, user: ServiceUser | None = None) -> Interpreter | None:
    """Run it, as `user` where given, and say what it is; None when it does not run (pyenv's shims may not)."""
    arguments = user.popen_arguments() if user is not None else {}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    try:
        answer = subprocess.run(
            [str(executable), "-c", _PROBE], capture_output=True, text=True, check=False, timeout=60, cwd="/",
            env=environment, **arguments,
        )  # fmt: skip
        path, version, prefix, whole = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Interpreter(Path(path), (version[0], version[1]), Path(prefix), whole)


def candidates(version: str, home: Path, path: str) -> Iterator[str]:
    """Where a Python of `version` ("3.10") may be: the distribution's, on the PATH, among pyenv's."""
    name = f"python{version}"
    yield f"/usr/bin/{name}"
    for folder in path.split(os.pathsep):
        if folder and os.access(Path(folder, name), os.X_OK):
            yield str(Path(folder, name))
    root = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    for found in sorted(root.glob(f"versions/{version}.*/bin/{name}"), reverse=True):
        yield str(found)


def find(versions: Sequence[str], *, uv: Path | None = None) -> list[Interpreter]:
    """Every Python of the versions, best first, each once; `uv` is asked for what it manages."""
    found: list[Interpreter] = []
    for version in versions:
        places = list(candidates(version, Path.home(), os.environ.get("PATH", "")))
        if uv is not None:
            places += _from_uv(uv, version)
        for place in places:
            interpreter = probe(place)
            if interpreter is None or "{}.{}".format(*interpreter.version) != version:
                continue
            if all(interpreter.executable != other.executable for other in found):
                found.append(interpreter)
    return found


def fetch(uv: Path, version: str, folder: Path) -> Interpreter | None:
    """Let uv fetch a Python (from GitHub) into `folder`; None when that place is out of reach."""
    say(f"  no Python {version} on this machine; asking uv for one ...")
    environment = {**os.environ, "UV_PYTHON_INSTALL_DIR": str(folder), "UV_HTTP_TIMEOUT": "20"}
    try:
        subprocess.run(
            [str(uv), "python", "install", "--no-bin", version], env=environment, capture_output=True, check=True,
            timeout=300,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    for executable in folder.glob(f"cpython-{version}.*/bin/python{version}"):
        return probe(executable)
    return None


def reachable(interpreter: Interpreter, user: ServiceUser, copies: Path) -> Interpreter:
    """The interpreter itself when `user` can run it, else a copy of its installation in `copies`.

    pyenv's Pythons of root lie under /root, which is closed to everybody else. The copy finds its own
    shared library: the run path in its ELF files, an absolute folder, is replaced by one relative to the file.
    """
    if probe(interpreter.executable, user) is not None:
        return interpreter
    target = copies / "{}.{}".format(*interpreter.version)
    executable = target / "bin" / interpreter.executable.name
    if probe(executable, user) is None:
        say(f"  {interpreter.prefix} is closed to the user {user.name}: copying that Python to {target} ...")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(interpreter.prefix, target, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        _make_run_path_relative(target, interpreter.prefix)
        subprocess.run(["chmod", "-R", "a+rX", str(copies)], check=True, timeout=60)
    copy = probe(executable, user)
    if copy is None:
        raise SetupError(
            f"the copy of {interpreter.prefix} in {target} does not run as {user.name}: install a Python "
            f"{interpreter.version[0]}.{interpreter.version[1]} where everybody can run it, such as /usr/local"
        )
    return copy


def _make_run_path_relative(target: Path, prefix: Path) -> None:
    old = f"{prefix / 'lib'}\0".encode()
    new = b"$ORIGIN/../lib\0"
    for path in (target / "bin").iterdir():
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"\x7fELF") and old in content and len(new) <= len(old):
            path.write_bytes(content.replace(old, new.ljust(len(old), b"\0")))


def _from_uv(uv: Path, version: str) -> list[str]:
    command = [str(uv), "python", "find", "--system", "--no-python-downloads", version]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.split() if answer.returncode == 0 else []
