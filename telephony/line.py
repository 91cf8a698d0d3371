"""One line: the SIP call on it, its sound, its keys, and who is told of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

import phonenumbers
import pjsua2 as pj

from core.logs import get_logger
from telephony.audio_port import FRAME_SAMPLES, SAMPLE_RATE, AudioPort, Playout
from telephony.endpoint import SipAccount
from telephony.sip_call import SipCall
from telephony.watchdog import Watchdog

log = get_logger(__name__)

_ENDING_SECONDS = 3.0
"""Wait for the far end to confirm our BYE; the library goes on repeating it after that."""


class CallerGone(Exception):
    """The call is over: the caller hung up, or vanished."""


class LineState(StrEnum):
    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class _LineCall(SipCall):
    """A call whose far end can be asked whether it is still there."""

    def __init__(self, account: SipAccount, line: Line, port: AudioPort, loop: asyncio.AbstractEventLoop, call_id: int):
        super().__init__(account, port, line, loop, call_id)
        self._line = line

    def probe(self) -> None:
        """Send OPTIONS inside the dialog; the line's `on_alive` hears what comes of it."""
        prm = pj.CallSendRequestParam()
        prm.method = "OPTIONS"
        try:
            self.sendRequest(prm)
        except pj.Error as error:
            log.info("probe_failed", error=error.reason)

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        try:
            event = prm.e
            state = event.body.tsxState
            if state.tsx.method != "OPTIONS" or state.tsx.role != pj.PJSIP_ROLE_UAC:
                return
            if state.type == pj.PJSIP_EVENT_RX_MSG and state.tsx.statusCode >= 200:
                alive = state.tsx.statusCode not in (408, 481)
                self._loop.call_soon_threadsafe(self._line.on_alive, alive)
        except Exception as error:
            log.error("call_transaction_failed", error=type(error).__name__)


class Line:
    """A line of the worker, reused call after call. Lives on the asyncio loop, except `begin`.

    `number` is unique over all workers. `clock` counts the seconds of the call on the audio port's clock;
    `tick` returns with each step of it (20 ms) and raises CallerGone when the call is over.
    """

    def __init__(self, number: int, port: AudioPort, loop: asyncio.AbstractEventLoop) -> None:
        self.number = number
        self.state = LineState.FREE
        self.held = False
        self.caller = ""
        self.called = ""
        self.on_digit_pressed: Callable[[str], None] | None = None
        self._port = port
        self._loop = loop
        self._call: _LineCall | None = None
        self._confirmed = False
        self._pulse = asyncio.Event()
        self._transfer: asyncio.Future[bool] | None = None
        self._watchdog = Watchdog()

    # -- a call's life

    def begin(self, account: SipAccount, sip_call_id: int) -> None:
        """A call comes in (in the library's thread): ring. Raises pj.Error when it is gone already."""
        self.held = self._confirmed = False
        self._transfer = None
        self._watchdog = Watchdog()
        self._port.open()
        call = _LineCall(account, self, self._port, self._loop, sip_call_id)
        info = call.getInfo()
        self.caller = e164(info.remoteUri)
        self.called = user_part(info.localUri)
        self._call = call
        self.state = LineState.RINGING
        call.ring()

    async def answer(self) -> None:
        """200, and wait for the caller's ACK. Raises CallerGone."""
        if self._call is not None:
            self._call.accept()
        while not self._confirmed:
            await self.tick()
        self.state = LineState.TALKING

    async def hang_up(self) -> None:
        """BYE; returns when the call is over."""
        if self._call is not None:
            self._call.hang_up()
        deadline = time.monotonic() + _ENDING_SECONDS
        while self._call is not None and time.monotonic() < deadline:
            await self._pulse.wait()

    def release(self) -> None:
        """Make the line ready for the next call; the one before is over."""
        if self._call is not None:  # BYE was never confirmed
            self._call = None
        self._port.close()
        self.on_digit_pressed = None
        self.state = LineState.FREE

    async def transfer(self, uri: str, seconds: float) -> bool:
        """REFER the caller to `uri`; True when somebody there has answered. Raises CallerGone."""
        self._transfer = self._loop.create_future()
        if self._call is None or not self._call.transfer(uri):
            return False
        deadline = time.monotonic() + seconds
        while not self._transfer.done():
            if time.monotonic() > deadline:
                return False
            try:
                await self.tick()
            except CallerGone:
                if self._transfer.done():
                    break
                raise
        return self._transfer.result()

    # -- sound

    @property
    def clock(self) -> float:
        return self._port.clock / SAMPLE_RATE

    @property
    def buffered_seconds(self) -> float:
        """How long the caller's sound waits in the jitter buffer now, with half a frame that it is on its way there."""
        return 0.0 if self._call is None else (self._call.jitter_frames() + 0.5) * FRAME_SAMPLES / SAMPLE_RATE

    def play(self, pcm: bytes) -> Playout:
        return self._port.play(pcm)

    def stop_playing(self) -> None:
        self._port.clear()

    def take(self) -> bytes:
        """What was heard since the last time."""
        return self._port.take()

    async def tick(self) -> None:
        """Wait for the next step of the line's time. Raises CallerGone."""
        if self.state is not LineState.ENDED:
            await self._pulse.wait()
        if self.state is LineState.ENDED:
            raise CallerGone

    def pulse(self) -> None:
        """Called by the worker every 20 ms: wakes who waits in `tick`."""
        self._pulse.set()
        self._pulse.clear()

    def watch(self) -> None:
        """Called by the worker every second: end a call whose caller has vanished without a BYE."""
        if self._call is None or self.state is not LineState.TALKING:
            return
        packets = self._call.packets_received()
        match self._watchdog.observe(time.monotonic(), packets, self.held):
            case "probe":
                self._call.probe()
            case "vanished":
                log.info("caller_vanished", line=self.number)
                self._call.hang_up()
                self.on_ended(0, "vanished")

    # -- what the call tells (CallListener)

    def on_confirmed(self) -> None:
        self._confirmed = True

    def on_media(self, held: bool) -> None:
        self.held = held

    def on_ended(self, code: int, reason: str) -> None:
        self._call = None
        self.state = LineState.ENDED
        self.pulse()

    def on_digit(self, digit: str) -> None:
        if self.on_digit_pressed is not None:
            self.on_digit_pressed(digit)

    def on_transfer(self, code: int, final: bool) -> None:
        if final and self._transfer is not None and not self._transfer.done():
            self._transfer.set_result(200 <= code < 300)

    def on_alive(self, alive: bool) -> None:
        self._watchdog.answered(time.monotonic(), alive)


def user_part(uri: str) -> str:
    """The user of a SIP or tel URI, with or without a display name.

    >>> user_part('"Anna" <sip:+79161234567;phone-context=x@10.0.0.1:5060;user=phone>')
    '+79161234567'
    """
    address = uri.rpartition("<")[2].partition(">")[0]
    scheme, _, rest = address.partition(":")
    if scheme.strip().lower() not in ("sip", "sips", "tel"):
        return ""
    user = rest.partition("@")[0] if "@" in rest else (rest if scheme.lower() == "tel" else "")
    return user.partition(";")[0].partition(":")[0]


def e164(uri: str) -> str:
    """The caller's number in E.164; empty when it is withheld or no telephone number. Without a country code it is
    a Russian one.

    >>> e164("<sip:89161234567@trunk.example>")
    '+79161234567'
    """
    try:
        number = phonenumbers.parse(user_part(uri), "RU")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
