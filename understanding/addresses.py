"""Addresses as they were meant: whole, or town, street, house or flat alone; spelling and register, then the sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from understanding.address_grammar import sequences
from understanding.address_houses import flats_by_sound, houses_by_sound
from understanding.address_streets import SHARPNESS, StreetFinder, StreetReading
from understanding.address_text import AddressText, take_apart
from understanding.alternatives import spoken
from understanding.model import MOST_CANDIDATES, Candidate, Heard, Understood
from understanding.register import House, Houses, Register, Street, Town
from understanding.second_hearing import Ear, heard_again

_SOUND_WEIGHT = 0.5
"""Of the log likelihood of an address in the sound, which is told against what was recognised freely, beside the
spelling's log likelihood of what was recognised."""
_HEARD = 0.0
"""Log likelihood of an address that the sound is as likely as what was recognised."""
_TEXTS_AGAIN = 4
"""Of what was heard again; each takes as long as a text that was recognised."""
_CLEAR = 0.93
"""An address that is as sure as this by spelling is not held against the sound."""
_FLATNESS = 1.5
_NOBODY = 9.0
_NOT_IN_REGISTER = 2.5
"""Log likelihood lost by a house that the street's register does not have."""
_UNASKED_FLAT = 4.0
"""Log likelihood lost by a flat in the answer to «which house?»: «120 9» is rather 129."""
_UNREGISTERED = 0.75
"""Trust in an address whose house the register does not have: it is asked back."""
_UNHEARD_LETTER = 4.0
"""Log likelihood lost by a house whose letter or block nobody heard, the register having such a house."""
_KNOWN = 2.0
"""Log likelihood won by the registered address of the patient: a tie-breaker."""
_GUESSED = 0.8
"""Most that a number found by sound alone is trusted: below what the dialog takes without asking back."""
_MOST = 0.99
_TRUST = 0.97
"""A number of which nobody heard a part («16» for 116) cannot be seen in the text."""
_TEXTS = 3
_SLOTS = ("town", "street", "house", "flat")

_Key = tuple[int | None, int | None, House | None, str | None]


@dataclass(slots=True)
class _Scored:
    """One address and its log likelihood."""

    place: StreetReading
    house: House | None
    flat: str | None
    said: AddressText
    score: float

    @property
    def key(self) -> _Key:
        town, street = self.place.town, self.place.street
        return town.town_id if town else None, street.street_id if street else None, self.house, self.flat


