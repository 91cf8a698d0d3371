"""Promise: Silero's package is loaded and speaks by its real call, and a file with another hash is never unpickled.

The vendor's voices cannot be had everywhere; a small package with the same call is built and loaded by real torch, in
the environment of requirements/silero.lock.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import ROOT, Settings
from tts.engines import silero
from tts.engines.festival import Festival
from tts.engines.select import select_engine
from tts.engines.silero import Silero

PYTHON = ROOT / ".venv-silero" / "bin" / "python"


def has_torch() -> bool:
    return any((ROOT / ".venv-silero").glob("lib/python*/site-packages/torch/__init__.py"))


@pytest.mark.slow
@pytest.mark.skipif(not has_torch(), reason="no torch in .venv-silero: see requirements/silero.in")
def test_a_package_is_loaded_and_speaks(tmp_path: Path) -> None:
    ended = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("silero_trial.py")), str(tmp_path)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, timeout=240, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["seconds"] == pytest.approx(1.6, abs=0.1)
    assert said["rms_dbfs"] == pytest.approx(-20, abs=2)
    assert said["hertz"] == pytest.approx(440, abs=5)
    assert said["refused"]
    assert said["after"] > 8000
    assert said["by_file"]
    assert set(said["faults"]) == {"other_hash", "no_hash", "damaged"}


@pytest.mark.parametrize(("content", "sha256", "words"), [
    (None, "", "fetch_models"), (b"x", "", "VYZOV_SILERO_SHA256"), (b"x", "0" * 64, "damaged"),
])  # fmt: skip
async def test_a_model_that_is_not_the_right_one_is_a_clear_error(
    tmp_path: Path, content: bytes | None, sha256: str, words: str
) -> None:
    model = tmp_path / "ru.pt"
    if content is not None:
        model.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words):
        await Silero(model, sha256, "xenia").start()


def test_the_engine_is_chosen_by_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(var_dir=tmp_path)
    monkeypatch.setattr("tts.engines.select.torch_is_there", lambda: True)
    assert isinstance(select_engine(settings), Festival)
    model = silero.model_path(settings)
    model.parent.mkdir(parents=True)
    model.write_bytes(b"x")
    assert isinstance(select_engine(settings), Silero)
    monkeypatch.setattr("tts.engines.select.torch_is_there", lambda: False)
    assert isinstance(select_engine(settings), Festival)
