"""Whisper base by CTranslate2: a short window, grammars for closed questions and for answers in numbers."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from asr import closed_set, grammars
from asr.audio import Pcm
from asr.closed_set import EXPECTED, expected, said
from asr.engines import Recognition, Task
from asr.engines.grammar_search import BEAM, search
from asr.engines.number_search import NumberSearch
from asr.engines.whisper_decoder import WhisperDecoder
from asr.engines.whisper_sound import upsample
from asr.engines.whisper_text import echoed, invented, is_russian, load_hints, normal, stands_in
from asr.grammar import Grammar, Part
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

_EXPECTED = 4.0
"""How much likelier (natural logarithm) the question makes every text of its grammar than Whisper thinks, which does
not know the question. What people say instead of a date is 10 and more ahead of all dates."""
_USUAL_TOKENS = 7.0
"""Of an answer in numbers: makes mean log probabilities a token of those of whole texts."""
_SHORT_TOKENS = 4.0
"""The same of an answer to a closed question. With it the chosen one's score tells what it is worth: the least that is
chosen has -2.1, those that were right mostly more than -1.5."""
_CLOSED_BEAM = 24
"""Beginnings of a closed set's wordings that are followed: they begin in seventy ways. 64 found no better ones."""
_QUESTIONS = 64
"""Closed questions whose grammars are kept; the dialog has about twenty."""
_SHORTEST_NUMBER = 2.0
"""Seconds of speech: ten digits take longer, and «да» need not be searched for them."""
_MOST_ALTERNATIVES = 20
"""Of a grammar's texts and free ones."""
_UNHEARD = -10.0
"""Log probability of a turn in which free decoding heard nothing."""
_KEPT = 64
_KEPT_SECONDS = 60.0


@dataclass(frozen=True)
class _Encoding:
    """The sound of a turn as the decoder wants it. `features`: (1, frames / 2, width)."""

    features: Any
    at: float


@dataclass(frozen=True)
class _Kept:
    """A turn that may be heard again. `likelihood`: log probability of the best whole text of free decoding."""

    encoding: _Encoding
    likelihood: float


