"""States of a house call: which change is allowed, and the reasons that go with them."""

from __future__ import annotations

from core.words import HouseCallState

ALLOWED: dict[HouseCallState, frozenset[HouseCallState]] = {
    "received": frozenset({"scheduled", "delivering", "needs_registrar", "cancelled"}),
    "scheduled": frozenset({"delivering", "needs_registrar", "cancelled"}),
    # back to received: it is certain that nothing reached the MIS; to scheduled: the MIS said the clinic is closed
    "delivering": frozenset(
        {"delivered", "rejected", "unknown", "needs_registrar", "received", "scheduled", "cancelled"}
    ),
    "unknown": frozenset({"delivering", "delivered", "needs_registrar", "cancelled"}),
    "delivered": frozenset({"cancelled"}),
    "rejected": frozenset({"needs_registrar", "cancelled"}),
    "needs_registrar": frozenset({"cancelled"}),
    "cancelled": frozenset(),
}

SETTLED: frozenset[HouseCallState] = frozenset({"delivered", "rejected", "needs_registrar", "scheduled", "cancelled"})
"""A caller on the line need not wait any longer."""

OPEN: tuple[HouseCallState, ...] = ("received", "scheduled", "delivering", "unknown")
"""The delivery still has work with these."""

GIVEN_UP: frozenset[HouseCallState] = frozenset({"cancelled", "rejected"})
"""No doctor comes because of these."""

REASONS: dict[str, str] = {
    "patient_unknown": "the MIS does not know the patient, or the request came without one",
    "address_unknown": "the street is not in the region's register, the MIS cannot take it",
    "street_unknown": "the MIS does not know the street",
    "clinic_unknown": "the MIS found no clinic for the address",
    "district_unknown": "the MIS found no district for the address",
    "clinic_closed": "the MIS takes requests for this clinic in its working hours only",
    "already_open": "the patient has a visit in the MIS that is not over yet",
    "number_failed": "the MIS could not number the visit, several times",
    "field_missing": "the MIS misses a field: the region's configuration is wrong",
    "refused": "the MIS refused in words we do not know",
    "mis_unavailable": "the MIS did not answer; it is tried again",
    "no_answer": "the request went out and no answer came",
    "restarted": "the connector stopped in the middle of the delivery",
    "outcome_unknown": "it is not known whether the MIS has the record, and it cannot be asked",
    "absent": "the MIS was asked and has no such record; it is sent again",
    "late": "not delivered for too long",
    "asked": "the caller or a clinic's worker asked for it",
    "cancel_failed": "the MIS did not take the cancellation",
}
"""Every reason that a change can carry; texts are for people who read the list."""


class ForbiddenChange(Exception):
    """A change of state that the table does not allow: somebody else was faster, or a bug."""


def check(before: HouseCallState, after: HouseCallState) -> None:
    """Raises ForbiddenChange."""
    if after not in ALLOWED[before]:
        raise ForbiddenChange(f"{before} -> {after}")
