"""What every MIS driver offers, and the only errors it raises.

The texts of these errors never repeat a URL, a parameter or what the MIS answered: all of them can hold names.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from core.errors import VyzovError
from mis_connector.model import Address, HouseCall, Patient


class MisUnavailable(VyzovError):
    """The MIS could not be reached or would not work; it is certain that nothing was done there."""

    code = "mis_unavailable"
    http_status = 503


class OutcomeUnknown(VyzovError):
    """The request went out and no usable answer came: it may have been carried out."""

    code = "no_answer"
    http_status = 503


class MisRejected(VyzovError):
    """The MIS refused. `code` is one of states.REASONS; `detail` is the MIS's own text, for the store only."""

    http_status = 409

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"the MIS refused: {code}", code=code)
        self.detail = detail


@dataclass(frozen=True)
class Question:
    """One search that a MIS can carry out: surname and birth date, or a policy, or a SNILS."""

    surname: str | None = None
    birth_date: dt.date | None = None
    policy: str | None = None
    snils: str | None = None


@dataclass(frozen=True)
class Visit:
    """A record in the MIS, as far as its interface shows it."""

    mis_id: str
    person_id: str
    status: str
    comment: str


class Search(Enum):
    """What a search for a created record ended with when it is not found."""

    ABSENT = "absent"
    """The MIS showed everything it has: the record is not there."""
    UNSURE = "unsure"
    """The MIS shows only a part, or cannot be asked for this record."""


class MisDriver(Protocol):
    """Every method has a time limit of its own and raises only the errors above."""

    name: str

    async def find_patients(self, question: Question) -> list[Patient]:
        """Patients with their registered addresses left out."""
        ...

    async def registered_address(self, person_id: str) -> Address | None: ...

    async def create(self, call: HouseCall, at: dt.datetime) -> str:
        """Enter the visit for the local time `at`; its id in the MIS. Never sends twice by itself."""
        ...

    async def read(self, mis_id: str) -> Visit | None: ...

    async def cancel(self, mis_id: str) -> None:
        """Cancel the visit; cancelling a cancelled one is no error."""
        ...

    def can_find(self, call: HouseCall) -> bool:
        """Whether the MIS's interface lets one ask for a record whose creation was not answered."""
        ...

    async def find_created(self, call: HouseCall, days: tuple[dt.date, dt.date]) -> str | Search:
        """The id of the record of this very call among the visits of those days."""
        ...

    async def aclose(self) -> None: ...
