"""What a topic makes of one answer; the conversation turns it into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dialog.conversation.turn import Reply


@dataclass(frozen=True)
class Advance:
    """The answer is settled, go on with the plan. `before` is said in front of the next question."""

    before: str = ""


@dataclass(frozen=True)
class Ask:
    """Ask for this slot next, whatever the plan says."""

    slot: str
    before: str = ""


@dataclass(frozen=True)
class Check:
    """Ask this value back at once. `offered`: the caller has not said it, the MIS or an earlier call has it.
    `template` instead of the question's own words, with {value}."""

    slot: str
    value: Any
    probability: float
    text: str
    offered: bool = False
    template: str = ""


@dataclass(frozen=True)
class Failed:
    """Nothing usable was heard. `unknown`: the caller does not know."""

    unknown: bool = False


@dataclass(frozen=True)
class Danger:
    """A sign of danger was affirmed."""

    words: str


@dataclass(frozen=True)
class Doubt:
    """It may be an emergency or a joke: one question asks."""

    words: str


@dataclass(frozen=True)
class GiveUp:
    """It cannot be had by asking: an operator."""

    reason: str = "no_match"


@dataclass(frozen=True)
class Spoken:
    """The whole answer is there."""

    reply: Reply


Step = Advance | Ask | Check | Failed | Danger | Doubt | GiveUp | Spoken
