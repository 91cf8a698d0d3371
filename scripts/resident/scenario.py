"""What a resident is, says and does: the scenario file, checked when loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.words import EXPECTS, SLOTS, Slot

BY_EXPECTS = {"yes_no": "yes", "name": "name", "address": "address", "date": "birth_date", "phone": "phone",
              "policy": "policy", "symptoms": "symptoms", "free": "symptoms"}  # fmt: skip
"""What is said to a question whose slot has no entry."""

HABITS: dict[str, list[dict[str, Any]]] = {
    "operator": [{"slot": "name", "say": "operator"}],
    "question": [{"slot": "symptoms", "say": "question"}],
}
"""What residents of a `kind` do when their scenario has no `then`."""


class Deed(BaseModel):
    """Something to do once when `slot` is asked, before the ordinary answer."""

    model_config = ConfigDict(extra="forbid")

    slot: Slot | None = None
    say: str | None = Field(None, description="words, or the name of an entry of `say`")
    wait: float | None = Field(None, ge=0, le=120, description="seconds of silence before the answer")
    interrupt_after: float | None = Field(None, ge=0, le=60, description="seconds after the prompt began")
    type: str | None = Field(None, pattern=r"^[0-9*#A-D]+$", description="keypad")
    hang_up: bool = False


class Scenario(BaseModel):
    """One resident; docs/interfaces.md has an example."""

    id: str
    kind: str | None = None
    caller_phone: str = Field(pattern=r"^\+?\d{3,15}$|^$")
    voice: str = "festvox"
    expect: dict[str, str] = {}
    say: dict[str, str]
    then: list[Deed] = []

    def deeds(self) -> list[Deed]:
        """What to do once, in order: the scenario's own, else the habits of its kind."""
        return self.then or [Deed(**deed) for deed in HABITS.get(self.kind or "", [])]

    def answer_to(self, slot: str | None, expects: str | None, first: bool) -> str | None:
        """The entry of `say` that answers a question, or None to stay silent."""
        if first:
            return "opening" if "opening" in self.say else None
        for key in (slot, expects, BY_EXPECTS.get(expects or ""), "unknown"):
            if key and key in self.say:
                return key
        return None


def load(path: Path) -> Scenario:
    """Read and check a scenario; raises ValueError with the file, the place and what is wrong."""
    try:
        # BaseLoader leaves every scalar a string: for the others `yes` and `no` are booleans, and dates are dates
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (makes no objects)
        scenario = Scenario.model_validate(data)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ValueError(f"{path}: {places}") from None
    strange = set(scenario.say) - set(SLOTS) - set(EXPECTS) - {"opening", "yes", "no", "operator", "question",
                                                               "repeat", "unknown", "goodbye", "spell"}  # fmt: skip
    if strange:
        raise ValueError(f"{path}: say: no such question: {', '.join(sorted(strange))}")
    return scenario
