"""What normalisation knows of words: `data/lexicon.yml`, checked when it is loaded."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

Words = dict[str, str]


class Lexicon(BaseModel):
    """The file's tables; what each is for stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_after: Words
    place_case_after: Words
    labels: frozenset[str]
    ordinal_nouns: frozenset[str]
    first_ordinal: frozenset[str]
    always_ordinal: frozenset[str]
    street_nouns: frozenset[str]
    short_numbers: frozenset[int]
    months: tuple[str, ...]
    when_words: frozenset[str]
    date_labels: frozenset[str]
    abbreviations: Words
    before_name: Words
    before_number: Words
    phrases: Words
    units: Words
    acronyms: Words
    letters: Words
    latin_words: Words
    latin_sounds: Words
    look_alikes: Words

    @field_validator("case_after", "place_case_after")
    @classmethod
    def _cases(cls, table: Words) -> Words:
        if wrong := [word for word, cases in table.items() if not cases or set(cases) - set("ngdaip")]:
            raise ValueError(f"unknown cases after: {', '.join(wrong)}")
        return table


LEXICON = Lexicon.model_validate(yaml.safe_load((Path(__file__).parent / "data" / "lexicon.yml").read_text("utf-8")))