@dataclass(frozen=True)
class _Hypothesis:
    """What free decoding made of a sound. `score`: mean log probability of its tokens."""

    text: str
    score: float
    tokens: int

    @property
    def total(self) -> float:
        """Log probability of the whole text."""
        return self.score * self.tokens


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
        self._answers = closed_set.load()
        self._closed = lru_cache(_QUESTIONS)(
            lambda wordings: self._answers.grammar(wordings, self._tokenizer.encode, end_of_text)
        )
        russian = [token for token in range(end_of_text) if is_russian(self._tokenizer.decode([token]))]
        self._decoder = WhisperDecoder(folder / "model.bin", [*russian, end_of_text])
        numbers = grammars.load_numbers(self._tokenizer.encode, end_of_text)
        told = self._tokenizer.encode(f" {numbers.told}")
        self._numbers = NumberSearch(
            self._decoder, numbers.in_digits, numbers.in_words, self._prompt(), self._prompt(told)
        )
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def recognise(self, task: Task) -> Recognition:
        if len(task.pcm) == 0 or task.speech_seconds <= 0:
            return Recognition("")
        encoding = self._encode(task.pcm)
        hypotheses = self._decode(encoding, task)
        self._keep(task.turn_id, _Kept(encoding, max((one.total for one in hypotheses), default=_UNHEARD)))
        if not hypotheses:
            return Recognition("")
        if task.candidates:
            return self._choose(encoding, task, hypotheses)
        if (task.slot or task.expects) == "phone" and task.speech_seconds >= _SHORTEST_NUMBER:
            return _beside(hypotheses, self._numbers_in(encoding))
        grammar = self._grammars.get(task.slot or "")
        if grammar is not None:
            return _beside(hypotheses, self._along(encoding, grammar))
        free = [Alternative(text=one.text, score=round(one.score, 3)) for one in hypotheses]
        return Recognition(free[0].text, free)

    def hear_again(self, turn_id: str, sequences: list[list[Part]]) -> list[Alternative]:
        kept = self._of(turn_id)
        found = self._along(kept.encoding, Grammar(sequences, self._tokenizer.encode, self._tokenizer.eot))
        likely = sorted(found, key=lambda text: -found[text])[:_MOST_ALTERNATIVES]
        return [Alternative(text=text, score=round(found[text] - kept.likelihood, 2)) for text in likely]

    def _of(self, turn_id: str) -> _Kept:
        """What is kept of a turn. Raises NotFound."""
        kept = self._kept.get(turn_id)
        if kept is None or time.monotonic() - kept.encoding.at > _KEPT_SECONDS:
            raise NotFound("the sound of that turn is gone")
        return kept

    def _keep(self, turn_id: str, kept: _Kept) -> None:
        self._kept[turn_id] = kept
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
        return _Encoding(features, time.monotonic())

    def _decode(self, encoding: _Encoding, task: Task) -> list[_Hypothesis]:
        """Free decoding: the n best, likeliest first, invented text left out. What is heard without a hint is asked
        only where a hint may have misled: it costs a third of a turn."""
        tokens = int(min(len(task.pcm) / RATE * _TOKENS_A_SECOND + 8, _MOST_TOKENS))
        hints = self._hints.get(task.slot or "") or self._hints.get(task.expects or "") or [""]
        told = [" ".join([*_listed(task.hints), hint]).strip() for hint in hints]
        results = {hint: self._generate(encoding, hint, tokens, beam=_BEAM) for hint in told}
        texts = {
            hint: [self._tokenizer.decode(ids) for ids in result.sequences_ids] for hint, result in results.items()
        }
        plain = results.get("")
        if plain is None and _is_doubtful(results, texts):
            plain = self._generate(encoding, "", tokens, beam=1)
        unhinted = None
        if plain is not None:
            heard = self._tokenizer.decode(plain.sequences_ids[0])
            unhinted = normal(heard)
            if (plain.no_speech_prob > _NO_SPEECH and plain.scores[0] < _DOUBTFUL) or invented(heard):
                return []
        found: dict[str, _Hypothesis] = {}
        for hint, result in results.items():
            said_before = normal(hint)
            for raw, score, ids in zip(texts[hint], result.scores, result.sequences_ids, strict=True):
                text = normal(raw)
                echo = unhinted is not None and echoed(text, said_before, unhinted)
                if text and not invented(raw) and not echo and (text not in found or score > found[text].score):
                    found[text] = _Hypothesis(text, float(score), len(ids))
        return sorted(found.values(), key=lambda one: -one.score)

    def _choose(self, encoding: _Encoding, task: Task, hypotheses: list[_Hypothesis]) -> Recognition:
        """One of the candidates, or what free decoding heard: something else is always possible."""
        # the decoder knows tokens of Russian text only
        wordings = self._answers.wordings(filter(is_russian, map(normal, task.candidates)))
        by_sound = self._along(encoding, self._closed(wordings), _CLOSED_BEAM)
        free = {one.text: one.total for one in hypotheses}
        likely = expected(wordings, by_sound, free, task.speech_seconds)
        totals = {**free, **{text: max(total, free.get(text, -np.inf)) for text, total in likely.items()}}
        text = said(likely, free)
        if text is None:
            heard = hypotheses[0]
            others = [one for one in _alternatives(totals, heard.score) if one.text != heard.text]
            return Recognition(heard.text, [Alternative(text=heard.text, score=round(heard.score, 3)), *others])
        alternatives = _alternatives(totals, (likely[text] - EXPECTED) / _SHORT_TOKENS)
        return Recognition(text, alternatives, closed=True)

    def _along(self, encoding: _Encoding, grammar: Grammar, beam: int = BEAM) -> dict[str, float]:
        """The likeliest texts of a grammar and the log probability of each, in whatever marks and capitals."""
        sound = self._decoder.listen(np.array(encoding.features)[0])
        found: dict[str, float] = {}
        for one in search(self._decoder, sound, self._prompt(grammar.told), grammar, beam=beam):
            text = normal(self._tokenizer.decode(list(one.tokens)))
            found[text] = float(np.logaddexp(one.log_probability, found.get(text, -np.inf)))
        return found

    def _numbers_in(self, encoding: _Encoding) -> dict[str, float]:
        """The same of the likeliest telephone numbers."""
        numbers, best = self._numbers.numbers(self._decoder.listen(np.array(encoding.features)[0]))
        return {normal(self._tokenizer.decode(list(one.tokens))): best + one.log_probability for one in numbers}

    def _prompt(self, told: Sequence[int] = ()) -> list[int]:
        """What stands before a text; `told`: tokens of what was said before it."""
        before = [self._tokenizer.sot_prev, *told[-_HINT_TOKENS:]] if told else []
        return [*before, *self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]

    def _generate(self, encoding: _Encoding, hint: str, tokens: int, beam: int) -> Any:
        """The `beam` best token sequences, told that `hint` was said before."""
        told = self._prompt(self._tokenizer.encode(f" {hint}") if hint else ())
        return self._model.generate(
            encoding.features,
            [told],
            beam_size=beam,
            num_hypotheses=beam,
            no_repeat_ngram_size=3,
            max_length=tokens + len(told) - len(self._prompt()),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]


def _beside(hypotheses: list[_Hypothesis], allowed: dict[str, float]) -> Recognition:
    """What the question's grammar allows, beside what free decoding heard: all of them as likely as they are as wholes,
    since the lengths of «14.07.73» and of the same in words say nothing."""
    totals = {one.text: one.total for one in hypotheses}
    for text, total in allowed.items():
        totals[text] = max(total + _EXPECTED, totals.get(text, -np.inf))
    alternatives = _alternatives(totals, hypotheses[0].score)
    return Recognition(alternatives[0].text, alternatives)


def _alternatives(totals: dict[str, float], best: float) -> list[Alternative]:
    """Likeliest first, the first with the score `best`; `totals`: log probabilities of whole texts."""
    likely = sorted(totals, key=lambda text: -totals[text])[:_MOST_ALTERNATIVES]
    behind = {text: (totals[likely[0]] - totals[text]) / _USUAL_TOKENS for text in likely}
    return [Alternative(text=text, score=round(best - behind[text], 3)) for text in likely]


def _is_doubtful(results: dict[str, Any], texts: dict[str, list[str]]) -> bool:
    """True when what was heard with hints may be no speech, or an echo of a hint."""
    unsure = max(result.scores[0] for result in results.values()) < _SURE
    return unsure or any(stands_in(normal(text), normal(hint)) for hint, heard in texts.items() for text in heard)


def _listed(hints: list[str]) -> list[str]:
    return [", ".join(hints) + "."] if hints else []
