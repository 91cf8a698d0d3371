"""One SIP call on one audio port: pjsua2's callbacks, carried over to the asyncio loop.

Used by a line of the worker, by the sandbox's operator desk and by the test phone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Protocol

import pjsua2 as pj

from core.logs import get_logger
from telephony.audio_port import AudioPort
from telephony.endpoint import SipAccount

log = get_logger(__name__)


LEAVE_SECONDS = 0.05
"""From the last callback to telling the owner, who then drops the call. Dropped at once, it is now and then destroyed
while the library is still inside that callback, which ends the process (seen once in some fifty calls of a crowd); kept
for half a second, its destructor can hang up the next call with the same id. With this, 250 of 250 calls were clean."""


class CallListener(Protocol):
    """Who is told, on the asyncio loop, what happens to a call."""

    def on_confirmed(self) -> None:
        """Both sides have agreed (ACK): the call stands."""

    def on_media(self, held: bool) -> None:
        """Audio flows, or (`held`) the far end has put us on hold."""

    def on_ended(self, code: int, reason: str) -> None:
        """The call is over; `code` is the last SIP status. The listener drops its SipCall at once."""

    def on_digit(self, digit: str) -> None:
        """A key (RFC 4733 or SIP INFO): 0-9, *, #, A-D."""

    def on_transfer(self, code: int, final: bool) -> None:
        """How the REFER that we sent is getting on: the SIP status of the transferred call."""


