"""What a resident is, says and does: the scenario file, checked when loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.words import EXPECTS, SLOTS, HouseCallState, Slot, TransferReason, TransferTo
from mis_connector.model import Caller, CallPatient, Phone, VisitAddress
from mis_connector.sandbox.faults import Fault
from scripts.resident.fields import FIELDS

Topic = Literal[
    "for_whom", "known_phone", "red_flags", "urgency", "complaints", "identity", "address", "corrections", "times",
    "existing_visit", "questions", "operator", "silence", "special_callers", "keypad", "mis_down",
]  # fmt: skip
"""What a conversation is about."""
TOPICS: tuple[str, ...] = get_args(Topic)

BY_EXPECTS = {"yes_no": "yes", "name": "name", "address": "address", "date": "birth_date", "phone": "phone",
              "policy": "policy", "symptoms": "symptoms", "free": "symptoms"}  # fmt: skip
"""What is said to a question whose slot has no entry."""

BY_SLOT = {"red_flags": "no", "can_walk": "no", "contact": "no", "school": "no", "adult": "yes", "insist": "no",
           "another_visit": "no", "cancel_visit": "yes", "go_on": "yes"}  # fmt: skip
"""What is natural where a slot has no entry."""

PLAIN = {"yes": "да", "no": "нет"}
"""Entries that every scenario has."""

CHECK = "_check"
"""`address_check` is said when an address is offered or asked back: the slot with expects yes_no."""

OTHER_ENTRIES = {"opening", "yes", "no", "operator", "question", "repeat", "unknown", "goodbye", "spell"}


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return text


Regex = Annotated[str, AfterValidator(_regex)]
Words = Annotated[list[str], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Deed(_Strict):
    """Something to do once when `slot` is asked, or a question that `hears` fits, before the ordinary answer."""

    slot: Slot | None = None
    hears: Regex | None = Field(None, description="what the question must sound like; any slot when none is given")
    say: str | None = Field(None, description="words, or the name of an entry of `say`")
    wait: float | None = Field(None, ge=0, le=120, description="seconds of silence before the answer")
    interrupt_after: float | None = Field(None, ge=0, le=60, description="seconds after the prompt began")
    type: str | None = Field(None, pattern=r"^[0-9*#A-D]+$", description="keypad")
    hang_up: bool = False

    def fits(self, slot: str | None, text: str) -> bool:
        if self.hears is None:
            return self.slot == slot
        return self.slot in (None, slot) and re.search(self.hears, text, re.IGNORECASE) is not None


class EarlierCall(_Strict):
    """A house call that exists before the call; the fields are those of a house call."""

    patient: CallPatient
    address: VisitAddress
    phone: Phone
    caller: Caller = Caller(relation="self")
    symptoms: str = "кашель"
    cancelled: bool = Field(False, description="cancelled before the call: only the number is known from it")


class Before(_Strict):
    """What is so before the call, and is put back after it."""

    house_calls: list[EarlierCall] = []
    faults: list[Fault] = Field([], description="of the sandbox MIS")
    transfer: Literal["answered", "fails"] = "answered"
    announcement: str | None = Field(None, max_length=300, description="of the day, as a supervisor sets it")

    @property
    def is_shared(self) -> bool:
        """Other calls would feel it too: such a call is made while there is no other."""
        return bool(self.faults or self.announcement)


class Transfer(_Strict):
    to: TransferTo
    reason: TransferReason


class Scenario(BaseModel):
    """One resident; docs/interfaces.md has an example."""

    id: str
    kind: str | None = Field(None, description="who phones; says nothing to the programs")
    topic: Topic | None = Field(None, description="set: a test of a conversation, its house calls are cancelled after")
    about: str = Field("", description="what this conversation shows")
    voice_too: bool = Field(False, description="also run by voice")
    by: Literal["any", "text"] = "any"
    region: str | None = Field(None, description="the region that it is written for, where it is not the sample one")
    caller_phone: str = Field(pattern=r"^\+?\d{3,15}$|^$")
    voice: str = "festvox"
    before: Before = Before()
    say: dict[str, str | Words]
    then: list[Deed] = []
    expect: dict[str, str] = {}
    also: list[dict[str, str]] = Field([], description="further house calls of the call, in order")
    earlier: HouseCallState | None = Field(None, description="the state in the end of those that were there before")
    transfer: Transfer | None = None
    red_flag: bool | None = None
    recording_refused: bool | None = None
    callback: bool | None = Field(None, description="whether the caller stands on the call-back list in the end")
    hears: list[Regex] = []
    never_hears: list[Regex] = []
    most_questions: int | None = Field(None, ge=1)

    def deeds(self) -> list[Deed]:
        """What to do once, in order: the scenario's own, else the habits of its kind."""
        return self.then or [Deed.model_validate(deed) for deed in HABITS.get(self.kind or "", [])]

    @property
    def wants_ambulance(self) -> bool:
        """What is answered to the question for danger to life."""
        return self.red_flag is True

    def answer_to(self, slot: str | None, expects: str | None, first: bool) -> str | None:
        """The entry of `say` that answers a question, or None to stay silent."""
        if first:
            return "opening" if "opening" in self.say else None
        if slot == "done":
            return "done" if "done" in self.say else None
        checked = f"{slot}{CHECK}" if slot and expects == "yes_no" else None
        if checked in self.say:
            return checked
        entries = self.say.keys() | PLAIN.keys()
        for key in (slot, BY_SLOT.get(slot or ""), expects, BY_EXPECTS.get(expects or ""), "unknown"):
            if key in entries:
                return key
        return None

    @property
    def records(self) -> list[dict[str, str]]:
        """The house calls that are to be there in the end, in order."""
        if self.expect.get("outcome", "created") in ("created", "queued"):
            return [self.expect, *self.also]
        return self.also


HABITS: dict[str, list[dict[str, str]]] = {
    "operator": [{"slot": "name", "say": "operator"}],
    "question": [{"slot": "symptoms", "say": "question"}],
}
"""What residents of a `kind` do when their scenario has no `then`."""


def load(path: Path) -> Scenario:
    """Read and check a scenario; raises ValueError with the file, the place and what is wrong."""
    path = path / "scenario.yml" if path.is_dir() else path
    try:
        # BaseLoader leaves every scalar a string: for the others `yes` and `no` are booleans, and dates are dates
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (makes no objects)
        scenario = Scenario.model_validate(data)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ValueError(f"{path}: {places}") from None
    known = {*SLOTS, *EXPECTS, *OTHER_ENTRIES, *(slot + CHECK for slot in SLOTS)}
    if strange := scenario.say.keys() - known:
        raise ValueError(f"{path}: say: no such question: {', '.join(sorted(strange))}")
    if strange := {name for expected in (scenario.expect, *scenario.also) for name in expected} - FIELDS:
        raise ValueError(f"{path}: expect: no such field: {', '.join(sorted(strange))}")
    return scenario
