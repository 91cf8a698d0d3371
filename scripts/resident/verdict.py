"""Whether what came of a call is what the resident said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from scripts.resident.fields import FIELDS, IN_A_VISIT, WORDS, recorded
from scripts.resident.scenario import Scenario

MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
          "декабря")  # fmt: skip


@dataclass
class Came:
    """What came of a call. `visits`: for each record the sandbox's visit, None where the MIS has none."""

    outcome: str
    records: list[dict[str, Any]] = field(default_factory=list)
    visits: list[dict[str, Any] | None] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    transfer: dict[str, str] | None = None
    red_flag: bool = False
    recording_refused: bool = False
    callback: bool = False
    heard: list[str] = field(default_factory=list)
    questions: int = 0


def judge(scenario: Scenario, came: Came, today: date) -> list[str]:
    """Names of what is otherwise than the scenario has it; empty when all is right."""
    wanted = scenario.records
    wrong = [] if came.outcome == scenario.expect.get("outcome", "created") else ["outcome"]
    records = [record for record in came.records if record["state"] != "rejected"]
    if len(records) < len(wanted):
        wrong.append("record")
    elif len(records) > len(wanted):
        wrong.append("one record too many")
    for number, (expected, record) in enumerate(zip(wanted, records, strict=False)):
        mark = f"{number + 1}: " if len(wanted) > 1 else ""
        wrong += [mark + name for name in differing(expected, record, tuple(FIELDS - {"clinic", "outcome"}))]
    for record, visit in zip(came.records, came.visits, strict=False):
        if record["state"] != "delivered" or record not in records:
            continue
        if visit is None or (number := records.index(record)) >= len(wanted) or differing(wanted[number], visit):
            wrong.append("mis")
    for name in ("red_flag", "recording_refused", "callback"):
        if getattr(scenario, name) not in (None, getattr(came, name)):
            wrong.append(name)
    if scenario.transfer is not None and scenario.transfer.model_dump() != came.transfer:
        wrong.append("transfer")
    if scenario.earlier is not None and set(came.earlier) != {scenario.earlier}:
        wrong.append("earlier")
    last = came.records[-1] if came.records else None
    wrong += [f"hears: {one}" for one in scenario.hears if not any(_sounds(one, t, last, today) for t in came.heard)]
    wrong += [f"never_hears: {one}" for one in scenario.never_hears
              if any(_sounds(one, t, last, today) for t in came.heard)]  # fmt: skip
    if scenario.most_questions is not None and came.questions > scenario.most_questions:
        wrong.append("most_questions")
    return wrong


def _sounds(regex: str, text: str, record: dict[str, Any] | None, today: date) -> bool:
    """Whether `text` has it; {day} is the visit's day as one says it, {number} the end of the request's number."""
    if record is not None:
        regex = regex.replace("{day}", day_regex(date.fromisoformat(record["visit_date"]), today))
        regex = regex.replace("{number}", r"\W*".join(record["number"].rpartition("-")[2].lstrip("0")))
    return re.search(regex, text, re.IGNORECASE) is not None


def day_regex(day: date, today: date) -> str:
    """«сегодня», «завтра», or the day and the month."""
    near = {today: "сегодня", today + timedelta(days=1): "завтра"}.get(day)
    return near or f"{day.day} {MONTHS[day.month - 1]}"


def differing(expected: dict[str, str], record: dict[str, Any], fields: Sequence[str] = IN_A_VISIT) -> list[str]:
    """Which of `fields` are expected and stand otherwise in the record."""
    return [name for name in expected if name in fields and not _same(name, expected[name], recorded(record, name))]


def _same(name: str, expected: str, value: str) -> bool:
    return re.search(expected, value, re.IGNORECASE) is not None if name in WORDS else expected == value
