"""All that a recogniser thinks was said, weighed; every understanding votes over it instead of taking the first text.

Scores are mean log probabilities a token. The weights are a softmax with a temperature; how far the whole turn can be
trusted is a logistic curve of its best score. Both were fitted on Whisper base's n-best lists of the recorded
residents (`tests/understanding/data/recognised.yml`); `tests/understanding/test_recognised.py` measures them again.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from understanding.model import Candidate, Heard

TEMPERATURE = 0.15
"""Between 1/length of an answer (5-12 tokens: the true likelihood ratio) and the flatness of Whisper's lists."""

CHOSEN = 0.2
"""Ahead of the best free hypothesis: «да верно», chosen, counts four times as much as «деверно»."""

CERTAIN = -0.05
"""A better score than this is text that nobody had to recognise: it is trusted wholly."""

MOST = 0.99
"""Nothing heard on a phone is surer than this."""


@dataclass(frozen=True, slots=True)
class Said:
    """One text of the turn and its share of belief."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Trust:
    """Chance that a turn was recognised at all well, by its best score: `middle` is where it is even."""

    middle: float
    width: float = 0.12

    def of(self, heard: Heard) -> float:
        score = best_score(heard)
        if score is None or is_certain(heard):
            return 1.0
        return 1 / (1 + math.exp(min(50.0, (self.middle - score) / self.width)))


HEARD_ALONG_GRAMMAR = Trust(-1.3, 0.25)
"""For slots with a grammar (asr/grammars.yml). The score is that of free decoding; a doubtful one says less where a
text of the grammar came out before the free ones. Of 24 dates by telephone at 15 dB 18 are right with it and 15 with
the curves of free decoding, and none more is believed wrongly."""


def is_certain(heard: Heard) -> bool:
    """True for text that nobody had to recognise."""
    score = best_score(heard)
    return score is None or score > CERTAIN


def best_score(heard: Heard) -> float | None:
    """The best alternative's score; None when the turn has none."""
    scores = [a.score for a in heard.alternatives if a.text.strip() and math.isfinite(a.score)]
    return max(scores) if scores else None


def spoken(heard: Heard) -> list[Said]:
    """The turn's texts with weights that sum to 1, likeliest first; empty when nothing was said.

    The recogniser's own choice among closed wordings goes before free hypotheses with better scores: it has looked at
    more than scores (how long the speech was, how much the wording is like what free decoding heard).
    """
    scored = [(a.text, a.score if math.isfinite(a.score) else -9.0) for a in heard.alternatives if a.text.strip()]
    top = max((score for _text, score in scored), default=0.0)
    if heard.text.strip():
        own = max((score for text, score in scored if text == heard.text), default=top)
        scored = [(text, score) for text, score in scored if text != heard.text]
        scored.insert(0, (heard.text, top if own == top else top + CHOSEN))
    if not scored:
        return []
    powers = [math.exp(max(-50.0, (score - top) / TEMPERATURE)) for _text, score in scored]
    total = sum(powers)
    said = [Said(text, power / total) for (text, _score), power in zip(scored, powers, strict=True)]
    return sorted(said, key=lambda one: -one.weight)


@dataclass(slots=True)
class Ballot:
    """Votes of the alternatives for values; what could not be read counts as lost votes."""

    _votes: dict[str, float] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)
    lost: float = 0.0

    def add(self, value: Any, weight: float) -> None:
        key = json.dumps(value, ensure_ascii=False, sort_keys=True)
        self._values.setdefault(key, value)
        self._votes[key] = self._votes.get(key, 0.0) + weight

    def lose(self, weight: float) -> None:
        self.lost += weight

    def ranked(self, trust: float = 1.0, *, limit: int = 6) -> list[Candidate]:
        """Values with their probabilities, likeliest first (the first added where they are equal)."""
        total = sum(self._votes.values()) + self.lost
        if total <= 0:
            return []
        order = sorted(self._votes, key=lambda key: -self._votes[key])
        return [
            Candidate(value=self._values[key], probability=round(min(MOST, trust * self._votes[key] / total), 4))
            for key in order[:limit]
            if self._votes[key] > 0
        ]
