"""Handing a caller over: by REFER, and where the caller's side does not do that, over a second leg of our own.

Many trunks refuse REFER, or accept it and never tell what became of it (RFC 3515 wants a NOTIFY at once). Then the
worker calls the operator itself and joins the two sounds. When somebody at the operators' end has decided (busy,
declined, nobody there), there is no second try: the answer would be the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from telephony.audio_port import SAMPLE_RATE, Playout
from telephony.tones import tone

TransferWay = Literal["refer", "leg"]
WantedWay = Literal["auto", "refer", "leg"]
"""The setting `transfer`."""

NOTIFY_SECONDS = 4.0
"""Longest wait for a response to REFER and the first NOTIFY: a trunk that does it answers in a round trip; over UDP
three retransmissions (0.5, 1.5, 3.5 s) fit into it."""
SLACK_SECONDS = 10.0
"""A hand-over may take so much longer than the telephone rings: time for a REFER that came to nothing."""
STAY_SECONDS = 3600.0
"""Longest talk with an operator over a second leg; it holds two of the worker's calls."""
IMPOSSIBLE = 500
"""Stands for the answer to a REFER that could not even be sent."""
_DECIDED = frozenset({408, 480, 486, 487, 600, 603})
"""What the operators' end says for itself: no answer, not there, busy, cancelled, busy everywhere, declined. Everything
else of 300 and above says that the caller's side could not place that call."""

Verdict = Literal["answered", "decided", "second_way"]


@dataclass
class Referral:
    """How a REFER is getting on."""

    status: int | None = None
    """The last SIP status: of the operator's call once a NOTIFY told one, before that of the REFER itself."""
    refused: bool = False
    told: bool = False
    """There was a NOTIFY."""
    final: bool = False

    def responded(self, code: int) -> None:
        """The final response to the REFER."""
        if not self.told and not self.refused:
            self.status, self.refused = code, code >= 300

    def notified(self) -> None:
        """A NOTIFY came, whatever it says."""
        self.told = True

    def progressed(self, code: int, *, final: bool) -> None:
        """The operator's call; the library also says 100 when the REFER was accepted, without any NOTIFY."""
        if self.final or self.refused or (code in (100, 202) and not final):
            return
        self.status, self.told, self.final = code, True, final or code >= 200

    def verdict(self, seconds: float, ring_seconds: float) -> Verdict | None:
        """What it came to, `seconds` after it was sent; None while it goes on."""
        if self.refused:
            return "second_way"
        if self.final:
            assert self.status is not None
            if self.status < 300:
                return "answered"
            return "decided" if self.status in _DECIDED else "second_way"
        if not self.told:
            return "second_way" if seconds >= NOTIFY_SECONDS else None
        return "decided" if seconds >= ring_seconds else None


class SecondLeg(Protocol):
    """What it needs of `telephony.leg.Leg`."""

    status: int | None
    answered: bool
    ended: bool
    sounding: bool

    def hang_up(self) -> None: ...


class HandingLine(Protocol):
    """What it needs of `telephony.line.Line`."""

    @property
    def clock(self) -> float: ...

    def refer(self, uri: str, context: str) -> Referral: ...

    async def dial(self, uri: str, context: str) -> SecondLeg | None: ...

    def play(self, pcm: bytes) -> Playout: ...

    def stop_playing(self) -> None: ...


class Ringing:
    """What a caller hears while the operator's telephone rings: 425 Hz, one second in five, as exchanges do it."""

    _PCM = tone(1.0) + bytes(2 * 4 * SAMPLE_RATE)

    def __init__(self, line: HandingLine) -> None:
        self._line = line
        self._last: Playout | None = None

    def step(self, *, heard_already: bool = False) -> None:
        """Once a tick; `heard_already`: the operator's own exchange is heard."""
        if heard_already:
            self.stop()
        elif self._last is None or self._last.ended is not None:
            self._last = self._line.play(self._PCM)

    def stop(self) -> None:
        if self._last is not None and self._last.ended is None:
            self._line.stop_playing()


class HandOver:
    """The hand-overs of one call. `way` and `status` tell of the last one, also while it goes on or was broken off."""

    def __init__(
        self, line: HandingLine, tick: Callable[[], Awaitable[None]], way: WantedWay, ring_seconds: float
    ) -> None:
        """`tick` waits for the next 20 ms and raises what ends the call."""
        self.way: TransferWay = "refer"
        self.status: int | None = None
        self._line = line
        self._tick = tick
        self._wanted = way
        self._ring_seconds = ring_seconds
        self._refers = way != "leg"
        self._leg: SecondLeg | None = None

    async def to(self, uri: str, context: str) -> bool:
        """True when somebody there has answered; then `stay`. Raises what `tick` raises."""
        ringing = Ringing(self._line)
        until = self._line.clock + self._ring_seconds + SLACK_SECONDS
        self.status = None
        try:
            if self._refers:
                self.way = "refer"
                verdict = await self._refer(uri, context, ringing)
                if verdict != "second_way" or self._wanted == "refer":
                    return verdict == "answered"
            self.way = "leg"
            return await self._dial(uri, context, ringing, min(until, self._line.clock + self._ring_seconds))
        finally:
            ringing.stop()

    async def stay(self) -> None:
        """Until the operator hangs up, when the caller talks to one over a second leg. Raises what `tick` raises."""
        if self._leg is None:
            return
        until = self._line.clock + STAY_SECONDS
        try:
            while not self._leg.ended and self._line.clock < until:
                await self._tick()
        finally:
            self._leg.hang_up()

    async def _refer(self, uri: str, context: str, ringing: Ringing) -> Verdict:
        began = self._line.clock
        referral = self._line.refer(uri, context)
        while (verdict := referral.verdict(self._line.clock - began, self._ring_seconds)) is None:
            ringing.step()
            try:
                await self._tick()
            except Exception:
                if not (referral.final and referral.status == 200):  # some sides leave us the moment it is answered
                    raise
            finally:
                self.status = referral.status
        self.status = referral.status
        # words of a REFER that is still open would be taken for those of the next one
        self._refers = self._wanted == "refer" or (referral.final and verdict != "second_way")
        return verdict

    async def _dial(self, uri: str, context: str, ringing: Ringing, until: float) -> bool:
        self.status = None
        leg = self._leg = await self._line.dial(uri, context)
        if leg is None:
            return False
        try:
            while not leg.answered and not leg.ended and self._line.clock < until:
                ringing.step(heard_already=leg.sounding)
                await self._tick()
        finally:
            self.status = leg.status
            if not leg.answered:
                leg.hang_up()
                self._leg = None
        return leg.answered
