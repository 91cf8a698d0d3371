"""From a text to speech: normalise, split into sentences, look into the cache, speak, and never be silent.

Every sentence is spoken by the first of these that can: the engine; the engine with the sentence simplified to bare
words; espeak-ng; the apology, rendered at start. A text is therefore always answered with something to hear.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import BadInput, ConfigurationError, ServiceUnavailable
from core.logs import get_logger
from core.metrics import SYNTHESIS_FALLBACKS, SYNTHESIS_SECONDS
from tts.audio import RATE, SilentAudio
from tts.cache import SpeechCache
from tts.engines import Engine, EngineFailed, TextRefused
from tts.normalise import normalise
from tts.tempo import slower

log = get_logger(__name__)

TEXT_CHARACTERS = 1000
"""Longest text of a request, about 80 seconds of speech."""
SENTENCE_CHARACTERS = 300
"""A longer sentence is split at a comma or a space: 25 s of speech, well inside an engine's time limit."""
PARTS = 12
"""Sentences of one text that are spoken, and kept, each for itself; a text of more is spoken in longer pieces."""
PAUSE = b"\0\0" * (RATE * 200 // 1000)
"""Between sentences; with what an engine leaves around one, 0.3 s."""
WAITING_SENTENCES = 64
"""More than these at once are refused with 503: at 50 ms each, two processes clear them in 1.6 s."""
APOLOGY = "Извините, эту часть я не могу произнести."

_FAULTS = (TextRefused, EngineFailed, SilentAudio)


@dataclass(frozen=True)
class Speech:
    """A spoken text."""

    pcm: bytes
    """8 kHz s16le mono."""
    engine: str
    """Name of the engine; several, joined by `+`, when a fallback spoke a part."""
    cached: bool
    """Whether all of it came from the cache."""


class Synthesis:
    """The room's one entry. `engines`: the chosen one first, then its fallbacks."""

    def __init__(self, engines: Sequence[Engine], cache: SpeechCache) -> None:
        self._engines = tuple(engines)
        self._cache = cache
        self._rendering: dict[str, asyncio.Task[tuple[bytes, str]]] = {}
        self._apology = b""

    @property
    def ready(self) -> bool:
        return self._engines[0].ready

    async def start(self) -> None:
        """Raises ConfigurationError when the first engine cannot speak; a fallback that cannot is done without."""
        await self._engines[0].start()
        for fallback in self._engines[1:]:
            try:
                await fallback.start()
            except ConfigurationError as error:
                log.warning("no_fallback_voice", engine=fallback.name, reason=str(error))
        self._apology = (await self.speak(APOLOGY, fixed=True)).pcm

    async def stop(self) -> None:
        for task in list(self._rendering.values()):
            task.cancel()
        await asyncio.gather(*self._rendering.values(), return_exceptions=True)
        for engine in self._engines:
            await engine.stop()

    async def speak(self, text: str, *, fixed: bool = False, slow: bool = False) -> Speech:
        """`slow`: at a tempo for numbers and bad lines.

        Raises BadInput for an empty or overlong text, ServiceUnavailable when too many wait.
        """
        if not text.strip() or len(text) > TEXT_CHARACTERS:
            raise BadInput(f"a text has 1 to {TEXT_CHARACTERS} characters")
        parts = split_sentences(normalise(text)) or [APOLOGY]
        spoken = await asyncio.gather(*(self._sentence(part, fixed=fixed) for part in parts))
        engines = "+".join(dict.fromkeys(engine for _, engine, _ in spoken))
        pcm = PAUSE.join(pcm for pcm, _, _ in spoken)
        return Speech(await slower(pcm) if slow else pcm, engines, all(cached for _, _, cached in spoken))

    async def prepare(self, text: str) -> None:
        """Render a fixed prompt to the disk, if it is not there yet."""
        parts = split_sentences(normalise(text))
        if not all(self._cache.on_disk(self._key(part)) for part in parts):
            await self.speak(text, fixed=True)

    def _key(self, sentence: str) -> str:
        return self._cache.key(self._engines[0].version, sentence)

    async def _sentence(self, sentence: str, *, fixed: bool) -> tuple[bytes, str, bool]:
        key = self._key(sentence)
        if (kept := self._cache.get(key)) is not None:
            if fixed:
                self._cache.put(key, kept, fixed=True)
            return kept, self._engines[0].name, True
        task = self._rendering.get(key)
        if task is None:
            if len(self._rendering) >= WAITING_SENTENCES:
                raise ServiceUnavailable("too many texts are waiting to be spoken", code="overloaded")
            task = asyncio.create_task(self._render(sentence), name="tts-render")
            self._rendering[key] = task
            task.add_done_callback(lambda _: self._rendering.pop(key, None))
        pcm, engine = await asyncio.shield(task)  # others may wait for the same sentence
        if engine == self._engines[0].name:  # a fallback's voice is not kept: the engine may be back next time
            self._cache.put(key, pcm, fixed=fixed)
        return pcm, engine, False

    async def _render(self, sentence: str) -> tuple[bytes, str]:
        for engine in self._engines:
            for text in dict.fromkeys((sentence, simplified(sentence))):
                began = time.perf_counter()
                try:
                    pcm = await engine.speak(text)
                except _FAULTS as error:
                    SYNTHESIS_FALLBACKS.labels(engine.name).inc()
                    log.warning("text_not_spoken", engine=engine.name, error=error.code, characters=len(text))
                    if isinstance(error, EngineFailed):
                        break  # other words will not help
                    continue
                SYNTHESIS_SECONDS.labels(engine.name).observe(time.perf_counter() - began)
                return pcm, engine.name
        if not self._apology:
            raise ServiceUnavailable("no engine can speak")
        return self._apology, "apology"


def simplified(sentence: str) -> str:
    """The bare words: no marks, no stress, no single letters but those that are words."""
    words = re.findall(r"[а-яё]+", sentence.replace("+", ""), re.IGNORECASE)
    return " ".join(word for word in words if len(word) > 1 or word.lower() in "аивкосуяэ")


def split_sentences(text: str) -> list[str]:
    """Sentences of normalised text, none over `SENTENCE_CHARACTERS`."""
    parts: list[str] = []
    for sentence in re.split(r"(?<=[.?!]) +", text):
        while len(sentence) > SENTENCE_CHARACTERS:
            cut = sentence.rfind(", ", 0, SENTENCE_CHARACTERS) + 1 or sentence.rfind(" ", 0, SENTENCE_CHARACTERS)
            cut = cut if cut > 0 else SENTENCE_CHARACTERS
            parts.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        parts.append(sentence.strip())
    parts = [part for part in parts if re.search(r"[а-яё]", part, re.IGNORECASE)]
    return parts if len(parts) <= PARTS else _merged(parts)


def _merged(parts: list[str]) -> list[str]:
    merged: list[str] = []
    for part in parts:
        if merged and len(merged[-1]) + len(part) < SENTENCE_CHARACTERS:
            merged[-1] += " " + part
        else:
            merged.append(part)
    return merged
