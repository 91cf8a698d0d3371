"""`scripts/bench understanding`: is the field right that the system would put into the record?

Answers are drawn from the sample region, given as perfect text and spoken over a telephone line, and judged by what the
dialog would take from them. docs/benchmarks.md tells how, and what it does not show.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from asr.models import choose
from core import logs
from core.errors import ConfigurationError
from core.settings import Settings, get_settings
from scripts.understanding_bench import work
from scripts.understanding_bench.draws import KINDS, SEEDS, Draw, Drawer, Kind
from scripts.understanding_bench.line import CONDITIONS
from scripts.understanding_bench.recordings import INSTALL, REAL, closed_sets, residents
from scripts.understanding_bench.report import figures, print_all, print_failures
from scripts.understanding_bench.results import Result, bars
from scripts.understanding_bench.speech import Speech

ALL_CONDITIONS = (work.TEXT, *CONDITIONS, "real")
TEXT_DRAWS, SPOKEN_DRAWS = 1000, 300
"""Of a kind, half of each seed; the spoken ones are the first of the others."""
PROCESSES = 2
_EVERY_SECONDS = 10.0
_FAILURES = "also the failing draws of the tuned half: spoken, heard, understood, truth"


def draw_all(drawer: Drawer, kinds: Iterable[Kind], count: int) -> list[Draw]:
    """The first `count` draws of each kind, half of each seed; of a person the date of birth before the name."""
    kinds = [*kinds]
    return [drawer.draw(kind, seed, index) for seed in SEEDS for index in range(count // 2) for kind in kinds]


def gathered(options: argparse.Namespace, drawer: Drawer) -> list[work.Unit]:
    """All that is to be judged. Raises ConfigurationError for a folder without residents."""
    kinds = [kind for kind in KINDS if kind in options.kinds]
    units: list[work.Unit] = []
    if work.TEXT in options.conditions:
        units += work.units(work.TEXT, draw_all(drawer, kinds, options.draws or TEXT_DRAWS))
    lines = [condition for condition in CONDITIONS if condition in options.conditions]
    spoken = draw_all(drawer, kinds, options.draws or SPOKEN_DRAWS) if lines else []
    for condition in lines:
        units += work.units(condition, spoken)
    if "real" in options.conditions:
        recorded = closed_sets(options.real)
        if not recorded:
            print(f"left out: the set «real», for {options.real} has no recordings. {INSTALL}", file=sys.stderr)
        units += work.units("real", recorded)
    if options.callers is not None:
        own = residents(options.callers, drawer)
        units += work.units("callers", [draw for draw in own if draw.kind in kinds])
    return units


def measured(settings: Settings, units: Sequence[work.Unit], folder: Path) -> Iterator[Result]:
    """The results, unit by unit. Raises ConfigurationError when an engine is not there."""
    hears = any(unit.condition != work.TEXT for unit in units)
    work.prepare(settings, folder)
    if hears:
        choose(settings)
        speech = Speech(settings, Drawer(settings.region_dir), folder / "sounds")
        spoken = [draw for unit in units if unit.condition in CONDITIONS for draw in unit.draws]
        if spoken:
            asyncio.run(speech.synthesise(spoken))
    begun = said = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, work.begin, (settings, folder, hears)) as pool:
        for number, results in enumerate(pool.map(work.run, units, chunksize=4), 1):
            yield from results
            if time.monotonic() - said > _EVERY_SECONDS or number == len(units):
                said = time.monotonic()
                print(f"judged {number} of {len(units)} after {said - begun:.0f} s", file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench understanding", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="only these kinds of answers")
    parser.add_argument("--conditions", nargs="+", choices=ALL_CONDITIONS, default=ALL_CONDITIONS, help="only these")
    parser.add_argument("--text-only", action="store_const", dest="conditions", const=(work.TEXT,), help="perfect text")
    parser.add_argument(
        "--draws", type=int, help=f"of a kind, half of each seed (text {TEXT_DRAWS}, spoken {SPOKEN_DRAWS})"
    )
    parser.add_argument("--failures", metavar="KIND[:CONDITION]", nargs="+", default=[], help=_FAILURES)
    parser.add_argument("--callers", type=Path, metavar="DIR", help="also these recorded residents")
    parser.add_argument("--real", type=Path, metavar="DIR", default=REAL, help=f"recorded numbers (default {REAL})")
    options = parser.parse_args(argv)
    settings, begun = get_settings(), time.monotonic()
    logs.configure("bench", "ERROR")
    try:
        units = gathered(options, Drawer(settings.region_dir))
        results = list(measured(settings, units, settings.var_dir / "bench" / "understanding"))
    except ConfigurationError as error:
        print(error)
        return 2
    print_all(results)
    for wanted in options.failures:
        kind, _, condition = wanted.partition(":")
        print_failures(results, kind, condition or None)
    print(json.dumps(figures(results, time.monotonic() - begun)))
    return 0 if all(met for *_, met in bars(results)) else 1
