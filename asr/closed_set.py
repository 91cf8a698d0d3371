"""Which of a closed question's wordings was said, if any was; fed with scores, it knows no model."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein

_CLOSED_MEAN = -2.5
"""A candidate's mean log probability from which it may be what was said: in the set -2.4 and more (96 answers of
twelve callers), out of it -2.3 and less (111), but for beginnings («нет, спасибо», «повторите, пожалуйста»)."""
_CLOSED_BEHIND = 1.35
"""… and its distance to what free decoding heard: single words in the set up to 1.26, out of it from 1.42."""
_CLOSED_LAST = -1.5
"""… and its full stop's: below, speech goes on behind it («нет, дойти …» -2.0, «повторите пожалуйста» -4.2)."""
_CLOSED_GAP = 0.3
"""… and its distance to the next best. A candidate that free decoding nearly heard needs neither."""
_NEARLY = 0.7
"""Share of letters that are the same: «да ну мир этот» is «да номер этот» (0.9), «заксуверно» «да всё верно» (0.7)."""
_NEARLY_MEAN = -3.0
"""… for a candidate whose mean log probability is at least that: noise gives its best candidate -3.4 to -4.6."""
_NEARLY_SCORE = 0.6
"""… for a candidate whose score is no further than that from the best: the better spelling decides among them."""
_SECONDS_A_LETTER = 0.12
_SECONDS_MORE = 0.5
"""Speech longer than this many seconds a letter of a candidate, and this much more, is not that candidate alone."""


def said(scores: dict[str, float], ends: dict[str, float], heard: str, plain_score: float) -> str | None:
    """The candidate that was said, or None for something else.

    `scores`: mean log probability of each candidate; `ends`: its full stop's; `heard`: what free decoding made of it;
    `plain_score`: how sure free decoding is without a hint.
    """
    best, *others = sorted(scores, key=lambda text: -scores[text])
    if not heard or scores[best] < _NEARLY_MEAN:
        return None
    likeness = {text: alike(text, heard) for text, score in scores.items() if score >= scores[best] - _NEARLY_SCORE}
    nearest = max(likeness, key=likeness.__getitem__)
    if likeness[nearest] >= _NEARLY:
        return nearest
    clear = not others or scores[best] - scores[others[0]] >= _CLOSED_GAP
    sure = scores[best] >= max(_CLOSED_MEAN, plain_score - _CLOSED_BEHIND)
    return best if sure and clear and ends[best] >= _CLOSED_LAST else None


def alike(one: str, other: str) -> float:
    """Share of letters that are the same, spaces left out."""
    return float(Levenshtein.normalized_similarity(one.replace(" ", ""), other.replace(" ", "")))


def fits(text: str, speech_seconds: float) -> bool:
    """True when the speech is not longer than `text` takes to be said."""
    return speech_seconds <= _SECONDS_MORE + _SECONDS_A_LETTER * len(text)
