"""docker-compose.yml from the table of processes: `python -m deploy.compose [--lines N] > docker-compose.yml`.

Every process is a container of its own on the host's network: the addresses are those of the settings, loopback as
without containers, and RTP needs no mapping of thousands of ports. All share one volume, which `setup` and the
table's preparations fill first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from core.settings import Settings
from deploy import table
from deploy.capacity import Capacity
from deploy.table import Environment, Process

LINES = 8
"""Of the committed file: enough to show the edge and several workers."""

LIMIT = 4
"""Calls in one process of the SIP library that the image installs (pjsua2-python from PyPI, measured)."""

VAR = "/var/lib/vyzov"
_HEAD = """\
# Made by `python -m deploy.compose` from deploy/processes.yml: change that, not this (a test compares them).
# Settings go into deploy/container.env. `docker-compose up --build` starts it.
"""


def render(lines: int = LINES) -> str:
    """The text of docker-compose.yml for `lines` calls at once."""
    settings = Settings.model_construct(lines=lines, var_dir=Path(VAR))  # the defaults, whatever the environment says
    rows, run_dir = table.load(), f"{VAR}/run"
    services: dict[str, Any] = {
        "setup": {**_frame("services", {}, lines), "command": ["python", "-m", "deploy.generated"]}
    }
    before = {"setup": {"condition": "service_completed_successfully"}}
    for preparation in table.preparations(rows, settings, run_dir):
        name = f"setup-{preparation.name}"
        services[name] = {
            **_frame(preparation.environment, preparation.variables, lines),
            "command": preparation.command,
            "depends_on": dict(before),
        }
        before[name] = {"condition": "service_completed_successfully"}
    for process in table.lay_out(rows, settings, Capacity(lines, LIMIT), run_dir):
        services[process.name] = _service(process, lines, before)
    document = {"version": "3.8", "services": services, "volumes": {"var": {}}}
    return _HEAD + yaml.dump(document, sort_keys=False, allow_unicode=True, width=110, Dumper=_Dumper)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        """Every container is written out in full."""
        return True


def _service(process: Process, lines: int, before: dict[str, Any]) -> dict[str, Any]:
    return {
        **_frame(process.environment, process.variables, lines),
        "command": process.command,
        "depends_on": before,
        "restart": "always",
        "stop_grace_period": f"{process.stop_seconds}s",
    }


def _frame(environment: Environment, variables: dict[str, str], lines: int) -> dict[str, Any]:
    target = "rasa" if environment == "rasa" else "services"
    return {
        "image": f"vyzov-{target}",
        "build": {"context": ".", "dockerfile": "deploy/Dockerfile", "target": target},
        "network_mode": "host",
        "environment": {**variables, "HOME": f"{VAR}/home", "VYZOV_VAR_DIR": VAR, "VYZOV_LINES": str(lines)},
        "env_file": ["deploy/container.env"],
        "volumes": [f"var:{VAR}"],
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108 (inside the container)
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "4"}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.compose", description=main.__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help=f"calls at once (default {LINES})")
    sys.stdout.write(render(parser.parse_args().lines))


if __name__ == "__main__":
    main()
