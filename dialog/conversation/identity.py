"""Who the patient is: what was heard of name and date of birth against what the MIS can find.

A MIS is asked with a date of birth and up to twelve likely names; it never hands over a list of patients. That one
person has just this name and was born on just that day is strong evidence for both hearings together (of 20,000
patients, one born on a given day has one of a dozen like-sounding full names by chance in about 1 of 100,000 calls); so
neither is asked back before the search. A patronymic may be written otherwise than it sounds («Георгьевна»): nobody
found, the search is repeated without it. Then the surname, the first name and the date are asked once more, each once,
and in the end a policy or SNILS. Patients of earlier calls from the caller's number are offered, but only when the date
of birth that was said is theirs: even the fact of an illness is secret.
"""

from __future__ import annotations

import asyncio
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from dialog.conversation.belief import best, combined, given, marginal, normalised, same, without
from dialog.conversation.script import Script
from dialog.conversation.spoken import spoken_about, spoken_date, spoken_name
from dialog.conversation.state import Belief, State
from dialog.conversation.step import Advance, Ask, Check, Failed, Step
from dialog.conversation.turn import Found, ServiceFault, Services, Understood

_WHO = {"parent": "child", "child": "parent", "self": "self", "spouse": "spouse", "relative": "relative"}
"""Who the patient is to a caller who is that to the patient."""
PARTS = {"surname": "surname", "first_name": "name", "patronymic": "patronymic"}
"""Slot to the part of a name."""

NAMES = 12
DATES = 4
LIKELY_DATE = 0.03
"""Dates of birth below this are not searched with."""
DOUBTFUL_NAME = 0.1
"""A single match on a name this many times less likely than the likeliest one is asked back. Not a bare probability:
that is spread over a dozen spellings («Плавильщикова» spoken clearly has 0.1)."""
DOUBTFUL_DATE = 0.1
"""A single match on a date of birth less likely than this is asked back."""
LOOK_UP_SECONDS = 1.0
"""The caller waits for the second sentence meanwhile; who is not found in time is asked like anybody."""
LIKE_PATRONYMIC = 0.7
"""Likeness (difflib's ratio) from which the MIS's patronymic is the one that was heard, otherwise written."""
CLEARLY = 0.9
"""Share of the weight from which one of several patients is taken without a question."""
CERTAIN = 0.97
"""A first name heard so well is not asked again."""
KNOWN_DATE = 0.05
"""A date of birth heard with this is enough to offer a patient of an earlier call who has it."""
REPEATED = 0.1
"""A name that is read back is repeated when it is heard with this …"""
OFFER_REPEATED = 0.5
"""… and an offered patient's first name and patronymic with this."""
AGE_MARGIN = 1
"""Years by which the age that was said may differ from the date of birth."""


