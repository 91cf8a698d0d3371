"""Entry point of our containers: `python -m deploy.container PROGRAM …` runs the program with our secrets.

Standard library only: the image of Rasa uses it too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy import secret_files


def main(command: list[str]) -> None:
    """Become the program; the secrets come from the environment, else from the volume that all containers share."""
    var = Path(os.environ["VYZOV_VAR_DIR"])
    os.umask(0o077)
    secret_files.provide(var, os.environ)
    os.execvp(command[0], command)  # noqa: S606 (nothing stays of this program)


if __name__ == "__main__":
    main(sys.argv[1:])
