"""A resident in a call: follows the events to know what is asked, and speaks only through the call."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from core import events
from core.logs import get_logger
from scripts.resident.phone import RATE, Phone
from scripts.resident.scenario import Deed, Scenario
from scripts.resident.service import Service
from scripts.resident.speech import Voice
from scripts.resident.verdict import differing, wrong_fields
from telephony.audio_port import Playout

log = get_logger(__name__)

REACTION_SECONDS = 0.35
"""A person's pause before an answer; it also covers what the jitter buffers still hold of the prompt."""


class Resident:
    """One call of one scenario. `run` phones, talks, and returns what docs/interfaces.md says of `scripts/call`."""

    def __init__(self, scenario: Scenario, voice: Voice, service: Service, phone: Phone) -> None:
        self._scenario = scenario
        self._voice = voice
        self._service = service
        self._phone = phone
        self._deeds = scenario.deeds()
        self._call_id: str | None = None
        self._asked = 0
        self._prompt_finished = asyncio.Event()
        self._answering: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._outcome: str | None = None
        self._house_call_id: str | None = None
        self._said: list[Playout] = []
        self._transcript: list[dict[str, Any]] = []
        self._service_latency: list[float | None] = []

    async def run(self, uri: str, *, seconds: float = 420) -> dict[str, Any]:
        """Phone `uri`; at most `seconds` long. Never raises for what the other side does."""
        connected = asyncio.Event()
        follower = asyncio.create_task(self._follow(connected), name="follower")
        await asyncio.wait({follower, asyncio.create_task(connected.wait())}, timeout=15,
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        if follower.done():
            await follower  # raises why the events cannot be had
        begun = time.monotonic()
        self._phone.dial(uri)
        ended = asyncio.create_task(self._phone.ended.wait())
        await asyncio.wait({ended}, timeout=seconds)
        if not ended.done():
            self._phone.hang_up()
        lasted = time.monotonic() - begun
        if self._call_id is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 15)
        follower.cancel()
        if self._answering is not None:
            self._answering.cancel()
        return await self._verdict(lasted)

    async def _verdict(self, lasted: float) -> dict[str, Any]:
        record = await self._service.house_call(self._house_call_id) if self._house_call_id else None
        wrong = wrong_fields(self._scenario.expect, self._outcome, record)
        if record is not None and record["state"] == "delivered" and self._service.checks_mis:
            visit = await self._service.visit(record["mis_id"])
            if visit is None or differing(self._scenario.expect, visit):
                wrong = [*wrong, "mis"]
        heard = self._phone.voice_to_voice(self._said)
        return {
            "id": self._scenario.id, "outcome": self._outcome or f"sip {self._phone.code}", "record": record,
            "expected": self._scenario.expect, "right": not wrong, "wrong_fields": wrong,
            "turns": len(self._said), "seconds": round(lasted, 1),
            "voice_to_voice": heard, "service_voice_to_voice": self._service_latency,
            "transcript": self._transcript,
        }  # fmt: skip

    # -- what happens in the call, as the events tell it

    async def _follow(self, connected: asyncio.Event) -> None:
        async for event in self._service.events(connected):
            if self._call_id is None:
                if event.type == "call.started" and event.caller == self._scenario.caller_phone:
                    self._call_id = event.call_id
                continue
            if event.call_id == self._call_id:
                self._take(event)

    def _take(self, event: events.Event) -> None:
        match event:
            case events.PromptStarted():
                self._note("vyzov", event.text, slot=event.slot, expects=event.expects)
                if self._answering is not None:
                    self._answering.cancel()
                self._prompt_finished.clear()
                self._answering = asyncio.create_task(self._answer(event), name="answering")
            case events.PromptFinished():
                self._prompt_finished.set()
            case events.TurnRecognised():
                self._note("heard", event.text, latency=event.latency.model_dump())
                self._service_latency.append(event.latency.voice_to_voice)
            case events.SlotFilled():
                self._note("understood", str(event.value), slot=event.slot, probability=event.probability)
            case events.HouseCallCreated():
                self._house_call_id = event.house_call_id
            case events.CallTransferred():
                self._note("transfer", event.to, reason=event.reason, result=event.result)
            case events.CallEnded():
                self._outcome = event.outcome
                self._over.set()

    def _note(self, who: str, text: str, **more: Any) -> None:
        self._transcript.append({"who": who, "text": text, **{k: v for k, v in more.items() if v is not None}})

    # -- what the resident does about it

    async def _answer(self, prompt: events.PromptStarted) -> None:
        if prompt.expects is None and prompt.slot is None:
            return
        first, self._asked = self._asked == 0, self._asked + 1
        deed = next((d for d in self._deeds if d.slot == prompt.slot), None)
        if deed is not None:
            self._deeds.remove(deed)
            if await self._do(deed):
                return
        else:
            await self._prompt_finished.wait()
        await asyncio.sleep(REACTION_SECONDS)
        said = self._scenario.answer_to(prompt.slot, prompt.expects, first)
        if said is not None:
            await self._say(said)

    async def _do(self, deed: Deed) -> bool:
        """Do the deed; True when the ordinary answer is not to follow before the question comes again."""
        if deed.interrupt_after is not None:
            await asyncio.sleep(deed.interrupt_after)
        else:
            await self._prompt_finished.wait()
            await asyncio.sleep(deed.wait or REACTION_SECONDS)
        if deed.hang_up:
            self._phone.hang_up()
        elif deed.type is not None:
            self._phone.type(deed.type)
        elif deed.say is not None:
            await self._say(deed.say)
        else:
            return False
        return True

    async def _say(self, said: str) -> None:
        text, pcm = await self._voice.pcm(said)
        self._note("resident", text)
        playout = self._phone.say(pcm)
        self._said.append(playout)
        await asyncio.sleep(len(pcm) / 2 / RATE)
