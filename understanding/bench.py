"""`scripts/bench register`: how quickly a whole region's addresses are loaded and searched, and how often found.

A region of 100,000 streets is made (`--streets`, `--towns`, `--houses` a street), written as a delivery of the state
register and loaded from there. Searches are timed one after another; «errors» puts one wrong sound into every eight
letters; on a busy machine the CPU time is the fair one. Surnames are searched in the dictionary of names. Found: what
was meant is among the twelve likeliest candidates; first: it is the likeliest, or as likely as that one.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.settings import Settings
from understanding import dictionaries
from understanding.address_streets import StreetFinder
from understanding.addresses import Addresses
from understanding.bench_region import misheard, write_region
from understanding.model import Heard
from understanding.name_decoder import NameDecoder
from understanding.register import Register, Street
from understanding.register_wordings import said_street, sound_of
from understanding.text import fold

_CANDIDATES = 12
_LETTERS_AN_ERROR = 8


@dataclass
class Search:
    """Times and outcomes of one sort of query."""

    name: str
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)

    def run(self, search: Callable[[], list[tuple[Any, float]]], meant: Any) -> None:
        """`search` gives values with scores, best first."""
        started, worked = time.perf_counter(), time.thread_time()
        ranked = search()
        self.seconds.append(time.perf_counter() - started)
        self.cpu.append(time.thread_time() - worked)
        scores = [score for value, score in ranked[:_CANDIDATES] if value == meant]
        self.found.append(bool(scores))
        self.first.append(bool(scores) and scores[0] >= ranked[0][1] - 1e-4)

    def report(self) -> dict[str, float]:
        wall, cpu = (statistics.quantiles(times, n=20) for times in (self.seconds, self.cpu))
        return {
            "p50_ms": round(1000 * wall[9], 1), "p95_ms": round(1000 * wall[18], 1),
            "cpu_p50_ms": round(1000 * cpu[9], 1), "cpu_p95_ms": round(1000 * cpu[18], 1),
            "found": round(statistics.mean(self.found), 3), "first": round(statistics.mean(self.first), 3),
        }  # fmt: skip


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench register", description=__doc__)
    parser.add_argument("--streets", type=int, default=100_000)
    parser.add_argument("--towns", type=int, default=5_000)
    parser.add_argument("--houses", type=int, default=12, help="houses of a street, on average")
    parser.add_argument("--searches", type=int, default=200, help="of each sort")
    options = parser.parse_args(argv)
    names = dictionaries.load(Settings().var_dir / "dictionaries")
    figures: dict[str, Any] = {"streets": options.streets, "towns": options.towns}
    with tempfile.TemporaryDirectory() as scratch:
        surnames = [name for name in names.men.names[:: max(1, len(names.men.names) // 40_000)] if "-" not in name]
        write_region(
            Path(scratch) / "gar", surnames, streets=options.streets, towns=options.towns, houses=options.houses
        )
        before = _memory()
        started = time.perf_counter()
        register = Register.load(Path(scratch))
        figures |= {"load_s": round(time.perf_counter() - started, 1), **register.counts}
    gc.collect()
    figures["register_mb"] = _memory() - before
    started = time.perf_counter()
    finder = StreetFinder(register)
    figures["index_s"] = round(time.perf_counter() - started, 1)
    gc.collect()
    figures |= {
        "with_index_mb": _memory() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    searches = [*_streets(register, finder, options.searches), _whole(register, options.searches)]
    searches += _surnames(NameDecoder(names), names.men.names, options.searches)
    for name, value in figures.items():
        print(f"{name:>16} {value}")
    for search in searches:
        print(f"{search.name:>36}", *(f"{name} {value:>6}" for name, value in search.report().items()))
    print(json.dumps(figures | {search.name: search.report() for search in searches}, ensure_ascii=False))
    return 0


def _memory() -> int:
    """Megabytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() >> 20


def _streets(register: Register, finder: StreetFinder, count: int) -> list[Search]:
    draw = random.Random(2)  # noqa: S311
    meant = draw.sample(register.streets, count)
    sorts = []
    for errors in (False, True):
        for town in ("said", "known", "unsaid"):
            search = Search(f"street, town {town}{', errors' if errors else ''}")
            for street in meant:
                heard = sound_of(_said(street, draw, town == "said", errors))
                known = street.town if town == "known" else None
                key = street.street_id if town != "unsaid" else (street.kind, street.name)
                search.run(lambda h=heard, k=known, t=town: _ranked(finder, h, k, t != "unsaid"), key)  # type: ignore[misc]
            sorts.append(search)
    return sorts


def _ranked(finder: StreetFinder, heard: str, known: Any, by_id: bool) -> list[tuple[Any, float]]:
    found = [(one.street, one.score) for one in finder.find(heard, known) if one.street is not None]
    return [(one.street_id if by_id else (one.kind, one.name), score) for one, score in found]


_KINDS = {"ул": "улица", "пер": "переулок", "пр-кт": "проспект", "ш": "шоссе", "б-р": "бульвар", "наб": "набережная",
          "пл": "площадь", "туп": "тупик"}  # fmt: skip


def _said(street: Street, draw: random.Random, town: bool, errors: bool) -> str:
    name = said_street(street.name.partition(", ")[0])
    words = f"{_KINDS.get(street.kind, street.kind)} {name}"
    words = fold(f"{street.town.name.replace(',', '')} {words}" if town else words)
    return misheard(words, draw, max(1, len(words) // _LETTERS_AN_ERROR)) if errors else words


def _whole(register: Register, count: int) -> Search:
    """Whole addresses with a house, through all of `Addresses`."""
    draw = random.Random(3)  # noqa: S311
    addresses = Addresses(register)
    search = Search("whole address, errors")
    for street in draw.sample([street for street in register.streets if street.houses.ranges], count):
        text = f"{_said(street, draw, True, True)} дом {street.houses.ranges[0][0]} квартира 5"
        heard = Heard.model_validate({"expects": "address", "slot": "address", "text": text})
        search.run(lambda h=heard: _understood(addresses, h), (street.town.name, street.kind, street.name))  # type: ignore[misc]
    return search


def _understood(addresses: Addresses, heard: Heard) -> list[tuple[Any, float]]:
    answer = asyncio.run(addresses.understand(heard))
    values = [(one.value, one.probability) for one in answer.candidates]
    return [((value["town"], value["street_kind"], value["street"]), chance) for value, chance in values]


def _surnames(decoder: NameDecoder, names: list[str], count: int) -> list[Search]:
    draw = random.Random(4)  # noqa: S311
    sorts = []
    for errors in (False, True):
        search = Search(f"surname of {len(names)}{', errors' if errors else ''}")
        for name in draw.sample(names, count):
            text = misheard(fold(name), draw, max(1, len(name) // _LETTERS_AN_ERROR)) if errors else fold(name)
            search.run(lambda t=text: _read(decoder, t), name)  # type: ignore[misc]
        sorts.append(search)
    return sorts


def _read(decoder: NameDecoder, text: str) -> list[tuple[Any, float]]:
    found = decoder.surname(sound_of(text), text, "m")
    return [(one.surname.name, one.score) for one in found if one.surname]
