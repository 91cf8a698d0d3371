"""Promise: the bench of understanding hears what it says it hears, and never takes something old for something new.

A failure means that the line is noisier than it is called, that a recogniser was asked otherwise than the dialog asks,
or that a changed sound or recogniser was not noticed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asr.engines import Recognition, Task
from asr.grammar import Part
from asr.models import EngineChoice
from core.errors import ConfigurationError, NotFound
from core.events import Alternative
from core.settings import ROOT, Settings
from dialog.conversation.turn import Reply
from mis_connector.sandbox.data import load
from scripts.understanding_bench import hearing as hearing_module
from scripts.understanding_bench.draws import KINDS, Drawer
from scripts.understanding_bench.hearing import Hearing
from scripts.understanding_bench.kept import Kept, fingerprint
from scripts.understanding_bench.line import CONDITIONS, PACKET, lose, mixed_noise, speech_level, through, with_noise
from scripts.understanding_bench.mis import SANDBOX
from scripts.understanding_bench.recordings import closed_sets, pcm_of, residents
from scripts.understanding_bench.speech import Changes, Sound, Speech, changed
from scripts.understanding_bench.work import Unit, Worker

REGION = ROOT / "regions" / "sample"
SPEECH = ROOT / "tests" / "data" / "speech"
RESIDENTS = ROOT / "tests" / "data" / "residents"


def tone(seconds: float = 2.0) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Something loud with pauses, as speech has them."""
    time = np.arange(int(8000 * seconds)) / 8000
    return (6000 * np.sin(2 * np.pi * 700 * time) * (np.sin(2 * np.pi * time) > 0)).astype(np.int16)


@pytest.mark.parametrize("snr", [20.0, 15.0, 10.0])
def test_the_noise_is_as_far_under_the_speech_as_it_is_called(snr: float) -> None:
    random = np.random.default_rng(1)
    sound, loud = tone().astype(np.float64), speech_level(tone())
    noise = with_noise(sound, mixed_noise(len(sound), [tone(), tone(1.5)], random), loud, snr) - sound
    assert loud == pytest.approx(6000 / 2**0.5, rel=0.02)  # the pauses do not count
    assert 20 * np.log10(loud / np.sqrt(np.mean(noise**2))) == pytest.approx(snr, abs=0.01)


def test_lost_packets_are_concealed_and_as_many_as_they_are_called() -> None:
    sound = np.arange(1, 8000 * 200 + 1, dtype=np.int64).astype(np.int16)
    heard = lose(sound, 0.03, np.random.default_rng(1))
    changed = (heard != sound).reshape(-1, PACKET).any(axis=1)
    assert len(heard) == len(sound)
    assert changed.mean() == pytest.approx(0.03, abs=0.006)
    bursts = (np.diff(changed.astype(int)) == 1).sum()
    assert changed.sum() / bursts == pytest.approx(2.0, abs=0.4)


