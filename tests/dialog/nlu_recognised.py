"""Makes tests/dialog/data/nlu_recognised.yml: lines of nlu_clean.yml spoken, sent over a telephone, recognised.

`.venv/bin/python -m tests.dialog.nlu_recognised`: Festival speaks twelve lines an intent, six of each half; tempo and
pitch vary by 10 %, the level by 12 dB, a third has noise 20 dB below the speech; the embedded recogniser hears them as
free speech, the short answers as answers to the read-back with its candidates. The same lines give the same sound.
About ten minutes of processor time.
"""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import numpy as np
import yaml

from asr.audio import Pcm
from asr.engines import Engine, Task
from asr.models import choose
from asr.protocol import RATE
from asr.recogniser import make_engine
from core.settings import get_settings
from dialog.conversation.script import load_script
from tts.engines.festival import Festival
from tts.normalise import normalise

DATA = Path(__file__).parent / "data"
SHORT_ANSWERS = ("affirm", "deny", "dont_know")
TEMPO = 0.1
LEVEL_DB = 12.0
NOISE_DB = 20.0


def chosen(lines: list[str]) -> list[str]:
    """Two of five: as many of each half."""
    return [line for number, line in enumerate(lines) if number % 5 < 2]


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


def heard(engine: Engine, pcm: Pcm, candidates: list[str]) -> str:
    seconds = len(pcm) / RATE - 0.4
    task = Task("held-out", pcm, seconds, "yes_no" if candidates else "free", "confirm" if candidates else None)
    task.candidates.extend(candidates)
    return engine.recognise(task).text


async def make() -> dict[str, dict[str, str]]:
    """What was heard by what was said, by intent."""
    clean: dict[str, list[str]] = yaml.safe_load((DATA / "nlu_clean.yml").read_text())
    choice = choose(get_settings())
    engine = make_engine(choice.name, choice.model)
    read_back = load_script().questions["confirm"]
    voice = Festival(1)
    await voice.start()
    found: dict[str, dict[str, str]] = {}
    try:
        for intent, lines in clean.items():
            candidates = list(read_back.candidates) if intent in SHORT_ANSWERS else []
            found[intent] = {
                line: heard(engine, over_the_telephone(await voice.speak(normalise(line)), line), candidates)
                for line in chosen(lines)
            }
            print(intent, flush=True)
    finally:
        await voice.stop()
    return found


def main() -> None:
    lines = [f"# {line}".rstrip() for line in (__doc__ or "").strip().splitlines()]
    body = yaml.safe_dump(asyncio.run(make()), allow_unicode=True, sort_keys=False, width=120)
    (DATA / "nlu_recognised.yml").write_text("\n".join(lines) + "\n# The file: {intent: {said: heard}}.\n" + body)


if __name__ == "__main__":
    main()
