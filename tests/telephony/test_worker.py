"""Promise: a real worker answers real SIP calls on its lines, refuses politely when they are taken, notices callers
who vanish, ends politely, and leaks nothing. The rooms behind it are stand-ins; SIP, RTP and Redis are real."""

from __future__ import annotations

import asyncio
import json
import operator
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis

from tests.conftest import free_port
from tests.telephony.stubs import Stubs, answer, short_dialog

ROOT = Path(__file__).parents[2]
SIPP = Path(__file__).parent / "sipp"
TALK: list[list[object]] = [["hear"], ["quiet"], ["say", 0.5], ["hear"], ["ended"]]
ASK = answer("Вам нужен врач?", expects="yes_no", slot="who")


class System:
    """One worker with stand-ins around it, and callers."""

    def __init__(self, redis_port: int, lines: int) -> None:
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
        self.redis = redis.Redis(port=redis_port, decode_responses=True)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        self.worker = self.start("telephony.worker", "--lines", str(lines))
        try:
            wait_for(lambda: self.health() == 200)
        except BaseException:
            self.close()
            raise

    async def _serve(self) -> None:
        async with self.stubs.serve():
            await self._stop.wait()

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, env=self.env, text=True)

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


@pytest.fixture(scope="module")
def running(redis_port: int) -> Iterator[System]:
    system = System(redis_port, 2)
    yield system
    assert system.close() == 0


@pytest.fixture
def system(running: System) -> System:
    running.fresh()
    return running


def test_a_call_from_greeting_to_goodbye(system: System) -> None:
    assert result(system.call(TALK))["code"] == 200
    wait_for(lambda: bool(system.of("call.ended")))
    assert [event["type"] for event in system.events()] == [
        "call.started", "prompt.started", "prompt.finished", "speech.started", "turn.recognised", "prompt.started",
        "prompt.finished", "call.ended",
    ]  # fmt: skip
    started = system.of("call.started")[0]
    assert (started["caller"], started["called"], started["line"] in (0, 1)) == ("+79161234567", "122", True)
    assert system.of("call.ended")[0]["outcome"] == "answered"


def test_the_wait_for_an_answer_agrees_with_the_callers_own_recording(system: System) -> None:
    system.stubs.dialog = lambda body: answer("Вам нужен врач?", expects="yes_no", slot="who")
    turns = 4
    turn: list[list[object]] = [["quiet"], ["say", 0.5], ["hear"]]
    steps: list[list[object]] = [["hear"], *turn * turns, ["hang_up"]]
    heard = result(system.call(steps))
    own = [event["latency"]["voice_to_voice"] for event in system.of("turn.recognised")]
    assert len(own) == turns
    # the middle one: a busy machine makes the caller's own jitter buffer grow now and then, which nobody here can see
    assert statistics.median(map(operator.sub, heard["voice_to_voice"], own)) == pytest.approx(0, abs=0.05)


def test_keys_are_heard(system: System) -> None:
    system.stubs.dialog = lambda body: ASK if body["event"] == "start" else short_dialog(body)
    result(system.call([["hear"], ["quiet"], ["type", "12#"], ["hear"], ["ended"]]))
    assert [event["digit"] for event in system.of("dtmf")] == ["1", "2", "#"]
    assert system.stubs.turns[1]["turn"]["digits"] == "12"


def test_options_is_answered(system: System) -> None:
    assert system.sipp("options") == 0


@pytest.mark.slow
def test_a_call_over_the_lines_is_refused_with_486(system: System) -> None:
    system.stubs.dialog = lambda body: ASK
    callers = [system.call([["wait", 5], ["hang_up"]]) for _ in range(2)]
    wait_for(lambda: system.busy() == 2)
    assert system.sipp("busy", calls=3) == 0
    for caller in callers:
        assert result(caller)["heard_seconds"] > 3
    system.fresh()
    assert result(system.call(TALK))["code"] == 200  # its lines came back


@pytest.mark.slow
def test_callers_who_cancel_or_leave_at_once_leave_the_line_free(system: System) -> None:
    for scenario in ("early_bye", "cancel", "early_bye", "cancel"):
        assert system.sipp(scenario) == 0
    wait_for(lambda: system.busy() == 0)
    assert {event["caller"] for event in system.of("call.started")} <= {""}  # withheld
    assert {event["outcome"] for event in system.of("call.ended")} <= {"abandoned"}
    assert len(system.of("call.ended")) == len(system.of("call.started"))
    system.fresh()
    assert result(system.call(TALK))["code"] == 200