class Identity:
    def __init__(self, services: Services, script: Script, today: date) -> None:
        self._services = services
        self._script = script
        self._today = today

    async def look_up_caller(self, state: State) -> None:
        """Whom earlier calls from this number were for; nobody hears of it before a date of birth fits."""
        if state.known is not None:
            return
        state.known = []
        if not state.caller:
            return
        try:
            found = await asyncio.wait_for(self._services.find_patients({"phone": state.caller}), LOOK_UP_SECONDS)
        except (ServiceFault, asyncio.TimeoutError):
            return
        state.known = list(found.patients)

    def offer(self, state: State) -> Step:
        """«Вы звоните по поводу …?» when the date of birth is that of one patient whom this number is known for."""
        if not state.known or state.identity != "open" or "birth_date" not in state.taken or "name" in state.taken:
            return Advance()
        dates = dict(state.beliefs["birth_date"])
        refused = state.refused.get("patient", [])
        likely = [patient for patient in state.known if dates.get(patient["birth_date"], 0.0) >= KNOWN_DATE]
        fitting = [patient for patient in likely if patient["mis_id"] not in refused]
        if len(fitting) != 1 or self._age_differs(state, fitting[0]["birth_date"]):
            state.known = []  # from here on like any caller
            return Advance()
        state.patient = fitting[0]
        value = _name_of(fitting[0])
        template = self._script.phrases.offer_patient
        return Check("name", value, 0.9, spoken_about(value), offered=True, template=template)

    def reopen(self, state: State, field: str) -> None:
        """Name, a part of it or the date of birth is wrong: the rest of what was heard stays."""
        name = state.value("name")
        if state.identity == "found":  # who was not found has been asked for everything once
            state.identity_asked = []
        elif field == "name" and name is not None:  # heard the same way once more, it would be read back for ever
            state.refused.setdefault("name", []).append(name)
        state.identity, state.patient, state.visits = "open", None, None
        state.affirmed.clear()
        if field in PARTS and name is not None:
            state.forget("name", *PARTS)
            state.take("name", name, 0.0, sure=False)
            state.beliefs["name"] = [({**name, PARTS[field]: None}, 1.0)]
            state.known = []
            return
        state.forget(*(("birth_date",) if field == "birth_date" else ("name", *PARTS)))
        if field == "birth_date" and name is not None:
            state.taken["name"].sure = False
            state.beliefs.setdefault("name", [(name, 0.9)])

    def refuse_offer(self, state: State) -> None:
        """It is not about that patient."""
        self._refuse(state)
        state.patient = None
        state.known = []

    async def hear_policy(self, state: State, understood: Understood, ask_back: float) -> Step:
        """A policy or SNILS: whom the MIS has under it, when that fits what was heard of him."""
        value = understood.value
        if not isinstance(value, dict) or understood.probability < ask_back:
            return Failed(understood.meaning == "unknown")
        state.take("policy", value, understood.probability)
        state.identity_asked.append("policy")
        try:
            found = await self._services.find_patients({"policy": str(value["number"])})
        except ServiceFault:
            return Advance()
        dates = dict(state.beliefs["birth_date"])
        fitting = [patient for patient in found.patients if patient["birth_date"] in dates]
        if len(fitting) != 1:
            return Advance()
        state.patient = fitting[0]
        return _read_back(fitting[0], 0.5)

    def hear_name(self, state: State, understood: Understood, ask_back: float) -> Step:
        """Keep what was heard of the whole name; it is settled with the date of birth."""
        belief = combined(state.beliefs.get("name", []), normalised(understood.belief()), repeated=True)
        value, probability = best(without(belief, state.refused.get("name", [])))
        if value is None or probability < ask_back:
            return Failed(understood.meaning == "unknown")
        state.beliefs["name"] = belief
        state.take("name", value, probability, sure=False)
        return Advance()

    def hear_part(self, state: State, slot: str, understood: Understood, ask_back: float) -> Step:
        """One part of the name, asked for alone, against what was heard of it before."""
        part = PARTS[slot]
        heard = normalised(understood.belief())
        if not heard or heard[0][1] < ask_back:
            return Failed(understood.meaning == "unknown")
        names: Belief = state.beliefs.get("name", [])
        parts = combined(marginal(names, lambda name: name.get(part)), heard, repeated=False)
        joined: Belief = []
        for value, probability in parts:
            fitting = given(names, lambda name: name.get(part), value) or names
            for name, share in fitting or [({"surname": None, "name": None, "patronymic": None}, 1.0)]:
                joined.append(({**name, part: value}, probability * share))
        state.beliefs["name"] = normalised(joined)
        value, probability = best(state.beliefs["name"])
        state.take("name", value, probability, sure=False)
        if value and not value.get("name") and slot != "first_name":
            return self._ask_once(state, "first_name")
        return Advance()

    def hear_birth_date(self, state: State, understood: Understood, ask_back: float) -> Step:
        belief = combined(state.beliefs.get("birth_date", []), normalised(understood.belief()), repeated=True)
        value, probability = best(without(belief, state.refused.get("birth_date", [])))
        if value is None or probability < ask_back:
            return Failed(understood.meaning == "unknown")
        state.beliefs["birth_date"] = belief
        state.take("birth_date", value, probability, sure=False)
        return Advance()

    def is_due(self, state: State) -> bool:
        return state.identity == "open" and "name" in state.taken and "birth_date" in state.taken

    async def identify(self, state: State) -> Step:
        """Search, then settle the patient or say what to ask; sets `state.identity` when it is decided."""
        likely = [value for value, _ in state.beliefs["name"]]
        if not likely[0].get("surname"):
            return self._ask_once(state, "surname")
        names = [value for value in likely if value.get("surname")][:NAMES]  # the MIS is asked by surname
        dates = [value for value, p in state.beliefs["birth_date"] if p >= LIKELY_DATE][:DATES]
        dates = dates or [state.value("birth_date")]
        try:
            patients, complete = await self._search(dates, names)
            if not patients and complete:
                patients, complete = await self._search(dates[:1], _without_patronymic(names))
        except ServiceFault:
            patients, complete = [], False
        weighed = self._weighed(state, patients)
        if weighed:
            return self._choose(state, weighed)
        if not complete:
            state.identity = "unchecked"
            return Advance()
        return self._ask_more(state)

    async def _search(self, dates: list[str], names: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
        """Patients born on the likeliest day, else on the others; and whether all could be asked."""
        found = await self._find(dates[0], names)
        if found.patients or not found.complete or not dates[1:]:
            return list(found.patients), found.complete
        more: list[Found] = await asyncio.gather(*(self._find(day, names) for day in dates[1:]))
        return [patient for one in more for patient in one.patients], all(one.complete for one in more)

    async def _find(self, birth_date: str, names: list[dict[str, Any]]) -> Found:
        return await self._services.find_patients({"birth_date": birth_date, "names": names})

    def affirm(self, state: State) -> Step:
        """The caller confirmed the patient that was read back."""
        state.identity = "found"
        self._settle(state)
        return Advance()

    def deny(self, state: State) -> Step:
        """It is another person: search on without that one."""
        self._refuse(state)
        return self.doubt(state)

    @staticmethod
    def _refuse(state: State) -> None:
        if state.patient is not None:
            state.refused.setdefault("patient", []).append(state.patient["mis_id"])

    def doubt(self, state: State) -> Step:
        """It was neither confirmed nor denied: hear more. Found again after that, the patient is settled."""
        if state.patient is not None:
            state.doubted.append(state.patient["mis_id"])
        state.patient = None
        return self._ask_more(state)

    def _weighed(self, state: State, patients: list[dict[str, Any]]) -> list[tuple[dict[str, Any], float, float]]:
        """Patients that fit what was heard, with the probabilities of name and date, likeliest first."""
        dates = dict(state.beliefs["birth_date"])
        refused = state.refused.get("patient", [])
        weighed: dict[str, tuple[dict[str, Any], float, float]] = {}
        for patient in patients:
            if patient["mis_id"] in refused:
                continue
            name = sum(p * agreement(value, patient) for value, p in state.beliefs["name"])
            day = dates.get(patient["birth_date"], 0.0)
            if name > 0 and day > 0:
                weighed[patient["mis_id"]] = (patient, name, day)
        return sorted(weighed.values(), key=lambda entry: -entry[1] * entry[2])

    def _choose(self, state: State, weighed: list[tuple[dict[str, Any], float, float]]) -> Step:
        patient, name, day = weighed[0]
        total = sum(one * other for _, one, other in weighed)
        if len(weighed) > 1 and name * day < CLEARLY * total:
            others = [entry[0] for entry in weighed]
            for slot, part in reversed(PARTS.items()):
                if slot not in state.identity_asked and len({str(o.get(part)).lower() for o in others}) > 1:
                    return self._ask_once(state, slot)
            # the same name and the same day twice: only a registrar can tell them apart
            state.identity = "none"
            return Advance()
        state.patient = patient
        if patient["mis_id"] in state.doubted:
            return self.affirm(state)
        _, likeliest = best(state.beliefs["name"])
        if name < DOUBTFUL_NAME * likeliest or day < DOUBTFUL_DATE or self._age_differs(state, patient["birth_date"]):
            return _read_back(patient, name)
        return self.affirm(state)

    def _age_differs(self, state: State, birth_date: str) -> bool:
        age = state.value("age")
        if age is None:
            return False
        born = date.fromisoformat(birth_date)
        years = self._today.year - born.year - ((self._today.month, self._today.day) < (born.month, born.day))
        return abs(years - int(age.get("years") or 0)) > AGE_MARGIN

    def _ask_once(self, state: State, slot: str) -> Step:
        if slot in state.identity_asked:
            return self._ask_more(state)
        state.identity_asked.append(slot)
        return Ask(slot)

    def _ask_more(self, state: State) -> Step:
        """Nobody was found: the next thing to hear once more, or the data as they were heard."""
        _, first_name = best(marginal(state.beliefs["name"], lambda name: name.get("name")))
        for slot in ("surname", "first_name", "birth_date"):
            if slot in state.identity_asked or (slot == "first_name" and first_name >= CERTAIN):
                continue
            state.identity_asked.append(slot)
            if slot == "birth_date":
                state.taken.pop("birth_date", None)
                state.failures["birth_date"] = 1
            return Ask(slot)
        if "policy" not in state.identity_asked and self._script.questions["policy"].enabled:
            state.identity_asked.append("policy")
            return Ask("policy")
        state.identity = "none"
        return Advance()

    def _settle(self, state: State) -> None:
        patient = state.patient
        assert patient is not None
        state.take("name", _name_of(patient), 0.99)
        state.take("birth_date", patient["birth_date"], 0.99)
        if "name" in state.affirmed:  # a caller whom we know: the number is the one that we know
            state.take("this_phone", True, 0.99)
            state.take("phone", state.caller, 0.99)
            if "who" not in state.taken and patient.get("relation"):
                state.take("who", _WHO.get(patient["relation"], "other"), 0.9)


def _name_of(patient: dict[str, Any]) -> dict[str, Any]:
    return {part: patient.get(part) for part in PARTS.values()}


def _read_back(patient: dict[str, Any], probability: float) -> Check:
    return Check(
        "name", _name_of(patient), probability, f"{spoken_name(patient)}, {spoken_date(patient['birth_date'])}"
    )


def is_named(belief: Belief, patient: dict[str, Any], *, offered: bool) -> bool:
    """Whether the name that was said instead of «да» is that of the patient who was read back, or offered: with the
    caller's number and the date of birth the surname need not be heard as well, it was not in the question."""

    def fits(value: dict[str, Any], *parts: str) -> bool:
        return all(value.get(part) and same(value[part], patient.get(part)) for part in parts)

    whole = any(p >= REPEATED and fits(value, "surname", "name") for value, p in belief)
    return whole or (offered and sum(p for value, p in belief if fits(value, "name", "patronymic")) >= OFFER_REPEATED)


def agreement(name: dict[str, Any], patient: dict[str, Any]) -> float:
    """How far a heard name is the patient's, 0..1: surname and first name must be the same, a patronymic alike."""
    if not name.get("surname") or not same(name["surname"], patient.get("surname")):
        return 0.0
    if name.get("name") and not same(name["name"], patient.get("name")):
        return 0.0
    heard, written = name.get("patronymic"), patient.get("patronymic")
    if not heard or not written or same(heard, written):
        return 1.0
    likeness = SequenceMatcher(None, str(heard).lower(), str(written).lower()).ratio()
    return likeness if likeness >= LIKE_PATRONYMIC else 0.01


def _without_patronymic(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
    short: list[dict[str, Any]] = []
    for name in names:
        one = {**name, "patronymic": None}
        if name.get("name") and one not in short:
            short.append(one)
    return short or names[:1]
