"""Promise: calls leave nothing behind: memory, descriptors and Redis keys are where they were.

Fifty short calls, four at a time, ended at different stages by either side, through the whole system.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import warnings
from typing import Any

import pytest
from redis import Redis

from core.settings import ROOT
from tests.system.conftest import VAR, System

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

WATCHED = ("telephony.worker", "asr.service", "asr.recogniser", "tts.service", "understanding.service",
           "mis_connector.service", "dashboard.service")  # fmt: skip


def measure(system: System) -> dict[str, tuple[float, int]]:
    """Process to resident memory in MB and number of descriptors."""
    return {
        f"{words} {process.pid}": (process.memory_info().rss / 1e6, process.num_fds())
        for words in WATCHED
        for process in system.processes(words)
    }


def call(system: System, count: int) -> dict[str, Any]:
    """Short calls: `codes`, SIP status to how many ended with it, and the kinds of `late` ones."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.telephony.crowd", system.uri, str(count)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=280,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def longest(system: System) -> list[str]:
    """What happened, in the words of the event types, in the call that lasted longest."""
    database = sqlite3.connect(f"file:{system.settings.var_dir}/dashboard.sqlite?mode=ro", uri=True)
    (call_id,) = database.execute("SELECT call_id FROM calls ORDER BY seconds IS NULL DESC, seconds DESC").fetchone()
    events = database.execute("SELECT at, type FROM entries WHERE call_id = ? ORDER BY event_id", (call_id,))
    return [f"{at} {kind}" for at, kind in events]


def redis_keys(system: System) -> set[str]:
    redis = Redis(
        port=system.settings.redis_port, password=(VAR / "redis_password").read_text().strip(), decode_responses=True
    )
    keys = {str(key) for key in redis.keys("*")}
    assert all(redis.ttl(key) > 0 for key in keys), "a key without a time to live"
    redis.close()
    return {key for key in keys if "events" not in key}


def test_fifty_calls_leave_nothing_behind(system: System) -> None:
    call(system, 8)  # pools fill, caches warm
    time.sleep(3)
    before, keys_before = measure(system), redis_keys(system)
    told = call(system, 50)
    assert sum(told["codes"].values()) == 50
    if told["late"]:  # one of 50 was seen once and in 500 more calls not again: the next one is to tell what it was
        warnings.warn(f"calls of kinds {told['late']} did not end: {longest(system)}", stacklevel=1)
    assert len(told["late"]) <= 1, "callers are left hanging"
    time.sleep(3)
    after, keys_after = measure(system), redis_keys(system)
    assert after.keys() == before.keys(), "a process was restarted"
    for name, (memory, descriptors) in after.items():
        print(f"{name}: {before[name][0]:.0f} -> {memory:.0f} MB, {before[name][1]} -> {descriptors} descriptors")
    for name, (memory, descriptors) in after.items():
        assert descriptors <= before[name][1] + 5, f"{name} keeps descriptors"
        assert memory <= before[name][0] * 1.05 + 15, f"{name} keeps memory"
    assert len(keys_after - keys_before) <= 5, "calls leave keys in Redis"
