"""Which engine speaks: by setting, or by what is there."""

from __future__ import annotations

from core.settings import Settings
from tts.engines import Engine
from tts.engines.festival import Festival
from tts.engines.silero import Silero, model_path, torch_is_there


def select_engine(settings: Settings) -> Engine:
    """`auto`: Silero when its model and torch are there, else Festival."""
    silero = settings.tts_engine == "silero" or (
        settings.tts_engine == "auto" and model_path(settings).is_file() and torch_is_there()
    )
    if silero:
        return Silero(model_path(settings), settings.silero_sha256, settings.silero_speaker)
    return Festival(settings.tts_processes)
