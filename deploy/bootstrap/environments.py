"""The Python environments: built once, brought up to date only when their locks change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.bootstrap import pythons, system_packages
from deploy.bootstrap.progress import SetupError, run_shown, say
from deploy.bootstrap.pythons import Interpreter
from deploy.bootstrap.service_user import ServiceUser

SERVICES_VERSIONS = ("3.11", "3.12")
"""What pjsua2-python has wheels for, among those the services run on (3.11 and later)."""

RASA_VERSION = "3.10"
"""Rasa 3.6 runs on nothing newer."""

_NO_RASA_PYTHON = f"""Rasa needs Python {RASA_VERSION}, and none was found: not on the PATH, not among pyenv's versions,
not through uv, which could not fetch one either. Do one of these and start again:
    pyenv install {RASA_VERSION}            (https://github.com/pyenv/pyenv)
    uv python install {RASA_VERSION}        (where GitHub can be reached)
    apt-get install python{RASA_VERSION}-venv   (Ubuntu 22.04; elsewhere where a repository has it)"""


class Environments:
    """`.venv` for the services and the tools, `.venv-rasa` for Rasa, `.venv-silero` where its voices are used."""

    def __init__(self, root: Path, user: ServiceUser, logs: Path) -> None:
        self._root = root
        self._user = user
        self._logs = logs
        self._copies = root / ".python"
        self.services = root / ".venv"
        self.rasa = root / ".venv-rasa"
        self.silero = root / ".venv-silero"

    @property
    def _uv(self) -> Path:
        return self.services / "bin" / "uv"

    def prepare(self, *, with_tests: bool = False, with_silero: bool = False) -> None:
        """The environments as their locks say, runnable by the services' user.

        Raises SetupError, with what to do, for a Python or package that cannot be had.
        """
        self._services(["services.lock", "dev.lock"] if with_tests else ["services.lock"])
        self._rasa()
        if with_silero:
            self._silero()
        elif with_tests:
            try:
                self._silero()
            except SetupError:  # a CPU build of torch is not to be had everywhere
                say("  no torch for Silero here: the test of its engine will be skipped")

    def _services(self, locks: list[str]) -> None:
        stamp = _Stamp(self.services)
        installer = any((self.services / "bin" / name).exists() for name in ("pip", "uv"))
        if not installer or not _usable(self.services, SERVICES_VERSIONS, self._user):
            python = self._services_python()
            say(f"  services: {python.executable}, Python {python.version[0]}.{python.version[1]}")
            shutil.rmtree(self.services, ignore_errors=True)
            self._run("making .venv", [str(python.executable), "-m", "venv", str(self.services)])
        # tools of an earlier scripts/test stay: a plain start takes nothing away
        locks = [*locks, *(name for name in stamp.names() if name not in locks)]
        wanted = self._hashes(["bootstrap.lock", *locks])
        if stamp.read() == wanted:
            return
        pip = [str(self.services / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        if not self._uv.exists() or stamp.read().get("bootstrap.lock") != wanted["bootstrap.lock"]:
            self._run("installing uv", [*pip, "-r", self._lock("bootstrap.lock")])
        self._sync(self.services, locks)
        stamp.write(wanted)

    def _services_python(self) -> Interpreter:
        found = pythons.find(SERVICES_VERSIONS)
        if not any(pythons.probe(each.executable, self._user) for each in found if each.whole):
            # Debian's own, without or with half of venv, is better than a copy of a closed one
            for version in SERVICES_VERSIONS:
                if system_packages.known_to_apt(f"python{version}-venv"):
                    system_packages.install([f"python{version}-venv"], self._logs / "apt.log")
                    break
            found = pythons.find(SERVICES_VERSIONS)
        whole = [each for each in found if each.whole]
        if not whole:
            names = " or ".join(SERVICES_VERSIONS)
            raise SetupError(f"no Python {names} was found: apt-get install python3.11-venv, or pyenv install 3.11")
        open_to_user = [each for each in whole if pythons.probe(each.executable, self._user)]
        return pythons.reachable((open_to_user or whole)[0], self._user, self._copies)

    def _rasa(self) -> None:
        stamp = _Stamp(self.rasa)
        if not _usable(self.rasa, (RASA_VERSION,), self._user):
            found = pythons.find((RASA_VERSION,), uv=self._uv)
            fetched = None if found else pythons.fetch(self._uv, RASA_VERSION, self._copies)
            if not found and fetched is None:
                raise SetupError(_NO_RASA_PYTHON)
            python = pythons.reachable(fetched or found[0], self._user, self._copies)
            say(f"  Rasa: {python.executable}, Python {RASA_VERSION}")
            shutil.rmtree(self.rasa, ignore_errors=True)
            self._run("making .venv-rasa", [str(self._uv), "venv", "--python", str(python.executable), str(self.rasa)])
        wanted = self._hashes(["rasa.lock"])
        if stamp.read() == wanted:
            return
        self._sync(self.rasa, ["rasa.lock"])
        stamp.write(wanted)

    def _silero(self) -> None:
        stamp = _Stamp(self.silero)
        wanted = self._hashes(["services.lock", "silero.lock"])
        if stamp.read() == wanted and _usable(self.silero, SERVICES_VERSIONS, self._user):
            return
        shutil.rmtree(self.silero, ignore_errors=True)
        python = str(self.services / "bin" / "python")
        self._run("making .venv-silero", [str(self._uv), "venv", "--python", python, str(self.silero)])
        self._sync(self.silero, ["services.lock"])
        # by pip: what uv takes for torch's name may be another file than the one for this machine
        pip = [python, "-m", "pip", "--python", str(self.silero / "bin" / "python"), "install", "--quiet"]
        self._run("installing torch into .venv-silero", [*pip, "--require-hashes", "-r", self._lock("silero.lock")])
        self._open_to_user(self.silero)
        stamp.write(wanted)

    def _sync(self, environment: Path, locks: Sequence[str]) -> None:
        _Stamp(environment).clear()
        command = [str(self._uv), "pip", "sync", "--python", str(environment / "bin" / "python"), "--require-hashes",
                   "--compile-bytecode", *(self._lock(name) for name in locks)]  # fmt: skip
        self._run(f"installing {' and '.join(locks)} into {environment.name}", command)
        self._open_to_user(environment)

    def _open_to_user(self, environment: Path) -> None:
        if not self._user.is_us:
            subprocess.run(["chmod", "-R", "a+rX", str(environment)], check=True, timeout=300)

    def _lock(self, name: str) -> str:
        return str(self._root / "requirements" / name)

    def _hashes(self, locks: Sequence[str]) -> dict[str, str]:
        return {name: hashlib.sha256(Path(self._lock(name)).read_bytes()).hexdigest() for name in locks}

    def _run(self, what: str, command: list[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")}
        run_shown(what, command, self._logs / f"{what.split()[-1].strip('.')}.log", env=environment, cwd=self._root)


class _Stamp:
    """Which locks an environment was filled from, by their SHA-256."""

    def __init__(self, environment: Path) -> None:
        self._path = environment / "vyzov-locks.json"

    def read(self) -> dict[str, str]:
        try:
            content = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def names(self) -> list[str]:
        return [name for name in self.read() if name != "bootstrap.lock"]

    def write(self, hashes: dict[str, str]) -> None:
        self._path.write_text(json.dumps(hashes, indent=1))

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def _usable(environment: Path, versions: Sequence[str], user: ServiceUser) -> bool:
    """True when the environment is there and the user can run its Python."""
    interpreter = pythons.probe(environment / "bin" / "python", user)
    return interpreter is not None and "{}.{}".format(*interpreter.version) in versions
