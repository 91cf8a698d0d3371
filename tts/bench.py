"""How fast texts are spoken: `python -m tts.bench`. In this process, with the engine the settings choose."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import yaml

from core.settings import get_settings
from tts.audio import RATE
from tts.cache import SpeechCache
from tts.engines.espeak import Espeak
from tts.engines.select import select_engine
from tts.synthesis import Synthesis

Row = dict[str, str | float | int]


def texts() -> dict[str, list[str]]:
    """Typical texts: `fixed` prompts and what is `spoken` for one caller."""
    data: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "data" / "bench.yml").read_text("utf-8"))
    return data


async def measure(count: int) -> list[Row]:
    """Speak `count` texts one after another, then again from the cache. One row each."""
    chosen = list(islice(cycle(texts()["fixed"] + texts()["spoken"]), count))
    engine = select_engine(get_settings())
    with tempfile.TemporaryDirectory() as folder:
        synthesis = Synthesis([engine, Espeak()], SpeechCache(Path(folder)))
        await synthesis.start()
        try:
            # a number in front makes each text new to the cache
            fresh = await _run(synthesis, [f"{number}. {text}" for number, text in enumerate(chosen, 1000)])
            for text in chosen:
                await synthesis.speak(text, fixed=True)
            cached = await _run(synthesis, chosen)
        finally:
            await synthesis.stop()
    return [fresh, cached]


async def _run(synthesis: Synthesis, chosen: Sequence[str]) -> Row:
    walls, audio, engines, cached = [], 0.0, set(), 0
    cpu = _cpu_seconds()
    for text in chosen:
        began = time.perf_counter()
        speech = await synthesis.speak(text)
        walls.append(time.perf_counter() - began)
        audio += len(speech.pcm) / 2 / RATE
        engines.add(speech.engine)
        cached += speech.cached
    walls.sort()
    return {
        "engine": "+".join(sorted(engines)),
        "texts": len(walls),
        "cached": cached,
        "p50_s": round(statistics.median(walls), 4),
        "p95_s": round(walls[min(len(walls) - 1, int(len(walls) * 0.95))], 4),
        "audio_s": round(audio, 1),
        "cpu_s_per_audio_s": round((_cpu_seconds() - cpu) / audio, 4),
    }


def _cpu_seconds() -> float:
    """CPU time of this process and its children, living and ended (Linux)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Speech synthesis: time and CPU of typical texts")
    parser.add_argument("--texts", type=int, default=50, help="how many texts (default 50)")
    rows = asyncio.run(measure(max(parser.parse_args(argv).texts, 1)))
    columns = list(rows[0])
    print("  ".join(f"{column:>17}" for column in columns))
    for row in rows:
        print("  ".join(f"{row[column]!s:>17}" for column in columns))
    fresh, again = rows
    print(json.dumps({**fresh, "cached_p50_s": again["p50_s"], "cached_p95_s": again["p95_s"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
