"""Promise: a text is as likely by our step-by-step decoder as by CTranslate2, whose sound and model it shares."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from asr.audio import Pcm, from_alaw
from asr.engines import Task
from asr.engines.whisper import WhisperEngine
from asr.engines.whisper_decoder import WhisperDecoder
from asr.models import prepare_whisper
from core.errors import ConfigurationError
from core.settings import ROOT


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_whisper(tmp_path_factory.mktemp("models") / "whisper-base")


@pytest.fixture(scope="module")
def engine(model: Path) -> WhisperEngine:
    return WhisperEngine(model)


def heard(engine: WhisperEngine, pcm: Pcm, slot: str) -> str:
    return engine.recognise(Task(uuid.uuid4().hex, pcm, len(pcm) / 8000 - 1.0, None, slot)).text


def test_as_likely_as_by_the_library(engine: WhisperEngine, model: Path, speech: Callable[[str], Pcm]) -> None:
    """… where the library computes in the same 32 bits; the service lets it compute in 8."""
    library = WhisperModel(str(model), device="cpu", compute_type="float32", cpu_threads=1, local_files_only=True).model
    features = engine._encode(speech("birth_date")).features
    decoder, tokenizer = engine._decoder, engine._tokenizer
    prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    result = library.generate(
        features,
        [prompt],
        beam_size=1,
        return_logits_vocab=True,
        max_length=30,
        suppress_blank=False,
        suppress_tokens=[],
    )[0]
    sound = decoder.listen(np.array(features)[0])
    beginnings = decoder.begin(sound, prompt)
    for logits, token in zip(result.logits[0], result.sequences_ids[0], strict=False):
        theirs = np.asarray(logits)[decoder.tokens]
        theirs = theirs - np.logaddexp.reduce(theirs)
        assert np.abs(theirs - beginnings.following[0])[theirs > -8].max() < 0.05
        beginnings = decoder.go_on(sound, beginnings, [0], [token])


def test_beginnings_do_not_mix(engine: WhisperEngine, speech: Callable[[str], Pcm]) -> None:
    decoder, tokenizer = engine._decoder, engine._tokenizer
    sound = decoder.listen(np.array(engine._encode(speech("birth_date")).features)[0])
    start = decoder.begin(sound, [*tokenizer.sot_sequence, tokenizer.no_timestamps])
    one, other = tokenizer.encode(" 20"), tokenizer.encode(" Двад")
    together = decoder.go_on(sound, start, [0, 0], [one[0], other[0]])
    swapped = decoder.go_on(sound, together, [1, 0], [one[0], one[0]])
    alone = decoder.go_on(sound, decoder.go_on(sound, start, [0], [other[0]]), [0], [one[0]])
    assert np.allclose(swapped.following[0], alone.following[0], atol=1e-3)


def test_a_date_is_heard_as_one(engine: WhisperEngine, speech: Callable[[str], Pcm]) -> None:
    text = heard(engine, speech("birth_date"), "birth_date")
    assert "2012" in text, f"the recorded date of birth was heard as «{text}»"


@pytest.mark.parametrize(
    ("resident", "said"),
    [
        ("c00", "+79254375323"),
        ("c05", "плюс семь девятьсот десять восемьсот восемьдесят ноль шесть восемнадцать"),
    ],
)
def test_a_telephone_number_is_among_the_likeliest(engine: WhisperEngine, resident: str, said: str) -> None:
    """… where the free texts have «925 437 5523» and «980 880 0618»: nobody could even ask for the right one."""
    recorded = from_alaw((ROOT / "tests" / "data" / "residents" / resident / "phone.al").read_bytes())
    silence = np.zeros(4000, np.int16)
    sound = np.concatenate([silence, recorded, silence])
    result = engine.recognise(Task(uuid.uuid4().hex, sound, len(recorded) / 8000, None, "phone"))
    assert said in [one.text for one in result.alternatives[:4]]


@pytest.mark.parametrize("slot", ["birth_date", "age", "temperature", "entrance", "phone"])
@pytest.mark.parametrize(("recording", "word"), [("operator", "оператор"), ("can_walk", "могу")])
def test_what_is_no_number_is_not_heard_as_one(
    engine: WhisperEngine, speech: Callable[[str], Pcm], slot: str, recording: str, word: str
) -> None:
    text = heard(engine, speech(recording), slot)
    assert word in text, f"«{word}» was said and «{text}» was heard"


@pytest.mark.parametrize("content", [b"", b"\x06\x00\x00\x00", b"\x05\x00\x00\x00" * 40, b"\xff" * 4000])
def test_a_file_of_another_kind_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"model\.bin"):
        WhisperDecoder(path, [1])
