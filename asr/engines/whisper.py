"""Whisper base by CTranslate2: a short window, scored closed sets, guards against invented text."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from asr.audio import Pcm
from asr.engines import Recognition, Task
from asr.protocol import RATE
from core.errors import ConfigurationError, NotFound
from core.events import Alternative

_RATE = 16000
_HOP = 160
"""Samples of one mel frame at 16 kHz."""
_LEAD = int(0.3 * _RATE)
"""Silence in front: without it dates and phones lose a third more words (12 recorded callers)."""
_WINDOW = 10 * _RATE
"""Shortest window: shorter ones wreck short words; the 30 s that the model was trained with cost five times as much."""
_LONGEST = 30 * _RATE
_BEAM = 5
_TOKENS_A_SECOND = 14
_NO_SPEECH = 0.7
_KEPT = 64
_KEPT_SECONDS = 60.0

_INVENTED = re.compile(r"субтитр|dimatorzok|продолжение следует|спасибо за просмотр|amara\.org|корректор", re.I)
"""What Whisper says of silence and noise: the credits of films it was trained with."""
_WORDS = re.compile(r"[^\w\s+-]+|_")

Floats = npt.NDArray[np.float32]


def normal(text: str) -> str:
    """Lower case, single spaces, no punctuation; ё, digits and hyphens inside words stay."""
    return " ".join(word.strip("-") for word in _WORDS.sub(" ", text.lower()).split() if word.strip("-"))


def _half_band(taps: int = 32) -> Floats:
    n = np.arange(-taps, taps + 1)
    return np.asarray(np.sinc(n / 2) * np.kaiser(len(n), 8.0), np.float32)


_FILTER = _half_band()


def upsample(pcm: Pcm) -> Floats:
    """8 kHz to 16 kHz, the loudest sample at 0.9, by a windowed sinc."""
    stuffed = np.zeros(2 * len(pcm), np.float32)
    stuffed[::2] = pcm
    sound = np.convolve(stuffed, _FILTER, "same").astype(np.float32)
    return np.asarray(sound * (0.9 / max(float(np.abs(sound).max()), 30.0)), np.float32)


@dataclass(frozen=True)
class _Encoding:
    """The sound of a turn as the decoder wants it. `features`: (1, frames / 2, width)."""

    features: Any
    frames: int
    at: float


class WhisperEngine:
    """See `asr.engines.Engine`. Raises ConfigurationError when the model cannot be loaded."""

    name = "whisper"

    def __init__(self, folder: Path) -> None:
        try:
            self._whisper = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ConfigurationError(
                f"the Whisper model in {folder} cannot be loaded ({type(error).__name__}): delete the folder and "
                "start again"
            ) from None
        self._model = self._whisper.model
        self._tokenizer = Tokenizer(self._whisper.hf_tokenizer, True, task="transcribe", language="ru")
        self._kept: OrderedDict[str, _Encoding] = OrderedDict()

    def recognise(self, task: Task) -> Recognition:
        if len(task.pcm) == 0 or task.speech_seconds <= 0:
            return Recognition("")
        encoding = self._encode(task.pcm)
        self._keep(task.turn_id, encoding)
        free = self._decode(encoding, task)
        if task.candidates:
            return self._choose(encoding, task, free)
        return Recognition(free[0].text if free else "", free)

    def rescore(self, turn_id: str, candidates: list[str]) -> list[float]:
        encoding = self._kept.get(turn_id)
        if encoding is None or time.monotonic() - encoding.at > _KEPT_SECONDS:
            raise NotFound("the sound of that turn is gone")
        return self._score(encoding, candidates)

    def _keep(self, turn_id: str, encoding: _Encoding) -> None:
        self._kept[turn_id] = encoding
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _encode(self, pcm: Pcm) -> _Encoding:
        sound = upsample(pcm[-(_LONGEST - _LEAD) * RATE // _RATE :])
        window = max(_WINDOW, min(_LONGEST, _LEAD + len(sound) + _RATE // 2))
        window -= window % (2 * _HOP)
        padded = np.zeros(window, np.float32)
        padded[_LEAD : _LEAD + len(sound)] = sound[: window - _LEAD]
        frames = window // _HOP
        # padding=0: by default the extractor adds 30 s of silence
        mel = self._whisper.feature_extractor(padded, padding=0)[:, :frames]
        features = self._model.encode(StorageView.from_array(np.ascontiguousarray(mel[None])))
        return _Encoding(features, frames, time.monotonic())

    def _decode(self, encoding: _Encoding, task: Task) -> list[Alternative]:
        """Free decoding: the n best, likeliest first, invented text left out."""
        tokenizer = self._tokenizer
        cap = int(len(task.pcm) / RATE * _TOKENS_A_SECOND) + 8
        result = self._model.generate(
            encoding.features,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=_BEAM,
            num_hypotheses=_BEAM,
            no_repeat_ngram_size=3,
            max_length=cap,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        if result.no_speech_prob > _NO_SPEECH:
            return []
        found: dict[str, float] = {}
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True):
            raw = tokenizer.decode(tokens)
            text = normal(raw)
            if text and not _INVENTED.search(raw):
                found.setdefault(text, round(float(score), 3))
        return [Alternative(text=text, score=score) for text, score in found.items()]

    def _choose(self, encoding: _Encoding, task: Task, free: list[Alternative]) -> Recognition:
        scores = self._score(encoding, task.candidates)
        ranked = sorted(zip(scores, task.candidates, strict=True), reverse=True)
        alternatives = [Alternative(text=normal(text), score=round(score, 3)) for score, text in ranked]
        if ranked[0][0] > -2.4:
            return Recognition(alternatives[0].text, alternatives, closed=True)
        return Recognition(free[0].text if free else "", free)

    def _score(self, encoding: _Encoding, candidates: list[str]) -> list[float]:
        """Mean log probability a token of each candidate."""
        features = np.repeat(np.array(encoding.features), len(candidates), axis=0)
        tokens = [self._tokenizer.encode(f" {text[:1].upper()}{text[1:]}.") for text in candidates]
        results = self._model.align(
            StorageView.from_array(features), [*self._tokenizer.sot_sequence], tokens, [encoding.frames] * len(tokens)
        )
        return [
            float(np.mean(np.log(np.maximum(result.text_token_probs, 1e-10)))) if result.text_token_probs else -25.0
            for result in results
        ]
