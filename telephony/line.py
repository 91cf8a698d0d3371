"""One line: the SIP call on it, its sound, its keys, and who is told of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

import phonenumbers

from core.logs import get_logger
from telephony.audio_port import FRAME_SAMPLES, SAMPLE_RATE, AudioPort, Playout
from telephony.endpoint import SipAccount
from telephony.handover import IMPOSSIBLE, Referral
from telephony.leg import Leg
from telephony.line_call import LineCall
from telephony.sip_call import SipCall

log = get_logger(__name__)

_ENDING_SECONDS = 3.0
"""Wait for the far end to confirm our BYE; the library goes on repeating it after that."""
_SETTLING_SECONDS = 1.0
"""Longest wait until calls that have just ended are dropped, which takes 0.05 s."""


class CallerGone(Exception):
    """The call is over: the caller hung up, or vanished."""


class LineState(StrEnum):
    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


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
        self._account: SipAccount | None = None
        self._call: LineCall | None = None
        self._leg: Leg | None = None
        self._confirmed = False
        self._pulse = asyncio.Event()
        self._referral = Referral()

    # -- a call's life

    def begin(self, account: SipAccount, sip_call_id: int) -> None:
        """A call comes in (in the library's thread): ring. Raises pj.Error when it is gone already."""
        self.held = self._confirmed = False
        self._referral = Referral()
        self._leg = None
        self._account = account
        self._port.open()
        call = LineCall(account, self._port, self, self._loop, sip_call_id)
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

    # -- handing over

    def refer(self, uri: str, context: str) -> Referral:
        """Ask the caller's side to call `uri` instead (REFER); what is answered tells how it is getting on."""
        self._referral = Referral()
        if self._call is None or not self._call.refer(uri, context):
            self._referral.responded(IMPOSSIBLE)
        return self._referral

    async def dial(self, uri: str, context: str) -> Leg | None:
        """Call `uri` and join its sound with the caller's; None without a place for the call. Raises CallerGone."""
        settled = self.clock + _SETTLING_SECONDS
        while not SipCall.all_left() and self.clock < settled:
            await self.tick()
        if self._call is None or self._account is None:
            return None
        leg = Leg(self._account, self._loop, self._call)
        if not leg.dial(uri, context):
            return None
        self._leg = leg
        return leg

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
        if self._leg is not None:
            self._leg.watch()
        if self._call is not None and self.state is LineState.TALKING and self._call.vanished(self.held):
            log.info("caller_vanished", line=self.number)
            self._call.hang_up()
            self.on_ended(0, "vanished")

    # -- what the call tells (LineListener)

    def on_confirmed(self) -> None:
        self._confirmed = True

    def on_media(self, held: bool) -> None:
        self.held = held
        if self._leg is not None and not held:
            self._leg.connect()

    def on_ended(self, code: int, reason: str) -> None:
        self._call = None
        self.state = LineState.ENDED
        self.pulse()

    def on_digit(self, digit: str) -> None:
        if self.on_digit_pressed is not None:
            self.on_digit_pressed(digit)

    def on_transfer(self, code: int, final: bool) -> None:
        self._referral.progressed(code, final=final)

    def on_refer(self, code: int) -> None:
        self._referral.responded(code)

    def on_notify(self) -> None:
        self._referral.notified()

    def on_progress(self, code: int) -> None: ...


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
