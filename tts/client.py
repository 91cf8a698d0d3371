"""The only door to this room: texts in, telephone audio out."""

from __future__ import annotations

from collections.abc import Sequence

from core.client import ServiceClient
from core.settings import Settings

PREPARE_AT_ONCE = 200
"""Texts of one request to prepare."""


class TtsClient(ServiceClient):
    """Speech from the tts service; one instance a process, closed with `aclose`."""

    service = "tts"

    def __init__(self, settings: Settings, *, seconds: float = 15.0) -> None:
        super().__init__(settings.tts_url, settings, seconds=seconds)

    async def speak(self, text: str, slow: bool = False) -> bytes:
        """8 kHz s16le mono PCM of the whole text; `slow`: at a tempo for numbers and bad lines.

        Raises core.errors.ServiceUnavailable (no answer, time-out, overload) or BadInput (empty or overlong text).
        """
        return (await self.request("POST", "/v1/speak", json={"text": text, "slow": slow})).content

    async def prepare(self, texts: Sequence[str]) -> None:
        """Have fixed prompts rendered ahead, to the disk: never a text with personal data. Raises like `speak`."""
        for first in range(0, len(texts), PREPARE_AT_ONCE):
            await self.request("POST", "/v1/prepare", json={"texts": list(texts[first : first + PREPARE_AT_ONCE])})
