"""Speech engines behind one small interface."""

from __future__ import annotations

from typing import Protocol

from core.errors import VyzovError


class TextRefused(VyzovError):
    """The engine cannot speak this text; another wording or another engine may."""

    code = "text_refused"


class EngineFailed(VyzovError):
    """The engine did not answer in time, or is gone; it repairs itself."""

    code = "engine_failed"
    http_status = 503


class Engine(Protocol):
    """Turns speakable text into telephone audio; used by one event loop.

    `speak` takes what `tts.normalise` returns and gives 8 kHz s16le mono PCM with something to hear in it.
    It raises TextRefused, EngineFailed or audio.SilentAudio; it never blocks the loop and has a time limit.
    """

    @property
    def name(self) -> str:
        """Short, for logs and metric labels."""

    @property
    def version(self) -> str:
        """Voice and version: another one means that cached audio is another's."""

    @property
    def ready(self) -> bool:
        """Whether a text would be spoken now."""

    async def start(self) -> None:
        """Load the voice. Raises core.errors.ConfigurationError with what to do."""

    async def speak(self, text: str) -> bytes: ...

    async def stop(self) -> None: ...
