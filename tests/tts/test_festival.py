"""Promise: every prompt is heard, a process that dies or hangs is not noticed, and no caller's words are ever run.

Real Festival processes with the real voice.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tts.audio import RATE, SilentAudio
from tts.bench import texts
from tts.engines import TextRefused, festival
from tts.engines.festival import Festival, speakable
from tts.normalise import normalise

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Festival]:
    engine = Festival(2)
    await engine.start()
    yield engine
    await engine.stop()


FULL_WIDTH = str.maketrans({"(": "\uff08", ")": "\uff09", '"': "\uff02"})
"""Look-alikes that compatibility normalisation turns into ASCII."""


def attacks(target: Path) -> list[str]:
    """Ways out of a Lisp string, as a caller's words might carry them."""
    run = f'(system "touch {target}")'
    return [
        f'") {run}',
        f'да")) {run} (set! u (utt.synth (Utterance Text "',
        f'\\") {run}',
        f'\\\\") {run}',
        f'да"\n{run}\n',
        f'да"\r\n{run}',
        f'"))\u2028{run}',
        f'") {run}'.translate(FULL_WIDTH),
        f'да\x00") {run}',
        f'да\x04") {run}',
        f"(ѕуѕtеm “tоuсh {target}”)",  # Cyrillic look-alikes
        f"; {run}",
        f"|{run}|",
        f"#.{run} `{run} ,@{run} '{run}",
        f"$(touch {target}) `touch {target}` ; touch {target}",
        '(quit)") (quit)',
        '") (while t nil)',
        '") (error "да")',
    ]


async def test_the_attack_is_real(tmp_path: Path) -> None:
    """Without our door Festival does run it: the next test proves something."""
    target = tmp_path / "owned"
    lisp = f'(set! said "да") (system "touch {target}")\n'
    process = await asyncio.create_subprocess_exec("festival", "--pipe", stdin=asyncio.subprocess.PIPE)
    await asyncio.wait_for(process.communicate(lisp.encode()), 30)
    assert target.exists()


async def test_no_words_are_run(engine: Festival, tmp_path: Path) -> None:
    target = tmp_path / "owned"
    before = {process.pid for process in engine._alive}
    for text in attacks(target):
        for words in (text, normalise(text), f"Вы сказали {text}, верно?"):
            try:
                pcm = await engine.speak(words)
            except TextRefused:
                continue  # nothing speakable was in it
            except SilentAudio:
                continue  # letters without a sound
            assert len(pcm) > RATE // 10
    assert not target.exists()
    assert {process.pid for process in engine._alive} == before  # none was quit, hung or crashed


async def test_even_lisp_that_got_in_finds_no_way_out(engine: Festival, tmp_path: Path) -> None:
    target = tmp_path / "owned"
    process = next(iter(engine._alive))
    await process._run(f'(system "touch {target}")\n(fopen "{target}" "w")', 5)
    assert not target.exists()
    assert await engine.speak("да")


@pytest.mark.parametrize("text", ["да", "да-да, +это так!", "молок+о", "Ёлка, съезд? Да."])
async def test_what_may_pass_is_passed_unchanged(text: str) -> None:
    assert speakable(text) == text


async def test_marks_that_stand_alone_are_dropped() -> None:
    assert speakable("да , нет . - +") == "да нет"


@pytest.mark.parametrize("text", texts()["fixed"] + texts()["spoken"])
async def test_every_prompt_is_audible_and_as_long_as_its_words(engine: Festival, text: str) -> None:
    said = normalise(text)
    samples = np.frombuffer(await engine.speak(said), "<i2") / 32768.0
    letters = sum(map(str.isalpha, said))
    assert 0.04 < samples.size / RATE / letters < 0.2  # 5-25 letters a second
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    active = loud[loud > loud.max() / 100]
    assert 20 * np.log10(np.sqrt(np.mean(active**2))) == pytest.approx(-20, abs=3)
    assert np.abs(samples).max() < 0.9
    assert np.flatnonzero(np.abs(samples) > 0.01)[0] / RATE < 0.1  # no dead air in front


async def test_many_at_once_share_the_pool(engine: Festival) -> None:
    spoken = await asyncio.gather(*(engine.speak(f"вызов {word}") for word in ("один", "два", "три", "четыре") * 3))
    assert all(spoken)


async def test_a_killed_process_is_replaced_and_its_text_spoken(engine: Festival) -> None:
    for process in engine._alive:
        os.kill(process.pid, signal.SIGKILL)
        break
    assert all(await asyncio.gather(*(engine.speak("Назовите адрес.") for _ in range(4))))
    await until_whole(engine)


async def test_a_hung_process_is_replaced_and_its_text_spoken(
    engine: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(festival, "TEXT_SECONDS", 1.0)
    hung = next(iter(engine._alive))
    os.kill(hung.pid, signal.SIGSTOP)
    assert all(await asyncio.gather(*(engine.speak("Назовите телефон.") for _ in range(2))))
    await until_whole(engine)
    assert hung not in engine._alive


async def test_nothing_is_left_behind() -> None:
    engine = Festival(1)
    await engine.start()
    folder, process = engine._folder, next(iter(engine._alive))
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    await engine.speak("Иванов Пётр")
    assert list(folder.glob("*.wav")) == []  # what was said to a caller does not stay
    await engine.stop()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def until_whole(engine: Festival) -> None:
    """Wait until the pool has both processes again."""
    async with asyncio.timeout(30):
        while len(engine._alive) < 2 or engine._repairs:  # noqa: ASYNC110 - the pool tells nobody, and need not
            await asyncio.sleep(0.1)
