"""What a resident says and does at each question of one call: deeds once, lists of texts one after another."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

from num2words import num2words

from scripts.resident.scenario import PLAIN, Deed, Scenario

AMBULANCE = re.compile(r"скор(?:ая|ой|ую)\b|угроз", re.IGNORECASE)
"""A question for danger to life: who is not in danger says no, however Vyzov came to ask it."""

READ_BACK = {
    "имя": ("surname", "name", "patronymic"),
    "дата рождения": ("birth_date",),
    "адрес": ("street", "house", "flat"),
    "жалобы": ("temperature",),
}
"""What is read back at `confirm`, and by which fields a caller knows that it is wrong."""


@dataclass(frozen=True)
class Said:
    """Words to say; `entry` is the entry of `say` that they stand in (recordings have its name)."""

    text: str
    entry: str | None = None


class Answers:
    """One instance a call."""

    def __init__(self, scenario: Scenario, today: date) -> None:
        self._scenario = scenario
        self._today = today
        self._deeds = scenario.deeds()
        self._told: Counter[str] = Counter()
        self._patients = [scenario.expect, *scenario.also]
        self._wrong: str | None = None

    def deed(self, slot: str | None, text: str) -> Deed | None:
        """What is to be done at this question instead of the ordinary answer or before it; once."""
        deed = next((deed for deed in self._deeds if deed.fits(slot, text)), None)
        if deed is not None:
            self._deeds.remove(deed)
        return deed

    def to(self, slot: str | None, expects: str | None, text: str) -> Said | None:
        """The ordinary answer to the question `text`; None: silence."""
        if slot is None and expects == "yes_no" and AMBULANCE.search(text):
            return self.words("yes" if self._scenario.wants_ambulance else "no")
        if slot == "confirm" and isinstance(self._scenario.say.get("confirm"), str) and self._scenario.topic:
            self._wrong = misread(self._patients[0], text)
            if self._wrong is not None:
                return self.words("no")
        corrections = self._scenario.say.get("confirm")
        told = self._told["confirm"]
        is_corrected = slot == "confirm" and isinstance(corrections, list) and self._scenario.topic and told
        if is_corrected and corrections and misread(self._patients[0], text) is not None:
            return Said(corrections[min(told, len(corrections)) - 1])  # what was taken back is still there
        if slot == "more" and self._scenario.topic and "more" not in self._scenario.say:
            return Said(self._wrong or "всё верно")
        if slot == "age" and "age" not in self._scenario.say and (born := self._patients[0].get("birth_date")):
            return Said(age_in_words(date.fromisoformat(born), self._today))
        again = slot is None and expects == "free" and isinstance(self._scenario.say.get("opening"), list)
        entry = self._scenario.answer_to(slot, expects, first=again or not self._told)
        return None if entry is None else self.words(entry)

    def words(self, said: str) -> Said:
        """`said` is an entry of `say` (of a list the next text, the last one again and again), or words of its own."""
        texts = self._scenario.say.get(said, PLAIN.get(said))
        if texts is None:
            return Said(said)
        self._told[said] += 1
        if isinstance(texts, str):
            return Said(texts, said)
        return Said(texts[min(self._told[said], len(texts)) - 1], said)

    def recorded(self) -> None:
        """A house call was made: what is said next is about the next patient."""
        if len(self._patients) > 1:
            del self._patients[0]


def misread(expect: dict[str, str], text: str) -> str | None:
    """What a caller who listens would find wrong in the read-back `text`; None: nothing."""
    for what, fields in READ_BACK.items():
        for value in (expect[name] for name in fields if expect.get(name)):
            if what == "жалобы":
                value = f"{float(value):g}"  # read back with a comma, «38,5»: the degrees are listened to
            heard = value.partition("-")[0] if what == "дата рождения" else re.split(r"\W|(?<=\d)(?=\D)", value)[0]
            if re.search(rf"(?<!\w){re.escape(heard)}(?!\w)", text, re.IGNORECASE) is None:
                return what
    return None


def age_in_words(born: date, today: date) -> str:
    """«сорок два года», under two years «десять месяцев»: files that name a date of birth stay true for years."""
    months = max(1, (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day))
    count, forms = (months, ("месяц", "месяца", "месяцев")) if months < 24 else (months // 12, ("год", "года", "лет"))
    if count % 10 == 1 and count % 100 != 11:
        form = forms[0]
    else:
        form = forms[1] if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else forms[2]
    return f"{num2words(count, lang='ru')} {form}"
