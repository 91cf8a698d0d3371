"""How many telephony workers the lines need."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from core.errors import ConfigurationError
from core.settings import ROOT


@dataclass(frozen=True)
class Capacity:
    """`lines` calls at once, at most `limit` in one process (what the SIP library was compiled for)."""

    lines: int
    limit: int

    @property
    def workers(self) -> int:
        return -(-self.lines // self.limit)

    @property
    def has_edge(self) -> bool:
        """More than one worker needs the dispatcher in front, under the one public address."""
        return self.workers > 1

    def lines_of(self, index: int) -> int:
        """Lines of worker `index`, spread as evenly as possible."""
        whole, rest = divmod(self.lines, self.workers)
        return whole + (1 if index < rest else 0)


def library_limit() -> int:
    """Calls that one process of the SIP library can hold, asked of the library itself.

    In a process of its own: a library that fails to load ends only that. Raises ConfigurationError.
    """
    command = [sys.executable, "-m", "telephony.endpoint", "--limit"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
        limit = int(answer.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        raise ConfigurationError("the SIP library does not say how many calls it can hold; is .venv whole?") from None
    if limit < 1:
        raise ConfigurationError(f"the SIP library says it can hold {limit} calls")
    return limit
