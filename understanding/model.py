"""What goes into understanding and what comes out; docs/protocols.md has the table of values."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.words import Expects, Slot

MOST_CANDIDATES = 12
"""Names or addresses that an answer holds."""

Meaning = Literal["value", "yes", "no", "unknown", "none"]


class HeardAlternative(BaseModel):
    text: str = Field(max_length=2000)
    score: float = Field(0.0, description="Mean log probability a token; 0 is certain")


class Known(BaseModel):
    """What the MIS says of the identified patient: a tie-breaker, never a replacement for what was said."""

    address: dict[str, Any] | None = None
    phone: str | None = None


class Context(BaseModel):
    """What the conversation knows already. `today` is the clinic's local date."""

    today: date | None = None
    age: int | None = Field(None, ge=0, le=130)
    birth_date: date | None = None
    address: dict[str, Any] | None = Field(None, description="Parts of the address taken so far")
    name: dict[str, Any] | None = Field(None, description="Parts of the name taken so far")
    known: Known | None = None
    choices: dict[str, list[str]] | None = Field(None, description="For `choice`: id to wordings")


class Heard(BaseModel):
    """One turn of the caller, with what was asked."""

    model_config = ConfigDict(extra="forbid")

    expects: Expects
    slot: Slot | None = None
    text: str = Field("", max_length=2000)
    alternatives: list[HeardAlternative] = Field([], max_length=60, description="A closed set gives one each")
    turn_id: str | None = Field(None, max_length=100, description="Under which the recogniser has the sound")
    digits: str | None = Field(None, max_length=40, pattern=r"^[0-9*#A-D]*$", description="Keypad")
    context: Context = Context()


class Candidate(BaseModel):
    value: Any
    probability: float = Field(ge=0, le=1)


class Understood(BaseModel):
    """`probability` is the chance that `value` is what was meant; `missing` names slots that the answer lacks."""

    meaning: Meaning = "none"
    value: Any = None
    probability: float = Field(0.0, ge=0, le=1)
    complete: bool = False
    missing: list[Slot] = []
    heard: str = ""
    candidates: list[Candidate] = []
