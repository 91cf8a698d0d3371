"""What must be there before the services start: models, dictionaries, databases, Rasa's training."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from core.settings import ROOT
from deploy import table
from deploy.bootstrap.progress import run_shown
from deploy.supervisor import command_line


def prepare(log_dir: Path, environments: Container[str] = ("services", "rasa", "system")) -> None:
    """Run the table's preparations in order. Raises SetupError with the end of the log of the one that failed."""
    for preparation in table.preparations(table.load()):
        if preparation.environment in environments:
            run_shown(
                preparation.title,
                command_line(preparation.command, preparation.environment),
                log_dir / f"prepare-{preparation.name}.log",
                env={**os.environ, **preparation.variables},
                cwd=ROOT,
            )
