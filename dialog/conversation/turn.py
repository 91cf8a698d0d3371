"""What comes into a turn and what goes out, and the services the conversation asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dialog.conversation.state import Belief


class ServiceFault(Exception):
    """A service did not answer in time or answered with a fault. The text carries no personal data."""


@dataclass(frozen=True)
class Heard:
    """One turn of the caller, as docs/protocols.md has it. `urgent`: «emergency», «doubt», «operator» or None."""

    text: str = ""
    alternatives: tuple[dict[str, Any], ...] = ()
    turn_id: str | None = None
    digits: str | None = None
    silence: bool = False
    urgent: str | None = None
    urgent_words: str = ""
    sequence: int | None = None
    """Number of the event in its call; the same on a second try."""


@dataclass(frozen=True)
class Intent:
    """What Rasa's NLU thinks the text wants. `ranking`: the confidence of the likeliest intents, by name."""

    name: str = ""
    confidence: float = 0.0
    ranking: Mapping[str, float] = field(default_factory=dict)

    def of(self, *names: str) -> float:
        """The confidence of several intents together."""
        return sum(self.ranking.get(name, self.confidence if name == self.name else 0.0) for name in names)


@dataclass(frozen=True)
class Understood:
    """The answer of the service `understanding`."""

    meaning: str = "none"
    value: Any = None
    probability: float = 0.0
    complete: bool = False
    missing: tuple[str, ...] = ()
    heard: str = ""
    candidates: tuple[tuple[Any, float], ...] = ()

    def belief(self) -> Belief:
        """The value and the other candidates together."""
        own: Belief = [(self.value, self.probability)] if self.value is not None else []
        return own + [pair for pair in self.candidates if pair[0] != self.value]


@dataclass(frozen=True)
class Found:
    """The answer of a patient search; `complete` is false when part of it could not be asked."""

    patients: tuple[dict[str, Any], ...] = ()
    complete: bool = True


class Services(Protocol):
    """All of them raise ServiceFault."""

    async def understand(self, question: dict[str, Any]) -> Understood:
        """Body of `POST /v1/understand`."""

    async def find_patients(self, query: dict[str, Any]) -> Found:
        """Body of `POST /v1/patients/search`: birth_date with names, or policy, or phone."""

    async def house_calls(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Body of `POST /v1/house-calls/search`; newest first."""

    async def create_house_call(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        """The house call as the connector stored it."""

    async def cancel_house_call(self, house_call_id: str) -> str:
        """Its state afterwards: only `cancelled` is cancelled."""

    async def call_back(self, body: dict[str, Any]) -> None:
        """Body of `POST /v1/callbacks`: on disk when this returns."""


@dataclass
class Reply:
    """What is said and what is expected next; docs/protocols.md has the shape."""

    say: list[tuple[str, bool]] = field(default_factory=list)
    """(text, may be talked over)"""
    expects: str | None = None
    slot: str | None = None
    candidates: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    filled: list[dict[str, Any]] = field(default_factory=list)
    house_call: dict[str, Any] | None = None
    transfer: dict[str, Any] | None = None
    end: dict[str, str] | None = None
    red_flag: dict[str, str] | None = None
    recording_refused: bool = False
    outcome: str | None = None
    """How the call ends if the caller hangs up now, when that is more than giving up."""
    slow: bool = False
    """Spoken slower."""

    def to_json(self) -> dict[str, Any]:
        return {
            "say": [{"text": t, "barge_in": barge_in, "slow": self.slow} for t, barge_in in self.say if t],
            "expects": self.expects,
            "slot": self.slot,
            "candidates": list(self.candidates),
            "hints": list(self.hints),
            "filled": self.filled,
            "house_call": self.house_call,
            "transfer": self.transfer,
            "end": self.end,
            "red_flag": self.red_flag,
            "recording_refused": self.recording_refused,
            "outcome": self.outcome,
        }
