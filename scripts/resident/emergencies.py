"""`scripts/bench emergencies`: sixty residents who cry for help and a hundred who do not phone a running system.

What they say stands in emergencies.yml. A call is missed when the emergency was said and neither was 103 named in the
answer nor a red flag told; those that the questions about danger hand to a person are counted apart (`to_operator`).
It is false when a harmless resident, who denies all danger, is sent to 103. Who is asked «соединить?» or «есть угроза
жизни?» for nothing is counted too. Residents hang up as soon as it is decided.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from dialog.conversation.script import Script, load_script
from scripts.resident.load import keep, load

DATA = Path(__file__).with_suffix(".yml")
MOST_FALSE = 2
"""Harmless calls of a hundred that may be sent to 103."""

Kind = Literal["emergencies", "harmless"]


class Spoken(BaseModel):
    """emergencies.yml: what callers answer by slot; what is said at a slot, one call a line."""

    model_config = ConfigDict(extra="forbid")

    callers: dict[str, dict[str, str]]
    emergencies: dict[str, list[str]]
    harmless: dict[str, list[str]]


def read(path: Path, script: Script) -> Spoken:
    """Raises ValueError for a file of another shape or with a slot that the script does not ask for."""
    try:
        spoken = Spoken.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader))  # noqa: S506
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{path.name}: cannot be read: {error}") from None
    slots = {*spoken.emergencies, *spoken.harmless, *(slot for say in spoken.callers.values() for slot in say)}
    if strange := slots - set(script.questions):
        raise ValueError(f"{path.name}: no such question: {', '.join(sorted(strange))}")
    return spoken


def scenarios(spoken: Spoken, script: Script) -> Iterator[dict[str, Any]]:
    """A scenario a line, as `scripts/call` reads it; `about` is what is said at the moment that matters."""
    callers, order = list(spoken.callers.items()), list(script.questions)
    told = [{"hears": re.escape(script.phrases.emergency_question), "hang_up": "true"}]
    kinds: list[tuple[Kind, dict[str, list[str]]]] = [
        ("emergencies", spoken.emergencies), ("harmless", spoken.harmless),
    ]  # fmt: skip
    number = 0
    for kind, by_slot in kinds:
        for slot, texts in by_slot.items():
            # who was not understood before the questions about danger says it there again, as anybody would
            early = kind == "emergencies" and order.index(slot) < order.index("red_flags")
            last = "red_flags" if early else slot
            later = [{"slot": other, "hang_up": "true"} for other in order[order.index(last) + 1 :]]
            for text in texts:
                fitting = [one for one in callers if slot in one[1]]
                say = dict(fitting[number % len(fitting)][1]) | {slot: text} | ({"red_flags": text} if early else {})
                yield {
                    "id": f"{kind}-{slot}-{number:03}", "kind": kind, "about": text, "say": say,
                    "caller_phone": f"+7900777{number:04}", "red_flag": kind == "emergencies",
                    "then": [*(told if kind == "emergencies" else []), *later],
                }  # fmt: skip
                number += 1


def verdict(result: dict[str, Any], script: Script, said: str) -> str:
    """found, asked (first «есть угроза жизни?»), late (only when it was said again), operator, MISSED; quiet, asked,
    FALSE; not reached, or an error."""
    if "transcript" not in result:
        return "error"
    transcript, phrases = result["transcript"], script.phrases
    heard = [entry["text"] for entry in transcript if entry["who"] == "vyzov"]
    doubted = any(phrases.doubt_question in text for text in heard)
    warned = any(entry["who"] == "red_flag" for entry in transcript) or any(
        phrases.emergency_question in text or phrases.emergency_transfer in text for text in heard
    )
    if not any(entry["who"] == "resident" and entry["text"] == said for entry in transcript):
        return "not reached"
    transfer = result.get("transfer") or {}
    if result["id"].startswith("emergencies"):
        if warned:
            times = sum(entry["who"] == "resident" and entry["text"] == said for entry in transcript)
            return "late" if times > 1 else "asked" if doubted else "found"
        return "operator" if transfer == {"to": "operator", "reason": "red_flag"} else "MISSED"
    if result["outcome"] == "emergency" or transfer.get("to") == "emergency":
        return "FALSE"
    return "asked" if warned or doubted else "quiet"


def summary(verdicts: list[tuple[str, str]], seconds: float) -> dict[str, Any]:
    """The figures of (id, verdict); `emergencies` and `harmless` are the calls that reached their moment."""
    count = Counter((call.split("-")[0], told) for call, told in verdicts)
    reached = Counter(call.split("-")[0] for call, told in verdicts if told not in ("error", "not reached"))
    return {
        "missed": count["emergencies", "MISSED"], "false_to_103": count["harmless", "FALSE"],
        "asked_for_nothing": count["harmless", "asked"] + count["harmless", "FALSE"],
        "found_by_asking": count["emergencies", "asked"], "found_late": count["emergencies", "late"],
        "to_operator": count["emergencies", "operator"],
        "emergencies": reached["emergencies"], "harmless": reached["harmless"],
        "not_reached": sum(told == "not reached" for _, told in verdicts),
        "errors": sum(told == "error" for _, told in verdicts),
        "calls": len(verdicts), "seconds": round(seconds),
    }  # fmt: skip


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench emergencies", description=__doc__)
    parser.add_argument("--only", default="", help="the calls whose id has this, e.g. emergencies-red_flags")
    parser.add_argument("--text", action="store_true", help="without sound: what is said goes straight to the dialog")
    parser.add_argument("--at-once", type=int, default=2, help="how many calls at the same time (default 2)")
    parser.add_argument("--sip", help="whom to phone; default the running system")
    parser.add_argument("--json", type=Path, help="keep every call's JSON in this file, one a line")
    options = parser.parse_args(argv)
    arguments = (["--text"] if options.text else []) + (["--sip", options.sip] if options.sip else [])
    script = load_script()
    calls = {one["id"]: one for one in scenarios(read(DATA, script), script) if options.only in one["id"]}
    verdicts: list[tuple[str, str]] = []

    def show(result: dict[str, Any]) -> None:
        result["id"] = result["id"].removesuffix(".yml")  # a call that failed has the file's name
        said = calls[result["id"]]["about"]
        verdicts.append((result["id"], verdict(result, script, said)))
        print(f"{result['id']:<28} {verdicts[-1][1]:<12} {result['outcome']:<12} {result.get('seconds', 0):>7}  {said}",
              flush=True)  # fmt: skip

    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.yml" for name in calls]
        for path, call in zip(paths, calls.values(), strict=True):
            path.write_text(yaml.safe_dump(call, allow_unicode=True), encoding="utf-8")
        print(f"{'id':<28} {'':<12} {'outcome':<12} {'seconds':>7}  said")
        results = asyncio.run(load(paths, options.at_once, arguments, 0.5, show))
    if options.json:
        keep(options.json, results)
    figures = summary(verdicts, time.monotonic() - begun)
    print(json.dumps(figures))
    good = figures["missed"] == 0 and figures["false_to_103"] <= MOST_FALSE and not figures["errors"]
    return 0 if good else 1
