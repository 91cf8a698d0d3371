"""Speaks one answer: sentence by sentence, the next being synthesised while the one before is heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from core.errors import ServiceUnavailable, VyzovError
from core.logs import get_logger
from telephony.audio_port import Playout
from telephony.line import CallerGone
from telephony.prompts import Voice

log = get_logger(__name__)

SYNTHESIS_SECONDS = 5.0
"""Longest wait for a sentence: synthesis takes 0.05 to 0.3 s when it works."""
_AHEAD = 2
"""Sentences that may wait behind the one that is heard."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[«\"(]?[А-ЯЁA-Z])")
_SHORTEST = 12
"""Characters: a shorter beginning («Да.», «Дом 5.») is spoken with what follows, for its tune."""


class Mouth(Protocol):
    """What speaking needs of a line."""

    def play(self, pcm: bytes) -> Playout: ...

    def stop_playing(self) -> None: ...

    async def tick(self) -> None: ...


def sentences(text: str) -> list[str]:
    """`text` split where a sentence ends and the next begins with a capital; abbreviations stay whole.

    >>> sentences("Записал: ул. Лесная, д. 5. Всё верно?")
    ['Записал: ул. Лесная, д. 5.', 'Всё верно?']
    """
    found: list[str] = []
    for part in _SENTENCE_END.split(text.strip()):
        if found and (len(found[-1]) < _SHORTEST or _is_abbreviation(found[-1])):
            found[-1] += " " + part
        elif part:
            found.append(part)
    return found


def _is_abbreviation(text: str) -> bool:
    """Whether `text` ends with «ул.» or an initial rather than with a sentence."""
    last = text.rsplit(maxsplit=1)[-1].lower()
    return last.endswith(".") and ((len(last) == 2 and last[0].isalpha()) or last[:-1] in _ABBREVIATIONS)


_ABBREVIATIONS = frozenset(
    "ул пр просп пр-т пер пл наб бул б-р мкр мкрн пос дер корп стр влад кв обл р-н им гор".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Spoken:
    """One piece of an answer; `pcm` is None where it has still to be synthesised."""

    text: str
    barge_in: bool = True
    pcm: bytes | None = None
    slow: bool = False


class Speaking:
    """One answer being spoken, in a task of its own; its properties tell how far it is."""

    def __init__(self, mouth: Mouth, voice: Voice, pieces: Sequence[Spoken]) -> None:
        self.error: VyzovError | None = None
        """Why it stopped: a sentence could not be had. What was queued before is still heard."""
        self.first_seconds: float | None = None
        """From the beginning until the first sentence's sound was there."""
        self._mouth = mouth
        self._voice = voice
        self._pieces = [
            replace(piece, text=sentence)
            for piece in pieces
            for sentence in ([piece.text] if piece.pcm is not None else sentences(piece.text))
        ]
        self._playouts: list[Playout] = []
        self._task = asyncio.create_task(self._synthesise(), name="speaking")

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self._pieces)

    @property
    def may_be_stopped(self) -> bool:
        """Whether the caller may interrupt all of it."""
        return all(piece.barge_in for piece in self._pieces)

    @property
    def answered(self) -> int | None:
        """Sample of the port's clock at which its first audible sound left."""
        return next((p.audible for p in self._playouts if p.audible is not None), None)

    @property
    def begun(self) -> bool:
        """The sound of its first sentence is there, and plays as soon as what was queued before has ended."""
        return bool(self._playouts)

    @property
    def ended(self) -> bool:
        """Everything that will be heard of it was heard."""
        return self._task.done() and all(p.ended is not None for p in self._playouts)

    @property
    def barge_in(self) -> bool:
        """Whether the sentence that is heard now may be stopped."""
        done = sum(p.ended is not None for p in self._playouts)
        return not self._pieces or self._pieces[min(done, len(self._pieces) - 1)].barge_in

    async def stop(self) -> None:
        """Be quiet at once."""
        self._task.cancel()
        self._mouth.stop_playing()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _synthesise(self) -> None:
        began = asyncio.get_running_loop().time()
        try:
            for piece in self._pieces:
                while sum(p.ended is None for p in self._playouts) > _AHEAD:
                    await self._mouth.tick()
                pcm = piece.pcm
                if pcm is None:
                    pcm = await asyncio.wait_for(self._voice.speak(piece.text, slow=piece.slow), SYNTHESIS_SECONDS)
                self._playouts.append(self._mouth.play(pcm))
                if self.first_seconds is None:
                    self.first_seconds = asyncio.get_running_loop().time() - began
        except CallerGone:
            pass
        except TimeoutError:
            self.error = ServiceUnavailable("tts: no answer in time")
        except VyzovError as error:
            self.error = error
        except ValueError:
            self.error = ServiceUnavailable("tts: not PCM")
