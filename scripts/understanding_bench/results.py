"""One judged field, and the statistics of many. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

SURE = 0.9
"""A wrong value believed with this or more is the one that goes into a record unasked."""
BARS: dict[str, tuple[float, float, float]] = {
    "yes_no": (100, 99, 97), "number": (99.5, 97, 92), "birth_date": (99.5, 96, 90), "name": (99.5, 95, 88),
    "address": (99, 88, 78), "phone": (99.5, 80, 65),
}  # fmt: skip
"""Percent right of the kept half that the project wants: perfect text, clean, 15 dB."""
BAR_CONDITIONS = ("text", "clean", "15db")
BINS = (0.0, 0.3, 0.5, 0.7, 0.85, 0.9, 0.95, 0.98, 1.01)


@dataclass(frozen=True)
class Result:
    """A field as it was judged. `kind` may also be `name_heard_date`. `half`: tuned, kept, or the set it came from.
    `cpu`: seconds of the processor for recognition, understanding and the second hearing."""

    kind: str
    condition: str
    half: str
    index: int
    slot: str
    right: bool
    given: bool
    probability: float
    possible: bool
    cpu: float
    spoken: str
    heard: tuple[str, ...]
    value: Any
    truth: Any


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), in percent; (0, 100) of nothing."""
    if of == 0:
        return 0.0, 100.0
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return 100 * max(0.0, middle - reach), 100 * min(1.0, middle + reach)


def percent(hits: int, of: int) -> float:
    return round(100 * hits / of, 1) if of else 0.0


def right_pct(results: Sequence[Result]) -> float:
    return percent(sum(one.right for one in results), len(results))


def wrong_sure(results: Sequence[Result]) -> list[Result]:
    """Values that are wrong and believed."""
    return [one for one in results if one.given and not one.right and one.probability >= SURE]


def sure(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.given and one.probability >= SURE]


def asked_again_pct(results: Sequence[Result]) -> float:
    return percent(sum(not one.given for one in results), len(results))


def possible_pct(results: Sequence[Result]) -> float:
    """Best possible with these alternatives: a right value is at least among them."""
    return percent(sum(one.right or one.possible for one in results), len(results))


def cpu_s(results: Sequence[Result]) -> float:
    return round(fmean(one.cpu for one in results), 3) if results else 0.0


def calibration(results: Sequence[Result]) -> list[tuple[float, float, int]]:
    """For each of BINS: mean probability given and share right, in percent, and how many."""
    table = []
    for low, high in pairwise(BINS):
        within = [one for one in results if one.given and low <= one.probability < high]
        mean = 100 * fmean(one.probability for one in within) if within else 0.0
        table.append((round(mean, 1), right_pct(within), len(within)))
    return table


def bars(results: Sequence[Result]) -> list[tuple[str, str, float, float, bool]]:
    """Kind, condition, the bar, what the kept half has, met or not; only what was measured."""
    found = []
    for kind, wanted in BARS.items():
        for condition, bar in zip(BAR_CONDITIONS, wanted, strict=True):
            kept = [one for one in results if (one.kind, one.condition, one.half) == (kind, condition, "kept")]
            if kept:
                share = 100 * sum(one.right for one in kept) / len(kept)
                found.append((kind, condition, bar, round(share, 1), share >= bar))
    return found
