"""«Оператор», «повторите», «медленнее», «подождите»: said instead of an answer.

The operator is found by the urgent words, as in the dialog's client. The others are intents of the dialog's classifier,
which lives in Rasa's environment; here a text is a command when it is one of that intent's training texts or nearly
one, politeness left out. The classifier takes more than that, and does not take every training text for certain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rapidfuzz.distance import Levenshtein

from core.settings import ROOT
from dialog.conversation.script import Script
from dialog.conversation.turn import Heard
from dialog.urgent import likely_texts
from dialog.wordings import plain

COMMANDS = ("operator", "repeat", "slower", "wait")
_NLU = ROOT / "dialog" / "data" / "nlu"
_ALIKE, _LONG = 0.9, 8
"""«не расслышал» is «не расслышала»; shorter texts must be the same."""
_POLITE = frozenset(("ну", "ой", "э", "так", "вот", "а", "да", "пожалуйста", "спасибо", "девушка", "я"))


class Commands:
    def __init__(self, script: Script, folder: Path = _NLU) -> None:
        self._urgent = script.urgent
        self._intents = {name: frozenset(map(_bare, _examples(folder / f"{name}.yml"))) for name in COMMANDS[1:]}

    def find(self, heard: Heard) -> str | None:
        """The command, or an emergency by mistake, that the dialog would act on before it takes an answer."""
        texts = likely_texts(heard.text, ((one["text"], one["score"]) for one in heard.alternatives))
        if (found := self._urgent.find(texts)) is not None:
            return found.kind
        bare = _bare(heard.text)
        likely = {name: max(_alike(bare, text) for text in texts) for name, texts in self._intents.items()}
        best = max(likely, key=likely.__getitem__)
        return best if likely[best] >= (_ALIKE if len(bare) >= _LONG else 1.0) else None


def _alike(one: str, other: str) -> float:
    return float(Levenshtein.normalized_similarity(one, other, score_cutoff=_ALIKE))


def _bare(text: str) -> str:
    """The words without politeness; «да» and «а» alone stay."""
    words = plain(text).split()
    return " ".join(word for word in words if word not in _POLITE) or " ".join(words)


def _examples(path: Path) -> list[str]:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    examples: str = data["nlu"][0]["examples"]
    return [line.removeprefix("- ").strip() for line in examples.splitlines() if line.strip()]
