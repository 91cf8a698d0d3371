"""Faults of the sandbox that can be switched on: each is something a real MIS has been seen to do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FaultKind = Literal["slow", "down", "error_500", "session_lost", "answer_lost", "error_text"]


class Fault(BaseModel):
    """- slow: answer after `seconds`;
    - down: the connection is cut before anything is done;
    - error_500: HTTP 500 with an empty body, nothing is done;
    - session_lost: the session is forgotten, HTTP 401;
    - answer_lost: the request is carried out, then the connection is cut;
    - error_text: HTTP 200, error_code 6 with `text`, nothing is done.
    """

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    path: str | None = Field(None, description="Only for this path, e.g. /api/HomeVisit/HomeVisit; null: every path")
    times: int | None = Field(None, ge=1, description="How often; null: until it is taken away")
    seconds: float = Field(5.0, ge=0, le=60, description="For slow")
    text: str = Field("Внутренняя ошибка.", max_length=500, description="For error_text")


class Faults:
    """The faults that are on, at most one per path is used up at a time: the first that fits."""

    def __init__(self) -> None:
        self.on: list[Fault] = []

    def take(self, path: str) -> Fault | None:
        for fault in self.on:
            if fault.path in (None, path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.on.remove(fault)
                return fault
        return None
