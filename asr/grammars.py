"""Loads grammars.yml: what may be said in answer to which question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from num2words import num2words
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from asr.dialled import Around, Dialled
from asr.grammar import Encode, Grammar, Part
from core.errors import ConfigurationError
from core.words import Slot

_FILE = Path(__file__).with_name("grammars.yml")
Way = Literal["cardinal", "genitive", "neuter", "masculine", "prepositional", "digits", "two_digits"]
_ORDINALS = {"genitive": ("g", "m"), "neuter": ("n", "n"), "masculine": ("n", "m"), "prepositional": ("p", "m")}


class _Numbers(BaseModel):
    """The numbers from `first` to `last`, each in all `ways` and in all `around`."""

    model_config = ConfigDict(extra="forbid")
    first: int = Field(alias="from", ge=0)
    last: int = Field(alias="to", le=9999)
    ways: list[Way] = Field(min_length=1)
    around: list[Annotated[str, Field(pattern=r"^[^{}]*\{\}[^{}]*$")]] = Field(alias="as", default=["{}"])

    def wordings(self) -> Iterator[str]:
        for number in range(self.first, self.last + 1):
            for way in self.ways:
                for around in self.around:
                    yield around.format(_written(number, way))


Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Dialled(BaseModel):
    model_config = ConfigDict(extra="forbid")
    before: Words
    behind: Words
    in_words: Words
    in_digits: Words
    codes: Annotated[tuple[Annotated[str, Field(pattern=r"^\d{1,5}$")], ...], Field(min_length=1)]
    told: str

    def around(self, countries: tuple[str, ...]) -> Around:
        return Around(self.before, self.behind, countries, self.codes)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: dict[str, list[str | _Numbers]]
    grammars: dict[Slot, list[str]]
    told: dict[Slot, str] = {}
    dialled: _Dialled | None = None

    @model_validator(mode="after")
    def _all_known(self) -> _File:
        named = {name.rstrip("?") for lines in self.grammars.values() for line in lines for name in line.split()}
        if unknown := named - self.parts.keys():
            raise ValueError(f"there is no part {', '.join(sorted(unknown))}")
        for line in (line for lines in self.grammars.values() for line in lines):
            if all(name.endswith("?") for name in line.split()):
                raise ValueError(f"«{line}» allows an answer of nothing at all")
        return self

    def part(self, name: str) -> Part:
        wordings = dict.fromkeys(
            wording
            for entry in self.parts[name.rstrip("?")]
            for wording in ([entry] if isinstance(entry, str) else entry.wordings())
        )
        return Part(tuple(wordings), optional=name.endswith("?"))


@dataclass(frozen=True)
class Numbers:
    """Telephone numbers in both ways of writing; `told`: what was said before, for those in words."""

    in_digits: Dialled
    in_words: Dialled
    told: str


def load(encode: Encode, end_of_text: int, path: Path = _FILE) -> dict[str, Grammar]:
    """Slot to its grammar. Raises ConfigurationError for a file that says something else."""
    file = _read(path)
    return {
        slot: Grammar(
            [[file.part(name) for name in line.split()] for line in lines], encode, end_of_text, file.told.get(slot, "")
        )
        for slot, lines in file.grammars.items()
    }


def load_numbers(encode: Encode, end_of_text: int, path: Path = _FILE) -> Numbers:
    """Raises ConfigurationError."""
    dialled = _read(path).dialled
    if dialled is None:
        raise ConfigurationError(f"{path}: «dialled» is missing: what is said around a telephone number")
    return Numbers(
        Dialled(dialled.around(dialled.in_digits), encode, end_of_text, in_words=False),
        Dialled(dialled.around(dialled.in_words), encode, end_of_text, in_words=True),
        dialled.told,
    )


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _written(number: int, way: Way) -> str:
    if way == "digits":
        return str(number)
    if way == "two_digits":
        return f"{number:02}"
    if way == "cardinal":
        words = str(num2words(number, lang="ru"))
    else:
        case, gender = _ORDINALS[way]
        words = str(num2words(number, lang="ru", to="ordinal", case=case, gender=gender))
    return words.removeprefix("одна ")  # «тысяча девятьсот», not «одна тысяча девятьсот»
