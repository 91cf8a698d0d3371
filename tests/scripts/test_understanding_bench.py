"""Promise: the bench of understanding measures what it says, on the same answers every time.

A failure means that a figure by which a change is kept or dropped is wrong: the draws moved, a truth cannot be reached,
or the sums do not add up.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT, Settings
from dialog.conversation.script import load_script
from dialog.conversation.turn import Heard
from mis_connector.sandbox.data import load
from scripts.understanding_bench import wording
from scripts.understanding_bench.bench import draw_all, main
from scripts.understanding_bench.commands import Commands
from scripts.understanding_bench.draws import KINDS, SEEDS, Draw, Drawer, Kind, as_recognised
from scripts.understanding_bench.judge import same
from scripts.understanding_bench.kept import Kept
from scripts.understanding_bench.mis import SANDBOX, Mis
from scripts.understanding_bench.report import figures
from scripts.understanding_bench.results import Result, bars, calibration, possible_pct, wilson, wrong_sure
from scripts.understanding_bench.work import Unit, Worker, units
from understanding.register import House

REGION = ROOT / "regions" / "sample"
HANDFUL = 8


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    folder = tmp_path_factory.mktemp("bench")
    load(folder / SANDBOX, REGION)
    return Worker(Settings(), folder, hears=False)


# -- draws


def test_draws_are_the_same_every_time(drawer: Drawer) -> None:
    again = Drawer(REGION)
    for kind in KINDS:
        assert [drawer.draw(kind, "tuned", i) for i in range(20)] == [again.draw(kind, "tuned", i) for i in range(20)]


def test_whoever_tunes_on_one_half_has_not_seen_the_other(drawer: Drawer) -> None:
    for kind in KINDS:
        if kind != "yes_no":  # there are only so many ways to say no
            tuned, kept = ({drawer.draw(kind, seed, index).text for index in range(60)} for seed in SEEDS)
            assert len(tuned & kept) <= (20 if kind == "number" else 0), kind


def test_a_short_run_has_the_first_draws_of_a_long_one(drawer: Drawer) -> None:
    short, long = ({draw.name: draw for draw in draw_all(drawer, KINDS, count)} for count in (4, 10))
    assert short.items() <= long.items()
    assert [sum(draw.seed == seed for draw in short.values()) for seed in SEEDS] == [2 * len(KINDS)] * 2


def test_the_answers_of_one_person_are_of_one_person(drawer: Drawer) -> None:
    born, name, phone = (drawer.draw(kind, "kept", 7) for kind in ("birth_date", "name", "phone"))
    row = drawer.patient(name.truth)
    assert row is not None
    assert row["birth_date"] == born.truth
    assert units("text", draw_all(drawer, ["birth_date", "name"], 2))[0].draws[1].kind == "name"
    assert phone.truth.startswith("+7")
    assert len(phone.truth) == 12


def test_what_is_spoken_has_words_alone(drawer: Drawer) -> None:
    for draw in draw_all(drawer, KINDS, 200):
        assert not any(char.isdigit() or char in "{}" for char in draw.spoken), draw.spoken
        assert draw.text == as_recognised(draw.text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_can_be_reached_from_perfect_text(kind: Kind, drawer: Drawer, worker: Worker) -> None:
    """All but one of a handful: what cannot be understood yet is for the bench to show."""
    draws = tuple(drawer.draw(kind, "tuned", index) for index in range(HANDFUL))
    results = asyncio.run(worker.work(Unit("text", draws)))
    assert [one.kind for one in results] == [kind] * HANDFUL
    wrong = [(one.spoken, one.value, one.truth) for one in results if not one.right]
    assert len(wrong) <= 1, wrong


def test_a_name_is_judged_with_the_date_that_was_heard_too(drawer: Drawer, worker: Worker) -> None:
    born, name = (drawer.draw(kind, "tuned", 1) for kind in ("birth_date", "name"))
    misheard = replace(born, text="первого января тысяча девятьсот сорокового года")
    results = asyncio.run(worker.work(Unit("text", (misheard, name))))
    assert {one.kind: one.right for one in results} == {"birth_date": False, "name": True, "name_heard_date": False}


@pytest.mark.parametrize(("national", "sizes", "said"), [
    ("9161230508", [3, 3, 2, 2], "девятьсот шестнадцать сто двадцать три ноль пять ноль восемь"),
    ("9160450000", [3, 3, 1, 1, 1, 1], "девятьсот шестнадцать ноль сорок пять ноль ноль ноль ноль"),
])  # fmt: skip
def test_phones_are_said_with_their_zeros(national: str, sizes: list[int], said: str) -> None:
    assert wording.phone_said(national, sizes, in_digits=False) == said


def test_houses_are_said_with_all_their_parts() -> None:
    letters = {"А": "а", "В": "вэ"}
    said = {
        written: tuple(wording.house_said(house, letters, in_digits=in_digits) for in_digits in (False, True))
        for written in ("7В", "14/2", "12 к3", "5 с1")
        if (house := House.parse(written))
    }
    assert said == {
        "7В": ("семь вэ", "7в"), "14/2": ("четырнадцать дробь два", "14 дробь 2"),
        "12 к3": ("двенадцать корпус три", "12 корпус 3"), "5 с1": ("пять строение один", "5 строение 1"),
    }  # fmt: skip


@pytest.mark.parametrize(("truth", "value", "is_same"), [
    ({"years": 1, "months": 0}, {"years": 1, "months": None}, True),
    ({"years": 1, "months": 6}, {"years": 1, "months": None}, False),
    ({"years": 4, "months": None}, None, False),
])  # fmt: skip
def test_an_age_is_the_same_in_years_and_months(truth: Any, value: Any, is_same: bool) -> None:
    assert same(Draw("number", "tuned", 0, "age", False, "", "", truth), value) is is_same


def test_a_wrong_flat_is_a_wrong_address(drawer: Drawer) -> None:
    draw = drawer.draw("address", "tuned", 0)
    assert same(draw, {**draw.truth, "in_register": True})
    assert not same(draw, {**draw.truth, "flat": "999"})


def test_commands_are_told_from_answers() -> None:
    commands = Commands(load_script())
    said = ("соедините с оператором", "повторите, пожалуйста", "не расслышал", "ну помедленнее пожалуйста", "подождите",
            "да", "нет", "не знаю")  # fmt: skip
    assert [commands.find(Heard(text=text)) for text in said] == [
        "operator", "repeat", "repeat", "slower", "wait", None, None, None,
    ]  # fmt: skip


def test_the_mis_is_searched_as_the_dialog_does(drawer: Drawer, kept: Kept, tmp_path: Path) -> None:
    load(tmp_path / SANDBOX, REGION)
    mis, truth = Mis(Settings(), tmp_path, kept), drawer.draw("name", "kept", 3).truth
    query = {
        "birth_date": truth["birth_date"],
        "names": [{"surname": truth["surname"], "name": None, "patronymic": None}],
    }
    for _ in range(2):  # from the MIS, then from the disk
        found = asyncio.run(mis.find(query))
        assert truth["mis_id"] in [patient["mis_id"] for patient in found.patients]


# -- figures


def result(kind: str = "name", condition: str = "clean", half: str = "kept", **more: Any) -> Result:
    given: dict[str, Any] = {"right": True, "given": True, "probability": 0.95, "possible": True, "cpu": 0.5} | more
    return Result(kind, condition, half, 0, kind, **given, spoken="", heard=(), value=None, truth=None)


@pytest.mark.parametrize(("hits", "of", "low", "high"), [
    (10, 10, 72.2, 100.0), (0, 10, 0.0, 27.8), (50, 100, 40.4, 59.6), (81, 263, 25.5, 36.6), (0, 0, 0.0, 100.0),
])  # fmt: skip
def test_intervals_are_those_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    """The third and the fourth are examples of Newcombe 1998 and of textbooks."""
    assert list(wilson(hits, of)) == pytest.approx([low, high], abs=0.06)


def test_a_wrong_value_that_is_believed_is_counted_and_a_doubted_one_is_not() -> None:
    results = [result(), result(right=False), result(right=False, probability=0.6), result(right=False, given=False)]
    assert len(wrong_sure(results)) == 1
    assert possible_pct([*results, result(right=False, possible=False)]) == 80.0
    assert calibration(results)[2] == (60.0, 0.0, 1)
    figured = figures(results, 1.0)
    assert figured["name_clean_wrong_sure_pct"] == 25.0
    assert figured["name_clean_kept_right_pct"] == 25.0
    assert all(not isinstance(value, (dict, list)) for value in figured.values())


def test_bars_are_measured_on_the_half_that_nobody_tunes_on() -> None:
    results = [result(half="kept", right=False), *[result(half="tuned")] * 99]
    assert bars(results) == [("name", "clean", 95, 0.0, False)]
    assert bars([result(condition="20db"), result(kind="name_heard_date")]) == []


def test_a_bench_without_its_recordings_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--conditions", "real", "--real", str(tmp_path), "--callers", str(tmp_path)])
    assert code == 2
    said = capsys.readouterr()
    assert "scenario.yml" in said.out
    assert "apt-get install asterisk-core-sounds-ru-wav" in said.err
