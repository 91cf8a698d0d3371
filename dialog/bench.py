"""`scripts/bench nlu`: intents on what residents say, kept apart from the training data; one row a pipeline.

The sets are `tests/dialog/data/nlu_clean.yml` and what the recogniser made of it, each in two halves: by the tuning
half the pipeline is chosen and its errors are shown, the final half is only counted. Every pipeline is trained and
loaded by Rasa in processes of its own. Seconds and milliseconds are of the processor; `sure` are the texts of both sets
that are found, or found wrongly, with a confidence from which the dialog heeds an intent.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
SETS = ROOT / "tests" / "dialog" / "data"
COLUMNS = (
    "clean_tuning", "clean_final", "recognised_tuning", "recognised_final", "sure_pct", "sure_wrong_pct", "train_s",
    "ms", "mb",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One utterance of a set."""

    text: str
    intent: str
    name: str
    """`clean` or `recognised`."""
    final: bool
    others: tuple[tuple[str, float], ...] = ()
    """All hypotheses of the recogniser with their scores."""


def lines() -> list[Line]:
    """Both sets. What was not recognised at all never reaches Rasa and is left out."""
    clean: dict[str, list[str]] = yaml.safe_load((SETS / "nlu_clean.yml").read_text())
    recognised: dict[str, dict[str, dict[str, float]]] = yaml.safe_load((SETS / "nlu_recognised.yml").read_text())
    found = []
    for intent, texts in clean.items():
        for number, text in enumerate(texts):
            found.append(Line(text, intent, "clean", number % 2 == 1))
            if heard := recognised[intent].get(text):
                found.append(Line(next(iter(heard)), intent, "recognised", number % 2 == 1, tuple(heard.items())))
    return found


def parsed(model: Path, set_: list[Line]) -> dict[str, Any]:
    """What the model takes the lines for: dialog/components/parse.py. Raises RuntimeError when it cannot be loaded."""
    turns = [
        {"text": line.text, "alternatives": [{"text": text, "score": score} for text, score in line.others]}
        for line in set_
    ]
    done = subprocess.run(
        [str(PYTHON), "-W", "ignore", "-m", "dialog.components.parse", str(model)],
        cwd=ROOT, input=json.dumps(turns), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def right(set_: list[Line], intents: list[str], name: str, final: bool | None = None) -> float:
    """Percent of a set, or of one half of it, whose intent was found."""
    chosen = [
        line.intent == intent
        for line, intent in zip(set_, intents, strict=True)
        if line.name == name and final in (None, line.final)
    ]
    return round(100 * sum(chosen) / max(1, len(chosen)), 1)


class Pipeline:
    """A pipeline trained on `dialog/data` and measured. `sure`: the confidence from which an intent is heeded."""

    def __init__(self, name: str, components: list[dict[str, Any]], sure: float) -> None:
        self.name = name
        self.lines = lines()
        with tempfile.TemporaryDirectory() as folder:
            before = _children_seconds()
            model = _train(components, Path(folder))
            self.seconds = _children_seconds() - before
            result = parsed(model, self.lines)
        self.intents: list[str] = result["intents"]
        heeded = [
            line.intent == intent
            for line, intent, confidence in zip(self.lines, self.intents, result["confidences"], strict=True)
            if confidence >= sure
        ]
        self.row: dict[str, float] = {
            f"{set_}_{half}": right(self.lines, self.intents, set_, half == "final")
            for set_ in ("clean", "recognised") for half in ("tuning", "final")
        } | {
            "sure_pct": round(100 * sum(heeded) / len(self.lines), 1),
            "sure_wrong_pct": round(100 * (len(heeded) - sum(heeded)) / len(self.lines), 1),
            "train_s": round(self.seconds, 1),
            "ms": result["ms_per_turn"],
            "mb": result["megabytes"],
        }  # fmt: skip

    def errors(self) -> list[tuple[Line, str]]:
        """The errors of the tuning halves."""
        return [
            (line, intent)
            for line, intent in zip(self.lines, self.intents, strict=True)
            if line.intent != intent and not line.final
        ]

    def recalls(self) -> dict[str, tuple[float, float]]:
        """Percent found of each intent, clean and recognised, both halves."""
        found = {}
        for intent in dict.fromkeys(line.intent for line in self.lines):
            own = [(a, b) for a, b in zip(self.lines, self.intents, strict=True) if a.intent == intent]
            of_intent, answers = [line for line, _ in own], [answer for _, answer in own]
            found[intent] = (right(of_intent, answers, "clean"), right(of_intent, answers, "recognised"))
        return found


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _train(components: list[dict[str, Any]], folder: Path) -> Path:
    config = folder / "config.yml"
    head = {"recipe": "default.v1", "language": "ru", "assistant_id": "vyzov", "pipeline": components, "policies": []}
    config.write_text(yaml.safe_dump(head, allow_unicode=True))
    environment = os.environ | {
        "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1",
        "TF_INTRA_OP_PARALLELISM_THREADS": "1", "TF_INTER_OP_PARALLELISM_THREADS": "1",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }  # fmt: skip
    subprocess.run(
        [str(PYTHON), "-W", "ignore", "-m", "rasa", "train", "nlu", "--config", str(config), "--nlu",
         str(ROOT / "dialog" / "data"), "--out", str(folder), "--fixed-model-name", "model"],
        cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder / "model.tar.gz"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench nlu", description=__doc__)
    pipelines: dict[str, list[dict[str, Any]]] = {
        "chosen": yaml.safe_load((ROOT / "dialog" / "config.yml").read_text())["pipeline"],
        **yaml.safe_load((ROOT / "dialog" / "bench.yml").read_text()),
    }
    parser.add_argument("pipelines", nargs="*", metavar="PIPELINE", help=f"of {', '.join(pipelines)}; default: all")
    parser.add_argument("--errors", action="store_true", help="also every error of the tuning half")
    options = parser.parse_args(argv)
    if unknown := set(options.pipelines) - set(pipelines):
        parser.error(f"no such pipeline: {', '.join(sorted(unknown))}")
    sure = float(yaml.safe_load((ROOT / "dialog" / "script" / "policy.yml").read_text())["intent"])
    figures: dict[str, float] = {}
    print(f"{'pipeline':18} " + " ".join(f"{column:>17}" for column in COLUMNS), flush=True)
    for name in options.pipelines or pipelines:
        measured = Pipeline(name, pipelines[name], sure)
        print(f"{name:18} " + " ".join(f"{measured.row[column]:17}" for column in COLUMNS), flush=True)
        figures |= {f"{name}_{column}": value for column, value in measured.row.items()}
        if name == (options.pipelines or ["chosen"])[0]:
            first = measured
    print(f"\n{first.name}, found in percent: intent, clean, recognised")
    for intent, (clean, recognised) in sorted(first.recalls().items(), key=lambda item: item[1]):
        print(f"  {intent:18} {clean:6} {recognised:6}")
    print("taken for another in the tuning half:")
    for (intent, other), count in Counter((line.intent, other) for line, other in first.errors()).most_common(20):
        print(f"  {count:3}  {intent} -> {other}")
    for line, other in first.errors() if options.errors else []:
        print(f"  {line.name}: {line.intent} -> {other}: {line.text}")
    print(json.dumps(figures))
    return 0
