"""Recognition engines behind one small interface; each runs in a recogniser process of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from asr.audio import Pcm
from asr.grammar import Part
from core.events import Alternative


@dataclass(frozen=True)
class Task:
    """One turn to recognise. `pcm` is 8 kHz; `speech_seconds` is what of it is speech."""

    turn_id: str
    pcm: Pcm
    speech_seconds: float
    expects: str | None = None
    slot: str | None = None
    candidates: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Recognition:
    """`text` is lower case without punctuation; empty: no speech in it. `closed`: chosen from the candidates."""

    text: str
    alternatives: list[Alternative] = field(default_factory=list)
    closed: bool = False


class Engine(Protocol):
    """A recogniser of whole turns. One thread, no state but the sound that may be heard again."""

    name: str

    def recognise(self, task: Task) -> Recognition:
        """The words of a turn."""

    def hear_again(self, turn_id: str, sequences: list[list[Part]]) -> list[Alternative]:
        """The likeliest texts of a grammar (asr/grammar.py) against the sound of that turn, best first; the scores are
        natural logarithms of how much likelier each is, as a whole, than the best text of `recognise` was.

        Raises core.errors.NotFound when the sound is gone or the engine cannot.
        """
