"""Where the doctor has to go: the whole address in one breath, then, what stays uncertain, piece by piece.

A wrong address must not rest on the last «всё верно» alone: an address is settled only when it was heard with
enough certainty as a whole, was affirmed when read back, or when each of its parts was. Where the identified patient
is registered is a witness: an address that is the registered one needs less certainty, since a mistake would hardly
hit it by chance; one that differs from it in house or flat only («5» and «5А») is doubted however well it was heard.
"""

from __future__ import annotations

import re
from typing import Any

from dialog.conversation.belief import best, combined, given, marginal, normalised, same, without
from dialog.conversation.listening import Listening
from dialog.conversation.script import Question, Script
from dialog.conversation.spoken import spoken, spoken_address
from dialog.conversation.state import Belief, State
from dialog.conversation.step import Advance, Ask, Check, Failed, GiveUp, Step
from dialog.conversation.turn import Heard, Understood

PARTS = ("town", "street", "house")
"""Parts every address has, in the order they are asked. The flat is asked at the end: a private house has none."""

AS_REGISTERED = 0.3
"""Probability from which an address that is the patient's registered one is taken silently."""


def part_of(address: dict[str, Any], slot: str) -> Any:
    """A part as its own question would have it; a street goes with its kind."""
    if slot != "street":
        return address.get(slot) or None
    return {"street": address["street"], "street_kind": address.get("street_kind")} if address.get("street") else None


def with_part(address: dict[str, Any], slot: str, value: Any) -> dict[str, Any]:
    street = value or {"street": None, "street_kind": None}
    return {**address, **(street if slot == "street" else {slot: value})}


