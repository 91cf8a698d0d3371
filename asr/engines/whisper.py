"""Whisper base by CTranslate2: a short window, scored closed sets, grammars for answers in numbers."""

from __future__ import annotations

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

from asr import grammars
from asr.audio import Pcm
from asr.closed_set import alike, fits, said
from asr.engines import Recognition, Task
from asr.engines.grammar_search import search
from asr.engines.number_search import NumberSearch
from asr.engines.whisper_decoder import WhisperDecoder
from asr.engines.whisper_text import NOT_AN_ECHO, echoed, invented, is_russian, load_hints, normal, stands_in
from asr.grammar import Grammar
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
_MOST_TOKENS = 220
"""The decoder has 448 places for hint and text."""
_NO_SPEECH = 0.7
_DOUBTFUL = -0.8
"""The model's own «no speech» counts only with a score below this: it says 0.83 of a long turn that it hears right
with -0.5, and 0.45 to 0.65 of noise, of which it makes something with -0.7 to -1.0."""
_SURE = -0.5
"""With a better score than this a text was not made of noise: noise gets -0.7 to -1.0."""
_HINT_TOKENS = 200

_SCORED = 8
"""Candidates that are scored as wholes: the likeliest by their first token. Each costs 0.03 to 0.05 CPU s."""
_EXPECTED = 4.0
"""How much likelier (natural logarithm) the question makes every text of its grammar than Whisper thinks, which does
not know the question. What people say instead of a date is 10 and more ahead of all dates."""
_USUAL_TOKENS = 7.0
"""Of an answer in numbers: makes mean log probabilities a token of those of whole texts."""
_SHORTEST_NUMBER = 2.0
"""Seconds of speech: ten digits take longer, and «да» need not be searched for them."""
_MOST_ALTERNATIVES = 20
"""Of a grammar's texts and free ones."""
_KEPT = 64
_KEPT_SECONDS = 60.0

Floats = npt.NDArray[np.float32]


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


