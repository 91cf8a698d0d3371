"""A call faster than life: a line with a clock of its own, and an ear, a voice and a dialog that do as they are told.

They implement telephony.surroundings; the timeline of a call is a table of what happens when which prompt is heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import ServiceUnavailable
from core.events import Event, PromptFinished, PromptStarted
from core.settings import Settings
from core.words import Expects, Slot
from dialog.client import Answer, DialogEvent, Say, Transfer, Turn
from telephony.audio_port import FRAME_SAMPLES, SAMPLE_RATE, Playlist, Playout
from telephony.conversation import Conversation
from telephony.destinations import Destinations
from telephony.endpointing import Candidate
from telephony.handover import Referral, WantedWay
from telephony.hearing import Listener
from telephony.line import CallerGone
from telephony.prompts import OwnPrompt, OwnPrompts, load_texts
from telephony.surroundings import Surroundings
from tests.telephony.stubs import tone

OWN = OwnPrompts(**{name: OwnPrompt(text, tone(1.0)) for name, text in load_texts().items()})


Step = tuple[float, int]
"""After so many seconds that SIP status."""
ANSWERED: list[Step] = [(0.1, 202), (0.2, 100), (2.0, 200)]
BUSY: list[Step] = [(0.1, 202), (0.2, 100), (1.0, 486)]
REFUSED: list[Step] = [(0.1, 405)]
SILENT: list[Step] = [(0.1, 202)]
RINGS: list[Step] = [(0.1, 202), (0.2, 180)]


@dataclass
class FakeLeg:
    status: int | None = None
    answered: bool = False
    ended: bool = False
    sounding: bool = False
    hung_up: bool = False

    def progress(self, code: int) -> None:
        """As the real one: 1xx, an answer, or the end; 0 is a hang-up after the answer."""
        self.status = code or self.status
        self.answered = self.answered or code == 200
        self.ended = self.ended or code == 0 or code >= 300

    def hang_up(self) -> None:
        self.hung_up = self.ended = True


class FakeLine:
    """20 ms of the call pass with every `tick`."""

    number = 7
    caller = "+79161234567"
    buffered_seconds = 0.04
    called = "122"

    def __init__(self) -> None:
        self.held = False
        self.on_digit_pressed: Callable[[str], None] | None = None
        self.samples = 0
        self.gone = False
        self.hung_up = False
        self.transfers: list[tuple[str, str]] = []
        """Way and URI of each try to hand the caller over."""
        self.contexts: list[str] = []
        self.refer_steps: list[Step] = ANSWERED
        self.leg_steps: list[Step] | None = None
        """None: there is no place for a second leg."""
        self.legs: list[FakeLeg] = []
        self.playlist = Playlist()
        self.silent_since = 0.0
        self.longest_silence = 0.0
        """Dead air: seconds in which the caller heard nothing."""
        self._agenda: list[tuple[float, Callable[[], None]]] = []

    @property
    def clock(self) -> float:
        return self.samples / SAMPLE_RATE

    def at(self, when: float, what: Callable[[], None]) -> None:
        self._agenda.append((when, what))

    async def answer(self) -> None: ...

    async def hang_up(self) -> None:
        self.hung_up = True

    def refer(self, uri: str, context: str) -> Referral:
        self.transfers.append(("refer", uri))
        self.contexts.append(context)
        referral = Referral()
        for seconds, code in self.refer_steps:
            self.at(self.clock + seconds, lambda code=code: self._tell(referral, code))  # type: ignore[misc]
        return referral

    def _tell(self, referral: Referral, code: int) -> None:
        """As the real line does: 202 and 405 answer the REFER, everything else comes by NOTIFY."""
        if code in (202, 405):
            referral.responded(code)
        else:
            referral.notified()
        referral.progressed(100 if code == 202 else code, final=code >= 200 and code != 202)

    async def dial(self, uri: str, context: str) -> FakeLeg | None:
        self.transfers.append(("leg", uri))
        self.contexts.append(context)
        if self.leg_steps is None:
            return None
        leg = FakeLeg()
        self.legs.append(leg)
        for seconds, code in self.leg_steps:
            self.at(self.clock + seconds, lambda code=code: leg.progress(code))  # type: ignore[misc]
        return leg

    async def tick(self) -> None:
        for _ in range(4):  # whoever waits for something else goes first
            await asyncio.sleep(0)
        if self.gone:
            raise CallerGone
        if self.playlist.next_frame(self.samples) is not None:
            self.silent_since = self.clock
        self.longest_silence = max(self.longest_silence, self.clock - self.silent_since)
        self.samples += FRAME_SAMPLES
        due = [item for item in self._agenda if item[0] <= self.clock]
        self._agenda = [item for item in self._agenda if item[0] > self.clock]
        for _, what in sorted(due, key=lambda item: item[0]):
            what()

    def play(self, pcm: bytes) -> Playout:
        playout = Playout(pcm)
        self.playlist.add(playout)
        return playout

    def stop_playing(self) -> None:
        self.playlist.clear(self.samples)


@dataclass
class FakeEar:
    line: FakeLine
    here: bool = True
    said: list[tuple[str, Any]] = field(default_factory=list)
    listener: Listener | None = None
    turns: int = 0

    def open(self, line: int, call_id: str, listener: Listener) -> None:
        self.listener = listener
        self.said.append(("open", call_id))

    def close(self, line: int) -> None:
        self.said.append(("close", None))

    def expect(
        self, line: int, expects: Expects | None, slot: Slot | None, candidates: list[str], hints: list[str]
    ) -> None:
        self.said.append(("expect", expects))

    def take(self, line: int, turn_id: str) -> None:
        self.said.append(("take", turn_id))

    def discard(self, line: int) -> None:
        self.said.append(("discard", None))

    def hears(self, text: str, at: float, seconds: float = 0.6, *, closed: bool = False) -> None:
        """The caller speaks from `at` for `seconds`; the recogniser tells so as the real one does."""
        listener, line = self.listener, self.line
        assert listener is not None
        self.turns += 1
        turn_id = f"turn-{self.turns}"
        end = at + seconds
        line.at(at + 0.1, lambda: listener.on_speech(at))
        line.at(end + 0.2, lambda: listener.on_silence(end, turn_id))
        candidate = Candidate(turn_id, text, ((text, -0.1),), closed, 0.05)
        line.at(end + 0.26, lambda: listener.on_recognised(candidate))


@dataclass
class FakeVoice:
    works: bool = True
    fails_after: int | None = None
    hangs: bool = False
    spoken: list[str] = field(default_factory=list)
    slowly: list[str] = field(default_factory=list)

    async def speak(self, text: str, slow: bool = False) -> bytes:
        if self.hangs:
            await asyncio.sleep(3600)
        if not self.works or (self.fails_after is not None and len(self.spoken) >= self.fails_after):
            raise ServiceUnavailable("tts: away")
        self.spoken.append(text)
        if slow:
            self.slowly.append(text)
        return tone(1.0)


@dataclass
class FakeDialog:
    """Answers from a list, one after another; a float in front of an answer is how long it takes, in call seconds."""

    line: FakeLine
    answers: list[Answer | tuple[float, Answer]]
    turns: list[tuple[str, Turn]] = field(default_factory=list)
    failed: list[Transfer] = field(default_factory=list)
    """What `transfer_failed` was told of."""

    async def send(
        self, call_id: str, event: DialogEvent, turn: Turn | None = None, *, caller: str = "", called: str = "",
        failed: Transfer | None = None,
    ) -> Answer:  # fmt: skip
        self.failed += [] if failed is None else [failed]
        self.turns.append((event, turn or Turn()))
        if event == "hangup":
            return Answer()
        answer = self.answers.pop(0)
        if isinstance(answer, tuple):
            arrived = asyncio.Event()
            self.line.at(self.line.clock + answer[0], arrived.set)
            await asyncio.wait_for(arrived.wait(), 5)
            answer = answer[1]
        return answer


def asks(text: str, expects: Expects | None = None, **fields: Any) -> Answer:
    return Answer(say=(Say(text, fields.pop("barge_in", True)),), expects=expects, **fields)


DEPLOYED = Settings.model_validate(
    {"operator_uri": "sip:operator@x", "emergency_uri": "sip:103@x", "emergency_uris": {"Руза": "sip:103@ruza"}}
)


class Timeline:
    """One call. `on` maps the beginning of a prompt's text to what happens when it starts, or (`after`) has ended."""

    def __init__(self, *answers: Answer | tuple[float, Answer], way: WantedWay = "auto") -> None:
        self.line = FakeLine()
        self.ear = FakeEar(self.line)
        self.voice = FakeVoice()
        self.dialog = FakeDialog(self.line, list(answers))
        self.events: list[Event] = []
        self.during: dict[str, Callable[[float], None]] = {}
        self.after: dict[str, Callable[[float], None]] = {}
        self._prompt = ""
        surroundings = Surroundings(
            ear=self.ear,
            voice=self.voice,
            dialog=self.dialog,
            events=self,
            prompts=OWN,
            destinations=Destinations(DEPLOYED),
            transfer_way=way,
            transfer_seconds=20.0,
            turn_seconds=8.0,
        )
        self.conversation = Conversation(self.line, "call", surroundings)

    def publish(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, PromptStarted):
            self._prompt = event.text
            self._react(self.during)
        elif isinstance(event, PromptFinished):
            self._react(self.after)

    def _react(self, table: dict[str, Callable[[float], None]]) -> None:
        for beginning in list(table):
            if self._prompt.startswith(beginning):
                table.pop(beginning)(self.line.clock)

    async def run(self) -> list[str]:
        """The whole call; the types of its events in order."""
        await asyncio.wait_for(self.conversation.run(), 30)
        return [event.type for event in self.events]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def says(
        self, text: str, wait: float = 0.5, seconds: float = 0.6, *, closed: bool = False
    ) -> Callable[[float], None]:
        """For `during` and `after`: the caller speaks `wait` seconds later."""
        return lambda now: self.ear.hears(text, now + wait, seconds, closed=closed)
