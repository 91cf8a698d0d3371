"""`scripts/bench prompts [TEXT …]`: the prompts spoken by the voice, recognised back, and their character errors.

A prompt goes the way of a caller's turn: synthesis, A-law, voice activity, segmenting, free decoding without a hint.
It is heard three times, as it is, softer and over a line that hisses, and the middle hearing counts: a single one hangs
on the last bits of a processor's arithmetic (the same prompt at 4 % on one machine and 28 % on another).
It is one turn however many sentences it has: the recogniser's window takes 29 s, the longest prompt is shown. Both
texts are compared as `tts.normalise` has them said, with numbers as digits. Filled prompts carry names and addresses of
the sample region, which the embedded recogniser often spells another way: they are told apart and have no bar.
With TEXTs only these are tried: for whoever looks for a better wording.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.audio import Pcm
from asr.canonical import canonical
from asr.engines import Engine, Task
from asr.line import Candidate
from asr.models import choose
from asr.protocol import RATE
from asr.recogniser import make_engine
from asr.vad import Vad
from core.errors import ConfigurationError
from core.settings import Settings, get_settings
from dialog.conversation.script import Script, load_script
from scripts.prompts_filled import filled_prompts
from scripts.sound import through_alaw, turn_of
from telephony.prompts import load_texts
from tts.cache import SpeechCache
from tts.engines.select import select_engine
from tts.normalise import normalise
from tts.synthesis import Synthesis

BAR_PCT = 15.0
"""No fixed prompt may have more character errors …"""
MEAN_BAR_PCT = 6.0
"""… and all of them together, each counting alike, no more than this."""
_SILENCE = np.zeros(RATE // 2, np.int16)
_LINES = ((1.0, 0.0), (0.6, 8.0), (1.0, 20.0))
"""Level, and RMS of white noise in units of int16 (the voice speaks at about 3000), of the three hearings."""
_SHOWN = 20


@dataclass(frozen=True)
class Hearing:
    """A prompt and what its middle hearing made of it. `cer_pct`: character errors per hundred characters of `said`."""

    said: str
    heard: str
    cer_pct: float
    seconds: float


def fixed_prompts(script: Script) -> list[str]:
    """Every text that is always the same, questions that are switched off and the worker's own prompts included."""
    texts = script.fixed_prompts()
    texts += [text for question in script.questions.values() for text in question.wordings]
    texts += [rejection.say for rejection in script.rejections.values()]
    return [text for text in dict.fromkeys([*texts, *load_texts().values()]) if text]


def character_errors(said: str, heard: str) -> float:
    """Per hundred characters of `said`; numbers in one form, case, ё and punctuation not counted."""
    right, found = (" ".join(canonical(normalise(text))) for text in (said, heard))
    return 100 * Levenshtein.distance(right, found) / max(1, len(right))


def over_the_telephone(pcm: bytes, level: float = 1.0, noise: float = 0.0) -> Pcm:
    """What A-law leaves of 8 kHz s16le at another level, with noise, and with half a second of silence around it."""
    sound = level * np.frombuffer(pcm, "<i2") + np.random.default_rng(1).normal(0, 1, len(pcm) // 2) * noise
    return np.concatenate([_SILENCE, through_alaw(sound), _SILENCE])


async def hear(texts: list[str], settings: Settings) -> list[Hearing]:
    """The texts spoken and recognised by the engines that the settings choose.

    Recognition is in this process and waits for as long as it takes: a busy machine must not spoil the figures.
    Raises ConfigurationError when an engine is not there.
    """
    choice, vad = choose(settings), Vad()
    engines: asyncio.Queue[Engine] = asyncio.Queue()
    for _ in range(min(settings.asr_processes, os.cpu_count() or 1)):
        engines.put_nowait(make_engine(choice.name, choice.model))
    with tempfile.TemporaryDirectory() as folder:
        synthesis = Synthesis([select_engine(settings)], SpeechCache(Path(folder)))

        async def one(text: str) -> Hearing:
            engine = await engines.get()
            try:
                pcm = (await synthesis.speak(text)).pcm
                turns = [turn_of(over_the_telephone(pcm, *line), vad) for line in _LINES]
                heard = [await asyncio.to_thread(_heard, engine, turn) for turn in turns]
            finally:
                engines.put_nowait(engine)
            errors = sorted((character_errors(text, one), one) for one in heard)
            cer_pct, middle = errors[len(errors) // 2]
            return Hearing(text, middle, cer_pct, len(pcm) / 2 / RATE)

        try:
            await synthesis.start()
            return list(await asyncio.gather(*(one(text) for text in texts)))
        finally:
            await synthesis.stop()


def _heard(engine: Engine, turn: Candidate | None) -> str:
    return "" if turn is None else engine.recognise(Task(turn.turn_id, turn.pcm, turn.speech_seconds)).text


def summary(hearings: list[Hearing]) -> dict[str, float | int]:
    """The figures of one kind of prompts; the mean is over prompts, each counting alike."""
    errors = [hearing.cer_pct for hearing in hearings]
    return {
        "mean_cer_pct": round(float(np.mean(errors)), 1),
        "worst_cer_pct": round(max(errors), 1),
        "over_15": sum(error > BAR_PCT for error in errors),
        "prompts": len(errors),
    }


def _show(title: str, hearings: list[Hearing], most: int) -> None:
    figures = summary(hearings)
    share = 100 * int(figures["over_15"]) / len(hearings)
    longest = max(hearing.seconds for hearing in hearings)
    print(f"\n{title}: {len(hearings)}, mean {figures['mean_cer_pct']} %, worst {figures['worst_cer_pct']} %, "
          f"over {BAR_PCT:.0f} % {figures['over_15']} ({share:.1f} %), longest {longest:.1f} s")  # fmt: skip
    for hearing in sorted(hearings, key=lambda hearing: -hearing.cer_pct)[:most]:
        print(f"{hearing.cer_pct:6.1f} %  {hearing.said}\n          {hearing.heard or '(nothing)'}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench prompts", description=__doc__)
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="only these instead of the script's")
    parser.add_argument("--worst", type=int, default=_SHOWN, help=f"prompts shown of either kind (default {_SHOWN})")
    arguments = parser.parse_args(argv)
    settings, begun = get_settings(), time.monotonic()
    script = load_script(region_dir=settings.region_dir)  # with the region's own words
    fixed = arguments.texts or fixed_prompts(script)
    filled = [] if arguments.texts else filled_prompts(script, settings.region_dir)
    try:
        hearings = asyncio.run(hear(fixed + filled, settings))
    except ConfigurationError as error:
        print(error)
        return 2
    figures = summary(hearings[: len(fixed)])
    _show("fixed prompts", hearings[: len(fixed)], len(fixed) if arguments.texts else arguments.worst)
    if filled:
        _show("filled prompts", hearings[len(fixed) :], arguments.worst)
        figures |= {f"filled_{name}": value for name, value in summary(hearings[len(fixed) :]).items()}
    print(json.dumps({**figures, "seconds": round(time.monotonic() - begun, 1)}))
    return 0 if figures["over_15"] == 0 and figures["mean_cer_pct"] <= MEAN_BAR_PCT else 1
