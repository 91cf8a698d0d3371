"""A resident in a call: follows the events to know what is asked, and speaks only through the call."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import date
from typing import Any

from core import events
from core.logs import get_logger
from scripts.resident.answers import Answers, Said
from scripts.resident.fields import AS_HEARD
from scripts.resident.office import Office
from scripts.resident.phone import RATE, Phone
from scripts.resident.report import report
from scripts.resident.scenario import Deed, Scenario
from scripts.resident.service import Service
from scripts.resident.speech import Voice
from scripts.resident.verdict import Came
from telephony.audio_port import Playout

log = get_logger(__name__)

REACTION_SECONDS = 0.35
"""A person's pause before an answer; it also covers what the jitter buffers still hold of the prompt."""


def by_voice(scenario: Scenario) -> Scenario:
    """What is expected by voice: free words stand as they were recognised, and what was not is asked again."""
    expect, *also = ({name: value for name, value in fields.items() if name not in AS_HEARD}
                     for fields in (scenario.expect, *scenario.also))  # fmt: skip
    return scenario.model_copy(update={"expect": expect, "also": also, "most_questions": None})


class Resident:
    """One call of one scenario. `run` phones, talks, and returns what docs/interfaces.md says of `scripts/call`."""

    def __init__(
        self, scenario: Scenario, voice: Voice, service: Service, office: Office, phone: Phone, today: date
    ) -> None:
        self._scenario = scenario
        self._voice = voice
        self._service = service
        self._office = office
        self._phone = phone
        self._today = today
        self._answers = Answers(scenario, today)
        self._came = Came(outcome="")
        self._call_id: str | None = None
        self._prompt_finished = asyncio.Event()
        self._answering: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._house_call_ids: list[str] = []
        self._said: list[Playout] = []
        self._transcript: list[dict[str, Any]] = []
        self._service_latency: list[float | None] = []

    async def run(self, uri: str, *, seconds: float = 420) -> dict[str, Any]:
        """Phone `uri`; at most `seconds` long. Never raises for what the other side does."""
        async with self._office.staged(self._scenario, self._house_call_ids) as earlier:
            lasted = await self._call(uri, seconds)
            return await self._verdict(lasted, earlier)

    async def _call(self, uri: str, seconds: float) -> float:
        """The call itself; how long it lasted."""
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
        return lasted

    async def _verdict(self, lasted: float, earlier: list[str]) -> dict[str, Any]:
        came = self._came
        came.records = [await self._service.house_call(one) for one in self._house_call_ids]
        came.outcome = came.outcome or f"sip {self._phone.code}"
        told = await report(by_voice(self._scenario), came, self._office, self._call_id, earlier, self._today)
        return told | {
            "turns": len(self._said), "seconds": round(lasted, 1),
            "voice_to_voice": self._phone.voice_to_voice(self._said), "service_voice_to_voice": self._service_latency,
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
                self._came.heard.append(event.text)
                self._came.questions += event.expects is not None and event.slot != "done"
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
                if event.house_call_id not in self._house_call_ids:
                    self._house_call_ids.append(event.house_call_id)
                    self._answers.recorded()
            case events.RedFlag():
                self._came.red_flag = True
                self._note("red_flag", event.words)
            case events.RecordingRefused():
                self._came.recording_refused = True
            case events.CallTransferring():
                self._came.transfer = {"to": event.to, "reason": event.reason}
            case events.CallTransferred():
                self._came.transfer = {"to": event.to, "reason": event.reason}
                self._note("transfer", event.to, reason=event.reason, result=event.result)
            case events.CallEnded():
                self._came.outcome = event.outcome
                self._over.set()

    def _note(self, who: str, text: str, **more: Any) -> None:
        self._transcript.append({"who": who, "text": text, **{k: v for k, v in more.items() if v is not None}})

    # -- what the resident does about it

    async def _answer(self, prompt: events.PromptStarted) -> None:
        if prompt.expects is None and prompt.slot is None:
            return
        deed = self._answers.deed(prompt.slot, prompt.text)
        if deed is not None:
            if await self._do(deed):
                return
        else:
            await self._prompt_finished.wait()
        await asyncio.sleep(REACTION_SECONDS)
        said = self._answers.to(prompt.slot, prompt.expects, prompt.text)
        if said is not None:
            await self._say(said)
        elif prompt.slot == "done" and self._house_call_ids:
            self._phone.hang_up()  # who has nothing to take away waits for the farewell

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
            await self._say(self._answers.words(deed.say))
        else:
            return False
        return True

    async def _say(self, said: Said) -> None:
        pcm = await self._voice.pcm(said)
        self._note("resident", said.text)
        playout = self._phone.say(pcm)
        self._said.append(playout)
        await asyncio.sleep(len(pcm) / 2 / RATE)
