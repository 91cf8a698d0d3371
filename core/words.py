"""The vocabulary of the published interfaces. Standard library only: Rasa's environment imports it too."""

from __future__ import annotations

from typing import Literal, get_args

Expects = Literal["yes_no", "number", "date", "phone", "policy", "name", "address", "symptoms", "choice", "free"]
"""What kind of answer a question waits for."""

Slot = Literal[
    "who", "age", "red_flags", "symptoms", "temperature", "since", "can_walk", "contact",
    "name", "surname", "first_name", "patronymic", "birth_date", "policy",
    "address", "town", "street", "house", "flat", "entrance", "floor", "intercom",
    "phone", "this_phone", "caller", "confirm", "more",
    "adult", "school", "insist", "another_visit", "cancel_visit", "go_on", "done",
]  # fmt: skip
"""What a question asks for. A new one is added here and in the published interfaces."""

Outcome = Literal[
    "created", "queued", "cancelled", "answered", "transferred", "emergency", "abandoned", "refused", "failed"
]
"""How a call ended."""

TransferReason = Literal["wish", "red_flag", "no_match", "rejected", "error"]
TransferTo = Literal["operator", "emergency"]

HouseCallState = Literal[
    "received", "scheduled", "delivering", "delivered", "rejected", "unknown", "needs_registrar", "cancelled"
]
"""States of a house call; see docs/architecture.md for the allowed changes."""

EXPECTS: tuple[str, ...] = get_args(Expects)
SLOTS: tuple[str, ...] = get_args(Slot)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
HOUSE_CALL_STATES: tuple[str, ...] = get_args(HouseCallState)
