"""Which of a closed question's wordings was said, if any was; fed with probabilities, it knows no model.

All figures are natural logarithms of the probability of whole texts. They were measured with Whisper base on answers to
closed questions of the tuned half of `scripts/bench understanding` (60 clean, 60 at 15 dB) and on 90 other utterances
put to the same questions: emergencies, corrections, questions, names, dates, addresses, phones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz.distance import Levenshtein

from asr.grammar import Encode, Grammar, Part
from core.errors import ConfigurationError

_FILE = Path(__file__).with_name("closed_set.yml")
EXPECTED = 5.0
"""How much likelier the question makes each of its wordings than the recogniser thinks, which does not know it."""
_ASIDE = 2.5
"""… and so much less each short one of those possible beside them: one answer in a dozen is none. With commands
as likely as the question's own words «себе» is «сейчас» and «дочке» «подождите» (recorded residents)."""
_LEAST = -8.5
"""A wording may have been said from this, its length counted: in the set mostly more, out of it -8.8 and less but
for «а сейчас» (-7.6 of «а вы кто»)."""
_NEARLY = 0.7
"""Share of letters that are the same: «не дай ту» is «не дойду» (0.7)."""
_A_LETTER = 0.8
"""Such a wording is by so much a letter less likely than that: «ночке» is «дочке» rather than «дождите» «подождите»."""
_NEARLY_ALONE, _LONG = 0.75, 10
"""… and, having so many letters, whatever its sound: «переключительная опература» is «переключите на оператора» (0.84)
and no other utterance was so near to a wording that it did not mean."""
_SECONDS, _SECONDS_A_LETTER = 0.09, 0.073
"""How long a wording takes to be said."""
_SLOWER, _FASTER = 0.5, 0.8
"""Standard deviations of the logarithm of how much longer and shorter it really takes: detectors miss quiet ends."""

Spoken = Mapping[str, float]
"""Texts as `asr.engines.whisper_text.normal` has them, and how likely each is by its sound."""


@dataclass(frozen=True)
class Wordings:
    """What may be said: in answer to a question, and aside instead of one."""

    answers: tuple[str, ...]
    aside: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        return self.answers + self.aside


class Answers(BaseModel):
    """What is said beside a question's own wordings; see closed_set.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    before: tuple[str, ...] = Field(min_length=1)
    behind: tuple[str, ...] = Field(min_length=1)
    always: tuple[str, ...] = Field(min_length=1)
    yes_no: tuple[str, ...] = Field(min_length=1)

    def wordings(self, own: Iterable[str]) -> Wordings:
        """A question's own and all that are possible beside them."""
        own = tuple(own)
        answers = dict.fromkeys([*own, *(self.yes_no if {"да", "нет"} <= {*own} else ())])
        return Wordings(tuple(answers), tuple(text for text in self.always if text not in answers))

    def grammar(self, wordings: Wordings, encode: Encode, end_of_text: int) -> Grammar:
        """One of the wordings, and words around it."""
        before, behind = Part(self.before, optional=True), Part(self.behind, optional=True)
        each = [[Part((word,)) for word in wording.split()] for wording in wordings.every]
        return Grammar([[before, *words, behind] for words in each], encode, end_of_text)


def load(path: Path = _FILE) -> Answers:
    """Raises ConfigurationError for a file that says something else."""
    try:
        return Answers.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def expected(wordings: Wordings, by_sound: Spoken, free: Spoken, seconds: float) -> dict[str, float]:
    """The wordings that may have been said in so many seconds of speech, and how likely each is after the question.

    `by_sound`: wordings, also with words around them, along the grammar; `free`: what free decoding heard.
    """
    likely = {text: total + _length(text, seconds) for text, total in by_sound.items()}
    likely = {text: total for text, total in likely.items() if total >= _LEAST}
    for heard, total in free.items():
        if heard not in likely and (nearest := _nearest(heard, wordings.every, likely)) is not None:
            respelled = total - _A_LETTER * Levenshtein.distance(_letters(nearest), _letters(heard))
            likely[nearest] = max(respelled, likely.get(nearest, respelled))
    aside = {text for text in likely if len(text) < _LONG and not _holds(text, wordings.answers)}
    return {text: total + EXPECTED - (_ASIDE if text in aside else 0.0) for text, total in likely.items()}


def said(likely: Spoken, free: Spoken) -> str | None:
    """The wording that was said, of the `expected` ones, or None for something else, as free decoding heard it."""
    if not likely or not free:
        return None
    best = max(likely, key=likely.__getitem__)
    return best if likely[best] >= max(free.values()) else None


def _nearest(heard: str, wordings: Iterable[str], likely: Iterable[str]) -> str | None:
    """The wording that `heard` is nearly, if it is one; of the `likely` ones it need not be as near."""
    best, found = 0.0, None
    for texts, least in ((likely, _NEARLY), ([text for text in wordings if len(text) >= _LONG], _NEARLY_ALONE)):
        for text in texts:
            likeness = alike(text, heard)
            if likeness >= least and likeness > best and _is_negative(text) == _is_negative(heard):
                best, found = likeness, text
    return found


def _holds(text: str, wordings: Iterable[str]) -> bool:
    return any(f" {wording} " in f" {text} " for wording in wordings)


def _is_negative(text: str) -> bool:
    """«да неправельно» is nearly «да правильно»."""
    return any(word.startswith("не") for word in text.split())


def _length(text: str, seconds: float) -> float:
    longer = math.log(max(seconds, 0.05) / (_SECONDS + _SECONDS_A_LETTER * len(_letters(text))))
    return -0.5 * (longer / (_SLOWER if longer > 0 else _FASTER)) ** 2


def alike(one: str, other: str) -> float:
    """Share of letters that are the same, spaces left out."""
    return float(Levenshtein.normalized_similarity(_letters(one), _letters(other)))


def _letters(text: str) -> str:
    return text.replace(" ", "")
