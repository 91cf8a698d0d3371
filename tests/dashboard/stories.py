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
