"""Utterances drawn from the region as people answer, each with what it means; always the same for (kind, seed, index).

Birth date, name, address and phone of one seed and index are of one patient. The seed `tuned` is what whoever improves
the understanding may look at; on `kept` nobody tunes.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

import yaml

from core.words import Expects, Slot
from scripts.understanding_bench import wording
from understanding.register import House, Register, Street

Kind = Literal["yes_no", "number", "birth_date", "name", "address", "phone", "numbers", "months", "weekdays"]
"""The last three are closed sets of recordings and never drawn."""
KINDS: tuple[Kind, ...] = ("yes_no", "number", "birth_date", "name", "address", "phone")
SEEDS = ("tuned", "kept")
TODAY = dt.date(2026, 11, 20)
"""The day of all draws: what an age and a century hang on must not change overnight."""
IN_DIGITS = 1 / 3
"""Share of perfect texts with digits, as Whisper writes them."""
_AGE_KNOWN = 0.75
"""Share of calls that have understood the age before the date of birth is asked."""
_EXPECTS: dict[str, Expects] = {"birth_date": "date", "name": "name", "address": "address", "phone": "phone"}
_NUMBERS: tuple[Slot, ...] = ("age", "age", "temperature", "temperature", "entrance", "floor")
_TEMPLATES = Path(__file__).with_name("templates.yml")
_PATIENT = ("surname", "name", "patronymic", "birth_date")
_NUMBERED = re.compile(r"(\d+)-я (.+)")

Row = Mapping[str, str]


@dataclass(frozen=True)
class Draw:
    """One answer. `check`: the value of `slot` was read back, and this answers «верно?»."""

    kind: Kind
    seed: str
    index: int
    slot: Slot
    check: bool
    spoken: str
    """Words only, commas as pauses: for the synthesis."""
    text: str
    """As a recogniser that hears all would write it: lower case, no marks; some with digits."""
    truth: Any
    """As docs/protocols.md has the slot's value; for `yes_no` a meaning or a command, for `name` the patient."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """What the conversation knows: `age` in years where it was understood before; of a closed set the `candidates`."""
    recording: Path | None = None
    """Instead of synthesised speech; see recordings.pcm_of."""

    @property
    def expects(self) -> Expects:
        return "yes_no" if self.kind == "yes_no" else _EXPECTS.get(self.slot, "number")

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.seed}/{self.index}"


@dataclass(frozen=True)
class _Said:
    words: str
    digits: str