def test_junk_on_the_sip_port_harms_nobody(system: System) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for junk in (b"\0" * 10, b"INVITE", b"INVITE sip:122 SIP/2.0\r\n\r\n", os.urandom(1200), b"<>" * 2000):
            udp.sendto(junk, ("127.0.0.1", system.sip_port))
    assert system.sipp("options") == 0


def test_a_caller_who_vanishes_is_noticed(system: System) -> None:
    system.stubs.dialog = lambda body: ASK
    system.call([["hear"], ["kill"]]).wait(30)
    wait_for(lambda: bool(system.of("call.ended")), 30)
    assert system.of("call.ended")[0]["outcome"] == "abandoned"


@pytest.mark.slow
def test_a_telephone_that_sends_no_sound_is_not_taken_for_gone(system: System) -> None:
    system.stubs.dialog = lambda body: ASK
    started = time.monotonic()
    assert system.sipp("quiet") == 0
    wait_for(lambda: bool(system.of("call.ended")))
    assert time.monotonic() - started > 13
    assert system.of("call.ended")[0]["seconds"] > 12


@pytest.mark.slow
def test_a_call_on_hold_is_kept_and_goes_on(system: System) -> None:
    steps: list[list[object]] = [["hear"], ["quiet"], ["hold"], ["wait", 18], ["unhold"], ["wait", 1]]
    assert result(system.call([*steps, ["say", 0.5], ["hear"], ["ended"]]))["code"] == 200
    wait_for(lambda: bool(system.of("call.ended")))
    assert system.of("call.ended")[0]["outcome"] == "answered"
    assert [turn["turn"]["text"] for turn in system.stubs.turns] == ["", "да"]


def test_without_synthesis_and_dialog_a_caller_still_hears_an_apology(system: System) -> None:
    system.stubs.tts_works = system.stubs.dialog_works = False
    heard = result(system.call([["hear"], ["ended"]]))
    assert heard["heard_seconds"] > 1
    wait_for(lambda: bool(system.of("call.ended")))
    assert [event["outcome"] for event in system.of("call.ended")] == ["failed"]  # no desk runs here
    assert system.of("call.transferred")[0]["result"] == "failed"


def test_a_caller_is_handed_over_to_the_desk(system: System) -> None:
    system.stubs.dialog = lambda body: answer("Соединяю.", transfer={"to": "operator", "reason": "wish"})
    desk = system.start("telephony.operator_desk")
    try:
        assert system.sipp("options", port=system.desk_port) == 0
        result(system.call([["hear"], ["ended"]]))
        wait_for(lambda: bool(system.of("call.ended")))
        assert system.of("call.transferred")[0]["result"] == "answered"
        assert system.of("call.ended")[0]["outcome"] == "transferred"
    finally:
        desk.terminate()
        assert desk.wait(10) == 0


def test_a_taken_port_is_a_clear_error(system: System) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "telephony.worker", "--sip-port", str(system.sip_port), "--index", "1"],
        cwd=ROOT, env=system.env, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert second.returncode == 1
    assert "is taken by another process" in second.stderr


def test_a_worker_that_is_stopped_says_goodbye_first(redis_port: int) -> None:
    system = System(redis_port, 1)
    system.redis.delete("vyzov:events")
    system.stubs.dialog = lambda body: ASK
    caller = system.call([["ended"]])
    wait_for(lambda: bool(system.of("prompt.finished")))
    assert system.close() == 0
    assert result(caller)["code"] == 200
    assert system.of("prompt.started")[-1]["text"].startswith("Извините, технический перерыв")
    assert [event["outcome"] for event in system.of("call.ended")] == ["failed"]


@pytest.mark.slow
def test_fifty_calls_ended_at_different_stages_leave_nothing_behind(redis_port: int) -> None:
    system = System(redis_port, 4)
    process = psutil.Process(system.worker.pid)

    def rounds(count: int) -> tuple[float, int, int]:
        crowd = subprocess.run(
            [sys.executable, "-m", "tests.telephony.crowd", f"sip:122@127.0.0.1:{system.sip_port}", str(count)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=250, check=True,
        )  # fmt: skip
        print(crowd.stdout)
        wait_for(lambda: system.busy() == 0)
        time.sleep(1)
        return process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()

    try:
        system.redis.flushall()
        before = rounds(12)
        keys = system.redis.dbsize()
        after = rounds(50)
        print(f"memory, descriptors, threads before {before}, after {after}")
        assert after[0] < before[0] + 4  # MB; 50 calls of a single leaked second of sound each would be as much
        assert after[1] <= before[1]
        assert after[2] <= before[2]
        assert system.redis.dbsize() == keys
        assert len(system.of("call.ended")) == len(system.of("call.started")) >= 50
    finally:
        assert system.close() == 0
