"""`scripts/load`: many residents at once, each a process of its own (the SIP library holds few calls in one)."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any


async def phone(scenario: Path, arguments: list[str], seconds: float) -> dict[str, Any]:
    """One `scripts/call`; its JSON, or `{"id", "outcome": "error: …"}` when it has none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.resident", str(scenario), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"id": scenario.name, "outcome": "error: time-out", "right": False}
    try:
        result: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
        return result
    except (ValueError, IndexError):
        last = (err.decode().strip().splitlines() or ["no output"])[-1]
        return {"id": scenario.name, "outcome": f"error: {last[:120]}", "right": False}


async def load(
    scenarios: list[Path], at_once: int, arguments: list[str], gap: float, show: Callable[[dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """A call of each scenario, `at_once` at the same time; `show` is told of each as it ends."""
    places = asyncio.Semaphore(at_once)
    results: list[dict[str, Any]] = []

    async def one(number: int, scenario: Path) -> None:
        await asyncio.sleep(gap * min(number, at_once - 1))
        async with places:
            result = await phone(scenario, arguments, 600)
        results.append(result)
        show(result)

    await asyncio.gather(*(one(number, scenario) for number, scenario in enumerate(scenarios)))
    return results


def keep(path: Path, results: list[dict[str, Any]]) -> None:
    """Every call's JSON, one a line."""
    path.write_text("".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results), encoding="utf-8")


def print_row(result: dict[str, Any]) -> None:
    """One line of the table."""
    latencies = [v for v in result.get("voice_to_voice", []) if v is not None]
    middle = f"{sorted(latencies)[len(latencies) // 2]:.2f}" if latencies else "-"
    wrong = ", ".join(result.get("wrong_fields", [])) or "-"
    print(f"{result['id']:<8} {'right' if result['right'] else 'WRONG':<6} {result['outcome']:<14} "
          f"{result.get('turns', 0):>5} {result.get('seconds', 0):>7} {middle:>9}  {wrong}", flush=True)  # fmt: skip


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a run. `wrong_but_created`: records that are in the MIS and not what the resident said."""
    latencies = [v for r in results for v in r.get("voice_to_voice", []) if v is not None]
    pairs = [
        (heard, told)
        for r in results
        for heard, told in zip(r.get("voice_to_voice", []), r.get("service_voice_to_voice", []), strict=False)
        if heard is not None and told is not None and len(r["voice_to_voice"]) == len(r["service_voice_to_voice"])
    ]
    cuts = quantiles(latencies, n=20, method="inclusive") if len(latencies) > 1 else None
    gaps = sorted(abs(heard - told) for heard, told in pairs)
    return {
        "calls": len(results),
        "right": sum(bool(r["right"]) for r in results),
        "wrong_but_created": sum(r["outcome"] == "created" and not r["right"] for r in results),
        "turns": len(latencies),
        "voice_to_voice_p50_s": round(cuts[9], 3) if cuts else None,
        "voice_to_voice_p95_s": round(cuts[18], 3) if cuts else None,
        "service_differs_median_s": round(gaps[len(gaps) // 2], 3) if gaps else None,
        "service_differs_p95_s": round(gaps[int(len(gaps) * 0.95)], 3) if gaps else None,
        "turns_compared": len(gaps),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/load", description=__doc__)
    parser.add_argument("scenarios", nargs="+", type=Path, help="scenario files, or folders that hold scenario.yml")
    parser.add_argument("--calls", type=int, help="how many calls in all (default: every scenario once)")
    parser.add_argument("--at-once", type=int, default=4, help="how many at the same time (default 4)")
    parser.add_argument("--gap", type=float, default=0.5, help="seconds between the first calls (default 0.5)")
    parser.add_argument("--sip", help="whom to phone; default the running system")
    parser.add_argument("--json", type=Path, help="keep every call's JSON in this file, one a line")
    options = parser.parse_args()
    arguments = ["--sip", options.sip] if options.sip else []
    print(f"{'id':<8} {'':<6} {'outcome':<14} {'turns':>5} {'seconds':>7} {'median s':>9}  wrong fields")
    calls = list(itertools.islice(itertools.cycle(options.scenarios), options.calls or len(options.scenarios)))
    results = asyncio.run(load(calls, options.at_once, arguments, options.gap, print_row))
    if options.json:
        keep(options.json, results)
    figures = summary(results)
    print(json.dumps(figures))
    return 0 if figures["right"] == figures["calls"] else 1


if __name__ == "__main__":
    sys.exit(main())