class Drawer:
    """Draws from a region's patients, streets and towns."""

    def __init__(self, region: Path, templates: Path = _TEMPLATES) -> None:
        self._data: dict[str, Any] = yaml.safe_load(templates.read_text(encoding="utf-8"))
        self._register = Register.load(region)
        self._streets = {street.street_id: street for street in self._register.streets}
        with (region / "patients.csv").open(encoding="utf-8", newline="") as file:
            self._patients = list(csv.DictReader(file))

    def patient(self, known: Row) -> dict[str, str] | None:
        """The truth of a name: the patient with these parts of the name and this date of birth."""
        wanted = [known.get(part) for part in _PATIENT]
        return next((_truth(row) for row in self._patients if [row[part] for part in _PATIENT] == wanted), None)

    def draw(self, kind: Kind, seed: str, index: int) -> Draw:
        random = Random(f"{kind}/{seed}/{index}")  # noqa: S311 - the same on every machine, and nothing secret
        patient = Random(f"{seed}/{index}").choice(self._patients)  # noqa: S311
        if kind == "yes_no":
            return self._yes_no(seed, index, random)
        if kind == "number":
            return self._number(seed, index, random)
        slot: Slot
        if kind == "birth_date":
            slot, (said, truth, context) = "birth_date", self._birth_date(random, patient)
        elif kind == "name":
            slot, (said, truth, context) = "name", self._name(random, patient)
        elif kind == "address":
            slot, (said, truth, context) = "address", self._address(random, patient)
        else:
            slot, (said, truth, context) = "phone", self._phone(random, patient)
        return self._finished(random, said, Draw(kind, seed, index, slot, False, "", "", truth, context))

    def _finished(self, random: Random, said: _Said, draw: Draw) -> Draw:
        """With fillers, and as a recogniser would write it."""
        fillers = self._data["short_fillers" if draw.kind == "yes_no" else "fillers"]
        before = f"{random.choice(fillers['before'])} " if random.random() < fillers["share"] else ""
        after = random.choice(fillers["after"]) if random.random() < fillers["share"] / 2 else ""
        text = said.digits if random.random() < IN_DIGITS else said.words
        return Draw(
            draw.kind, draw.seed, draw.index, draw.slot, draw.check,
            f"{before}{said.words}{after}", as_recognised(f"{before}{text}{after}"), draw.truth, draw.context,
        )  # fmt: skip

    def _birth_date(self, random: Random, patient: Row) -> tuple[_Said, Any, dict[str, Any]]:
        born = dt.date.fromisoformat(patient["birth_date"])
        context = {"age": age(born)} if random.random() < _AGE_KNOWN else {}
        # «двенадцатого» alone may be 1912 or 2012, «пятого» no year at all
        is_clear = born.year % 100 >= 10 and (bool(context) or 1930 <= born.year < 2000)
        templates = [one for one in self._data["birth_date"] if is_clear or not one.get("short")]
        fields = wording.date_fields(born, is_male=patient["sex"] == "м")
        return _filled(_one_of(random, templates), fields), patient["birth_date"], context

    def _name(self, random: Random, patient: Row) -> tuple[_Said, Any, dict[str, Any]]:
        parts = {part: patient[part] for part in ("surname", "name", "patronymic")}
        fields = wording.name_fields(**parts, is_male=patient["sex"] == "м")
        said = _filled(_one_of(random, self._data["name"]), fields)
        return said, _truth(patient), {"age": age(dt.date.fromisoformat(patient["birth_date"]))}

    def _address(self, random: Random, patient: Row) -> tuple[_Said, Any, dict[str, Any]]:
        rules = self._data["address"]
        street = self._streets[int(patient["street_id"])]
        house = House.parse(patient["house"])
        assert house is not None
        town = street.town.name
        if random.random() < rules["town_kind"]:
            town = f"{rules['kinds'][street.town.kind]} {town}"
        street_said = self._street(random, street)
        word = "дом " if random.random() < rules["house_word"] else ""
        flats = self._flat(random, patient["flat"], house, bool(word))
        comma = ", " if random.random() < rules["commas"] else " "
        is_behind = random.random() < rules["town_behind"]
        before = _weighted(random, rules["before"])
        said = []
        for in_digits in (False, True):
            number = wording.house_said(house, rules["letters"], in_digits=in_digits)
            parts = [street_said.digits if in_digits else street_said.words, word + number, flats[in_digits]]
            parts = [*parts, town] if is_behind else [town, *parts]
            said.append(before + comma.join(part for part in parts if part))
        truth = {"town": street.town.name, "street": street.name, "street_kind": street.kind, "house": str(house),
                 "flat": patient["flat"] or None}  # fmt: skip
        return _Said(said[0], said[1]), truth, {}

    def _street(self, random: Random, street: Street) -> _Said:
        rules = self._data["address"]
        words = digits = street.name
        if numbered := _NUMBERED.fullmatch(street.name):
            words = f"{wording.ordinal(int(numbered[1]), gender='f')} {numbered[2]}"
        for plain, spoken in rules["yo"].items():
            words = re.sub(rf"\b{plain}(?=[а-яё])", spoken, words)
        namesakes = [one for one in self._register.streets_of(street.town) if one.name.split()[-1] == words.split()[-1]]
        is_alone = len([one for one in namesakes if one.name == street.name]) <= 1
        if is_alone and random.random() >= rules["street_kind"]:
            return _Said(words, digits)
        kind = STREET_KINDS[street.kind]
        if random.random() < rules["kind_behind"]:
            return _Said(f"{words} {kind}", f"{digits} {kind}")
        return _Said(f"{kind} {words}", f"{kind} {digits}")

    def _flat(self, random: Random, flat: str, house: House, has_word: bool) -> tuple[str, str]:
        """In words and in digits."""
        rules = self._data["address"]
        if not flat:
            return ("частный дом",) * 2 if random.random() < rules["private"] else ("", "")
        words = wording.cardinal(int(flat))
        # «двадцать пять» would be one number, «дом два корпус три пять» none
        is_plain = has_word and house == House(house.number) and house.number % 10 != 0
        if is_plain and random.random() >= rules["flat_word"]:
            return words, flat
        return f"квартира {words}", f"{random.choice(('квартира', 'кв'))} {flat}"

    def _phone(self, random: Random, patient: Row) -> tuple[_Said, Any, dict[str, Any]]:
        rules, national = self._data["phone"], patient["phone"][-10:]
        sizes = _one_of(random, rules["groups"])["sizes"]
        before, country = _weighted(random, rules["before"]), _weighted(random, rules["country"])
        written = {"восемь ": "8 ", "плюс семь ": "+7 ", "": ""}[country]
        words = wording.phone_said(national, sizes, in_digits=False)
        digits = wording.phone_said(national, random.choice((sizes, [3, 3, 2, 2], [10])), in_digits=True)
        return _Said(before + country + words, before + written + digits), patient["phone"], {}

    def _number(self, seed: str, index: int, random: Random) -> Draw:
        slot = random.choice(_NUMBERS)
        said, truth = {"age": self._age, "temperature": self._temperature}.get(slot, self._small)(random, slot)
        return self._finished(random, said, Draw("number", seed, index, slot, False, "", "", truth))

    def _age(self, random: Random, _slot: str) -> tuple[_Said, Any]:
        whom = random.choice(("ему", "ей", "ребёнку", "маме"))
        if random.random() < 0.2:
            count = random.choice((*range(1, 24), 6, 12, 18, 18, 30))
            templates = [one for one in self._data["number"]["infant"]
                         if one.get("least", 1) <= count <= one.get("most", 99)]  # fmt: skip
            fields = {"m": wording.cardinal(count), "dm": str(count), "months": wording.months(count), "whom": whom,
                      "rest": wording.cardinal(count % 12), "drest": str(count % 12),
                      "rest_months": wording.months(count % 12)}  # fmt: skip
            template = _one_of(random, templates)
            is_year = "годик" in template["say"]
            return _filled(template, fields), {"years": count // 12, "months": None if is_year else count % 12}
        count = random.choice((random.randint(1, 17), random.randint(18, 60), random.randint(55, 97)))
        fields = {"n": wording.cardinal(count), "d": str(count), "years": wording.years(count), "whom": whom}
        return _filled(_one_of(random, self._data["number"]["age"]), fields), {"years": count, "months": None}

    def _temperature(self, random: Random, _slot: str) -> tuple[_Said, Any]:
        tenths = random.randint(366, 408)
        whole, tenth = divmod(tenths, 10)
        templates = [one for one in self._data["number"]["temperature"]
                     if bool(one.get("whole")) == (tenth == 0) and (tenth == 5 or not one.get("half"))
                     and whole <= one.get("most", whole)]  # fmt: skip
        template = _one_of(random, templates)
        said = "две" if tenth == 2 else "одна" if tenth == 1 and random.random() < 0.5 else wording.cardinal(tenth)
        fields = {"n": wording.cardinal(whole), "d": str(whole), "tenth": said, "t": str(tenth)}
        return _filled(template, fields), template.get("truth", tenths / 10)

    def _small(self, random: Random, slot: str) -> tuple[_Said, Any]:
        count = random.randint(1, 12 if slot == "entrance" else 25)
        templates = [one for one in self._data["number"][slot] if count in one.get("only", (count,))]
        fields = {"n": wording.cardinal(count), "d": str(count), "o_m": wording.ordinal(count),
                  "o_p": wording.ordinal(count, "p")}  # fmt: skip
        return _filled(_one_of(random, templates), fields), str(count)

    def _yes_no(self, seed: str, index: int, random: Random) -> Draw:
        rules = self._data["yes_no"]
        meaning = _weighted(random, rules["meanings"])
        slot = random.choice(rules["questions"])
        check, slot = slot.startswith("check "), slot.removeprefix("check ")
        own = rules[slot].get(meaning)
        words = random.choice(own if own and random.random() < 0.7 else rules["any"][meaning])
        return self._finished(random, _Said(words, words), Draw("yes_no", seed, index, slot, check, "", "", meaning))


STREET_KINDS = {"ул": "улица", "пер": "переулок", "пр-кт": "проспект", "проезд": "проезд", "ш": "шоссе",
                "б-р": "бульвар", "наб": "набережная", "пл": "площадь"}  # fmt: skip


def _truth(patient: Row) -> dict[str, str]:
    return {"mis_id": patient["patient_id"], **{part: patient[part] for part in _PATIENT}}


def age(born: dt.date) -> int:
    """Whole years on the day of the draws."""
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def as_recognised(text: str) -> str:
    """Lower case, single spaces, no marks but + and hyphens inside words."""
    words = re.sub(r"[^\w\s+-]+|_", " ", text.lower()).split()
    return " ".join(word.strip("-") for word in words if word.strip("-"))


def _filled(template: Mapping[str, Any], fields: wording.Fields) -> _Said:
    words = str(template["say"]).format_map(fields)
    return _Said(words, str(template.get("write", template["say"])).format_map(fields))


def _one_of(random: Random, templates: Sequence[Any]) -> Any:
    return random.choices(templates, [float(one.get("weight", 1)) for one in templates])[0]


def _weighted(random: Random, weights: Mapping[str, float]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
