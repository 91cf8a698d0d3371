"""What the tests of names and addresses share: dictionaries and register are loaded once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT, Settings
from understanding import dictionaries
from understanding.dictionaries import NameDictionaries
from understanding.register import Register

RECOGNISED = Path(__file__).parent / "data" / "names_addresses.jsonl"
"""Five-best and three-best lists of Whisper base for the recorded residents and for 40 drawn patients of the sample
region, spoken by festvox-ru: A-law, 300-3400 Hz."""


@pytest.fixture(scope="session")
def name_dictionaries() -> NameDictionaries:
    return dictionaries.load(Settings().var_dir / "dictionaries")


@pytest.fixture(scope="session")
def register() -> Register:
    return Register.load(ROOT / "regions" / "sample")


@pytest.fixture(scope="session")
def recognised() -> list[dict[str, Any]]:
    return list(_rows())


def _rows() -> Iterator[dict[str, Any]]:
    with RECOGNISED.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            row["alternatives"] = [{"text": text, "score": score} for text, score in row["alternatives"]]
            yield row
