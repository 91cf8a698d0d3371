"""espeak-ng, the last resort: robotic, but it speaks whatever it is given. The text goes to its standard input."""

from __future__ import annotations

import asyncio
import shutil

from core.errors import ConfigurationError
from tts import audio
from tts.engines import EngineFailed

SECONDS = 5.0
"""Time limit of a text; 15 ms were measured for a sentence."""


class Espeak:
    """One short process a text."""

    name = "espeak"
    version = "espeak-ng-ru"

    @property
    def ready(self) -> bool:
        return shutil.which("espeak-ng") is not None

    async def start(self) -> None:
        if not self.ready:
            raise ConfigurationError("espeak-ng is not installed: apt-get install espeak-ng")

    async def stop(self) -> None:
        pass

    async def speak(self, text: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                "espeak-ng", "-v", "ru", "-s", "150", "--stdin", "--stdout",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise EngineFailed("espeak-ng cannot be started") from error
        try:
            wave, _ = await asyncio.wait_for(process.communicate(text.encode()), SECONDS)
        except TimeoutError:
            raise EngineFailed("espeak-ng took too long") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        samples, rate = audio.read_wave(wave)
        return await asyncio.to_thread(audio.to_telephone, samples, rate)
