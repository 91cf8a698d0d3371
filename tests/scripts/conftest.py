"""What the tests of the bench of understanding share."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import ROOT
from scripts.understanding_bench.draws import Drawer
from scripts.understanding_bench.kept import Kept


@pytest.fixture(scope="session")
def drawer() -> Drawer:
    return Drawer(ROOT / "regions" / "sample")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept.sqlite")
