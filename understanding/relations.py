"""Who is ill («дочке», «у ребёнка температура», «мне плохо») and who is calling («я её мама»)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import pymorphy3

from understanding.alternatives import Ballot, Trust, spoken
from understanding.model import Heard, Understood
from understanding.text import closest, contains_phrase, fold, load_data, tidy, words

TRUST = Trust(-2.2, 0.25)
"""As for yes and no: these words come from a closed set, too; words that are only nearly right lose elsewhere."""

NEAR_WORD = 0.75
"""Least likeness of a word that is only nearly a relation's."""

_INTRODUCED = re.compile(r"(?:меня зовут|зовут меня|моё имя|мое имя)\s+(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    nouns: dict[str, str]
    """Every form of every noun to its relation."""
    nominative: frozenset[str]
    """Forms that are subjects: «я мама, ребёнку плохо» is about the child."""
    own: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=1)
def _morphology() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def _vocabulary() -> _Vocabulary:
    data = load_data("relations")
    nouns: dict[str, str] = {}
    nominative: set[str] = set()
    for relation, entry in data.items():
        for lemma in entry.get("lemmas", []):
            parsed = next((p for p in _morphology().parse(lemma) if fold(p.normal_form) == fold(lemma)), None)
            forms = parsed.lexeme if parsed else []
            nouns.setdefault(fold(lemma), relation)
            nominative.add(fold(lemma))
            for form in forms:
                nouns.setdefault(fold(form.word), relation)
    own = data["self"]
    return _Vocabulary(
        nouns, frozenset(nominative), frozenset(own["words"]), tuple(tuple(p.split()) for p in own["phrases"])
    )


def relation_in(text: str) -> tuple[str, float] | None:
    """The relation named in `text` and how sure that reading is; None when there is none.

    A person in an oblique case («маме», «у мамы») is the patient; «мне» counts only where nobody else is named.
    """
    known = _vocabulary()
    said = words(text)
    named = [(word, known.nouns[word]) for word in said if word in known.nouns]
    oblique = [relation for word, relation in named if word not in known.nominative]
    if any(word in known.own and said[i + 1 : i + 2] == ["и"] for i, word in enumerate(said)) and named:
        return named[0][1], 0.5  # «мне и ребёнку»: two patients
    for relations in (oblique, [relation for _word, relation in named]):
        if relations:
            return relations[0], 1.0 if len(set(relations)) == 1 else 0.6
    if any(contains_phrase(said, phrase) for phrase in known.phrases) or any(word in known.own for word in said):
        return "self", 1.0
    forms = {**dict.fromkeys(known.own, "self"), **known.nouns}
    near = [hit for word in said if (hit := closest(word, forms.keys(), least=NEAR_WORD))]
    if not near:
        return None
    word, likeness = max(near, key=lambda hit: hit[1])
    # one noisy word of few letters has many neighbours; in a sentence it is hardly ever the point
    return forms[word], 0.8 * likeness if len(said) <= 2 else 0.4 * likeness


def understand_who(heard: Heard) -> Understood:
    """`value`: self, child, parent, spouse, relative or other."""
    ballot = Ballot()
    said = spoken(heard)
    for one in said:
        found = relation_in(one.text)
        if found is None:
            ballot.lose(one.weight)
        else:
            ballot.add(found[0], one.weight * found[1])
            ballot.lose(one.weight * (1 - found[1]))
    ranked = ballot.ranked(TRUST.of(heard))
    text = tidy(said[0].text) if said else ""
    if not ranked:
        return Understood(heard=text)
    return Understood(
        meaning="value", value=ranked[0].value, probability=ranked[0].probability, complete=True, heard=text,
        candidates=ranked[1:],
    )  # fmt: skip


def understand_caller(heard: Heard) -> Understood:
    """`value` {"relation", "name"}: what the caller is to the patient, and the name where it was given."""
    who = understand_who(heard)
    introduced = _INTRODUCED.search(heard.text)
    name = tidy(introduced.group(1)).title() if introduced else None
    if who.meaning != "value" and name is None:
        return who
    return who.model_copy(
        update={
            "meaning": "value",
            "value": {"relation": who.value, "name": name},
            "complete": who.value is not None,
            "candidates": [
                candidate.model_copy(update={"value": {"relation": candidate.value, "name": name}})
                for candidate in who.candidates
            ],
        }
    )
