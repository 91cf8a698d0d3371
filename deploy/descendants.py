"""Nothing stays behind: we become the parent of every orphan among what we started, and end them last."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
"""linux/prctl.h"""


def adopt_orphans() -> None:
    """From now on a descendant whose parent dies becomes our child (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(spare: int | None) -> None:
    """Collect orphans that ended; `spare` is the child that somebody else waits for."""
    for pid in _children(os.getpid()):
        if pid != spare and _is_zombie(pid):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_all(seconds: float = 5.0) -> int:
    """SIGTERM to every descendant, SIGKILL to those left after `seconds`. Returns how many there were."""
    first = _living()
    for sign, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 2.0)):
        for pid in _living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        deadline = time.monotonic() + patience
        while _living() and time.monotonic() < deadline:
            reap(None)
            time.sleep(0.05)
    reap(None)
    return len(first)


def _living() -> set[int]:
    found: set[int] = set()
    queue = [os.getpid()]
    while queue:
        for pid in _children(queue.pop()):
            if pid not in found:
                queue.append(pid)
                if not _is_zombie(pid):
                    found.add(pid)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
