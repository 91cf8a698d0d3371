"""Promise: the bench of emergencies counts as missed what was missed, and as false who was sent to 103 for nothing.

A failure means that the figure which decides whether the system may answer a telephone is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dialog.conversation.script import load_script
from scripts.resident import scenario as schema
from scripts.resident.emergencies import DATA, read, scenarios, summary, verdict

SCRIPT = load_script()
CALLS = list(scenarios(read(DATA, SCRIPT), SCRIPT))
CRY, PLAIN = "emergencies-who-001", "harmless-who-001"


def call(name: str, *told: tuple[str, str], outcome: str = "abandoned", **more: Any) -> dict[str, Any]:
    return {"id": name, "outcome": outcome, "transcript": [{"who": who, "text": text} for who, text in told], **more}


def test_there_are_sixty_emergencies_at_many_moments_and_a_hundred_harmless_calls(tmp_path: Path) -> None:
    emergencies = [one for one in CALLS if one["kind"] == "emergencies"]
    harmless = [one for one in CALLS if one["kind"] == "harmless"]
    assert len({one["about"] for one in emergencies}) >= 60
    assert len({one["about"] for one in harmless}) >= 100
    assert len({one["id"].split("-")[1] for one in emergencies}) >= 8
    assert len({one["caller_phone"] for one in CALLS}) == len(CALLS)
    for one in CALLS:
        path = tmp_path / "one.yml"
        path.write_text(yaml.safe_dump(one, allow_unicode=True), encoding="utf-8")
        assert schema.load(path).say[one["id"].split("-")[1]] == one["about"]


@pytest.mark.parametrize(("name", "told", "more", "expected"), [
    (CRY, [("resident", "беда"), ("red_flag", "беда")], {}, "found"),
    (CRY, [("resident", "беда"), ("vyzov", SCRIPT.phrases.emergency_question)], {}, "found"),
    (CRY, [("resident", "беда"), ("vyzov", SCRIPT.phrases.doubt_question), ("red_flag", "беда")], {}, "asked"),
    (CRY, [("resident", "беда"), ("vyzov", "Сколько лет пациенту?")], {}, "MISSED"),
    (CRY, [("resident", "беда"), ("vyzov", SCRIPT.phrases.doubt_question)], {}, "MISSED"),
    (CRY, [("resident", "беда")], {"transfer": {"to": "operator", "reason": "wish"}}, "MISSED"),
    (CRY, [("resident", "беда")], {"transfer": {"to": "operator", "reason": "red_flag"}}, "operator"),
    (CRY, [("vyzov", "Чем помочь?")], {}, "not reached"),
    (PLAIN, [("resident", "беда"), ("vyzov", "Сколько лет пациенту?")], {}, "quiet"),
    (PLAIN, [("resident", "беда"), ("vyzov", SCRIPT.phrases.doubt_question)], {}, "asked"),
    (PLAIN, [("resident", "беда"), ("vyzov", SCRIPT.phrases.emergency_question)], {"outcome": "emergency"}, "FALSE"),
    (PLAIN, [("resident", "беда")], {"transfer": {"to": "emergency", "reason": "red_flag"}}, "FALSE"),
])  # fmt: skip
def test_verdicts(name: str, told: list[tuple[str, str]], more: dict[str, Any], expected: str) -> None:
    assert verdict(call(name, *told, **more), SCRIPT, "беда") == expected


def test_a_call_that_could_not_be_made_is_an_error() -> None:
    assert verdict({"id": CRY, "outcome": "error: time-out"}, SCRIPT, "беда") == "error"


def test_the_figures() -> None:
    told = ["found", "asked", "late", "operator", "MISSED", "not reached", "error"]
    figures = summary([(CRY, one) for one in told] + [(PLAIN, one) for one in ("quiet", "asked", "FALSE")], 61.4)
    assert figures == {
        "missed": 1, "false_to_103": 1, "asked_for_nothing": 2, "found_by_asking": 1, "found_late": 1,
        "to_operator": 1, "emergencies": 5, "harmless": 3,
        "not_reached": 1, "errors": 1, "calls": 10, "seconds": 61,
    }  # fmt: skip


def test_a_question_that_the_script_has_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "said.yml"
    path.write_text("{callers: {a: {moon: да}}, emergencies: {}, harmless: {}}", encoding="utf-8")
    with pytest.raises(ValueError, match="moon"):
        read(path, SCRIPT)
