"""Promise: the simulated resident is an honest judge: it says what its scenario says, and calls wrong what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.resident import scenario as scenarios
from scripts.resident.load import summary
from scripts.resident.speech import decode_alaw
from scripts.resident.verdict import differing, wrong_fields

RESIDENTS = Path(__file__).parents[1] / "data" / "residents"
EXPECTED = {"surname": "Зайцев", "birth_date": "2002-09-25", "house": "75", "flat": "", "phone": "+79996914929",
            "outcome": "created"}  # fmt: skip


def record(**address: str | None) -> dict[str, Any]:
    return {
        "patient": {"surname": "Зайцев", "birth_date": "2002-09-25"},
        "address": {"house": "75", "flat": None, **address},
        "phone": "+79996914929",
    }


def test_a_right_record_is_right() -> None:
    assert wrong_fields(EXPECTED, "created", record()) == []


@pytest.mark.parametrize(
    ("outcome", "got", "wrong"),
    [
        ("created", record(house="75А"), ["house"]),
        ("created", record(flat="1"), ["flat"]),
        ("queued", record(), ["outcome"]),
        ("created", None, ["record"]),
        (None, None, ["outcome"]),
    ],
)
def test_what_differs_is_named(outcome: str | None, got: dict[str, Any] | None, wrong: list[str]) -> None:
    assert wrong_fields(EXPECTED, outcome, got) == wrong


def test_a_transfer_is_judged_by_its_outcome_alone() -> None:
    assert wrong_fields({**EXPECTED, "outcome": "transferred"}, "transferred", None) == []
    assert wrong_fields({**EXPECTED, "outcome": "transferred"}, "created", record()) == ["outcome"]


def test_the_visit_in_the_mis_is_compared_too() -> None:
    assert differing(EXPECTED, record(house="57")) == ["house"]


def test_a_question_is_answered_by_its_slot_then_by_what_it_expects() -> None:
    scenario = scenarios.load(RESIDENTS / "c00" / "scenario.yml")
    assert scenario.answer_to(None, "free", True) == "opening"
    assert scenario.answer_to("street", "address", False) == "street"
    assert scenario.answer_to("more", "yes_no", False) == "yes"
    assert scenario.answer_to("more", "choice", False) == "unknown"
    assert scenario.say["yes"], "YAML's yes and no are words here, not booleans"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id: a\ncaller_phone: ''\nsay: {opening: да, nonsense: нет}", "no such question: nonsense"),
        ("id: a\nsay: [да]", "say"),
        ("say: {opening: да}\ncaller_phone: '12'", "id"),
        ("id: [", "cannot be read"),
        ("id: a\ncaller_phone: '+7999'\nsay: {}\nthen: [{slot: name, shout: да}]", "shout"),
    ],
)
def test_a_wrong_scenario_is_a_clear_error(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "scenario.yml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        scenarios.load(path)


def test_a_law_is_decoded_as_g711_says() -> None:
    """The ends and the middle of the table of ITU-T G.711."""
    pcm = np.frombuffer(decode_alaw(bytes([0xD5, 0x55, 0xAA, 0x2A, 0x80])), "<i2")
    assert list(pcm) == [8, -8, 32256, -32256, 5504]


def test_a_record_that_is_wrong_and_created_is_counted() -> None:
    wrong = {"id": "a", "outcome": "created", "right": False, "voice_to_voice": [0.5, 0.7],
             "service_voice_to_voice": [0.48, 0.75]}  # fmt: skip
    figures = summary([wrong])
    assert (figures["right"], figures["wrong_but_created"]) == (0, 1)
    assert figures["service_differs_p95_s"] == 0.05