def test_a_line_does_the_same_to_a_sound_every_time() -> None:
    heard = [through(tone(), CONDITIONS["10db"], [tone(1.5)], np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (heard[0] == heard[1]).all()
    assert (heard[0] != heard[2]).any()
    clean = through(tone(), CONDITIONS["clean"], [], np.random.default_rng(1))
    assert len(clean) == len(tone()) + 8000
    assert len(np.unique(clean)) <= 256


def test_a_sound_has_another_key_when_anything_that_makes_it_changes(drawer: Drawer, tmp_path: Path) -> None:
    speech = Speech(Settings(VYZOV_TTS="festival"), drawer, tmp_path)
    draw = drawer.draw("phone", "kept", 0)
    others = [replace(draw, spoken=draw.spoken + " да"), replace(draw, index=1)]  # other words, another voice
    keys = {speech.sound(draw, condition).key for condition in CONDITIONS}
    keys |= {speech.sound(other, "clean").key for other in others}
    assert len(keys) == len(CONDITIONS) + 2
    assert speech.sound(draw, "clean").key == speech.sound(draw, "clean").key
    assert Changes.of(draw) == Changes.of(draw) != Changes.of(others[1])


def test_the_voice_is_changed_as_the_draw_wants() -> None:
    """Twice the same bits, shorter by the tempo, softer by the level; what a telephone does not carry is gone."""
    changes = Changes(tempo=1.2, cents=200.0, decibels=-6.0)
    first, second = (np.frombuffer(asyncio.run(changed(tone().tobytes(), changes)), np.int16) for _ in range(2))
    assert (first == second).all()
    assert len(first) == pytest.approx(len(tone()) / 1.2, rel=0.03)
    assert 20 * np.log10(speech_level(tone()) / speech_level(first)) == pytest.approx(6.0, abs=1.0)
    hum = (6000 * np.sin(2 * np.pi * 50 * np.arange(16000) / 8000)).astype(np.int16)
    quiet = np.frombuffer(asyncio.run(changed(hum.tobytes(), replace(changes, cents=0.0))), np.int16)
    assert speech_level(quiet) < 0.05 * speech_level(hum)


# -- what is kept


def test_what_is_kept_is_found_again_and_nothing_else(kept: Kept, tmp_path: Path) -> None:
    kept.put(["turn", {"a": 1, "b": "да"}], {"text": "да"})
    again = Kept(tmp_path / "kept.sqlite")
    assert again.get(["turn", {"b": "да", "a": 1}]) == {"text": "да"}
    assert again.get(["turn", {"b": "нет", "a": 1}]) is None


def test_a_changed_recogniser_hears_anew(tmp_path: Path) -> None:
    (tmp_path / "whisper.py").write_text("BEAM = 5")
    before = fingerprint(tmp_path, "*.py")
    (tmp_path / "notes.txt").write_text("of no matter")
    assert fingerprint(tmp_path, "*.py") == before
    (tmp_path / "whisper.py").write_text("BEAM = 8")
    assert fingerprint(tmp_path, "*.py") != before


class Recogniser:
    """An engine that counts what it is asked, and forgets its sounds when it is told to."""

    name = "counting"

    def __init__(self) -> None:
        self.recognised: list[Task] = []
        self.heard_again = 0
        self.forgets = False
        self._known: set[str] = set()

    def recognise(self, task: Task) -> Recognition:
        self.recognised.append(task)
        self._known.add(task.turn_id)
        return Recognition("да", [Alternative(text="да", score=-0.1), Alternative(text="дам", score=-0.9)])

    def hear_again(self, turn_id: str, sequences: list[list[Part]]) -> list[Alternative]:
        if turn_id not in self._known:
            raise NotFound("gone")
        self.heard_again += 1
        return [Alternative(text=word, score=-float(len(word))) for word in sequences[0][0].wordings]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Recogniser:
    engine = Recogniser()
    monkeypatch.setattr(hearing_module, "choose", lambda _settings: EngineChoice("whisper", Path("nowhere")))
    monkeypatch.setattr(hearing_module, "make_engine", lambda _name, _model: engine)
    return engine


def recorded(name: str) -> Sound:
    pcm = np.concatenate([np.zeros(4000, np.int16), pcm_of(SPEECH / f"{name}.al"), np.zeros(4000, np.int16)])
    return Sound(name, lambda: pcm)


def test_a_sound_is_recognised_once_for_each_question(engine: Recogniser, kept: Kept) -> None:
    question = Reply(expects="yes_no", slot="confirm", candidates=("да", "нет"))
    for hearing in (Hearing(Settings(), kept), Hearing(Settings(), kept)):
        heard, _ = hearing.hear(recorded("yes"), question)
        assert (heard.text, heard.alternatives[1]["text"]) == ("да", "дам")
    assert len(engine.recognised) == 1
    (task,) = engine.recognised
    assert (task.expects, task.slot, task.candidates) == ("yes_no", "confirm", ["да", "нет"])
    assert 0 < task.speech_seconds < len(task.pcm) / 8000
    hearing.hear(recorded("yes"), Reply(expects="yes_no", slot="can_walk", candidates=("да", "нет")))
    hearing.hear(recorded("no"), question)
    assert len(engine.recognised) == 3


def test_a_sound_is_heard_again_once_also_when_it_was_forgotten(engine: Recogniser, kept: Kept) -> None:
    first, second = Hearing(Settings(), kept), Hearing(Settings(), kept)
    question = Reply(expects="name", slot="name")
    heard, _ = first.hear(recorded("name"), question)
    assert heard.turn_id is not None
    one, other = [[Part(("Иванов", "Петров"))]], [[Part(("Сидорова",))]]
    assert [found.score for found in asyncio.run(first.hear_again(heard.turn_id, one))] == [-6.0, -6.0]
    engine._known.clear()  # a later run of the bench
    second.hear(recorded("name"), question)
    assert [found.text for found in asyncio.run(second.hear_again(heard.turn_id, one))] == ["Иванов", "Петров"]
    assert [found.score for found in asyncio.run(second.hear_again(heard.turn_id, other))] == [-8.0]
    assert engine.heard_again == 2
    assert len(engine.recognised) == 2  # the second time for its encoding
    assert engine.recognised[1].slot == "name"  # after the same question


def test_silence_is_heard_as_nothing(engine: Recogniser, kept: Kept) -> None:
    heard, cpu = Hearing(Settings(), kept).hear(Sound("silence", lambda: np.zeros(8000, np.int16)), Reply())
    assert (heard.text, heard.alternatives, cpu) == ("", (), 0.0)
    assert engine.recognised == []


def test_an_answer_goes_the_whole_way_from_its_sound_to_its_judgement(
    engine: Recogniser, drawer: Drawer, tmp_path: Path
) -> None:
    """The recogniser is told what the dialog tells it with that question; what was kept costs what it cost."""
    load(tmp_path / SANDBOX, REGION)
    draw = next(one for one in (drawer.draw("yes_no", "tuned", index) for index in range(99)) if one.check)
    recording = replace(draw, truth="yes", recording=SPEECH / "yes.al")
    for _ in range(2):
        (judged,) = asyncio.run(Worker(Settings(), tmp_path, hears=True).work(Unit("callers", (recording,))))
        assert (judged.right, judged.value, judged.heard) == (True, "yes", ("да", "дам"))
        assert judged.cpu >= 0.0
    (task,) = engine.recognised
    assert (task.expects, task.slot, "всё верно" in task.candidates) == ("yes_no", draw.slot, True)


# -- recordings


def test_recorded_residents_are_judged_where_their_truth_is_known(drawer: Drawer) -> None:
    draws = residents(RESIDENTS, drawer)
    assert {draw.kind for draw in draws} == set(KINDS)
    names = [draw for draw in draws if draw.kind == "name"]
    assert [draw.truth["surname"] for draw in names] == ["Плавильщикова", "Карпова", names[2].truth["surname"]]
    assert all(draw.recording and draw.recording.is_file() for draw in draws)
    with pytest.raises(ConfigurationError):
        residents(SPEECH, drawer)


def test_closed_sets_are_what_is_installed(tmp_path: Path) -> None:
    assert closed_sets(tmp_path) == []
    (tmp_path / "mon-4.wav").touch()
    (draw,) = closed_sets(tmp_path)
    assert (draw.kind, draw.truth, len(draw.context["candidates"])) == ("months", "мая", 12)
