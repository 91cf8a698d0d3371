"""Speaks lines, sends them over a telephone and recognises them: how intents sound to the dialog.

`.venv/bin/python -m tests.dialog.nlu_recognised` makes tests/dialog/data/nlu_recognised.yml of twelve kept-apart lines
an intent, six of each half (ten minutes). `… --training 120` makes dialog/data/heard.yml of so many training lines an
intent (an hour): a recogniser's errors are to be learnt as well. Festival speaks; tempo and pitch vary by 10 %, the
level by 12 dB, a third has noise 20 dB below the speech; the embedded recogniser hears free speech, and the short
answers as answers to the read-back with its candidates. The same lines give the same sound.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import yaml
from rapidfuzz.distance import Levenshtein

from asr.audio import Pcm
from asr.engines import Engine, Task
from asr.models import choose
from asr.protocol import RATE
from asr.recogniser import make_engine
from core.settings import ROOT, get_settings
from dialog.conversation.script import load_script
from tts.engines.festival import Festival
from tts.normalise import normalise

DATA = Path(__file__).parent / "data"
TRAINING = ROOT / "dialog" / "data"
SHORT_ANSWERS = ("affirm", "deny", "dont_know")
TEMPO = 0.1
LEVEL_DB = 12.0
NOISE_DB = 20.0
LONGEST = 70
"""Letters of a training line that is spoken: longer ones cost most and lose least."""
ALIKE = 0.6
"""Share of letters that what was heard must have in common with what was said to teach anything."""
Lines = dict[str, list[str]]
_UTTERANCE = re.compile(r"[0-9а-яё]+([ -][0-9а-яё]+)*")


def over_the_telephone(pcm: bytes, line: str) -> Pcm:
    """What reaches the service of a caller's speech; 8 kHz in and out."""
    chance = np.random.default_rng(zlib.crc32(line.encode()))
    speech = np.frombuffer(pcm, "<i2").astype(np.float64)
    tempo = chance.uniform(1 - TEMPO, 1 + TEMPO)
    speech = np.interp(np.arange(0, len(speech) - 1, tempo), np.arange(len(speech)), speech)
    if chance.random() < 1 / 3:
        loudness = np.sqrt(np.mean(speech**2))
        speech = speech + chance.normal(0, loudness * 10 ** (-NOISE_DB / 20), len(speech))
    silence = np.zeros(RATE // 5)
    level = 10 ** (-chance.uniform(0, LEVEL_DB) / 20)
    return np.clip(np.concatenate([silence, speech, silence]) * level, -32768, 32767).astype(np.int16)


def recognised(engine: Engine, pcm: Pcm, candidates: list[str]) -> dict[str, float]:
    """What was heard, and other hypotheses, each with its mean log probability a token."""
    seconds = len(pcm) / RATE - 0.4
    task = Task("held-out", pcm, seconds, "yes_no" if candidates else "free", "confirm" if candidates else None)
    task.candidates.extend(candidates)
    result = engine.recognise(task)
    scores = {other.text: other.score for other in result.alternatives}
    return {result.text: scores.get(result.text, 0.0)} | scores if result.text else {}


async def hear(lines: Lines) -> AsyncIterator[tuple[str, str, dict[str, float]]]:
    """Intent, what was said, what was heard."""
    choice = choose(get_settings())
    engine = make_engine(choice.name, choice.model)
    read_back = list(load_script().questions["confirm"].candidates)
    voice = Festival(1)
    await voice.start()
    try:
        for intent, said in lines.items():
            print(intent, flush=True)
            for line in said:
                pcm = over_the_telephone(await voice.speak(normalise(line)), line)
                yield intent, line, recognised(engine, pcm, read_back if intent in SHORT_ANSWERS else [])
    finally:
        await voice.stop()


def kept_apart() -> Lines:
    lines: Lines = yaml.safe_load((DATA / "nlu_clean.yml").read_text())
    return lines


def training() -> Lines:
    lines: Lines = {}
    for path in sorted((TRAINING / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text())["nlu"]:
            texts = [line.removeprefix("- ").rstrip() for line in entry["examples"].splitlines()]
            lines.setdefault(entry["intent"], []).extend(texts)
    return lines


async def make_test() -> None:
    # two of five: as many of each half
    chosen = {
        intent: [line for number, line in enumerate(lines) if number % 5 < 2] for intent, lines in kept_apart().items()
    }
    found: dict[str, dict[str, dict[str, float]]] = {}
    async for intent, line, heard in hear(chosen):
        found.setdefault(intent, {})[line] = heard
    head = [f"# {line}".rstrip() for line in (__doc__ or "").strip().splitlines()]
    head.append("# The file: {intent: {said: {heard: score, other hypotheses: score}}}.")
    body = yaml.safe_dump(found, allow_unicode=True, sort_keys=False, width=120)
    (DATA / "nlu_recognised.yml").write_text("\n".join([*head, body]))


async def make_training(count: int) -> None:
    known = training()
    tested: dict[str, dict[str, dict[str, float]]] = yaml.safe_load((DATA / "nlu_recognised.yml").read_text())
    taken = {line for lines in [*known.values(), *kept_apart().values()] for line in lines}
    taken |= {text for lines in tested.values() for heard in lines.values() for text in heard}
    chosen = {
        intent: sorted((line for line in lines if len(line) <= LONGEST), key=lambda line: zlib.crc32(line.encode()))
        for intent, lines in known.items()
    }
    found: Lines = {}
    async for intent, line, heard in hear({intent: lines[:count] for intent, lines in chosen.items()}):
        text = next(iter(heard), "")
        alike = Levenshtein.normalized_similarity(line, text) >= ALIKE
        if alike and text not in taken and _UTTERANCE.fullmatch(text):
            taken.add(text)
            found.setdefault(intent, []).append(text)
    file = TRAINING / "heard.yml"
    head = [line for line in file.read_text().splitlines() if line.startswith("#")]
    body = [
        "\n".join([f"  - intent: {intent}", "    examples: |", *(f"      - {text}" for text in sorted(found[intent]))])
        for intent in sorted(found)
    ]
    file.write_text("\n".join([*head, 'version: "3.1"', "", "nlu:", *body, ""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--training", type=int, metavar="LINES", help="make dialog/data/heard.yml")
    count = parser.parse_args().training
    asyncio.run(make_training(count) if count else make_test())


if __name__ == "__main__":
    main()
