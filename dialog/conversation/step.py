"""What a topic makes of one answer; the conversation turns it into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Advance:
    """The answer is settled, go on with the plan."""


@dataclass(frozen=True)
class Ask:
    """Ask for this slot next, whatever the plan says."""

    slot: str


@dataclass(frozen=True)
class Check:
    """Ask this value back at once."""

    slot: str
    value: Any
    probability: float
    text: str


@dataclass(frozen=True)
class Failed:
    """Nothing usable was heard. `unknown`: the caller does not know."""

    unknown: bool = False


@dataclass(frozen=True)
class Danger:
    """A sign of danger was affirmed."""

    words: str


@dataclass(frozen=True)
class GiveUp:
    """It cannot be had by asking: an operator."""

    reason: str = "no_match"


Step = Advance | Ask | Check | Failed | Danger | GiveUp
