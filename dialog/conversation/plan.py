"""Which questions apply: what the caller wants, and the conditions that `when` of a question may name."""

from __future__ import annotations

from collections.abc import Callable

from dialog.conversation.state import Purpose, State

GROWN_UP = 18
"""Years from which a patient may be asked to come to the clinic: a children's clinic visits at home."""

_OF: dict[Purpose, tuple[str, ...]] = {
    "status": ("birth_date", "name"),
    "cancel": ("birth_date", "name"),
    "change": ("birth_date", "name"),
    "call_back": ("phone",),
}
"""The questions of a purpose that is not a new visit."""


def years(state: State) -> float | None:
    """The age that was said, in years; None while it is unknown."""
    age = state.value("age")
    return None if age is None else float(age.get("years") or 0)


def _has_flat(state: State) -> bool:
    return bool((state.value("address") or {}).get("flat"))


def _is_affirmed(state: State) -> bool:
    """A known patient who was offered and affirmed, at the registered address, with the number the call comes from."""
    return {"name", "address"} <= set(state.affirmed) and state.value("this_phone") is True


_CONDITIONS: dict[str, Callable[[State], bool]] = {
    "always": lambda state: True,
    # asked only when the conversation needs it
    "on_demand": lambda state: False,
    # a known number says who the patients are; until a date of birth has shown that it is none of them
    "patient_unknown": lambda state: not state.known,
    "temperature_unknown": lambda state: "temperature" not in state.taken,
    "since_unknown": lambda state: "since" not in state.taken,
    "grown_up": lambda state: (years(state) or GROWN_UP) >= GROWN_UP and state.value("who") != "child",
    "child": lambda state: state.value("who") == "child" and 2 <= (years(state) or 7) < GROWN_UP,
    "flat_known": _has_flat,
    "caller_number_known": lambda state: bool(state.caller) and "phone" not in state.taken,
    "phone_unknown": lambda state: "phone" not in state.taken,
    "caller_unclear": lambda state: state.value("who") in ("relative", "other"),
    "not_affirmed": lambda state: not _is_affirmed(state),
}
CONDITIONS = tuple(_CONDITIONS)


def applies(slot: str, when: str, state: State) -> bool:
    """Whether the question for `slot` with this `when` is to be asked now."""
    of = _OF.get(state.purpose)
    if of is not None and slot not in of:
        return False
    return slot not in state.taken and _CONDITIONS[when](state)
