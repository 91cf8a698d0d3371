"""What scripts/call, scripts/load and scripts/bench have in common: they run a module in the project's environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def launch(module: str) -> None:
    """Become `python -m MODULE` with this command's arguments, from the project's root."""
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists():
        sys.exit("The environment is not set up yet: run scripts/run --setup-only first.")
    os.chdir(ROOT)
    os.execv(python, [str(python), "-m", module, *sys.argv[1:]])  # noqa: S606
