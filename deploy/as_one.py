"""Runs a program that forks workers so that they live and end together: `python -m deploy.as_one PROGRAM …`.

Kamailio's workers outlive their killed parent and keep its ports; a new one beside them would get half the calls.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from types import FrameType

from deploy import descendants
from deploy.supervisor import DIES_WITH_PARENT


def run(command: list[str]) -> int:
    """Run until the program ends, then end what it left behind. Returns its exit code (128 + signal when killed)."""
    descendants.adopt_orphans()
    program = subprocess.Popen([*DIES_WITH_PARENT, *command])

    def pass_on(sign: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            program.send_signal(sign)

    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, pass_on)
    code = program.wait()
    descendants.end_all(1.0)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
