"""What a call came to, as `scripts/call` prints it: the same for text and for voice."""

from __future__ import annotations

from datetime import date
from typing import Any

from scripts.resident.office import Office
from scripts.resident.scenario import Scenario
from scripts.resident.verdict import Came, judge


async def report(
    scenario: Scenario, came: Came, office: Office, call_id: str | None, earlier: list[str], today: date
) -> dict[str, Any]:
    """Look at what the call left in the connector and in the sandbox MIS, and judge."""
    if office.checks_mis:
        came.visits = [await office.visit(record["mis_id"]) for record in came.records]
    came.earlier = [(await office.record(house_call_id))["state"] for house_call_id in earlier]
    if scenario.callback is not None and call_id is not None:
        came.callback = await office.awaits_callback(call_id)
    wrong = judge(scenario, came, today)
    return {
        "id": scenario.id, "topic": scenario.topic, "outcome": came.outcome,
        "record": came.records[-1] if came.records else None, "records": came.records,
        "expected": scenario.expect, "right": not wrong, "wrong_fields": wrong, "transfer": came.transfer,
        "questions": came.questions,
    }  # fmt: skip
