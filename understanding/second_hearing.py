"""Lets the sound say which of some texts it is likeliest to be, where the recogniser still has the turn's sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from asr.client import Part
from core.errors import VyzovError
from core.events import Alternative
from core.logs import get_logger

log = get_logger(__name__)


class Ear(Protocol):
    """What `asr.client.AsrClient` does."""

    async def hear_again(self, turn_id: str, sequences: Sequence[Sequence[Part]]) -> list[Alternative]: ...


async def heard_again(ear: Ear | None, turn_id: str | None, sequences: Sequence[Sequence[Part]]) -> list[Alternative]:
    """The likeliest texts of a grammar, best first; nothing when the sound cannot be asked.

    Scores are natural logarithms of how much likelier a whole text is than what was recognised freely.
    """
    if ear is None or turn_id is None or not sequences:
        return []
    try:
        return await ear.hear_again(turn_id, sequences)
    except VyzovError as error:
        log.info("not_heard_again", reason=error.code)
        return []
