"""Silero's Russian voices through torch, from a local file.

The file comes from the vendor (scripts/fetch_models). Licences: the Russian models (v3_1_ru, v4_ru, v5_ru) are
CC BY-NC 4.0, for non-commercial use; v5_cis_base is MIT and wants stress marks (`+` before the vowel).
Loading it unpickles, which runs code: the file's SHA-256 is checked first. torch is needed by nothing else here;
requirements/silero.in says how it is installed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import importlib.util
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigurationError
from core.settings import Settings
from tts import audio
from tts.engines import EngineFailed, TextRefused

TEXT_SECONDS = 10.0
"""Time limit of a sentence, the wait for those before it included."""


def model_path(settings: Settings) -> Path:
    """Where scripts/fetch_models puts the model."""
    return settings.models_dir / "silero" / "ru.pt"


def torch_is_there() -> bool:
    return importlib.util.find_spec("torch") is not None


def _checked_hash(path: Path, sha256: str) -> str:
    """The file's SHA-256, which must be `sha256` (empty: the one in `<file>.sha256`). Raises ConfigurationError."""
    beside = path.with_name(path.name + ".sha256")
    if not path.is_file():
        raise ConfigurationError("Silero's model is missing: run scripts/fetch_models, or set VYZOV_TTS=festival")
    if not sha256 and beside.is_file():
        sha256 = beside.read_text().split(maxsplit=1)[0]
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ConfigurationError("Silero's model has no SHA-256 to be checked by: set VYZOV_SILERO_SHA256")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not hmac.compare_digest(found, sha256):
        raise ConfigurationError("Silero's model is damaged or another file: its SHA-256 differs; fetch it again")
    return found


class Silero:
    """One model in one thread: torch itself uses the cores it is given."""

    name = "silero"

    def __init__(self, path: Path, sha256: str, speaker: str) -> None:
        self._path = path
        self._sha256 = sha256
        self._speaker = speaker
        self._model: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="silero")
        self.version = f"silero-{speaker}"

    @property
    def ready(self) -> bool:
        return self._model is not None

    async def start(self) -> None:
        self._model = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> Any:
        sha256 = _checked_hash(self._path, self._sha256)
        try:
            import torch
        except ImportError as error:
            raise ConfigurationError("Silero needs torch: see requirements/silero.in") from error
        try:
            torch.set_num_threads(1)
            model = torch.package.PackageImporter(str(self._path)).load_pickle("tts_models", "model")
        except Exception as error:
            raise ConfigurationError(f"Silero's model cannot be loaded: {type(error).__name__}") from error
        self.version = f"silero-{self._speaker}-{sha256[:12]}"
        return model

    async def speak(self, text: str) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._thread, self._render, text), TEXT_SECONDS)
        except TimeoutError:
            raise EngineFailed("silero took too long") from None

    def _render(self, text: str) -> bytes:
        if not re.search(r"[а-яё]", text, re.IGNORECASE):
            raise TextRefused("nothing speakable in the text")
        try:
            sound = self._model.apply_tts(text=text, speaker=self._speaker, sample_rate=audio.RATE)
        except Exception as error:  # the model raises bare ValueError and Exception for texts it cannot speak
            raise TextRefused(f"silero refused the text: {type(error).__name__}") from None
        return audio.to_telephone(np.asarray(sound, dtype=np.float64), audio.RATE)

    async def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
