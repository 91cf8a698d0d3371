"""Promise: a model that is damaged or absent is told at start, with what to do, and never half used."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from asr import models
from asr.models import EngineChoice, choose, prepare_whisper
from core.errors import ConfigurationError
from core.settings import ROOT, Settings
from tests.asr.conftest import environment


@pytest.fixture
def empty(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"var_dir": tmp_path, "asr_engine": "auto"})


def test_whisper_is_joined_once(empty: Settings) -> None:
    choice = choose(empty)
    assert choice == EngineChoice("whisper", empty.models_dir / "whisper-base")
    written = (choice.model / "model.bin").stat().st_mtime_ns
    assert choose(empty) == choice
    assert (choice.model / "model.bin").stat().st_mtime_ns == written
    assert [path.name for path in empty.models_dir.iterdir()] == ["whisper-base"], "half a model was left behind"


@pytest.mark.parametrize("damage", ["a bit", "truncated", "absent"])
def test_damaged_whisper(tmp_path: Path, damage: str) -> None:
    folder = prepare_whisper(tmp_path / "whisper-base")
    file = folder / "model.bin"
    if damage == "absent":
        file.unlink()
    else:
        with file.open("r+b") as model:
            if damage == "truncated":
                model.truncate(1000)
            else:
                model.seek(70_000_000)
                model.write(b"\0\1\2\3")
    with pytest.raises(ConfigurationError, match="delete the folder"):
        prepare_whisper(folder)


def test_absent_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"services\.lock"):
        prepare_whisper(tmp_path / "whisper-base")
    assert list(tmp_path.iterdir()) == []


def test_vosk_is_chosen_where_its_model_is(empty: Settings) -> None:
    folder = empty.models_dir / "vosk-ru"
    folder.mkdir(parents=True)
    assert choose(empty) == EngineChoice("vosk", folder)


def test_vosk_without_a_model(empty: Settings) -> None:
    with pytest.raises(ConfigurationError, match="fetch_models"):
        choose(empty.model_copy(update={"asr_engine": "vosk"}))


def test_the_service_does_not_start_with_a_damaged_model(empty: Settings) -> None:
    folder = empty.models_dir / "whisper-base"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"damaged")
    result = subprocess.run(
        [sys.executable, "-m", "asr.service"], cwd=ROOT, env=environment(empty), capture_output=True, timeout=60
    )
    assert result.returncode != 0
    assert b"delete the folder" in result.stderr
    assert b"Traceback" not in result.stderr


def test_the_hashes_are_whole() -> None:
    assert all(len(right) == 64 for right in models.WHISPER_FILES.values())
