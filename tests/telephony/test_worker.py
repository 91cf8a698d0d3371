"""Promise: a real worker answers real SIP calls on its lines, refuses politely when they are taken, notices callers
who vanish, ends politely, and leaks nothing. The rooms behind it are stand-ins; SIP, RTP and Redis are real."""

from __future__ import annotations

import operator
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.telephony.running import ROOT, System, result, wait_for
from tests.telephony.stubs import answer, short_dialog

TALK: list[list[object]] = [["hear"], ["quiet"], ["say", 0.5], ["hear"], ["ended"]]
ASK = answer("Вам нужен врач?", expects="yes_no", slot="who")


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


def test_a_key_over_a_prompt_stops_it_and_is_not_lost(system: System) -> None:
    long = answer("Здравствуйте. " * 10, expects="free")
    system.stubs.dialog = lambda body: long if body["event"] == "start" else short_dialog(body)
    result(system.call([["hear"], ["type", "0"], ["ended"]]))
    assert system.of("prompt.finished")[0]["interrupted"]
    assert system.stubs.turns[1]["turn"]["digits"] == "0"


def test_a_fax_machine_is_hung_up_on(system: System) -> None:
    system.stubs.dialog = lambda body: ASK
    cng: list[list[object]] = [["hear"], ["quiet"], ["beep", 0.5, 1100], ["wait", 3], ["beep", 0.5, 1100], ["ended"]]
    assert result(system.call(cng))["code"] == 200
    wait_for(lambda: bool(system.of("call.ended")))
    assert [event["outcome"] for event in system.of("call.ended")] == ["abandoned"]
    assert system.of("call.ended")[0]["seconds"] < 14
    assert not [turn for turn in system.stubs.turns if turn["turn"]["silence"]]


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


@pytest.mark.parametrize(("legs", "missing"), [("0", 0), ("1", 1), ("100", None)])
def test_places_kept_for_second_legs_are_no_lines(legs: str, missing: int | None) -> None:
    limit = int(_limit("0"))
    assert int(_limit(legs)) == (1 if missing is None else limit - missing)


def _limit(legs: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "telephony.endpoint", "--limit"],
        cwd=ROOT, env=os.environ | {"VYZOV_TRANSFER_LEGS": legs}, capture_output=True, text=True, check=True,
    ).stdout.split()[-1]  # fmt: skip


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
