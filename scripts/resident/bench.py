"""`scripts/bench conversations`: the scenarios marked `voice_too` phone a running system; where each call ended."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path
from statistics import quantiles
from typing import Any

from core.settings import ROOT
from scripts.resident import scenario as scenarios
from scripts.resident.load import keep, load

SCENARIOS = ROOT / "tests" / "conversations"


def ended(result: dict[str, Any]) -> str:
    """Where a call ended: right, WRONG (a record was accepted and is not what was said), operator, registrar, other."""
    if result["right"]:
        return "right"
    records = result.get("records", [])
    spoilt = [name for name in result.get("wrong_fields", []) if not name.startswith(("hears", "never_hears"))
              and name not in ("most_questions", "outcome", "transfer", "red_flag", "record")]  # fmt: skip
    if any(record["state"] in ("delivered", "scheduled", "received", "unknown") for record in records) and spoilt:
        return "WRONG"
    if any(record["state"] == "needs_registrar" for record in records):
        return "registrar"
    return "operator" if result["outcome"] in ("transferred", "emergency") else "other"


def print_row(result: dict[str, Any]) -> None:
    """One line of the table."""
    wrong = ", ".join(result.get("wrong_fields", [])) or "-"
    print(f"{result['id']:<32} {ended(result):<10} {result['outcome']:<12} {result.get('questions', 0):>9} "
          f"{result.get('seconds', 0):>8}  {wrong}", flush=True)  # fmt: skip


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures; questions and seconds are of the calls that ended right."""
    ends = Counter(ended(result) for result in results)
    right = [result for result in results if result["right"]]
    figures: dict[str, Any] = {
        "right": ends["right"], "wrong_accepted": ends["WRONG"], "at_operator": ends["operator"],
        "at_registrar": ends["registrar"], "other": ends["other"], "calls": len(results),
    }  # fmt: skip
    for name, unit in (("seconds", "_s"), ("questions", "_questions")):
        values = [result[name] for result in right]
        cuts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else None
        figures |= {
            f"p50{unit}": round(cuts[9], 1) if cuts else None,
            f"p95{unit}": round(cuts[18], 1) if cuts else None,
        }
    return figures


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench conversations", description=__doc__)
    parser.add_argument("scenarios", nargs="*", type=Path, help="these alone; default: all that are marked voice_too")
    parser.add_argument("--at-once", type=int, default=2, help="how many calls at the same time (default 2)")
    parser.add_argument("--sip", help="whom to phone; default the running system")
    parser.add_argument("--json", type=Path, help="keep every call's JSON in this file, one a line")
    options = parser.parse_args(argv)
    paths = options.scenarios or sorted(path for path in SCENARIOS.glob("*/*.yml") if scenarios.load(path).voice_too)
    arguments = ["--sip", options.sip] if options.sip else []
    alone = [path for path in paths if scenarios.load(path).before.is_shared]
    print(f"{'id':<32} {'ended':<10} {'outcome':<12} {'questions':>9} {'seconds':>8}  wrong")
    results = asyncio.run(load([p for p in paths if p not in alone], options.at_once, arguments, 0.5, print_row))
    results += asyncio.run(load(alone, 1, arguments, 0.5, print_row))
    if options.json:
        keep(options.json, results)
    figures = summary(results)
    print(json.dumps(figures))
    return 0 if figures["right"] == figures["calls"] else 1