@dataclass(frozen=True)
class _Hypothesis:
    """What free decoding made of a sound. `score`: mean log probability of its tokens."""

    text: str
    score: float
    tokens: int


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
        end_of_text: int = self._tokenizer.eot
        self._hints = load_hints()
        self._grammars = grammars.load(self._tokenizer.encode, end_of_text)
        russian = [token for token in range(end_of_text) if is_russian(self._tokenizer.decode([token]))]
        self._decoder = WhisperDecoder(folder / "model.bin", [*russian, end_of_text])
        numbers = grammars.load_numbers(self._tokenizer.encode, end_of_text)
        self._numbers = NumberSearch(
            self._decoder, numbers.in_digits, numbers.in_words, self._prompt(), self._prompt(numbers.told)
        )
        self._kept: OrderedDict[str, _Encoding] = OrderedDict()

    def recognise(self, task: Task) -> Recognition:
        if len(task.pcm) == 0 or task.speech_seconds <= 0:
            return Recognition("")
        encoding = self._encode(task.pcm)
        self._keep(task.turn_id, encoding)
        hypotheses, plain = self._decode(encoding, task)
        is_number = (task.slot or task.expects) == "phone" and task.speech_seconds >= _SHORTEST_NUMBER
        if is_number and hypotheses and not task.candidates:
            return self._by_number(encoding, hypotheses)
        grammar = None if task.candidates else self._grammars.get(task.slot or "")
        if grammar is not None and hypotheses:
            return self._by_grammar(encoding, grammar, hypotheses)
        free = [Alternative(text=one.text, score=round(one.score, 3)) for one in hypotheses]
        if plain is None or not task.candidates:
            return Recognition(free[0].text if free else "", free)
        return self._choose(encoding, task, free, plain)

    def rescore(self, turn_id: str, candidates: list[str]) -> list[float]:
        encoding = self._kept.get(turn_id)
        if encoding is None or time.monotonic() - encoding.at > _KEPT_SECONDS:
            raise NotFound("the sound of that turn is gone")
        return [float(np.mean(scores)) for scores in self._token_scores(encoding, candidates)]

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

    def _decode(self, encoding: _Encoding, task: Task) -> tuple[list[_Hypothesis], Alternative | None]:
        """Free decoding: the n best, likeliest first, invented text left out; and what is heard without a hint,
        which is asked only where a hint may have misled: it costs a third of a turn."""
        tokens = int(min(len(task.pcm) / RATE * _TOKENS_A_SECOND + 8, _MOST_TOKENS))
        hints = self._hints.get(task.slot or "") or self._hints.get(task.expects or "") or [""]
        told = [" ".join([*_listed(task.hints), hint]).strip() for hint in hints]
        results = {hint: self._generate(encoding, hint, tokens, beam=_BEAM) for hint in told}
        texts = {
            hint: [self._tokenizer.decode(ids) for ids in result.sequences_ids] for hint, result in results.items()
        }
        plain = results.get("")
        if plain is None and (task.candidates or _is_doubtful(results, texts)):
            plain = self._generate(encoding, "", tokens, beam=1)
        if plain is None:
            unhinted = None
        else:
            heard = self._tokenizer.decode(plain.sequences_ids[0])
            unhinted = Alternative(text=normal(heard), score=round(plain.scores[0], 3))
            if (plain.no_speech_prob > _NO_SPEECH and plain.scores[0] < _DOUBTFUL) or invented(heard):
                return [], unhinted
        closed = {normal(text) for text in task.candidates}
        found: dict[str, _Hypothesis] = {}
        for hint, result in results.items():
            said_before = normal(hint)
            for raw, score, ids in zip(texts[hint], result.scores, result.sequences_ids, strict=True):
                text = normal(raw)
                echo = unhinted is not None and text not in closed and echoed(text, said_before, unhinted.text)
                if text and not invented(raw) and not echo and (text not in found or score > found[text].score):
                    found[text] = _Hypothesis(text, float(score), len(ids))
        return sorted(found.values(), key=lambda one: -one.score), unhinted

    def _by_grammar(self, encoding: _Encoding, grammar: Grammar, hypotheses: list[_Hypothesis]) -> Recognition:
        """What the question's grammar allows, beside what free decoding heard: all of them as likely as they are as
        wholes, since the lengths of «14.07.73» and of the same in words say nothing."""
        sound = self._decoder.listen(np.array(encoding.features)[0])
        allowed: dict[str, float] = {}
        for one in search(self._decoder, sound, self._prompt(), grammar):
            text = normal(self._tokenizer.decode(list(one.tokens)))
            allowed[text] = float(np.logaddexp(one.log_probability, allowed.get(text, -np.inf)))
        return _together(hypotheses, allowed)

    def _by_number(self, encoding: _Encoding, hypotheses: list[_Hypothesis]) -> Recognition:
        """The likeliest telephone numbers, beside what free decoding heard."""
        numbers, best = self._numbers.numbers(self._decoder.listen(np.array(encoding.features)[0]))
        texts = {normal(self._tokenizer.decode(list(one.tokens))): one.log_probability for one in numbers}
        return _together(hypotheses, {text: best + among for text, among in texts.items()})

    def _prompt(self, told: str = "") -> list[int]:
        """What stands before a text: that `told` was said before."""
        return [*self._before(told), *self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]

    def _before(self, told: str) -> list[int]:
        return [self._tokenizer.sot_prev, *self._tokenizer.encode(" " + told)[-_HINT_TOKENS:]] if told else []

    def _generate(self, encoding: _Encoding, hint: str, tokens: int, beam: int) -> Any:
        """The `beam` best token sequences, told that `hint` was said before."""
        return self._model.generate(
            encoding.features,
            [self._prompt(hint)],
            beam_size=beam,
            num_hypotheses=beam,
            no_repeat_ngram_size=3,
            max_length=tokens + len(self._before(hint)),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]

    def _choose(self, encoding: _Encoding, task: Task, free: list[Alternative], plain: Alternative) -> Recognition:
        """One of the candidates, or what free decoding heard: something else is always possible."""
        closed = {normal(text): text for text in task.candidates}
        heard = free[0].text if free else ""
        if heard in closed and alike(heard, plain.text) >= NOT_AN_ECHO:
            return Recognition(heard, free, closed=fits(heard, task.speech_seconds))
        if not any(fits(text, task.speech_seconds) for text in closed):
            return Recognition(heard, free)
        likely = self._likely(encoding, list(closed))
        tokens = dict(zip(likely, self._token_scores(encoding, likely), strict=True))
        scores = {text: round(float(np.mean(tokens[text])), 3) for text in likely}
        merged = {a.text: a.score for a in free} | scores
        alternatives = [Alternative(text=t, score=s) for t, s in sorted(merged.items(), key=lambda item: -item[1])]
        text = said(scores, {text: float(tokens[text][-1]) for text in likely}, heard, plain.score)
        if text is None or not fits(text, task.speech_seconds):
            return Recognition(heard, alternatives)
        first = Alternative(text=text, score=scores[text])
        return Recognition(text, [first, *(a for a in alternatives if a.text != text)], closed=True)

    def _likely(self, encoding: _Encoding, candidates: list[str]) -> list[str]:
        """The candidates whose first token is likeliest, `_SCORED` at most."""
        if len(candidates) <= _SCORED:
            return candidates
        tokenizer = self._tokenizer
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = self._model.generate(
            encoding.features, [prompt], beam_size=1, max_length=len(prompt) + 1, return_logits_vocab=True
        )[0]
        first = np.array(result.logits[0][0])
        return sorted(candidates, key=lambda text: -float(first[self._tokens(text)[0]]))[:_SCORED]

    def _tokens(self, text: str) -> list[int]:
        """A candidate as Whisper would write it: a capital and a full stop."""
        tokens: list[int] = self._tokenizer.encode(f" {text[:1].upper()}{text[1:]}.")
        return tokens

    def _token_scores(self, encoding: _Encoding, candidates: list[str]) -> list[Floats]:
        """The log probability of each token of each candidate, its full stop included."""
        # align leaves the end of text out; the repeated features are a tenth of its cost
        features = StorageView.from_array(np.repeat(np.array(encoding.features), len(candidates), axis=0))
        tokens = [self._tokens(text) for text in candidates]
        frames = [encoding.frames] * len(candidates)
        results = self._model.align(features, [*self._tokenizer.sot_sequence], tokens, frames)
        return [np.log(np.maximum(np.asarray(r.text_token_probs, np.float32), 1e-10)) for r in results]


def _together(hypotheses: list[_Hypothesis], allowed: dict[str, float]) -> Recognition:
    """Free hypotheses and the texts that the question expects, with the log probabilities of the whole texts."""
    totals = {one.text: one.score * one.tokens for one in hypotheses}
    for text, total in allowed.items():
        totals[text] = max(total + _EXPECTED, totals.get(text, -np.inf))
    likely = sorted(totals, key=lambda text: -totals[text])[:_MOST_ALTERNATIVES]
    behind = {text: (totals[likely[0]] - totals[text]) / _USUAL_TOKENS for text in likely}
    best = hypotheses[0].score
    return Recognition(likely[0], [Alternative(text=t, score=round(best - behind[t], 3)) for t in likely])


def _is_doubtful(results: dict[str, Any], texts: dict[str, list[str]]) -> bool:
    """True when what was heard with hints may be no speech, or an echo of a hint."""
    unsure = max(result.scores[0] for result in results.values()) < _SURE
    return unsure or any(stands_in(normal(text), normal(hint)) for hint, heard in texts.items() for text in heard)


def _listed(hints: list[str]) -> list[str]:
    return [", ".join(hints) + "."] if hints else []
