"""Which of a closed question's wordings was said, if any was; fed with probabilities, it knows no model.

All figures are natural logarithms of the probability of whole texts. They were measured with Whisper base on answers to
closed questions of the tuned half of `scripts/bench understanding` (60 clean, 60 at 15 dB) and on 90 other utterances
put to the same questions: emergencies, corrections, questions, names, dates, addresses, phones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz.distance import Levenshtein

from asr.grammar import Encode, Grammar, Part
from core.errors import ConfigurationError

_FILE = Path(__file__).with_name("closed_set.yml")
EXPECTED = 4.0
"""How much likelier the question makes each of its wordings than the recogniser thinks, which does not know it."""
_LEAST = -8.5
"""A wording may have been said from this, its length counted: in the set -8.2 and more, out of it -8.6 and less."""
_NEARLY = 0.7
"""Share of letters that are the same: «не дай ту» is «не дойду» (0.7), «подожди те» is «подождите» (1.0)."""
_NEARLY_EXPECTED = 8.0
"""… and how much likelier the question makes a wording that is so much like what free decoding heard."""
_SECONDS, _SECONDS_A_LETTER = 0.09, 0.073
"""How long a wording takes to be said."""
_SLOWER, _FASTER = 0.5, 0.8
"""Standard deviations of the logarithm of how much longer and shorter it really takes: detectors miss quiet ends."""

Spoken = Mapping[str, float]
"""Texts as `asr.engines.whisper_text.normal` has them, and how likely each is by its sound."""


class Answers(BaseModel):
    """What is said beside a question's own wordings; see closed_set.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    before: tuple[str, ...] = Field(min_length=1)
    behind: tuple[str, ...] = Field(min_length=1)
    always: tuple[str, ...] = Field(min_length=1)
    yes_no: tuple[str, ...] = Field(min_length=1)

    def grammar(self, wordings: Iterable[str], encode: Encode, end_of_text: int) -> Grammar:
        """One of a question's `wordings` or of those that are always possible, with words around it."""
        wordings = [*wordings]
        wordings += [*self.always, *(self.yes_no if {"да", "нет"} <= {*wordings} else ())]
        before, behind = Part(self.before, optional=True), Part(self.behind, optional=True)
        each = [[Part((word,)) for word in wording.split()] for wording in dict.fromkeys(wordings)]
        return Grammar([[before, *words, behind] for words in each], encode, end_of_text)


def load(path: Path = _FILE) -> Answers:
    """Raises ConfigurationError for a file that says something else."""
    try:
        return Answers.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def possible(wordings: Spoken, seconds: float) -> dict[str, float]:
    """The wordings that may have been said in so many seconds of speech, and how likely each is with its length."""
    likely = {text: by_sound + _length(text, seconds) for text, by_sound in wordings.items()}
    return {text: total for text, total in likely.items() if total >= _LEAST}


def said(wordings: Spoken, free: Spoken) -> str | None:
    """The wording that was said, of the `possible` ones, or None for something else, as free decoding heard it."""
    if not wordings or not free:
        return None
    heard = max(free, key=free.__getitem__)
    own = {text: total + _expected(text, heard, wordings) for text, total in wordings.items()}
    best = max(own, key=own.__getitem__)
    return best if best == heard or own[best] >= free[heard] else None


def _expected(text: str, heard: str, wordings: Spoken) -> float:
    return _NEARLY_EXPECTED if heard not in wordings and alike(text, heard) >= _NEARLY else EXPECTED


def _length(text: str, seconds: float) -> float:
    letters = len(text.replace(" ", ""))
    longer = math.log(max(seconds, 0.05) / (_SECONDS + _SECONDS_A_LETTER * letters))
    return -0.5 * (longer / (_SLOWER if longer > 0 else _FASTER)) ** 2


def alike(one: str, other: str) -> float:
    """Share of letters that are the same, spaces left out."""
    return float(Levenshtein.normalized_similarity(one.replace(" ", ""), other.replace(" ", "")))
