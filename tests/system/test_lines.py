"""Promise: every line is answered, the caller over the limit hears so at once, a dead worker takes only its own calls.

Three workers of four lines behind Kamailio; callers are real SIP user agents.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import ROOT
from tests.system.conftest import System

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

REFUSED = Path(__file__).parents[1] / "deploy" / "sipp" / "caller_refused.xml"


class Holders:
    """A process with four callers; its events are read as they come."""

    def __init__(self, uri: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.holders", uri],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.counts: Counter[str] = Counter()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.counts[json.loads(line)["event"]] += 1

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Seconds until `condition()` holds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - begun


def healthy(system: System, worker: int) -> bool:
    try:
        port = system.settings.worker_metrics_port + worker
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def lines_busy(system: System) -> list[int]:
    """Calls of each worker now."""
    texts = [
        httpx.get(f"http://127.0.0.1:{system.settings.worker_metrics_port + worker}/metrics", timeout=2).text
        for worker in range(3)
    ]
    return [int(float(text.split("\nvyzov_lines_busy ")[1].split()[0])) for text in texts]


@pytest.fixture
def crowd(system: System) -> Iterator[list[Holders]]:
    """Twelve callers on twelve lines."""
    until(lambda: all(healthy(system, worker) for worker in range(3)), 60, "three workers")
    until(lambda: lines_busy(system) == [0, 0, 0], 30, "free lines")
    holders = [Holders(system.uri) for _ in range(3)]
    until(lambda: sum(h.counts["confirmed"] for h in holders) == 12, 20, "twelve calls answered")
    yield holders
    for one in holders:
        one.close()


def test_twelve_are_answered_the_thirteenth_is_refused_and_a_dead_worker_takes_its_own(
    system: System, crowd: list[Holders]
) -> None:
    assert lines_busy(system) == [4, 4, 4]
    begun = time.monotonic()
    refused = subprocess.run(
        ["sipp", f"127.0.0.1:{system.settings.sip_port}", "-sf", str(REFUSED), "-m", "1", "-i", "127.0.0.1",
         "-s", "122", "-nostdin", "-timeout", "10"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert refused.returncode == 0, "the thirteenth caller did not hear 503 with Retry-After"
    assert time.monotonic() - begun < 8, "the thirteenth caller waited"

    (worker,) = system.processes("telephony.worker --index 1")
    worker.kill()
    back = until(lambda: not healthy(system, 1), 5, "the worker dies") + until(
        lambda: healthy(system, 1), 10, "its lines come back"
    )
    assert lines_busy(system) == [4, 0, 4], "somebody else's calls were lost"
    assert sum(h.counts["ended"] for h in crowd) == 0, "a call of a living worker ended"
    print(f"lines came back after {back:.1f} s")

    newcomers = Holders(system.uri)
    until(lambda: newcomers.counts["confirmed"] == 4, 20, "new calls on the lines that came back")
    newcomers.close()
