"""The tables of `scripts/bench understanding`, and its line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from scripts.understanding_bench.results import (
    BINS,
    Result,
    asked_again_pct,
    bars,
    calibration,
    cpu_s,
    percent,
    possible_pct,
    right_pct,
    sure,
    wilson,
    wrong_sure,
)

_HEARD = 5
"""Alternatives shown of a failing draw."""


def print_all(results: Sequence[Result]) -> None:
    """Results, calibration and bars."""
    print(f"{'kind':15} {'condition':9} {'n':>5} {'tuned right %':>18} {'kept right %':>18} {'sure wrong':>10} "
          f"{'of sure':>7} {'asked again':>11} {'possible':>8} {'CPU s':>6}")  # fmt: skip
    for kind, condition, own in _groups(results):
        print(_row(kind, condition, own), flush=True)
    print("\nprobability given and right %, with the number of fields")
    edges = [f"{low:.2f}-{min(high, 1.0):.2f}" for low, high in pairwise(BINS)]
    print(f"{'kind':15} {'':6} " + " ".join(f"{edge:>16}" for edge in edges))
    for kind in dict.fromkeys(one.kind for one in results):
        for title, is_text in (("text", True), ("sound", False)):
            own = [one for one in results if one.kind == kind and (one.condition == "text") == is_text]
            if own:
                cells = (f"{mean:.0f} {right:.1f} ({n})" if n else "-" for mean, right, n in calibration(own))
                print(f"{kind:15} {title:6} " + " ".join(f"{cell:>16}" for cell in cells))
    print("\nbars, on the kept half")
    for kind, condition, bar, share, met in bars(results):
        print(f"{kind:15} {condition:9} {share:6.1f} of {bar:5.1f} %  {'met' if met else 'NOT MET'}")


def _groups(results: Sequence[Result]) -> Iterator[tuple[str, str, list[Result]]]:
    for kind in dict.fromkeys(one.kind for one in results):
        for condition in dict.fromkeys(one.condition for one in results):
            own = [one for one in results if (one.kind, one.condition) == (kind, condition)]
            if own:
                yield kind, condition, own


def _row(kind: str, condition: str, own: list[Result]) -> str:
    tuned, kept = ([one for one in own if one.half == half] for half in ("tuned", "kept"))
    if not kept:  # recordings are one set
        tuned = own
    wrong = len(wrong_sure(own))
    return (
        f"{kind:15} {condition:9} {len(own):5} {_share(tuned):>18} {_share(kept):>18} "
        f"{percent(wrong, len(own)):10.1f} {percent(wrong, len(sure(own))):7.1f} {asked_again_pct(own):11.1f} "
        f"{possible_pct(own):8.1f} {cpu_s(own):6.3f}"
    )


def _share(results: Sequence[Result]) -> str:
    if not results:
        return "-"
    low, high = wilson(sum(one.right for one in results), len(results))
    return f"{right_pct(results):.1f} [{low:.1f}, {high:.1f}]"


def print_failures(results: Sequence[Result], kind: str, condition: str | None) -> None:
    """What was spoken, heard and understood of the failing draws of the tuned half: nobody looks at the kept one."""
    for one in results:
        if one.right or one.kind != kind or one.half == "kept" or condition not in (None, one.condition):
            continue
        print(f"\n{one.kind} {one.condition} {one.half} {one.index} ({one.slot})\n  spoken      {one.spoken}")
        for text in one.heard[:_HEARD]:
            print(f"  heard       {text or '(nothing)'}")
        believed = f"{_plain(one.value)} with {one.probability:.2f}" if one.given else "nothing"
        print(f"  understood  {believed}{'' if one.possible else '; the truth is among no alternative'}")
        print(f"  truth       {_plain(one.truth)}")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def figures(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Flat, units in the names. Without a half in its name a figure is of both."""
    found: dict[str, Any] = {}
    for kind, condition, own in _groups(results):
        name = f"{kind}_{condition}"
        found[f"{name}_right_pct"] = right_pct(own)
        if kept := [one for one in own if one.half == "kept"]:
            found[f"{name}_kept_right_pct"] = right_pct(kept)
        found[f"{name}_wrong_sure_pct"] = percent(len(wrong_sure(own)), len(own))
    sound = [one for one in results if one.condition != "text"]
    measured = [one for one in sound or results if one.kind != "name_heard_date"]
    checked = bars(results)
    return found | {
        "wrong_sure_pct": percent(len(wrong_sure(measured)), len(measured)),
        "cpu_s_per_turn": cpu_s(measured),
        "bars_met": sum(met for *_, met in checked), "bars": len(checked),
        "fields": len(results), "seconds": round(seconds, 1),
    }  # fmt: skip
