"""Everything before our own environment exists, and everything that may need root."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from deploy.bootstrap import service_user, system_packages
from deploy.bootstrap.environments import Environments
from deploy.bootstrap.progress import SetupError, say
from deploy.bootstrap.service_user import ServiceUser

ROOT = Path(__file__).resolve().parents[2]


def var_dir() -> Path:
    """The folder for everything written at run time, as core.settings finds it."""
    return Path(os.environ.get("VYZOV_VAR_DIR", ROOT / "var")).resolve()


def set_up(*, with_tests: bool = False) -> ServiceUser:
    """System packages, the services' user, var/ and both environments. A second time it only looks.

    Raises SetupError with what to do. Returns the user that the services run as.
    """
    os.umask(0o022)
    started = time.monotonic()
    user = service_user.choose(ROOT, var_dir())
    service_user.prepare_var(var_dir(), ROOT, user)
    logs = var_dir() / "log"
    say(f"Setting up in {ROOT}, services run as {user.name}")
    purposes = ("run", "tests") if with_tests else ("run",)
    system_packages.install(system_packages.listed(*purposes), logs / "apt.log")
    Environments(ROOT, user, logs).prepare(with_tests=with_tests, with_silero=silero_is_wanted())
    say(f"Packages and environments are ready ({time.monotonic() - started:.0f} s)")
    return user


def hand_over(module: str, arguments: Sequence[str], user: ServiceUser | None = None) -> NoReturn:
    """Become the services' user and the module, in .venv; root is given up for good.

    Raises SetupError when nothing is set up yet.
    """
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists():
        raise SetupError("nothing is set up yet: run scripts/run --setup-only first")
    if user is None:
        user = service_user.choose(ROOT, var_dir())
        service_user.prepare_var(var_dir(), ROOT, user)
    os.chdir(ROOT)
    os.environ["VYZOV_VAR_DIR"] = str(var_dir())
    user.become(var_dir() / "home")
    os.umask(0o077)
    os.execv(python, [str(python), "-m", module, *arguments])  # noqa: S606 (nothing stays of this program)


def silero_is_wanted() -> bool:
    """Its voices are chosen, or fetched and not refused; the same rule as in tts/engines/select.py."""
    engine = os.environ.get("VYZOV_TTS", "auto")
    return engine == "silero" or (engine == "auto" and (var_dir() / "models" / "silero" / "ru.pt").is_file())
