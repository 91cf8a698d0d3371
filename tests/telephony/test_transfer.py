"""Promise: over real SIP a caller is handed to the desk by REFER, and by a second leg where that is not to be had;
busy, declined and unanswered each bring the caller back into the conversation. The rooms behind are stand-ins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.telephony.running import System, result, wait_for
from tests.telephony.stubs import answer

AREAS = {user: f"sip:{user}@{{desk}}" for user in ("busy", "declining", "absent", "103")}
GO_ON = answer("Соединить не удалось. Продолжим?", expects="yes_no", slot="go_on")
BYE = answer("До свидания.", end={"outcome": "answered"})
STAY: list[list[object]] = [["ended"]]


class Desk:
    """The sandbox's desk, its log being what a test may know of it."""

    def __init__(self, system: System, log: Path) -> None:
        self._log = log
        self.process = system.start("telephony.operator_desk", log=log)
        wait_for(lambda: "listening" in log.read_text())

    def said(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def new(self) -> None:
        self._log.write_text("")


@pytest.fixture(scope="module")
def running(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, Desk]]:
    system = System(redis_port, 2, VYZOV_EMERGENCY_URIS=json.dumps(AREAS), VYZOV_TRANSFER_SECONDS="4")
    desk = Desk(system, tmp_path_factory.mktemp("desk") / "log")
    yield system, desk
    desk.process.terminate()
    assert desk.process.wait(10) == 0
    assert system.close() == 0


@pytest.fixture
def system(running: tuple[System, Desk]) -> System:
    running[0].fresh()
    return running[0]


@pytest.fixture
def desk(running: tuple[System, Desk]) -> Desk:
    return running[1]


def transferring(system: System, area: str) -> None:
    """The dialog transfers at once, and after a failure asks one question."""

    def dialog(body: dict[str, Any]) -> dict[str, Any]:
        if body["event"] == "start":
            return answer("Соединяю.", transfer={"to": "emergency", "reason": "red_flag", "area": area})
        return GO_ON if body["event"] == "transfer_failed" else BYE

    system.stubs.dialog = dialog


def test_by_refer(system: System, desk: Desk) -> None:
    transferring(system, "103")
    before = len(desk.said("visit"))
    result(system.call(STAY))
    wait_for(lambda: bool(system.of("call.ended")))
    told = system.of("call.transferred")[0]
    assert (told["result"], told["way"], told["status"]) == ("answered", "refer", 200)
    assert system.of("call.ended")[0]["outcome"] == "emergency"
    context = system.of("call.transferring")[0]["context"]
    assert [visit["context"] for visit in desk.said("visit")[before:]] == [context], "of the Refer-To's header"


@pytest.mark.parametrize("code", [405, 501, 603])
def test_by_a_second_leg_where_refer_is_refused(system: System, desk: Desk, code: int) -> None:
    transferring(system, "103")
    visits, over = len(desk.said("visit")), len(desk.said("visit_over"))
    steps: list[list[object]] = [["hear"], ["wait", 2.5], ["say", 1.5], ["ended"]]
    heard = result(system.call(steps, refer=code))
    wait_for(lambda: bool(system.of("call.ended")))
    told = system.of("call.transferred")[0]
    assert (told["result"], told["way"], told["status"]) == ("answered", "leg", 200)
    assert [visit["context"] for visit in desk.said("visit")[visits:]] == [system.of("call.transferring")[0]["context"]]
    assert heard["desk_seconds"] > 0.7, "the caller must hear the operator"
    wait_for(lambda: len(desk.said("visit_over")) > over)
    assert desk.said("visit_over")[-1]["audible_frames"] > 50, "the operator must hear the caller"
    assert system.of("call.ended")[0]["outcome"] == "emergency"  # the desk hung up
    assert not system.of("turn.recognised")


def test_by_a_second_leg_where_a_refer_comes_to_nothing(system: System, desk: Desk) -> None:
    transferring(system, "103")
    assert system.sipp("no_notify") == 0
    wait_for(lambda: bool(system.of("call.ended")))
    told = system.of("call.transferred")[0]
    assert (told["result"], told["way"], told["status"]) == ("answered", "leg", 200)


@pytest.mark.parametrize(
    ("area", "refer", "way", "status"),
    [
        ("busy", 202, "refer", {486}),
        ("declining", 202, "refer", {603}),
        ("absent", 202, "refer", {100, 180}),
        ("busy", 405, "leg", {486}),
        ("declining", 405, "leg", {603}),
        ("absent", 405, "leg", {180}),
    ],
)
def test_who_cannot_be_put_through_is_back(
    system: System, desk: Desk, area: str, refer: int, way: str, status: set[int]
) -> None:
    transferring(system, area)
    result(system.call(STAY, **({} if refer == 202 else {"refer": refer})))
    wait_for(lambda: bool(system.of("call.ended")))
    told = system.of("call.transferred")[0]
    assert (told["result"], told["way"]) == ("failed", way)
    assert told["status"] in status
    assert GO_ON["say"][0]["text"] in [prompt["text"] for prompt in system.of("prompt.started")]
    assert [turn["event"] for turn in system.stubs.turns] == ["start", "transfer_failed", "turn"]
    assert system.stubs.turns[1]["failed"] == {"to": "emergency", "reason": "red_flag", "area": area}
    assert system.of("call.ended")[0]["outcome"] == "answered"


def test_a_caller_who_hangs_up_ends_the_second_leg(system: System, desk: Desk) -> None:
    transferring(system, "103")
    over = len(desk.said("visit_over"))
    result(system.call([["hear"], ["wait", 3.5], ["hang_up"]], refer=405))
    wait_for(lambda: len(desk.said("visit_over")) > over)
    wait_for(lambda: bool(system.of("call.ended")))
    assert system.of("call.ended")[0]["outcome"] == "emergency"
    assert system.of("call.ended")[0]["seconds"] < 7


def test_nothing_personal_goes_to_the_operators_side(system: System, desk: Desk) -> None:
    log = desk._log.read_text()
    assert "9161234567" not in log
    assert {key for line in desk.said("visit") for key in line} <= {"event", "context", "level", "timestamp", "service",
                                                                    "logger", "at", "room"}  # fmt: skip
