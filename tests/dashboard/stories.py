"""Events of calls for these tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from core import events

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def numbered(story: list[events.Event], first_id: int = 1) -> list[events.Event]:
    """The same events with ids as the stream gives them."""
    for event, number in zip(story, itertools.count(first_id), strict=False):
        event.id = number
    return story


def until_ringing(call_id: str, context: str, line: int = 0) -> list[events.Event]:
    """A call up to the moment when the operator's phone rings."""
    return [
        events.CallStarted(call_id=call_id, line=line, caller="+79161234567", called="122"),
        events.PromptStarted(call_id=call_id, line=line, text="Назовите дату рождения пациента.", slot="birth_date"),
        events.TurnRecognised(call_id=call_id, line=line, text="он не дышит"),
        events.RedFlag(call_id=call_id, line=line, words="не дышит", slot="birth_date"),
        events.SlotFilled(call_id=call_id, line=line, slot="adult", value=True, probability=0.9),
        events.SlotFilled(
            call_id=call_id, line=line, slot="name", value={"surname": "Зайцев", "name": "Никита"}, probability=0.8
        ),
        events.HouseCallCreated(call_id=call_id, line=line, house_call_id="h", number="122-7", state="received"),
        events.CallTransferring(call_id=call_id, line=line, to="operator", reason="wish", context=context),
    ]
