"""The worker's own few sentences, as sound in memory: what is said when nothing behind it works."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import yaml

from core.errors import ConfigurationError

_FILE = Path(__file__).with_name("prompts.yml")


class Voice(Protocol):
    """Text to PCM s16le at 8 kHz; raises core.errors.VyzovError when that fails. `tts.client.TtsClient` is one."""

    async def speak(self, text: str, slow: bool = False) -> bytes: ...


@dataclass(frozen=True)
class OwnPrompt:
    text: str
    pcm: bytes


@dataclass(frozen=True)
class OwnPrompts:
    """See prompts.yml for the texts."""

    hold: OwnPrompt
    apology_transfer: OwnPrompt
    transfer_failed: OwnPrompt
    transfer_failed_emergency: OwnPrompt
    closing: OwnPrompt
    overlong: OwnPrompt

    @classmethod
    async def render(cls, voice: Voice) -> OwnPrompts:
        """All prompts as sound. Raises ConfigurationError for a wrong file, core.errors.VyzovError without a voice."""
        texts = load_texts()
        rendered = await asyncio.gather(*(voice.speak(text) for text in texts.values()))
        return cls(**{name: OwnPrompt(text, pcm) for (name, text), pcm in zip(texts.items(), rendered, strict=True)})


def load_texts() -> dict[str, str]:
    """The texts of prompts.yml by name. Raises ConfigurationError unless it has exactly the names of OwnPrompts."""
    texts = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    names = {field.name for field in fields(OwnPrompts)}
    if not isinstance(texts, dict) or set(texts) != names or not all(isinstance(t, str) and t for t in texts.values()):
        raise ConfigurationError(f"{_FILE.name} must have a text for each of: {', '.join(sorted(names))}")
    return texts
