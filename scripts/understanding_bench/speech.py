"""Draws as sound: the assistant's voice, changed for each draw, kept on the disk by the hash of all that makes it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from random import Random

import numpy as np

from asr.audio import Pcm
from asr.protocol import RATE
from core.errors import ConfigurationError
from core.settings import Settings
from scripts.understanding_bench.draws import Draw, Drawer
from scripts.understanding_bench.kept import digest, fingerprint
from scripts.understanding_bench.line import BAND, CONDITIONS, through
from scripts.understanding_bench.recordings import pcm_of
from tts.cache import SpeechCache
from tts.engines.select import select_engine
from tts.synthesis import Synthesis

_TEMPO, _CENTS, _DECIBELS = (0.85, 1.2), (-250.0, 250.0), (-12.0, 0.0)
"""How people differ from the one voice: tempo, pitch (2.5 semitones), level."""
_RAW = ("-t", "raw", "-r", str(RATE), "-e", "signed", "-b", "16", "-c", "1", "-")
_SOX_SECONDS = 20.0
_AT_ONCE = 4
_BABBLE = 12
"""Draws whose speech the babble is made of: addresses, for they are long."""
_SILENCE = np.zeros(RATE // 2, np.int16)
_EVERY_SECONDS = 10.0
_MADE_BY = fingerprint(Path(__file__).parent.parent, "sound.py", "understanding_bench/line.py")


@dataclass(frozen=True)
class Sound:
    """What a line carries. `key` changes whenever the sound does; `make` takes milliseconds."""

    key: str
    make: Callable[[], Pcm]


@dataclass(frozen=True)
class Changes:
    """What is done to the voice: tempo (1 is as it was), pitch in cents, level in decibels."""

    tempo: float
    cents: float
    decibels: float

    @classmethod
    def of(cls, draw: Draw) -> Changes:
        random = Random(f"voice/{draw.name}")  # noqa: S311 - the same on every machine
        return cls(*(round(random.uniform(*bounds), 3) for bounds in (_TEMPO, _CENTS, _DECIBELS)))

    @property
    def effects(self) -> list[str]:
        """As SoX wants them, the telephone's band behind them. Played faster or slower, which moves the pitch, and then
        stretched to the tempo: one stretch leaves fewer marks than one for the tempo and another for the pitch."""
        speed = 2 ** (self.cents / 1200)
        return ["speed", f"{speed:.5f}", "rate", str(RATE), "tempo", "-s", f"{self.tempo / speed:.5f}",
                "gain", str(self.decibels), "sinc", f"{BAND[0]}-{BAND[1]}"]  # fmt: skip


class Speech:
    """Sounds of draws in `folder`; `synthesise` makes those that are not there yet."""

    def __init__(self, settings: Settings, drawer: Drawer, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._version = select_engine(settings).version
        self._others = [drawer.draw("address", "tuned", index) for index in range(_BABBLE)]

    def sound(self, draw: Draw, condition: str) -> Sound:
        """A draw over a line of that condition; a recording as it is."""
        if draw.recording is not None:
            recorded = pcm_of(draw.recording)
            whole = np.concatenate([_SILENCE, recorded, _SILENCE])
            return Sound(digest(["recording", whole.tobytes().hex()]), lambda: whole)
        voices = [self._key(other) for other in self._others if other.name != draw.name]
        key = digest(["line", _MADE_BY, self._key(draw), asdict(CONDITIONS[condition]), draw.name, voices])

        def make() -> Pcm:
            random = np.random.default_rng(int(key[:16], 16))
            others = [pcm for name, pcm in self._voices.items() if name != draw.name]
            return through(self._load(draw), CONDITIONS[condition], others, random)

        return Sound(key, make)

    async def synthesise(self, draws: Sequence[Draw]) -> None:
        """Speak what has not been spoken yet. Raises ConfigurationError when the voice or SoX is not there."""
        wanted = {self._path(draw): draw for draw in [*draws, *self._others] if draw.recording is None}
        missing = [(path, draw) for path, draw in wanted.items() if not path.exists()]
        if not missing:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        places, begun, said = asyncio.Semaphore(_AT_ONCE), time.monotonic(), time.monotonic()
        with tempfile.TemporaryDirectory() as cache:
            synthesis = Synthesis([select_engine(self._settings)], SpeechCache(Path(cache)))

            async def one(path: Path, draw: Draw) -> None:
                async with places:
                    speech = await synthesis.speak(draw.spoken)
                    if "apology" in speech.engine:
                        raise ConfigurationError(f"the voice cannot speak the draw {draw.name}: change its template")
                    pcm = await changed(speech.pcm, Changes.of(draw))
                half = path.with_suffix(".part")
                half.write_bytes(pcm)
                half.rename(path)

            try:
                await synthesis.start()
                for number, task in enumerate(asyncio.as_completed([one(*each) for each in missing]), 1):
                    await task
                    if time.monotonic() - said > _EVERY_SECONDS or number == len(missing):
                        said = time.monotonic()
                        print(f"spoken {number} of {len(missing)} after {said - begun:.0f} s", file=sys.stderr)
            finally:
                await synthesis.stop()

    def _key(self, draw: Draw) -> str:
        return digest(["voice", self._version, draw.spoken, Changes.of(draw).effects])

    def _path(self, draw: Draw) -> Path:
        return self._folder / f"{self._key(draw)}.raw"

    def _load(self, draw: Draw) -> Pcm:
        return np.fromfile(self._path(draw), np.int16)

    @cached_property
    def _voices(self) -> dict[str, Pcm]:
        return {other.name: self._load(other) for other in self._others}


async def changed(pcm: bytes, changes: Changes) -> bytes:
    """8 kHz s16le through SoX, without dither: the same bits every time."""
    try:
        process = await asyncio.create_subprocess_exec(
            "sox", "-V1", "-D", *_RAW, *_RAW, *changes.effects,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        raise ConfigurationError("sox is not installed: apt-get install sox") from None
    try:
        sound, _ = await asyncio.wait_for(process.communicate(pcm), _SOX_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not sound:
        raise ConfigurationError("sox could not change a sound: apt-get install --reinstall sox")
    return sound
