"""A line's SIP call: its far end can be referred to somebody else, and is asked whether it is still there."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import pjsua2 as pj

from core.logs import get_logger
from telephony.audio_port import AudioPort
from telephony.endpoint import SipAccount
from telephony.sip_call import CallListener, SipCall, sip_headers
from telephony.watchdog import Watchdog

log = get_logger(__name__)

CONTEXT_HEADER = "X-Vyzov-Context"
"""Carries the opaque id under which the dashboard shows an operator what is known so far."""


class LineListener(CallListener, Protocol):
    """Who is told, on the asyncio loop."""

    def on_progress(self, code: int) -> None:
        """The telephone that was dialled rings (180), or its exchange is heard already (183)."""

    def on_refer(self, code: int) -> None:
        """What the far end answered to our REFER: the final SIP status (408, 503: nothing)."""

    def on_notify(self) -> None:
        """The far end tells something of our REFER; what it is comes with `on_transfer`."""


class LineCall(SipCall):
    """A call of a line, or the second leg to an operator."""

    def __init__(
        self, account: SipAccount, port: AudioPort | None, listener: LineListener, loop: asyncio.AbstractEventLoop,
        call_id: int = pj.PJSUA_INVALID_ID,
    ) -> None:  # fmt: skip
        super().__init__(account, port, listener, loop, call_id)
        self._watchdog = Watchdog()

    def refer(self, uri: str, context: str) -> bool:
        """Ask the far end to call `uri` instead (REFER); False when that cannot be sent.

        The context goes with the REFER itself, and as a header of the URI (RFC 3261, 19.1.1), which the far end puts
        into its INVITE.
        """
        prm = pj.CallOpParam(True)
        prm.txOption.headers = sip_headers({CONTEXT_HEADER: context})
        try:
            self.xfer(f"<{uri}?{CONTEXT_HEADER}={context}>", prm)
        except pj.Error as error:
            log.warning("refer_impossible", error=error.reason)
            return False
        return True

    def vanished(self, held: bool) -> bool:
        """Called every second: whether the far end has gone without a BYE. Asks it where that is doubtful."""
        match self._watchdog.observe(time.monotonic(), self.packets_received(), held):
            case "probe":
                self._probe()
            case "vanished":
                return True
        return False

    def _probe(self) -> None:
        """Send OPTIONS inside the dialog."""
        prm = pj.CallSendRequestParam()
        prm.method = "OPTIONS"
        try:
            self.sendRequest(prm)
        except pj.Error as error:
            log.info("probe_failed", error=error.reason)

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        try:
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_EARLY:
                self._tell("on_progress", int(info.lastStatusCode))
        except Exception as error:
            log.error("call_state_failed", error=type(error).__name__)
        super().onCallState(prm)

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        try:
            event = prm.e  # kept: its parts die with it
            state = event.body.tsxState
            method, code = str(state.tsx.method), int(state.tsx.statusCode)
            if method == "NOTIFY" and state.tsx.role == pj.PJSIP_ROLE_UAS:
                self._tell("on_notify")
            if state.tsx.role != pj.PJSIP_ROLE_UAC or code < 200:
                return
            if method == "REFER":
                self._tell("on_refer", code)
            elif method == "OPTIONS" and state.type == pj.PJSIP_EVENT_RX_MSG:
                alive = code not in (408, 481)
                self._loop.call_soon_threadsafe(self._watchdog.answered, time.monotonic(), alive)
        except Exception as error:
            log.error("call_transaction_failed", error=type(error).__name__)
