"""A small world for conversations: a resident who answers by slot, and the two services with known answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialog.conversation.conversation import Conversation
from dialog.conversation.script import Script, load_script
from dialog.conversation.state import State
from dialog.conversation.turn import Found, Heard, Intent, Reply, ServiceFault, Understood

NOW = datetime(2026, 11, 22, 12, 0)
SCRIPT = load_script()

ADDRESS = {
    "town": "Руза",
    "street": "Горняцкая",
    "street_kind": "ул",
    "house": "129",
    "flat": "60",
    "in_register": True,
}
PATIENT: dict[str, Any] = {
    "mis_id": "17", "surname": "Плавильщикова", "name": "Милана", "patronymic": "Викторовна",
    "birth_date": "1945-05-26", "address": {k: v for k, v in ADDRESS.items() if k != "in_register"}, "clinic": "1",
}  # fmt: skip
NAME = {part: PATIENT[part] for part in ("surname", "name", "patronymic")}
SAY = {
    "opening": "девушка мне доктора на дом надо",
    "who": "себе",
    "age": "восемьдесят один год",
    "red_flags": "нет",
    "symptoms": "температура тридцать девять и один сильный кашель",
    "since": "сегодня с утра",
    "can_walk": "нет",
    "name": "плавильщикова милана викторовна",
    "surname": "плавильщикова",
    "first_name": "милана",
    "patronymic": "викторовна",
    "birth_date": "двадцать шестое мая тысяча девятьсот сорок пятого года",
    "address": "руза горняцкая дом сто двадцать девять квартира шестьдесят",
    "town": "руза",
    "street": "горняцкая",
    "house": "дом сто двадцать девять",
    "flat": "квартира шестьдесят",
    "phone": "восемь девятьсот двадцать пять четыреста тридцать семь пятьдесят три двадцать три",
    "this_phone": "да номер этот",
    "contact": "нет не было",
    "caller": "я её мама",
    "confirm": "всё верно",
    "yes": "да верно",
}
MEANT: dict[str, list[tuple[Any, float]]] = {
    "who": [("self", 0.98)],
    "age": [({"years": 81, "months": None}, 0.97)],
    "symptoms": [({"text": SAY["symptoms"], "temperature": 39.1, "since": None}, 0.95)],
    "since": [("сегодня с утра", 0.9)],
    "name": [(NAME, 0.7), ({**NAME, "surname": "Павильщикова"}, 0.1)],
    "surname": [("Плавильщикова", 0.9)],
    "first_name": [("Милана", 0.95)],
    "patronymic": [("Викторовна", 0.95)],
    "birth_date": [("1945-05-26", 0.95)],
    "address": [(ADDRESS, 0.95)],
    "town": [("Руза", 0.97)],
    "street": [({"street": "Горняцкая", "street_kind": "ул"}, 0.95)],
    "house": [("129", 0.95)],
    "flat": [("60", 0.95)],
    "phone": [("+79254375323", 0.97)],
    "caller": [({"relation": "parent", "name": None}, 0.9)],
}
_YES = {"да", "верно", "всё", "правильно", "номер", "этот", "на", "есть", "конечно"}
_NO = {"нет", "не", "было", "неверно", "смогу", "дойти", "надо"}


@dataclass
class World:
    """Understands what `SAY` says as `MEANT` has it; tests change either. `calls` has every house call sent."""

    say: dict[str, str] = field(default_factory=lambda: dict(SAY))
    meant: dict[str, list[tuple[Any, float]]] = field(default_factory=lambda: dict(MEANT))
    patients: list[dict[str, Any]] = field(default_factory=lambda: [PATIENT])
    state: str = "delivered"
    reason: str | None = None
    broken: set[str] = field(default_factory=set)
    searches: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    """Patients of earlier calls from the caller's number."""
    visits: list[dict[str, Any]] = field(default_factory=list)
    """House calls that exist."""
    cancelled: list[str] = field(default_factory=list)
    cancel_state: str = "cancelled"
    call_backs: list[dict[str, Any]] = field(default_factory=list)
    urgency: str = "routine"

    async def understand(self, question: dict[str, Any]) -> Understood:
        if "understanding" in self.broken:
            raise ServiceFault("understanding: away")
        text, slot = question["text"], question["slot"]
        if question["expects"] == "yes_no":
            return _yes_no(text)
        if slot == "more":
            chosen = [key for key, words in question["context"]["choices"].items() if text in words]
            return Understood("value", chosen[0], 0.95, True) if chosen else Understood()
        if text == "не знаю":
            return Understood("unknown", heard=text)
        if slot and text == self.say.get(slot) and self.meant.get(slot):
            value, probability = self.meant[slot][0]
            return Understood("value", value, probability, True, candidates=tuple(self.meant[slot][1:]))
        if slot == "address" and text.startswith("Руза, улица Горняцкая, дом 129"):
            return Understood("value", ADDRESS, 0.95, True)
        if slot == "flat" and text == "частный дом":
            return Understood("value", None, 0.95, True)
        return Understood(heard=text)

    async def find_patients(self, query: dict[str, Any]) -> Found:
        if "search" in self.broken:
            raise ServiceFault("connector: away")
        if "phone" in query:
            return Found(tuple(self.known))
        if "policy" in query:
            return Found(tuple(patient for patient in self.patients if patient.get("policy") == query["policy"]))
        birth_date, names = query["birth_date"], query["names"]
        if not all(name["surname"] for name in names):
            raise ServiceFault("connector: bad_input")
        self.searches.append((birth_date, names))
        found = [
            patient
            for patient in self.patients
            if patient["birth_date"] == birth_date
            and any(all(not v or patient[k] == v for k, v in name.items()) for name in names)
        ]
        return Found(tuple(found), True)

    async def create_house_call(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if "create" in self.broken:
            raise ServiceFault("connector: away")
        self.calls.append((key, body))
        return {"house_call_id": "h1", "number": "122-000042", "state": self.state, "reason": self.reason,
                "visit_date": "2026-11-23", "urgency": self.urgency}  # fmt: skip

    async def house_calls(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        if "list" in self.broken:
            raise ServiceFault("connector: away")
        wanted = {key: query[key] for key in ("birth_date", "patient_mis_id") if query.get(key)}
        return [
            visit
            for visit in self.visits
            if all(wanted[key] == visit["patient"][part] for key, part in
                   (("birth_date", "birth_date"), ("patient_mis_id", "mis_id")) if key in wanted)
        ]  # fmt: skip

    async def cancel_house_call(self, house_call_id: str) -> str:
        self.cancelled.append(house_call_id)
        return self.cancel_state

    async def call_back(self, body: dict[str, Any]) -> None:
        if "call_back" in self.broken:
            raise ServiceFault("connector: away")
        self.call_backs.append(body)


def _yes_no(text: str) -> Understood:
    words = text.replace(",", " ").split()
    rest = [word for word in words if word not in _YES | _NO]
    if words[:1] == ["нет"] or (words[:1] == ["не"] and words[1:2] != ["знаю"]):
        return Understood("no", False, 0.95, not rest, heard=" ".join(rest))
    if words and words[0] in _YES:
        return Understood("yes", True, 0.95, not rest, heard=" ".join(rest))
    if text == "не знаю":
        return Understood("unknown", heard=text)
    return Understood(heard=text)


def _text(reply: Reply) -> str:
    return " ".join(text for text, _ in reply.say if text)


class Call:
    """One conversation as text. `script` pairs a slot (or «emergency», «cancel») with what is said there first."""

    def __init__(
        self, world: World, *, caller: str = "+79254375323", script: Script = SCRIPT, now: datetime = NOW
    ) -> None:
        self.world = world
        self.conversation = Conversation(script, world, now)
        self.state, self.reply = self.conversation.start("call1", caller, "122")
        self.heard = [_text(self.reply)]
        self.asked: list[str] = []
        self.filled: dict[str, Any] = {}

    @property
    def said(self) -> str:
        """The last words; a call that ends without any has said its result before."""
        return next(text for text in reversed(self.heard) if text)

    @property
    def transferred(self) -> tuple[str, str] | None:
        """To whom and why the call is handed over."""
        transfer = self.reply.transfer
        return None if transfer is None else (transfer["to"], transfer["reason"])

    @property
    def over(self) -> bool:
        return self.reply.end is not None or self.reply.transfer is not None

    async def turn(self, text: str = "", intent: str = "", confidence: float = 0.95, **heard: Any) -> Reply:
        state = State.from_json(self.state.to_json())  # as Rasa's tracker carries it
        self.reply = await self.conversation.turn(state, Heard(text=text, **heard), Intent(intent, confidence))
        self.state = state
        self.heard.append(_text(self.reply))
        self.filled.update({entry["slot"]: entry["value"] for entry in self.reply.filled})
        return self.reply

    async def run(self, until: str | None = None, first: dict[str, str] | None = None, turns: int = 40) -> None:
        """Answer by slot until the call is over or `until` is asked; `first` is said once instead."""
        once = dict(first or {})
        for _ in range(turns):
            if self.over:
                return
            if self.state.asked.slot == "done" and until != "done":
                await self.turn(silence=True)
                return
            slot = self.state.asked.slot
            self.asked.append(slot)
            if slot == until:
                return
            text = once.pop(slot, None) or self.world.say.get(slot) or self.world.say["yes"]
            await self.turn(text)
        raise AssertionError(f"the call did not end: {self.asked}")


def talk(call: Call, until: str | None = None, first: dict[str, str] | None = None) -> Call:
    asyncio.run(call.run(until, first))
    return call
