"""How several hearings of one thing add up. Pure functions over lists of (value, probability)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dialog.conversation.state import Belief

KEPT = 12
"""Candidates kept a field: as many as a patient search takes."""

STRAY = 0.05
"""Chance that "something else" happens to be just the value which the other hearing names."""


def same(one: Any, other: Any) -> bool:
    """Equal as spoken: case, ё and empty parts do not matter."""
    return bool(_key(one) == _key(other))


def _key(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted((k, _key(v)) for k, v in value.items() if v not in (None, "") and k != "in_register"))
    if isinstance(value, str):
        return value.strip().lower().replace("ё", "е")
    return value


def normalised(candidates: Iterable[tuple[Any, float]]) -> Belief:
    """Equal values added up, likeliest first, at most `KEPT`; the sum is never above 1."""
    sums: dict[Any, tuple[Any, float]] = {}
    for value, probability in candidates:
        if value is None or probability <= 0:
            continue
        key = _key(value)
        first, so_far = sums.get(key, (value, 0.0))
        sums[key] = (first, so_far + probability)
    belief = sorted(sums.values(), key=lambda pair: -pair[1])[:KEPT]
    total = max(1.0, sum(probability for _, probability in belief))
    return [(value, round(probability / total, 4)) for value, probability in belief]


def combined(before: Belief, heard: Belief, *, repeated: bool) -> Belief:
    """Two hearings together, by Bayes' rule with "something else" as one more value.

    `repeated`: the caller said the same thing in the same way again. What went wrong once goes wrong again
    (same voice, same words, same recogniser), so only the square root of the doubt is taken from the second one.
    """
    if not before:
        return heard
    if not heard:
        return before
    rest_before = max(0.001, 1 - sum(p for _, p in before))
    rest_heard = max(0.001, 1 - sum(p for _, p in heard))
    if repeated:
        rest_heard = float(rest_heard**0.5)
    weights: list[tuple[Any, float]] = []
    known = {_key(value): probability for value, probability in heard}
    for value, probability in before:
        weights.append((value, probability * known.pop(_key(value), rest_heard * STRAY)))
    for value, probability in heard:
        if _key(value) in known:
            weights.append((value, rest_before * STRAY * probability))
    total = sum(weight for _, weight in weights) + rest_before * rest_heard
    return normalised((value, weight / total) for value, weight in weights)


def without(belief: Belief, refused: Iterable[Any]) -> Belief:
    """The belief after the caller denied some values."""
    denied = {_key(value) for value in refused}
    kept = [(value, probability) for value, probability in belief if _key(value) not in denied]
    gone = sum(probability for value, probability in belief if _key(value) in denied)
    # what was denied raises the others and "something else" alike
    scale = 1 / max(1 - gone, 0.001) if gone < 1 else 0.0
    return normalised((value, min(probability * scale, 1.0)) for value, probability in kept)


def marginal(belief: Belief, part: Callable[[Any], Any]) -> Belief:
    """The belief in a part of the value alone."""
    return normalised((part(value), probability) for value, probability in belief)


def given(belief: Belief, part: Callable[[Any], Any], value: Any) -> Belief:
    """The belief after a part became certain."""
    fitting = [(v, p) for v, p in belief if same(part(v), value)]
    rest = max(0.0, 1 - sum(p for _, p in belief)) * STRAY
    total = sum(p for _, p in fitting) + rest
    return normalised((v, p / total) for v, p in fitting) if total > 0 else []


def best(belief: Belief) -> tuple[Any, float]:
    """The likeliest value, or (None, 0)."""
    return belief[0] if belief else (None, 0.0)