class Addresses:
    def __init__(self, listening: Listening, script: Script) -> None:
        self._listening = listening
        self._script = script

    def offer(self, state: State) -> Step:
        """Where the identified patient is registered, or where the patient before is, as a question; once."""
        address = _registered(state) or state.last_address
        if address is None or "offered_address" in state.identity_asked or not address.get("house"):
            return Ask("address")
        state.identity_asked.append("offered_address")
        value = {**address, "in_register": address.get("in_register", True)}
        template = self._script.phrases.offer_address
        return Check("address", value, 0.95, spoken_address(value), offered=True, template=template)

    def reopen(self, state: State, field: str) -> None:
        """Ask for the whole address or for one part of it again; the other parts stay."""
        whole = state.value("address")
        state.forget("address")
        if field == "address" or whole is None:
            state.forget(*PARTS, "flat")
            return
        for part in (*PARTS, "flat"):
            state.beliefs.pop(part, None)
            if part != field and part not in state.taken and (part == "flat" or part_of(whole, part)):
                state.take(part, part_of(whole, part), 0.95)
        state.forget(field)

    async def hear(self, state: State, question: Question, understood: Understood) -> Step:
        """The whole address, perhaps a second time."""
        heard = normalised(understood.belief())
        belief = combined(state.beliefs.get("address", []), heard, repeated=True)
        belief = without(belief, state.refused.get("address", []))
        value, probability = best(belief)
        if value is None or not any(part_of(value, part) for part in PARTS):
            return Failed(understood.meaning == "unknown")
        if state.asked.kind == "offer" and _is_like_offered(value, state.asked.value):
            return await self._whole(state, state.asked.value, max(probability, 0.9))
        if state.asked.kind == "offer" and not _is_whole(value):
            return Failed()  # «нет, адрес другой»
        asked_back = state.asked.kind == "check" or state.failures.get("address", 0) > 0
        state.beliefs["address"] = belief
        if not _is_whole(value):
            return await self._start_parts(state)
        registered = _registered(state)
        if registered and _same_house(value, registered) and _same_flat(value, registered):
            if probability >= AS_REGISTERED:
                return await self._whole(state, value, probability)
        elif registered and _same_street(value, registered):
            return await self._start_parts(state)
        elif probability >= question.accept and value.get("in_register") is not False and not registered:
            return await self._whole(state, value, probability)
        if asked_back:
            return await self._start_parts(state)
        if probability >= question.ask_back:
            return Check("address", value, probability, spoken_address(value))
        return Failed()

    async def affirm(self, state: State) -> Step:
        """The caller said yes to what was read back."""
        asked = state.asked
        probability = max(asked.probability, 0.95)
        if asked.slot == "address":
            return await self._whole(state, asked.value, probability)
        return await self._take_part(state, asked.slot, asked.value, probability)

    async def deny(self, state: State) -> Step:
        """The caller said no to what was read back: the parts one by one."""
        asked = state.asked
        if asked.kind == "offer":
            return Ask("address")
        state.refused.setdefault(asked.slot, []).append(asked.value)
        if asked.slot != "address":
            return Failed()
        state.beliefs["address"] = without(state.beliefs.get("address", []), [asked.value])
        return await self._start_parts(state, every=True)

    async def hear_part(self, state: State, question: Question, heard: Heard, text: str | None = None) -> Step:
        slot = question.slot
        known = self._settled(state)
        if slot == "street" and self._script.policy.means_no_street(heard.text):
            return await self._take_part(state, slot, None, 0.95)
        understood = await self._listening.value(state, question, heard, text=text, address=known)
        if slot == "flat" and understood.complete and understood.meaning in ("value", "no") and not understood.value:
            return await self._take_part(state, slot, None, understood.probability)
        prior = marginal(state.beliefs.get("address", []), lambda address: part_of(address, slot))
        before = state.beliefs.get(slot)
        fresh = normalised(understood.belief())
        belief = combined(before, fresh, repeated=True) if before else combined(prior, fresh, repeated=False)
        if state.asked.kind == "check" and fresh and not same(fresh[0][0], state.asked.value):
            belief = fresh  # «дом пять, верно?» «дом пять А»: what was asked back was wrong
        belief = without(belief, state.refused.get(slot, []))
        value, probability = best(belief)
        if not fresh or value is None:
            return Failed(understood.meaning == "unknown")
        state.beliefs[slot] = belief
        checked = state.asked.kind == "check" and same(state.asked.value, value)
        if probability >= question.accept and (checked or not self._is_doubted(state, slot, value)):
            return await self._take_part(state, slot, value, probability)
        if probability >= AS_REGISTERED and self._is_as_registered(state, slot, value):
            return await self._take_part(state, slot, value, probability)
        if probability >= question.ask_back and not checked:
            return Check(slot, value, probability, spoken(slot, value))
        return Failed()

    def _is_doubted(self, state: State, slot: str, value: Any) -> bool:
        """The patient lives in this very street (or house), but elsewhere there: misheard as likely as moved."""
        registered = _registered(state)
        if registered is None or slot in ("town", "street") or not _same_street(self._settled(state), registered):
            return False
        return not same(part_of(registered, slot), value)

    def _is_as_registered(self, state: State, slot: str, value: Any) -> bool:
        registered = _registered(state)
        return registered is not None and value is not None and same(part_of(registered, slot), value)

    async def _whole(self, state: State, value: dict[str, Any], probability: float) -> Step:
        state.beliefs["address"] = [(value, probability)]
        for part in PARTS:
            state.take(part, part_of(value, part), probability)
        if value.get("flat"):
            state.take("flat", value["flat"], probability)
        return await self._next_part(state)

    async def _start_parts(self, state: State, *, every: bool = False) -> Step:
        """Keep the parts that are certain by themselves, ask the others; `every`: all of them."""
        belief = state.beliefs.get("address", [])
        if not every:
            for part in (*PARTS, "flat"):
                value, probability = best(marginal(belief, lambda address: part_of(address, part)))  # noqa: B023
                question = self._script.questions[part]
                doubted = self._is_doubted(state, part, value)
                if value is None or doubted or probability < question.accept:
                    break  # what follows depends on it: a street is heard within its town
                state.take(part, value, probability)
                belief = given(belief, lambda address: part_of(address, part), value)  # noqa: B023
        state.beliefs["address"] = belief
        return await self._next_part(state)

    async def _take_part(self, state: State, slot: str, value: Any, probability: float) -> Step:
        state.take(slot, value, probability)
        belief: Belief = state.beliefs.get("address", [])
        state.beliefs["address"] = given(belief, lambda address: part_of(address, slot), value)
        return await self._next_part(state)

    async def _next_part(self, state: State) -> Step:
        for part in PARTS:
            if part not in state.taken:
                return Ask(part)
        if "flat" not in state.taken:
            if self._is_known_private(state):
                state.take("flat", None, 0.95)
            else:
                return Ask("flat")
        address = self._settled(state)
        address["in_register"] = await self._in_register(state, address)
        if any(not state.taken[part].sure for part in PARTS):
            return GiveUp()
        state.take("address", address, min(state.taken[part].probability for part in (*PARTS, "flat")))
        return Advance()

    def _is_known_private(self, state: State) -> bool:
        """The patient is registered at this very house, and no flat stands there either."""
        registered = (state.patient or {}).get("address") if state.identity == "found" else None
        return registered is not None and not registered.get("flat") and _same_house(registered, self._settled(state))

    def _settled(self, state: State) -> dict[str, Any]:
        """The address so far, from its settled parts."""
        address: dict[str, Any] = {"town": None, "street": None, "street_kind": None, "house": None, "flat": None}
        for part in (*PARTS, "flat"):
            if part in state.taken:
                address = with_part(address, part, state.taken[part].value)
        return address

    async def _in_register(self, state: State, address: dict[str, Any]) -> bool:
        """Whether the register has the address: known from the whole, else asked for what the parts make."""
        whole, _ = best(state.beliefs.get("address", []))
        if whole is None or not _same_house(whole, address):
            heard = Heard(text=spoken_address(address))
            whole = (await self._listening.value(state, self._script.questions["address"], heard)).value
        return bool(whole and _same_house(whole, address) and whole.get("in_register"))


def _is_whole(address: dict[str, Any]) -> bool:
    """Town, street and house, or a house of a village that has no streets."""
    village = address.get("in_register") and not address.get("street")
    return all(part_of(address, part) or (part == "street" and village) for part in PARTS)


def _is_like_offered(said: dict[str, Any], offered: dict[str, Any]) -> bool:
    """Whether an address that was said instead of «да» is the one that was offered. Its flat and its street are, and of
    the house the letter or корпус was lost at most: short words at the end of a number are what recognition loses
    first, and nobody names the same flat of the house beside instead of saying no."""
    if not _same_street(said, offered) or not said.get("flat") or not _same_flat(said, offered):
        return False
    number = re.match(r"\d+", str(offered.get("house") or ""))
    return number is not None and said.get("house") in (offered["house"], number[0])


def _same_house(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(same(part_of(one, part), part_of(other, part)) for part in PARTS)


def _same_street(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(same(part_of(one, part), part_of(other, part)) for part in ("town", "street"))


def _same_flat(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return same(part_of(one, "flat"), part_of(other, "flat"))


def _registered(state: State) -> dict[str, Any] | None:
    """Where the identified patient is registered, if the MIS knows."""
    return (state.patient or {}).get("address") if state.identity == "found" else None
