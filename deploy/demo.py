"""`scripts/run --demo`: a simulated resident phones in; what was said and what was written stand side by side."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from core.settings import ROOT, Settings
from deploy.bootstrap.progress import say

RESIDENT = ROOT / "tests" / "data" / "residents" / "c00"
"""Recorded speech of a voice that is not the assistant's."""

SECONDS = 480.0
"""The resident gives up by itself before that."""


def run(settings: Settings) -> int:
    """Phone once and show it. Returns 0 only when the record in the MIS is what the resident said."""
    say("A resident phones in; a call takes about two minutes ...")
    command = [sys.executable, "-m", "scripts.resident", str(RESIDENT),
               "--sip", f"sip:122@{settings.sip_host}:{settings.sip_port}"]  # fmt: skip
    try:
        answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        say(f"The resident did not finish within {SECONDS:.0f} s.")
        return 1
    try:
        result = json.loads(answer.stdout)
    except ValueError:
        say("The resident's call told nothing (see above).")
        return answer.returncode or 1
    say(show(result, shutil.get_terminal_size((140, 40)).columns))
    return answer.returncode


def show(result: Mapping[str, Any], width: int) -> str:
    """The transcript on the left, the record on the right, the verdict below."""
    left = max(40, width * 3 // 5 - 3)
    right = max(30, width - left - 3)
    transcript = [line for entry in result["transcript"] for line in _spoken(entry, left)]
    record = list(_fields(result["record"], set(result["wrong_fields"]), right))
    rows = [f"{a:<{left}} | {b}".rstrip() for a, b in zip_longest(["", *transcript], ["", *record], fillvalue="")]
    verdict = "RIGHT" if result["right"] else f"WRONG: {', '.join(result['wrong_fields'])}"
    head = f"{'what was said':<{left}} | record in the MIS"
    return "\n".join([head, "-" * (left + 1) + "+" + "-" * right, *rows, "", f"outcome {result['outcome']}: {verdict}"])


def _spoken(entry: Mapping[str, Any], width: int) -> Sequence[str]:
    return textwrap.wrap(f"{entry['who']}: {entry['text']}", width, subsequent_indent="   ") or [""]


def _fields(record: Mapping[str, Any] | None, wrong: set[str], width: int) -> Sequence[str]:
    if record is None:
        return ["none"]
    lines: list[str] = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            lines += [f"{name}:", *("  " + line for line in _fields(value, wrong, width - 2))]
        elif value is not None:
            mark = "  <- wrong" if name in wrong else ""
            lines += textwrap.wrap(f"{name}: {value}{mark}", max(width, 10), subsequent_indent="  ")
    return lines
