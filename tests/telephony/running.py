"""A worker in a process of its own with stand-ins around it, and callers: for tests over real SIP, RTP and Redis."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import redis

from tests.conftest import free_port
from tests.telephony.stubs import Stubs, short_dialog

ROOT = Path(__file__).parents[2]
SIPP = Path(__file__).parent / "sipp"


class System:
    """One worker with stand-ins around it, and callers."""

    def __init__(self, redis_port: int, lines: int, **settings: str) -> None:
        """`settings` are variables of the worker's environment; `{desk}` in them is the desk's address."""
        self.stubs = Stubs(free_port())
        self.sip_port = free_port()
        self.metrics_port = free_port()
        self.desk_port = free_port()
        self.lines = lines
        self.env = os.environ | {
            "VYZOV_API_TOKEN": "secret",
            "VYZOV_ASR_PORT": str(self.stubs.port),
            "VYZOV_TTS_PORT": str(self.stubs.port),
            "VYZOV_DIALOG_PORT": str(self.stubs.port),
            "VYZOV_SIP_PORT": str(self.sip_port),
            "VYZOV_OPERATOR_DESK_PORT": str(self.desk_port),
            "VYZOV_RTP_PORT": str(26000 + os.getpid() % 10 * 200),
            "VYZOV_WORKER_METRICS_PORT": str(self.metrics_port),
            "VYZOV_REDIS_PORT": str(redis_port),
        }
        self.env |= {name: value.replace("{desk}", f"127.0.0.1:{self.desk_port}") for name, value in settings.items()}
        self.redis = redis.Redis(port=redis_port, decode_responses=True)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        self.worker = self.start("telephony.worker", "--lines", str(lines))
        try:
            wait_for(lambda: self.health() == 200)
            assert self.lines_there() == lines, "a worker has the lines that are wanted"
        except BaseException:
            self.close()
            raise

    async def _serve(self) -> None:
        async with self.stubs.serve():
            await self._stop.wait()

    def start(self, module: str, *arguments: str, log: Path | None = None) -> subprocess.Popen[str]:
        """`log`: where its log goes, else to the test's own."""
        command = [sys.executable, "-m", module, *arguments]
        if log is None:
            return subprocess.Popen(command, cwd=ROOT, env=self.env, text=True)
        with log.open("w") as file:
            return subprocess.Popen(command, cwd=ROOT, env=self.env, text=True, stdout=file, stderr=file)

    def health(self) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.metrics_port}/health").status_code
        except httpx.HTTPError:
            return 0

    def call(self, steps: Sequence[Sequence[object]], **order: Any) -> subprocess.Popen[str]:
        """A caller in a process of its own; `result` waits for it."""
        caller = subprocess.Popen(
            [sys.executable, "-m", "tests.telephony.caller"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert caller.stdin
        caller.stdin.write(json.dumps({"uri": f"sip:122@127.0.0.1:{self.sip_port}", "steps": steps, **order}))
        caller.stdin.close()
        return caller

    def sipp(self, scenario: str, calls: int = 1, port: int | None = None) -> int:
        return subprocess.run(
            ["sipp", f"127.0.0.1:{port or self.sip_port}", "-sf", str(SIPP / f"{scenario}.xml"), "-i", "127.0.0.1",
             "-p", str(free_port()), "-mp", "27000", "-default_behaviors", "-abortunexp",
             "-m", str(calls), "-aa", "-timeout", "25", "-nostdin"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=40,
        ).returncode  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        entries: Any = self.redis.xrange("vyzov:events")
        return [json.loads(fields["event"]) for _, fields in entries]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events() if event["type"] == kind]

    def fresh(self) -> None:
        """Between tests: no calls, default behaviour, no memory."""
        wait_for(lambda: self.busy() == 0)
        self.stubs.dialog = short_dialog
        self.stubs.tts_works = self.stubs.dialog_works = True
        self.stubs.dialog_seconds = 0.0
        self.stubs.turns.clear()
        self.redis.delete("vyzov:events")

    def busy(self) -> int:
        page = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        found = re.search(r"^vyzov_lines_busy (\S+)", page, re.MULTILINE)
        assert found
        return int(float(found.group(1)))

    def lines_there(self) -> int:
        page = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        found = re.search(r"^vyzov_lines (\S+)", page, re.MULTILINE)
        assert found
        return int(float(found.group(1)))

    def close(self) -> int:
        self.worker.terminate()
        try:
            code = self.worker.wait(15)
        finally:
            self.worker.kill()
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
        return code


def result(caller: subprocess.Popen[str]) -> dict[str, Any]:
    assert caller.stdout
    printed = caller.stdout.read()
    assert caller.wait(20) == 0, "the caller's own process failed"
    said: dict[str, Any] = json.loads(printed)
    return said


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)
