"""What the conversation remembers between turns, as plain data: it travels through Rasa's tracker as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["ask", "check", "offer", "emergency", "doubt", "cancel"]
"""What is open: a question, a value asked back, a value offered that the caller has not said (the registered address),
«соединить со скорой?», «есть угроза жизни?», «отменить вызов?»."""

Purpose = Literal["visit", "status", "cancel", "change", "call_back"]
"""What the caller wants: a visit, something about a visit that exists, or to be phoned back."""

Belief = list[tuple[Any, float]]
"""Values with their probabilities, likeliest first; what is left to 1 is something else."""


@dataclass
class Asked:
    """The open question. `value` is what is asked back; `said` what was spoken, for «повторите»."""

    slot: str
    kind: Kind = "ask"
    value: Any = None
    probability: float = 0.0
    said: str = ""


@dataclass
class Taken:
    """A settled value. `sure` is false when it was skipped or only noted: then nothing may rest on it."""

    value: Any
    probability: float
    sure: bool = True


@dataclass
class RedFlags:
    """Where the questions about signs of danger stand: group, and the sign when they are asked one by one."""

    group: int = 0
    sign: int | None = None


@dataclass
class State:
    call_id: str
    caller: str = ""
    called: str = ""
    asked: Asked = field(default_factory=lambda: Asked("opening"))
    taken: dict[str, Taken] = field(default_factory=dict)
    beliefs: dict[str, Belief] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    refused: dict[str, list[Any]] = field(default_factory=dict)
    """Values that the caller denied, by slot."""
    silences: int = 0
    turns: int = 0
    corrections: int = 0
    red_flags: RedFlags = field(default_factory=RedFlags)
    identity: Literal["open", "found", "none", "unchecked"] = "open"
    patient: dict[str, Any] | None = None
    """The patient as the MIS has it."""
    identity_asked: list[str] = field(default_factory=list)
    """What was asked again because nobody was found."""
    doubted: list[str] = field(default_factory=list)
    """MIS ids of patients that were read back and neither confirmed nor denied."""
    danger: str | None = None
    """Words of an emergency after which the caller did not want the ambulance."""
    doubts: int = 0
    """How often «есть угроза жизни?» was asked."""
    put_off: dict[str, Any] | None = None
    """The answer that was in doubt and the question it was to: heard once the danger is denied."""
    finished: dict[str, Any] | None = None
    """The last answer: what came after it gets the same one."""
    last: dict[str, Any] | None = None
    """The newest answer and the number of the event it answers: one that is sent twice counts once."""
    purpose: Purpose = "visit"
    known: list[dict[str, Any]] | None = None
    """Patients of earlier calls from this number; None until it was looked up. Told only after a date of birth fits."""
    affirmed: list[str] = field(default_factory=list)
    """Slots whose value was offered or read back alone, and affirmed."""
    visits: list[dict[str, Any]] | None = None
    """Visits of this patient that exist already; None until it was looked up."""
    others: int = 0
    """Further patients in this call."""
    booked: list[dict[str, Any]] = field(default_factory=list)
    """The house calls of this call: number, state, visit_date, house_call_id, urgency."""
    last_address: dict[str, Any] | None = None
    """Where the patient before this one is."""
    rejections: int = 0
    outcome: str = "answered"
    """How the call ends when nothing more is wanted."""
    resume: str = ""
    """The question to go on with after «продолжим?»."""
    transfer: str | None = None
    """Why the caller is being handed to an operator."""
    rude: int = 0
    failed_in_a_row: int = 0
    slow: bool = False
    recording_refused: bool = False

    def value(self, slot: str) -> Any:
        """The settled value of a slot, or None."""
        taken = self.taken.get(slot)
        return taken.value if taken else None

    def take(self, slot: str, value: Any, probability: float, *, sure: bool = True) -> None:
        self.taken[slot] = Taken(value, probability, sure)

    def forget(self, *slots: str) -> None:
        """Ask these again from scratch; what the caller denied stays denied."""
        for slot in slots:
            self.taken.pop(slot, None)
            self.beliefs.pop(slot, None)
            self.failures.pop(slot, None)

    def next_patient(self) -> None:
        """Begin with the next patient of this call: the caller, the phone and the address of before are kept."""
        lasting = ("opening", "phone", "this_phone", "adult")
        kept = {slot: taken for slot, taken in self.taken.items() if slot in lasting}
        self.last_address = self.value("address") or self.last_address
        fresh = State(self.call_id)
        for name in ("beliefs", "failures", "refused", "red_flags", "identity", "patient", "identity_asked", "doubted",
                     "danger", "affirmed", "visits", "rejections", "silences", "corrections"):  # fmt: skip
            setattr(self, name, getattr(fresh, name))
        self.taken, self.purpose, self.known = kept, "visit", []
        self.others = max(0, self.others - 1)

    def to_json(self) -> dict[str, Any]:
        """Without what has its default: the state travels with every turn."""
        empty = asdict(State(self.call_id))
        return {key: value for key, value in asdict(self).items() if key == "call_id" or value != empty[key]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> State:
        state = cls(**data)
        state.asked = Asked(**data["asked"]) if "asked" in data else Asked("opening")
        state.taken = {slot: Taken(**taken) for slot, taken in data.get("taken", {}).items()}
        state.beliefs = {
            slot: [(value, probability) for value, probability in belief]
            for slot, belief in data.get("beliefs", {}).items()
        }
        state.red_flags = RedFlags(**data["red_flags"]) if "red_flags" in data else RedFlags()
        return state
