"""The second leg: a call of our own to an operator, its sound joined with the caller's in the conference bridge."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pjsua2 as pj

from core.logs import get_logger
from telephony.endpoint import SipAccount
from telephony.line_call import CONTEXT_HEADER, LineCall

log = get_logger(__name__)


class Leg:
    """Lives on the asyncio loop until its call is over, whoever still holds it."""

    _open: ClassVar[set[Leg]] = set()

    def __init__(self, account: SipAccount, loop: asyncio.AbstractEventLoop, caller: LineCall) -> None:
        self.status: int | None = None
        """The last SIP status, None until one came."""
        self.answered = False
        self.ended = False
        self.sounding = False
        """Its sound reaches the caller, as that of an operator's exchange may before the answer."""
        self._caller: LineCall | None = caller
        self._held = False
        self._call: LineCall | None = LineCall(account, None, self, loop)

    def dial(self, uri: str, context: str) -> bool:
        """False when there is no place for another call."""
        assert self._call is not None
        self._open.add(self)
        try:
            self._call.dial(uri, {CONTEXT_HEADER: context})
        except pj.Error as error:
            log.warning("leg_impossible", error=error.reason)
            self._over()
            return False
        return True

    def hang_up(self) -> None:
        self._caller = None
        if self._call is not None:
            self._call.hang_up()

    def connect(self) -> None:
        """Join the sounds; called again whenever the stream of either side begins anew."""
        if self._call is None or self._caller is None:
            return
        try:
            self._caller.connect(self._call)
        except pj.Error:
            log.debug("leg_without_sound")
        else:
            self.sounding = True

    def watch(self) -> None:
        """Called every second: end it when the operator's telephone has vanished without a BYE."""
        if self._call is not None and self.answered and self._call.vanished(self._held):
            log.info("operator_vanished")
            self._call.hang_up()
            self._over()

    def _over(self) -> None:
        self.ended = True
        self._call = self._caller = None
        self._open.discard(self)

    # -- what the call tells (LineListener)

    def on_progress(self, code: int) -> None:
        self.status = code

    def on_confirmed(self) -> None:
        self.answered = True
        self.status = 200

    def on_media(self, held: bool) -> None:
        self._held = held
        if not held:
            self.connect()

    def on_ended(self, code: int, reason: str) -> None:
        if not self.answered:
            self.status = code or self.status
        self._over()

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...

    def on_refer(self, code: int) -> None: ...

    def on_notify(self) -> None: ...
