"""What must be there before the services start; their own databases they prepare themselves."""

from __future__ import annotations

import os
from pathlib import Path

from core.settings import ROOT, Settings
from deploy import table
from deploy.bootstrap.progress import run_shown
from deploy.supervisor import command_line


def prepare(settings: Settings, run_dir: Path, log_dir: Path) -> None:
    """Run the table's preparations in order. Raises SetupError with the end of the log of the one that failed."""
    for preparation in table.preparations(table.load(), settings, run_dir):
        run_shown(
            preparation.title,
            command_line(preparation.command, preparation.environment),
            log_dir / f"prepare-{preparation.name}.log",
            env={**os.environ, **preparation.variables},
            cwd=ROOT,
        )
