"""Names as they were meant: whole, or one part, or spelled letter by letter; spelling first, then the sound."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from understanding.alternatives import is_certain, spoken
from understanding.dictionaries import NameDictionaries
from understanding.model import MOST_CANDIDATES, Candidate, Heard, Understood
from understanding.name_decoder import NameDecoder, Part, Reading
from understanding.name_grammar import NameGrammar
from understanding.name_spelling import spelled
from understanding.phonetics import sounds
from understanding.second_hearing import Ear, heard_again
from understanding.text import fold, load_data

_SOUND_WEIGHT = 0.7
"""Of the log likelihood of a name in the sound, which is told against what was recognised freely, beside the spelling's
log likelihood of what was recognised."""
_HEARD = -3.0
"""Log likelihood of a name that the sound is as likely as what was recognised: that of a common name, well spelled."""
_NO_PATRONYMIC = 4.0
"""Log likelihood lost by a name without one, as in spelling."""
_TEXTS_AGAIN = 12
_CLEAR = 0.97
"""A name that is as sure as this by spelling is not held against the sound: that takes 0.5 CPU s."""
_FLATNESS = 0.7
"""Divides log likelihoods, so that probabilities mean what they say; measured with the recorded residents."""
_CERTAIN_FLATNESS = 0.35
"""… of a text that nobody had to recognise: there «Арефин» is hardly ever «Ревин»."""
_NOBODY = 16.0
"""Log likelihood lost at which a reading is as likely wrong as right when nothing competes."""
_AS_WRITTEN = 3.0
"""Log likelihood won by each part that stands letter by letter in a text that nobody had to recognise: its sounds alone
cannot tell «Яна» and «Анна». A recogniser writes wrong names letter by letter as well."""
_TEXTS = 3
_PARTS = {"surname": "surname", "first_name": "first", "patronymic": "patronymic"}


@dataclass(slots=True)
class _Scored:
    reading: Reading
    score: float


class Names:
    """Understands slots name, surname, first_name and patronymic."""

    def __init__(self, dictionaries: NameDictionaries, ear: Ear | None = None) -> None:
        self._decoder = NameDecoder(dictionaries)
        self._ear = ear
        words = load_data("names")
        self._anywhere = re.compile(r"\b(?:" + "|".join(words["anywhere"]) + r")\b")
        self._before = frozenset(fold(word) for word in words["before"])
        self._behind = frozenset(fold(word) for word in words["behind"])
        self._grammar = NameGrammar(
            dictionaries, [*words["before"], *words["anywhere"]], words["anywhere"], words["behind"]
        )

    async def understand(self, heard: Heard) -> Understood:
        """A whole name for slot `name` (or none), else the one part that was asked for."""
        scored = self._spelling(heard)
        if not scored:
            return Understood()
        await self._ask_the_sound(heard, scored)
        scored.sort(key=lambda one: -one.score)
        flatness = _CERTAIN_FLATNESS if is_certain(heard) else _FLATNESS
        if heard.slot in _PARTS:
            return _part(heard.slot, scored, flatness)
        return _whole(scored, flatness)

    def _spelling(self, heard: Heard) -> list[_Scored]:
        """Readings of all alternatives, weighed."""
        gender = _gender(heard)
        texts: dict[str, tuple[str, float]] = {}
        for said in spoken(heard):
            for text, share in self._cleaned(said.text):
                sound = "".join(sounds(word) for word in text.split())
                if sound:
                    raw, weight = texts.get(sound, (text, 0.0))
                    texts[sound] = raw, weight + said.weight * share
        as_written = _AS_WRITTEN if is_certain(heard) else 0.0
        total: dict[Any, _Scored] = {}
        for sound, (raw, weight) in sorted(texts.items(), key=lambda item: -item[1][1])[:_TEXTS]:
            for reading in self._readings(heard, sound[:60], raw, gender):
                power = reading.score + math.log(weight) + as_written * _written_parts(reading, raw)
                one = total.get(reading.key)
                if one is None:
                    total[reading.key] = _Scored(reading, power)
                else:
                    if reading.score > one.reading.score:
                        one.reading = reading
                    one.score = _together(one.score, power)
        return sorted(total.values(), key=lambda one: -one.score)

    def _cleaned(self, text: str) -> Iterable[tuple[str, float]]:
        """The text without words that are no name, and, less likely, with those that only might not be."""
        text = " ".join(self._anywhere.sub(" ", fold(text).replace("-", " ")).split())
        words = text.split()
        first, last = 0, len(words)
        while first < last - 1 and words[first] in self._before:
            first += 1
        while last > first + 1 and words[last - 1] in self._behind:
            last -= 1
        is_whole = last - first == len(words)
        yield " ".join(words[first:last]), 1.0 if is_whole else 0.7
        if not is_whole:
            yield text, 0.3

    def _readings(self, heard: Heard, sound: str, raw: str, gender: str | None) -> list[Reading]:
        if heard.slot not in _PARTS:
            return self._decoder.whole(sound, raw, gender)
        letters = spelled(raw)
        if letters is not None:
            sound, raw = sounds(letters), letters
        if heard.slot != "surname":
            return self._decoder.single(sound, _PARTS[heard.slot], gender)
        alone = self._decoder.surname(sound, raw, gender)
        if letters is not None or " " not in raw:
            return alone
        # who is asked for the surname alone often says the whole name again
        return [*alone, *(one for one in self._decoder.whole(sound, raw, gender) if one.surname and one.first)]

    async def _ask_the_sound(self, heard: Heard, scored: list[_Scored]) -> None:
        """Add what the sound is likeliest to be of all names around the readings."""
        if _probabilities(scored, _FLATNESS)[0] >= _CLEAR:
            return
        part = _PARTS.get(heard.slot or "")
        alone = part is not None and not any(one.reading.surname and one.reading.first for one in scored)
        names = self._grammar.around([one.reading for one in scored], part if alone else None)
        known = {one.reading.key: one for one in scored}
        for text in (await heard_again(self._ear, heard.turn_id, names.wordings))[:_TEXTS_AGAIN]:
            for reading in names.readings(text.text):
                score = _HEARD + _SOUND_WEIGHT * text.score
                score -= _NO_PATRONYMIC if not alone and reading.patronymic is None else 0.0
                one = known.setdefault(reading.key, _Scored(reading, score))
                if one.reading is reading:
                    scored.append(one)
                else:
                    one.score = _together(one.score, score)


def _written_parts(reading: Reading, text: str) -> int:
    """How many parts of the reading are words of the text."""
    words = frozenset(text.split())
    parts = (reading.surname, reading.first, reading.patronymic)
    return sum(part is not None and fold(part.form) in words for part in parts)


def _together(one: float, other: float) -> float:
    """The logarithm of the sum of two likelihoods."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))


