"""`scripts/bench understanding`: is the field right that the system would put into the record?

Answers are drawn from the sample region, given as perfect text and spoken over a telephone line, and judged by what the
dialog would take from them. docs/benchmarks.md tells how, and what it does not show.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from core.errors import ConfigurationError
from core.settings import get_settings
from scripts.understanding_bench import work
from scripts.understanding_bench.draws import KINDS, SEEDS, Draw, Drawer, Kind
from scripts.understanding_bench.report import figures, print_all, print_failures
from scripts.understanding_bench.results import Result, bars

CONDITIONS = ("text",)
TEXT_DRAWS = 1000
"""Of a kind, half of each seed."""
PROCESSES = 2
_EVERY_SECONDS = 10.0
_FAILURES = "also the failing draws of the tuned half: spoken, heard, understood, truth"


def draw_all(drawer: Drawer, kinds: Iterable[Kind], count: int) -> list[Draw]:
    """The first `count` draws of each kind, half of each seed; of a person the date of birth before the name."""
    return [drawer.draw(kind, seed, index) for seed in SEEDS for index in range(count // 2) for kind in kinds]


def _measured(units: list[work.Unit]) -> Iterator[Result]:
    settings, begun, said = get_settings(), time.monotonic(), time.monotonic()
    folder = settings.var_dir / "bench" / "understanding"
    work.prepare(settings, folder)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, work.begin, (settings, folder)) as pool:
        for number, results in enumerate(pool.map(work.run, units, chunksize=4), 1):
            yield from results
            if time.monotonic() - said > _EVERY_SECONDS or number == len(units):
                said = time.monotonic()
                print(f"{number} of {len(units)} after {said - begun:.0f} s", file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench understanding", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="only these kinds of answers")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS, help="only these")
    parser.add_argument("--draws", type=int, help="draws of a kind, half of each seed; for a quick look")
    parser.add_argument("--text-only", action="store_true", help="perfect text alone: --conditions text")
    parser.add_argument("--failures", metavar="KIND[:CONDITION]", nargs="+", default=[], help=_FAILURES)
    options = parser.parse_args(argv)
    kinds: list[Kind] = [kind for kind in KINDS if kind in options.kinds]
    begun = time.monotonic()
    try:
        drawer = Drawer(get_settings().region_dir)
        units = work.units("text", draw_all(drawer, kinds, options.draws or TEXT_DRAWS))
        results = list(_measured(units))
    except ConfigurationError as error:
        print(error)
        return 2
    print_all(results)
    for wanted in options.failures:
        kind, _, condition = wanted.partition(":")
        print_failures(results, kind, condition or None)
    print(json.dumps(figures(results, time.monotonic() - begun)))
    return 0 if all(met for *_, met in bars(results)) else 1
