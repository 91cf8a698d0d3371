"""The intent of a turn by its letters and by its sound, over all that the recogniser may have heard.

A recogniser that has words and their borders wrong («льготные элегарства», «без пылеса») keeps most sounds. Pieces of
words as they are spelled, as they sound, and as they sound with the borders forgotten go into one linear support
vector machine, its margins calibrated to probabilities on parts of the data kept apart. The other hypotheses of a turn
come with the message's metadata (dialog/channel.py) and have a say by their score. Measured with `scripts/bench nlu`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import skops.io
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.svm import LinearSVC

from dialog.sound import sound

_FILE = "intents.skops"
_RANKED = 10
_COLUMNS = 2**16
"""Pieces are numbered by a hash: a vocabulary of 320,000 takes 320 MB and 9 s more to load and finds no more."""
_SHARPNESS = 2.0
"""How much less a hypothesis weighs that is behind by a unit of mean log probability: a short turn has three tokens."""
_DIGITS = re.compile(r"\d+")


def spelled(text: str) -> str:
    """Lower case, one letter for е and ё, one digit for any number: recognisers write them as it comes."""
    return _DIGITS.sub("0", text.lower().replace("ё", "е"))


def spoken(text: str) -> str:
    return " ".join(map(sound, spelled(text).split()))


def joined(text: str) -> str:
    return spoken(text).replace(" ", "")


_PIECES: tuple[tuple[Callable[[str], str], str, tuple[int, int]], ...] = (
    (spelled, "char_wb", (1, 5)), (spelled, "char", (3, 6)), (spoken, "char_wb", (2, 5)), (joined, "char", (3, 6)),
)  # fmt: skip
"""What is cut into pieces, inside words (`char_wb`) or across their borders, of how many letters. Whole words as pieces
of their own cost 2 % of the recognised texts (tuning half 87.3 % with, 89.5 % without them)."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LettersAndSounds(IntentClassifier, GraphComponent):
    """Options: `C` of the machine; `folds` of the calibration; `others`: how many other hypotheses have a say,
    `margin`: how far they may be behind the best (mean log probability a token)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"C": 0.7, "folds": 4, "others": 4, "margin": 1.0}

    @staticmethod
    def required_packages() -> list[str]:
        return ["sklearn", "skops"]

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._cutters = [
            HashingVectorizer(
                analyzer=kind, ngram_range=sizes, n_features=_COLUMNS, norm=None, alternate_sign=False, lowercase=False
            )
            for _, kind, sizes in _PIECES
        ]
        self._weights = [TfidfTransformer(sublinear_tf=True) for _ in _PIECES]
        self._machine: CalibratedClassifierCV | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> LettersAndSounds:  # fmt: skip
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **kwargs: Any,
    ) -> LettersAndSounds:  # fmt: skip
        made = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            # the model is our own, made by dialog/train.py
            trusted = skops.io.get_untrusted_types(file=folder / _FILE)
            made._weights, made._machine = skops.io.load(folder / _FILE, trusted=trusted)
        return made

    def train(self, training_data: TrainingData) -> Resource:
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        texts = [example.get(TEXT) for example in examples]
        for weights, counts in zip(self._weights, self._counts(texts), strict=True):
            weights.fit(counts)
        machine = LinearSVC(C=self._config["C"], class_weight="balanced", random_state=42)
        calibrated = CalibratedClassifierCV(machine, cv=self._config["folds"], ensemble=False)
        self._machine = calibrated.fit(self._features(texts), np.array([example.get(INTENT) for example in examples]))
        with self._storage.write_to(self._resource) as folder:
            skops.io.dump([self._weights, self._machine], folder / _FILE)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing: no other component learns from the intents that were found."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        assert self._machine is not None
        for message in messages:
            heard = self._hypotheses(message)
            weights = csr_matrix([list(heard.values())]) / sum(heard.values())
            # the mean of the hypotheses' pieces: the mean of their margins, before these become probabilities
            chances = self._machine.predict_proba(weights @ self._features(heard))[0]
            likeliest = sorted(zip(chances, self._machine.classes_, strict=True), reverse=True)[:_RANKED]
            ranking = [{"name": str(name), "confidence": float(chance)} for chance, name in likeliest]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _features(self, texts: Iterable[str]) -> csr_matrix:
        weighted = zip(self._weights, self._counts(list(texts)), strict=True)
        return csr_matrix(hstack([weights.transform(counts) for weights, counts in weighted]))

    def _counts(self, texts: list[str]) -> list[csr_matrix]:
        cut = zip(self._cutters, _PIECES, strict=True)
        return [cutter.transform([form(text) for text in texts]) for cutter, (form, _, _) in cut]

    def _hypotheses(self, message: Message) -> dict[str, float]:
        """The turn's text and what else it may have been, each with its weight, 1 for the text."""
        text: str = message.get(TEXT) or ""
        told = ((message.get("metadata") or {}).get("turn") or {}).get("alternatives") or []
        scores = {str(other["text"]): float(other.get("score", 0.0)) for other in told}
        best = max(scores.values(), default=0.0)
        scores.pop(text, None)
        near = sorted((best - score, other) for other, score in scores.items())[: self._config["others"]]
        return {text: 1.0} | {
            other: math.exp(-_SHARPNESS * behind) for behind, other in near if behind <= self._config["margin"]
        }