class SipCall(pj.Call):  # type: ignore[misc]
    """A call; `invalid` id for an outgoing one (then `dial`).

    Owners drop it (set their reference to None) as soon as `on_ended` comes and never inside the library's callback:
    kept for long, its destructor can hang up a new call that got the same id.
    """

    _alive: ClassVar[set[int]] = set()
    """Ids of incoming calls whose Python objects still exist."""
    _leaving: ClassVar[set[int]] = set()
    """Ids of calls that are over, and whose Python objects still exist."""

    def __init__(
        self, account: SipAccount, port: AudioPort | None, listener: CallListener, loop: asyncio.AbstractEventLoop,
        call_id: int = pj.PJSUA_INVALID_ID,
    ) -> None:  # fmt: skip
        """Raises RuntimeError while the object of an earlier call with this id has not been dropped."""
        self._call_id = call_id
        if call_id != pj.PJSUA_INVALID_ID:
            if call_id in self._alive or call_id in self._leaving:
                raise RuntimeError("the call before with this id has not been dropped")
            self._alive.add(call_id)
        super().__init__(account, call_id)
        self._port = port
        self._listener = listener
        self._loop = loop

    def __del__(self) -> None:
        self._alive.discard(self._call_id)
        self._leaving.discard(self._call_id)

    @classmethod
    def all_left(cls) -> bool:
        """Whether a call can be dialled now: one that got the id of a call whose object is dropped later would be hung
        up with it."""
        return not cls._leaving

    # -- what we do (any registered thread)

    def dial(self, uri: str, headers: Mapping[str, str] | None = None) -> None:
        """Phone `uri`. Raises pj.Error when that is impossible at once."""
        prm = _audio_only()
        prm.txOption.headers = sip_headers(headers or {})
        self.makeCall(uri, prm)

    def ring(self) -> None:
        self._answer(180)

    def accept(self) -> None:
        self._answer(200)

    def refuse(self, code: int) -> None:
        self._answer(code)

    def _answer(self, code: int) -> None:
        prm = _audio_only()
        prm.statusCode = code
        try:
            self.answer(prm)
        except pj.Error as error:  # cancelled in this very moment
            log.info("answer_failed", status=code, error=error.reason)

    def hang_up(self, code: int = 0) -> None:
        """BYE, CANCEL or a final answer, whichever fits; harmless when the call is already over."""
        prm = pj.CallOpParam()
        prm.statusCode = code
        try:
            self.hangup(prm)
        except pj.Error:
            log.debug("hangup_of_ended_call")

    def send_digits(self, digits: str) -> None:
        """Press keys (RFC 4733). Raises pj.Error when there is no audio to put them in."""
        self.dialDtmf(digits)

    def connect(self, other: SipCall) -> None:
        """Let the far ends of both calls hear each other. Raises pj.Error while one of them has no sound."""
        ours, theirs = self.getAudioMedia(-1), other.getAudioMedia(-1)
        ours.startTransmit(theirs)
        theirs.startTransmit(ours)

    def packets_received(self) -> int | None:
        """RTP packets from the far end so far, None without audio."""
        try:
            stat = self.getStreamStat(self._audio_index())  # kept: its parts die with it
            return int(stat.rtcp.rxStat.pkt)
        except (pj.Error, StopIteration):
            return None

    def jitter_frames(self) -> int:
        """Frames of 20 ms that wait in the jitter buffer now; 0 without audio."""
        try:
            stat = self.getStreamStat(self._audio_index())
            return int(stat.jbuf.size)
        except (pj.Error, StopIteration):
            return 0

    def _audio_index(self) -> int:
        # an offer may carry a second, non-audio line
        info = self.getInfo()  # kept: its parts die with it
        return next(int(m.index) for m in info.media if m.type == pj.PJMEDIA_TYPE_AUDIO)

    # -- what the library tells (its own threads)

    def _tell(self, callback: str, *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(getattr(self._listener, callback), *arguments)
        except RuntimeError:  # the loop has closed
            log.debug("event_after_end", event_name=callback)

    def _end_soon(self, code: int, reason: str) -> None:
        self._loop.call_later(LEAVE_SECONDS, self._ended, code, reason)

    def _ended(self, code: int, reason: str) -> None:
        self._listener.on_ended(code, reason)

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        try:
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
                self._tell("on_confirmed")
            elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self._call_id = int(info.id)
                self._leaving.add(self._call_id)
                self._loop.call_soon_threadsafe(self._end_soon, int(info.lastStatusCode), str(info.lastReason))
        except Exception as error:
            log.error("call_state_failed", error=type(error).__name__)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        try:
            info = self.getInfo()  # kept: its parts die with it
            for media in info.media:
                if media.type != pj.PJMEDIA_TYPE_AUDIO:
                    continue
                if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                    if self._port is not None:
                        audio = self.getAudioMedia(media.index)
                        audio.startTransmit(self._port)
                        self._port.startTransmit(audio)
                    self._tell("on_media", False)
                elif media.status in (pj.PJSUA_CALL_MEDIA_LOCAL_HOLD, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                    self._tell("on_media", True)
        except Exception as error:
            log.error("call_media_failed", error=type(error).__name__)

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        self._tell("on_digit", str(prm.digit))

    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:
        self._tell("on_transfer", int(prm.statusCode), bool(prm.finalNotify))


class Refusal:
    """Turns an incoming call away with `code`, and keeps its SipCall until it is over."""

    _open: ClassVar[set[Refusal]] = set()

    def __init__(self, account: SipAccount, call_id: int, code: int, loop: asyncio.AbstractEventLoop) -> None:
        self._call: SipCall | None = SipCall(account, None, self, loop, call_id)
        self._open.add(self)
        self._call.refuse(code)

    def on_ended(self, code: int, reason: str) -> None:
        self._call = None
        self._open.discard(self)

    def on_confirmed(self) -> None: ...

    def on_media(self, held: bool) -> None: ...

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...


def sip_headers(headers: Mapping[str, str]) -> pj.SipHeaderVector:
    """Headers for a request, as the library wants them."""
    vector = pj.SipHeaderVector()
    for name, value in headers.items():
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        vector.append(header)
    return vector


def _audio_only() -> pj.CallOpParam:
    prm = pj.CallOpParam(True)
    prm.opt.audioCount = 1
    prm.opt.videoCount = 0
    return prm
