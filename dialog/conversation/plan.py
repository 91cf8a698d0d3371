"""Which questions apply: the conditions that `when` of a question may name."""

from __future__ import annotations

from collections.abc import Callable

from dialog.conversation.state import State


def _has_flat(state: State) -> bool:
    return bool((state.value("address") or {}).get("flat"))


_CONDITIONS: dict[str, Callable[[State], bool]] = {
    "always": lambda state: True,
    # asked only when the conversation needs it
    "on_demand": lambda state: False,
    "temperature_unknown": lambda state: "temperature" not in state.taken,
    "since_unknown": lambda state: "since" not in state.taken,
    "flat_known": _has_flat,
    "caller_number_known": lambda state: bool(state.caller) and "phone" not in state.taken,
    "phone_unknown": lambda state: "phone" not in state.taken,
    "patient_is_not_caller": lambda state: state.value("who") not in ("self", None),
}
CONDITIONS = tuple(_CONDITIONS)


def applies(when: str, state: State) -> bool:
    """Whether a question with this `when` is to be asked now."""
    return _CONDITIONS[when](state)