class Addresses:
    """Understands slots address, town, street, house and flat."""

    def __init__(self, register: Register, ear: Ear | None = None) -> None:
        self._register = register
        self._finder = StreetFinder(register)
        self._ear = ear

    async def understand(self, heard: Heard) -> Understood:
        """The whole address for slot `address` (or none), else the part that was asked for."""
        taken = heard.context.address or {}
        town = self._town_of(taken)
        street = self._street_of(town, taken)
        scored = self._spelling(heard, town, street)
        if not scored:
            return Understood()
        scored = await self._ask_the_sound(heard, scored, town, street)
        scored.sort(key=lambda one: -one.score)
        if heard.slot in _SLOTS:
            return _part(heard.slot, scored)
        return _whole(scored, taken)

    def _town_of(self, taken: dict[str, Any]) -> Town | None:
        named = self._register.towns_named(str(taken.get("town") or ""))
        return named[0] if len(named) == 1 else None

    def _street_of(self, town: Town | None, taken: dict[str, Any]) -> Street | None:
        if town is None:
            return None
        found = self._register.find(town.name, str(taken.get("street") or ""), taken.get("street_kind"))
        return found[0] if len(found) == 1 else None

    def _spelling(self, heard: Heard, town: Town | None, street: Street | None) -> list[_Scored]:
        total: dict[_Key, _Scored] = {}
        texts: dict[str, float] = {}
        for said in spoken(heard):
            texts[said.text] = texts.get(said.text, 0.0) + said.weight
        for text, weight in sorted(texts.items(), key=lambda item: -item[1])[:_TEXTS]:
            best: dict[_Key, _Scored] = {}
            for one in self._readings(text, heard, town, street):
                one.score += math.log(weight)
                if one.key not in best or best[one.key].score < one.score:
                    best[one.key] = one
            for one in best.values():
                _add(total, one)
        return sorted(total.values(), key=lambda one: -one.score)[:120]

    def _readings(self, text: str, heard: Heard, town: Town | None, street: Street | None) -> list[_Scored]:
        said = take_apart(text)
        number_only = heard.slot in ("house", "flat")
        if not any(house or flat for house, flat in said.places) and (number_only or heard.slot is None):
            said = take_apart(text, fuzzy=True)
        if heard.slot == "flat":
            said = said.as_flat()
        if number_only:
            places = [StreetReading(town, street, 0.0, "")]
            _hear_numbers(text, heard.slot, street, said)
        else:
            places = self._finder.find(said.sound[:80], town)
        found = []
        for place in places:
            for (house, flat), cost in said.places.items():
                for variant, unheard in self._variants(house, place.street):
                    score = place.score - SHARPNESS * cost - unheard
                    score += self._evidence(heard, place, variant)
                    if heard.slot == "house" and flat is not None:
                        score -= _UNASKED_FLAT
                    found.append(_Scored(place, variant, flat, said, score))
        found.sort(key=lambda one: -one.score)
        return found[:150]

    def _variants(self, house: House | None, street: Street | None) -> list[tuple[House | None, float]]:
        """The house as heard, and the register's houses with that number and more, which may have been missed."""
        if house is None or street is None:
            return [(house, 0.0)]
        more: list[tuple[House | None, float]] = []
        if house == House(house.number):
            more = [(other, _UNHEARD_LETTER) for other in street.houses.with_number(house.number) if other != house]
        return [(house, 0.0), *more]

    def _evidence(self, heard: Heard, place: StreetReading, house: House | None) -> float:
        score = 0.0
        if place.street is not None and house is not None and place.street.houses and house not in place.street.houses:
            score -= _NOT_IN_REGISTER
        known = (heard.context.known.address if heard.context.known else None) or {}
        if (
            place.street
            and (known.get("street") or "") == place.street.name
            and known.get("town") == place.street.town.name
        ):
            same_house = house is None or known.get("house") == str(house)
            score += _KNOWN if same_house else 0.0
        return score

    async def _ask_the_sound(
        self, heard: Heard, scored: list[_Scored], town: Town | None, street: Street | None
    ) -> list[_Scored]:
        """The readings, with those of the addresses around them that the sound is likeliest to be."""
        if _chances(scored)[0] >= _CLEAR or heard.slot in ("house", "flat"):
            return scored
        asked = sequences((one.place for one in scored), streets_alone=heard.slot in ("town", "street"))
        texts = await heard_again(self._ear, heard.turn_id, asked)
        total = {one.key: one for one in scored}
        for text in texts[:_TEXTS_AGAIN]:
            for one in self._readings(text.text, heard, town, street):
                one.score += _HEARD + _SOUND_WEIGHT * text.score
                _add(total, one)
        return list(total.values())


def _add(total: dict[_Key, _Scored], one: _Scored) -> None:
    """One more reading, which adds to the likelihood of the same address."""
    before = total.get(one.key)
    if before is None:
        total[one.key] = one
        return
    score = max(one.score, before.score) + math.log1p(math.exp(-abs(one.score - before.score)))
    total[one.key] = one if one.score > before.score else before
    total[one.key].score = score