def _gender(heard: Heard) -> str | None:
    """The gender that the parts taken earlier show."""
    taken = heard.context.name or {}
    patronymic = str(taken.get("patronymic") or "").lower()
    if patronymic.endswith(("ич", "оглы")):
        return "m"
    if patronymic.endswith(("на", "кызы")):
        return "f"
    return None


def _varied(scored: list[_Scored], most: int, *, of_a_surname: int = 3) -> list[_Scored]:
    """The likeliest, with no more than a few that share a surname: the MIS is asked by surname and date of birth."""
    taken: list[_Scored] = []
    seen: dict[str | None, int] = {}
    for one in scored:
        surname = one.reading.surname.name if one.reading.surname else None
        if seen.get(surname, 0) < of_a_surname:
            seen[surname] = seen.get(surname, 0) + 1
            taken.append(one)
        if len(taken) == most:
            break
    return taken


def _probabilities(scored: list[_Scored], flatness: float) -> list[float]:
    """Shares of belief, with one share for «none of these»."""
    best = scored[0].score
    powers = [math.exp((one.score - best) / flatness) for one in scored]
    total = sum(powers) + math.exp((-_NOBODY - best) / flatness)
    return [power / total for power in powers]


def _name(part: Part | None) -> str | None:
    return part.name if part else None


def _whole(scored: list[_Scored], flatness: float) -> Understood:
    chances = {id(one): chance for one, chance in zip(scored, _probabilities(scored, flatness), strict=True)}
    candidates = [
        Candidate(
            value={
                "surname": _name(one.reading.surname),
                "name": _name(one.reading.first),
                "patronymic": _name(one.reading.patronymic),
            },
            probability=round(chances[id(one)], 4),
        )
        for one in _varied(scored, MOST_CANDIDATES)
    ]
    best = candidates[0]
    absent = [
        slot for slot, part in (("surname", "surname"), ("first_name", "name"), ("patronymic", "patronymic"))
        if best.value[part] is None
    ]  # fmt: skip
    return Understood.model_validate(
        {
            "meaning": "value", "value": best.value, "probability": best.probability,
            "complete": not absent, "missing": absent, "candidates": candidates,
        }
    )  # fmt: skip


def _part(slot: str, scored: list[_Scored], flatness: float) -> Understood:
    chances: dict[str, float] = {}
    for one, chance in zip(scored, _probabilities(scored, flatness), strict=True):
        name = _name(getattr(one.reading, _PARTS[slot]))
        if name is not None:
            chances[name] = chances.get(name, 0.0) + chance
    if not chances:
        return Understood()
    order = sorted(chances, key=lambda name: -chances[name])[:MOST_CANDIDATES]
    candidates = [Candidate(value=name, probability=round(min(1.0, chances[name]), 4)) for name in order]
    best = candidates[0]
    return Understood(
        meaning="value", value=best.value, probability=best.probability, complete=True, candidates=candidates
    )
