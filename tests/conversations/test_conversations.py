"""Promise: whatever a caller wants or does, the conversation comes to the record or the end that the scenario names.

A failure means that some caller (a worried mother, one who is silent, one who corrects himself, one in danger) is led
to a wrong record, to no end, or to the wrong person. The transcript below it is the whole call.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts.resident.scenario import TOPICS, load

HERE = Path(__file__).parent
CONVERSATIONS = sorted(path for path in HERE.glob("*/*.yml") if path.parent.name != "regions")

# the start of Rasa and, before the first test, all conversations: 5 minutes on two cores
talking = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("conversation", [
    pytest.param(path, id=f"{path.parent.name}/{path.stem}", marks=talking) for path in CONVERSATIONS
])  # fmt: skip
def test_conversation(conversation: Path, results: dict[Path, dict[str, Any]]) -> None:
    result = results[conversation]
    assert result["right"], told(conversation, result)


def told(path: Path, result: dict[str, Any]) -> str:
    """The call as people read it."""
    lines = [f"{entry['who']:>10}: {entry['text']}" + (f"  [{entry.get('slot')}, {entry.get('expects')}]"
             if entry["who"] == "vyzov" else "") for entry in result["transcript"]]  # fmt: skip
    ends = [f"{name}: {result.get(name)}" for name in ("outcome", "transfer", "questions", "records", "wrong_fields")]
    return "\n".join([f"{path.parent.name}/{path.name}: {load(path).about}", *lines, *ends])


def test_every_topic_is_talked_about_in_text_and_by_voice() -> None:
    scenarios = [load(path) for path in CONVERSATIONS]
    assert len(scenarios) >= 120
    assert len({scenario.id for scenario in scenarios}) == len(scenarios)
    spoken = Counter(scenario.topic for scenario in scenarios if scenario.voice_too)
    assert set(TOPICS) == set(spoken), "every topic has a conversation by voice"
    assert spoken.total() == 40
    assert all(scenario.topic == path.parent.name for path, scenario in zip(CONVERSATIONS, scenarios, strict=True))