def _hear_numbers(text: str, slot: str | None, street: Street | None, said: AddressText) -> None:
    """Where words were left over or no number was recognised, compare the whole answer with numbers as they sound.

    «дом стоит 9» is «дом сто девять», «дом пьяча» is «дом пять а».
    """
    left_over = said.sound
    empty = not any(house or flat for house, flat in said.places)
    if said.private or (not left_over and not empty):
        return
    near: list[tuple[tuple[House | None, str | None], float]]
    if slot == "house":
        near = [((house, None), cost) for house, cost in houses_by_sound(text, street.houses if street else Houses())]
    else:
        near = [((None, flat), cost) for flat, cost in flats_by_sound(text)]
    noise = 0.5 * len(left_over)
    places = {place: cost + noise for place, cost in said.places.items() if place != (None, None)}
    for place, cost in near:
        places[place] = min(cost, places.get(place, cost))
    said.places = places or said.places
    said.guessed = True


def _chances(scored: list[_Scored]) -> list[float]:
    best = scored[0].score
    powers = [math.exp((one.score - best) / _FLATNESS) for one in scored]
    total = sum(powers) + math.exp((-_NOBODY - best) / _FLATNESS)
    return [power / total for power in powers]


def _value(one: _Scored, taken: dict[str, Any]) -> dict[str, Any]:
    """The address of a house call; parts that were not said come from what was taken earlier."""
    town, street = one.place.town, one.place.street
    value = {
        "town": town.name if town else taken.get("town"),
        "street": street.name or None if street else taken.get("street"),
        "street_kind": street.kind or None if street else taken.get("street_kind"),
        "house": str(one.house) if one.house else taken.get("house"),
        "flat": one.flat or taken.get("flat"),
    }
    for part in ("entrance", "floor", "intercom"):
        value[part] = one.said.extras.get(part) or taken.get(part)
    value["in_register"] = bool(street and one.house and one.house in street.houses)
    return value


def _whole(scored: list[_Scored], taken: dict[str, Any]) -> Understood:
    candidates = []
    for one, chance in zip(scored[:MOST_CANDIDATES], _chances(scored), strict=False):
        value = _value(one, taken)
        trust = _UNREGISTERED if one.house and not value["in_register"] else _TRUST
        candidates.append(Candidate(value=value, probability=round(trust * chance, 4)))
    best, meant = max(zip(candidates, scored, strict=False), key=lambda pair: pair[0].probability)
    candidates.sort(key=lambda candidate: -candidate.probability)
    missing = [part for part in _SLOTS if not best.value[part]]
    if scored[0].said.private and "flat" in missing:
        missing.remove("flat")
    if meant.place.street is not None and "street" in missing:
        missing.remove("street")  # a village without streets
    if missing[:3] == ["town", "street", "house"]:
        return Understood()
    return Understood.model_validate(
        {
            "meaning": "value", "value": best.value, "probability": best.probability,
            "complete": not {"town", "street", "house"} & set(missing), "missing": missing, "candidates": candidates,
        }
    )  # fmt: skip


def _part(slot: str, scored: list[_Scored]) -> Understood:
    chances: dict[Any, float] = {}
    values: dict[Any, Any] = {}
    for one, chance in zip(scored, _chances(scored), strict=True):
        value = _single(slot, one)
        if value is not None:
            key = str(value)
            chances[key] = chances.get(key, 0.0) + chance
            values[key] = value
    if not chances:
        if slot == "flat" and scored[0].said.private:
            return Understood(meaning="no", probability=0.95, complete=True)
        return Understood()
    order = sorted(chances, key=lambda key: -chances[key])[:MOST_CANDIDATES]
    trust = _GUESSED if scored[0].said.guessed else _MOST
    candidates = [Candidate(value=values[key], probability=round(min(_MOST, trust * chances[key]), 4)) for key in order]
    best = candidates[0]
    return Understood(
        meaning="value", value=best.value, probability=best.probability, complete=True, candidates=candidates
    )


def _single(slot: str, one: _Scored) -> Any:
    if slot == "town":
        return one.place.town.name if one.place.town else None
    if slot == "street":
        street = one.place.street
        return {"street": street.name, "street_kind": street.kind} if street and street.name else None
    if slot == "house":
        return str(one.house) if one.house else None
    return one.flat
