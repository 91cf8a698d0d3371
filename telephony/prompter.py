"""Our own voice in a call: what is being said, who may stop it, and what a caller hears while we wait ourselves."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import VyzovError
from core.events import PromptFinished, PromptStarted
from core.words import Expects, Slot
from telephony.audio_port import Playout
from telephony.prompts import OwnPrompt, Voice
from telephony.record import Record
from telephony.speaking import Speaking, Spoken
from telephony.surroundings import CallLine

FILLER_SECONDS = 1.5
"""A wait for the dialog that is longer gets «Одну секунду», and again after FILLER_AGAIN_SECONDS."""
FILLER_AGAIN_SECONDS = 4.0
HEARD_SECONDS = 60.0
"""Longest wait for a sentence of ours to be heard: on hold, nothing of it leaves."""


class Filler:
    """«Одну секунду» while a caller waits for the dialog or for synthesis."""

    def __init__(self, line: CallLine, prompt: OwnPrompt) -> None:
        self._line = line
        self._prompt = prompt
        self._next = line.clock + FILLER_SECONDS
        self._first: Playout | None = None

    def step(self) -> None:
        """Once a tick while there is nothing else to hear."""
        if self._line.clock >= self._next:
            played = self._line.play(self._prompt.pcm)
            self._first = self._first or played
            self._next = self._line.clock + FILLER_AGAIN_SECONDS

    @property
    def audible(self) -> int | None:
        return None if self._first is None else self._first.audible


class Prompter:
    """Says one thing after another and publishes `prompt.started` and `prompt.finished`."""

    def __init__(self, line: CallLine, voice: Voice, record: Record) -> None:
        self._line = line
        self._voice = voice
        self._record = record
        self._speaking = Speaking(line, voice, [])

    async def begin(self, pieces: Sequence[Spoken], filler: Filler | None = None) -> None:
        """Returns with the first audible sound, or when there will be none (`silenced`). Raises CallerGone."""
        self._speaking = Speaking(self._line, self._voice, pieces)
        limit = self._line.clock + HEARD_SECONDS
        while self._speaking.answered is None and not self._speaking.ended and self._line.clock < limit:
            await self._line.tick()
            if filler is not None and not self._speaking.begun:
                filler.step()

    async def begin_own(self, prompt: OwnPrompt) -> None:
        await self.begin([Spoken(prompt.text, barge_in=False, pcm=prompt.pcm)])

    def started(self, expects: Expects | None = None, slot: Slot | None = None) -> None:
        if self._speaking.text:
            self._record.publish(
                PromptStarted,
                text=self._speaking.text,
                expects=expects,
                slot=slot,
                barge_in=self._speaking.may_be_stopped,
            )

    def finished(self, *, interrupted: bool = False) -> None:
        if self._speaking.text:
            self._record.publish(PromptFinished, interrupted=interrupted)

    async def play_out(self) -> None:
        """Wait until all of what is being said has been heard. Raises CallerGone."""
        limit = self._line.clock + HEARD_SECONDS
        while not self._speaking.ended and self._line.clock < limit:
            await self._line.tick()
        self.finished()

    async def say_own(self, prompt: OwnPrompt) -> None:
        """One of the worker's own sentences instead of whatever is being said. Raises CallerGone."""
        await self.stop()
        await self.begin_own(prompt)
        self.started()
        await self.play_out()

    async def stop(self) -> None:
        """Be quiet at once."""
        await self._speaking.stop()

    # -- how far it is

    @property
    def ended(self) -> bool:
        return self._speaking.ended

    @property
    def error(self) -> VyzovError | None:
        """Why it broke off."""
        return self._speaking.error

    @property
    def silenced(self) -> bool:
        """It broke off before anything of it was heard."""
        return self._speaking.error is not None and self._speaking.answered is None

    @property
    def barge_in(self) -> bool:
        """Whether what is heard now may be stopped."""
        return self._speaking.barge_in

    @property
    def first_seconds(self) -> float | None:
        return self._speaking.first_seconds

    @property
    def answered(self) -> int | None:
        return self._speaking.answered
