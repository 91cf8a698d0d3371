"""Yes, no and «не знаю» in the many ways people say them, with what they add."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from core.words import Slot
from understanding.alternatives import Ballot, Trust, spoken
from understanding.model import Heard, Understood
from understanding.text import closest, load_data, tidy, words

Answer = Literal["yes", "no", "unknown"]
ANSWERS: tuple[Answer, ...] = ("yes", "no", "unknown")
_VALUES: dict[Answer, bool | None] = {"yes": True, "no": False, "unknown": None}
_KEYS: dict[str, Answer] = {"1": "yes", "2": "no"}
"""Keypad: 1 is yes, 2 is no."""

TRUST = Trust(-2.2, 0.25)
"""Scores of short words in Whisper's vocabulary reach -1.65, noise begins at -3.4 (measured on real recordings)."""

MORE_WORDS = 0.1
"""Belief in alternatives with more words that is enough to doubt a red flag's plain «нет» or a plain confirmation."""

BARE_NEGATION = 0.6
"""Quality of a «не» before a word that nobody knows: «не депожалуйста» was «соедините пожалуйста»."""

HALF_CONFIRMED = 0.6
"""Belief in a «да» to the read-back that more words follow: they may be a correction."""


@dataclass(frozen=True, slots=True)
class _Phrases:
    by_words: dict[tuple[str, ...], tuple[Answer, bool]]
    """Words to the answer, and whether only this slot says it so."""
    filler: frozenset[str]
    openers: frozenset[str]
    """Answers when nothing else is one: «так, ничего нет», «хорошо, не надо»."""
    vocabulary: frozenset[str]
    longest: int


@cache
def _phrases(slot: Slot | None) -> _Phrases:
    data = load_data("answers")
    table: dict[tuple[str, ...], tuple[Answer, bool]] = {}
    for answer in ANSWERS:
        for phrase in data[answer]:
            table[tuple(phrase.split())] = (answer, False)
    for answer in ANSWERS:
        for phrase in data["slots"].get(slot or "", {}).get(answer, []):
            table[tuple(phrase.split())] = (answer, True)
    vocabulary = frozenset(word for phrase in table for word in phrase)
    fillers, openers = frozenset(data["filler"]), frozenset(data["openers"])
    return _Phrases(table, fillers, openers, vocabulary, max(len(phrase) for phrase in table))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text answers. `rest`: words that are neither answer nor filler."""

    answer: Answer | None
    rest: tuple[str, ...]
    quality: float


def read(text: str, slot: Slot | None = None, *, repair: bool = True) -> Reading:
    """The answer in `text`, for the question after `slot`; `repair`: also by words that are nearly right."""
    phrases = _phrases(slot)
    said = words(text)
    if repair and slot != "red_flags":  # there, a word that is nearly an answer may be an emergency
        said = [_repaired(word, phrases) for word in said]
    found: list[tuple[Answer, bool]] = []
    rest: list[str] = []
    negates_unknown = False
    index = 0
    while index < len(said):
        for length in range(min(phrases.longest, len(said) - index), 0, -1):
            hit = phrases.by_words.get(tuple(said[index : index + length]))
            if hit is not None:
                if not (index == 0 and length == 1 and len(said) > 1 and said[0] in phrases.openers):
                    found.append(hit)
                index += length
                break
        else:
            if said[index] not in phrases.filler:
                rest.append(said[index])
                negates_unknown |= index > 0 and said[index - 1] == "не"
            index += 1
    if not found and said[:1] and said[0] in phrases.openers:  # nothing but it and fillers
        found.append(phrases.by_words[said[0],])
    answer, quality = _decide(found)
    if negates_unknown and len(found) == 1:
        quality = min(quality, BARE_NEGATION)
    return Reading(answer, tuple(rest), quality)


def _repaired(word: str, phrases: _Phrases) -> str:
    if len(word) < 5 or word in phrases.filler or word.isdigit():
        return word
    near = closest(word, phrases.vocabulary, least=0.8)
    return near[0] if near else word


def _decide(found: list[tuple[Answer, bool]]) -> tuple[Answer | None, float]:
    """One answer of all that were found in a text, and how sure it is."""
    answers = [answer for answer, _own in found]
    kinds = set(answers)
    if not kinds:
        return None, 0.0
    if len(kinds) == 1:
        return answers[0], 1.0
    if "unknown" in kinds:
        if answers[0] == "unknown":  # «не знаю, вроде нет»
            return next(answer for answer in answers if answer != "unknown"), 0.7
        return "unknown", 0.8  # «нет, не помню»
    own = {answer for answer, is_own in found if is_own}
    if len(own) == 1:
        return own.pop(), 0.8
    return answers[0], 0.5


def is_unknown(text: str) -> bool:
    """True for «не знаю», «нет под рукой» and the like, without anything that could be the value."""
    reading = read(text, repair=False)
    return reading.answer == "unknown" and len(reading.rest) <= 2 and not any(char.isdigit() for char in text)


def understand_yes_no(heard: Heard) -> Understood:
    """`meaning` yes, no, unknown or none; `value` true, false or null; `heard` has the words beside the answer.

    A red flag's «нет» with more words is not `complete`, nor is a confirming «да» with more words.
    """
    if heard.digits:
        keyed = _KEYS.get(heard.digits.strip("#*"))
        if keyed is None:
            return Understood(heard=heard.digits)
        return Understood(meaning=keyed, value=_VALUES[keyed], probability=0.99, complete=True)
    ballot = Ballot()
    readings: list[tuple[float, str, Reading]] = []
    for one in spoken(heard):
        reading = read(one.text, heard.slot)
        readings.append((one.weight, one.text, reading))
        if reading.answer is None:
            ballot.lose(one.weight)
        else:
            ballot.add(reading.answer, one.weight * reading.quality)
            ballot.lose(one.weight * (1 - reading.quality))
    ranked = ballot.ranked(TRUST.of(heard))
    if not ranked or ranked[0].probability < 0.3:
        return Understood(heard=tidy(readings[0][1]) if readings else "", candidates=[])
    answer: Answer = ranked[0].value
    rest = next(reading.rest for _weight, _text, reading in readings if reading.answer == answer)
    doubted = sum(weight for weight, _text, reading in readings if reading.rest or reading.answer is None)
    complete = True
    if heard.slot == "red_flags" and answer == "no" and doubted > MORE_WORDS:
        complete = False
        rest = rest or next(reading.rest for _weight, _text, reading in readings if reading.rest or not reading.answer)
    probability = ranked[0].probability
    if heard.slot == "confirm" and answer == "yes" and doubted > MORE_WORDS:  # «да, но квартира другая»
        complete, probability = False, min(probability, HALF_CONFIRMED)
        rest = rest or next(reading.rest for _weight, _text, reading in readings if reading.rest or not reading.answer)
    others = [candidate.model_copy(update={"value": _VALUES[candidate.value]}) for candidate in ranked[1:]]
    return Understood(
        meaning=answer, value=_VALUES[answer], probability=probability, complete=complete,
        heard=" ".join(rest), candidates=others,
    )  # fmt: skip
