"""What is taken out of the events of a call that the caller does not want recorded.

Nothing that was said, typed or understood is left, nor the prompts, since they repeat it. What stays: that the
call was, how it ended, what was asked, latencies, transfers, and the house calls, which are records of their own.
"""

from __future__ import annotations

from typing import Any

BLANKS: dict[str, dict[str, Any]] = {
    "prompt.started": {"text": ""},
    "turn.recognised": {"text": "", "alternatives": []},
    "slot.filled": {"value": None},
    "dtmf": {"digit": "*"},
    "red_flag": {"words": ""},
}
"""Event type to the fields that are overwritten, and with what; the result is a valid event."""


def unsaid(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of an event of that type without what was said."""
    return body | BLANKS.get(kind, {})
