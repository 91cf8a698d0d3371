"""Promise: a text is never answered with silence: another wording, another engine or an apology speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from core.errors import BadInput, ServiceUnavailable
from tts.audio import SilentAudio
from tts.cache import SpeechCache
from tts.engines import EngineFailed, TextRefused
from tts.engines.espeak import Espeak
from tts.synthesis import APOLOGY, SENTENCE_CHARACTERS, Synthesis, simplified, split_sentences

PCM = b"\x10\x20" * 4000


class Fickle:
    """An engine that does what the test says."""

    name = "fickle"
    version = "fickle-1"
    ready = True

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self.answer = answer
        self.spoken: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def speak(self, text: str) -> bytes:
        self.spoken.append(text)
        await self.gate.wait()
        return self.answer(text)


def refuse(error: Exception) -> Callable[[str], bytes]:
    def answer(text: str) -> bytes:
        if text == APOLOGY:
            return PCM
        raise error

    return answer


@pytest_asyncio.fixture
async def synthesis(tmp_path: Path) -> AsyncIterator[Callable[..., Synthesis]]:
    made: list[Synthesis] = []

    def make(*engines: Fickle | Espeak) -> Synthesis:
        made.append(Synthesis(engines, SpeechCache(tmp_path)))
        return made[-1]

    yield make
    for one in made:
        await one.stop()


Make = Callable[..., Synthesis]


async def test_a_refused_text_is_tried_in_plainer_words(synthesis: Make) -> None:
    def dislikes_marks(text: str) -> bytes:
        if "," in text:
            raise TextRefused("no")
        return PCM

    engine = Fickle(dislikes_marks)
    speech = await synthesis(engine, Espeak()).speak("Да, верно, б.")
    assert (speech.pcm, speech.engine) == (PCM, "fickle")
    assert engine.spoken == ["Да, верно, б.", "Да верно"]


@pytest.mark.parametrize("error", [TextRefused("no"), EngineFailed("gone"), SilentAudio("nothing")])
async def test_another_engine_speaks_what_the_first_cannot(synthesis: Make, error: Exception) -> None:
    engine = Fickle(refuse(error))
    made = synthesis(engine, Espeak())
    speech = await made.speak("Назовите адрес.")
    assert speech.engine == "espeak"
    assert len(speech.pcm) > 8000
    engine.answer = lambda _text: PCM  # the engine is back: the fallback's voice was not kept
    assert (await made.speak("Назовите адрес.")).engine == "fickle"


async def test_when_none_can_speak_an_apology_is_heard(synthesis: Make) -> None:
    made = synthesis(Fickle(refuse(TextRefused("no"))), Fickle(refuse(EngineFailed("gone"))))
    await made.start()
    speech = await made.speak("Назовите адрес.")
    assert (speech.pcm, speech.engine) == (PCM, "apology")


async def test_a_missing_fallback_does_not_keep_the_voice_from_speaking(
    synthesis: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    engine = Fickle(lambda _text: PCM)
    made = synthesis(engine, Espeak())
    await made.start()
    assert (await made.speak("Назовите адрес.")).engine == "fickle"
    engine.answer = refuse(TextRefused("no"))
    assert (await made.speak("Назовите телефон.")).engine == "apology"


async def test_a_text_without_words_is_an_apology_and_not_silence(synthesis: Make) -> None:
    engine = Fickle(lambda _text: PCM)
    speech = await synthesis(engine).speak("🙂")
    assert engine.spoken == [APOLOGY]
    assert speech.pcm == PCM


async def test_sentences_are_kept_each_for_itself(synthesis: Make) -> None:
    engine = Fickle(lambda _text: PCM)
    made = synthesis(engine)
    assert not (await made.speak("Спасибо. Назовите адрес.")).cached
    assert (await made.speak("Назовите адрес.")).cached
    assert engine.spoken == ["Спасибо.", "Назовите адрес."]


async def test_the_same_text_of_many_calls_is_rendered_once(synthesis: Make) -> None:
    engine = Fickle(lambda _text: PCM)
    made = synthesis(engine)
    await asyncio.gather(*(made.speak("Назовите адрес.") for _ in range(20)))
    assert engine.spoken == ["Назовите адрес."]


async def test_too_many_at_once_are_refused_and_the_others_spoken(synthesis: Make) -> None:
    engine = Fickle(lambda _text: PCM)
    engine.gate.clear()
    made = synthesis(engine)
    waiting = [asyncio.create_task(made.speak(f"номер {number} есть")) for number in range(64)]
    await asyncio.sleep(0.2)
    with pytest.raises(ServiceUnavailable):
        await made.speak("ещё один")
    engine.gate.set()
    assert all(speech.pcm == PCM for speech in await asyncio.gather(*waiting))
    assert (await made.speak("ещё один")).pcm == PCM


async def test_one_caller_who_hangs_up_does_not_silence_another(synthesis: Make) -> None:
    engine = Fickle(lambda _text: PCM)
    engine.gate.clear()
    made = synthesis(engine)
    first, second = (asyncio.create_task(made.speak("Назовите адрес.")) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    engine.gate.set()
    assert (await second).pcm == PCM


@pytest.mark.parametrize("text", ["", "  \n", "а" * 1001])
async def test_empty_and_overlong_texts_are_an_error(synthesis: Make, text: str) -> None:
    with pytest.raises(BadInput):
        await synthesis(Fickle(lambda _text: PCM)).speak(text)


def test_long_texts_are_split_where_one_breathes() -> None:
    text = "Первое. " + ", ".join(["слово за словом"] * 60) + ". Последнее?"
    parts = split_sentences(text)
    assert parts[0] == "Первое."
    assert parts[-1] == "Последнее?"
    assert max(map(len, parts)) <= SENTENCE_CHARACTERS
    assert " ".join(parts) == text
    assert max(map(len, split_sentences("а" * 1000))) <= SENTENCE_CHARACTERS
    assert len(split_sentences("Да. " * 300)) <= 12


def test_plainer_words_keep_the_words() -> None:
    assert simplified("Дом семь бэ, к+орпус два. Ж!") == "Дом семь бэ корпус два"
