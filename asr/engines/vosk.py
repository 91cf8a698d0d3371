"""Vosk (Kaldi): pooled recognisers, a grammar from a closed expectation where the model's graph is dynamic."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from vosk import KaldiRecognizer, Model, SetLogLevel

from asr.engines import Recognition, Task
from asr.grammar import Part
from asr.protocol import RATE
from core.errors import ConfigurationError, NotFound
from core.events import Alternative

_ALTERNATIVES = 5
_CHUNK = 2 * RATE
_GRAMMARS = 32
"""Recognisers with a grammar that are kept: making one costs 70 ms, one that was used takes 40 MB."""
_OTHER = "[unk]"
"""Vosk's word for anything outside the grammar."""
_PADDING = bytes(RATE)
"""Half a second of silence behind the turn, or its last word is cut."""


class VoskEngine:
    """See `asr.engines.Engine`. Raises ConfigurationError when the model cannot be loaded or used."""

    name = "vosk"

    def __init__(self, folder: Path) -> None:
        SetLogLevel(-1)
        try:
            # by its path only: with a language or a name Vosk goes to the network and may end the process
            self._model = Model(model_path=str(folder))
            # a truncated graph or an absent ivector extractor shows only here
            self._free = self._recogniser()
            self._free.AcceptWaveform(_PADDING)
            self._free.FinalResult()
        except Exception as error:
            raise ConfigurationError(
                f"the Vosk model in {folder} is damaged ({type(error).__name__}): fetch it again with "
                "scripts/fetch_models, or choose VYZOV_ASR=whisper"
            ) from None
        self._dynamic = all((folder / "graph" / part).is_file() for part in ("Gr.fst", "HCLr.fst"))
        self._grammars: dict[tuple[str, ...], Any] = {}

    def recognise(self, task: Task) -> Recognition:
        if len(task.pcm) == 0 or task.speech_seconds <= 0:
            return Recognition("")
        pcm = task.pcm.tobytes()
        if task.candidates and self._dynamic:
            found = self._run(self._with_grammar(task.candidates), pcm)
            # a candidate said once; a grammar also hears «да нет да» in longer speech
            if found and found[0].text in {candidate.lower() for candidate in task.candidates}:
                return Recognition(found[0].text, found, closed=True)
        found = self._run(self._free, pcm)
        return Recognition(found[0].text if found else "", found)

    def hear_again(self, turn_id: str, sequences: list[list[Part]]) -> list[Alternative]:
        raise NotFound("Vosk cannot search a grammar in a sound it has heard")

    def _recogniser(self, *grammar: str) -> Any:
        recogniser = KaldiRecognizer(self._model, RATE, *grammar)
        recogniser.SetMaxAlternatives(_ALTERNATIVES)
        return recogniser

    def _with_grammar(self, candidates: list[str]) -> Any:
        """The pooled recogniser for that closed set; the one that was not used for longest makes room."""
        key = tuple(sorted({candidate.lower() for candidate in candidates}))
        recogniser = self._grammars.pop(key, None)
        if recogniser is None:
            recogniser = self._recogniser(json.dumps([*key, _OTHER], ensure_ascii=False))
        self._grammars[key] = recogniser
        if len(self._grammars) > _GRAMMARS:
            del self._grammars[next(iter(self._grammars))]
        return recogniser

    def _run(self, recogniser: Any, pcm: bytes) -> list[Alternative]:
        recogniser.Reset()
        # Vosk ends an utterance at a pause by itself: the parts of one turn are put together again
        parts: list[dict[str, Any]] = []
        for start in range(0, len(pcm), _CHUNK):
            if recogniser.AcceptWaveform(pcm[start : start + _CHUNK]):
                parts.append(json.loads(recogniser.Result()))
        recogniser.AcceptWaveform(_PADDING)
        parts.append(json.loads(recogniser.FinalResult()))
        return _joined(parts)


def _joined(parts: list[dict[str, Any]]) -> list[Alternative]:
    """The n-th alternatives of all parts, one behind the other; a part with fewer gives its last."""
    heard = [part["alternatives"] for part in parts if any(a["text"] for a in part.get("alternatives", []))]
    found: dict[str, float] = {}
    for rank in range(max((len(part) for part in heard), default=0)):
        chosen = [part[min(rank, len(part) - 1)] for part in heard]
        text = " ".join(a["text"].strip() for a in chosen).strip()
        words = max(1, len(text.split()))
        best = sum(float(part[0]["confidence"]) for part in heard)
        # Vosk's confidence is a likelihood of the whole without a scale: scores are told from the best, a word
        score = (sum(float(a["confidence"]) for a in chosen) - best) / words
        if text and math.isfinite(score):
            found.setdefault(text, round(score, 3))
    return [Alternative(text=text, score=score) for text, score in found.items()]
