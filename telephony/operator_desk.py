"""The sandbox's stand-in for the operators and the ambulance: answers every call, plays a tone, hangs up.

`python -m telephony.operator_desk` listens on VYZOV_OPERATOR_DESK_PORT. It says nothing that could be taken for help: a
deployer sets VYZOV_OPERATOR_URI and VYZOV_EMERGENCY_URI instead. Who is dialled as `sip:busy@…`, `sip:declining@…` or
`sip:absent@…` is busy (486), declines (603) or lets it ring: so that one can hear what a caller hears then.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections import deque

from core import logs
from core.errors import ConfigurationError
from core.logs import get_logger
from core.settings import Settings, get_settings
from telephony.audio_port import FRAME_BYTES, AudioPort, first_audible
from telephony.endpoint import EndpointConfig, SipAccount, SipEndpoint
from telephony.line import user_part
from telephony.line_call import CONTEXT_HEADER
from telephony.sip_call import Refusal, SipCall
from telephony.tones import tone

log = get_logger(__name__)

CALL_SECONDS = 5.0
TONE_HERTZ = 600.0
"""Neither a progress tone nor what a caller hears while it rings."""
REFUSALS = {"busy": 486, "declining": 603}
"""By the user that was dialled."""
ABSENT = "absent"
_CONTEXT = re.compile(rf"^{CONTEXT_HEADER}: *([0-9a-f]{{1,64}})\r?$", re.MULTILINE | re.IGNORECASE)


class _Visit:
    """One call to the desk."""

    def __init__(self, desk: Desk, account: SipAccount, call_id: int, port: AudioPort, *, absent: bool) -> None:
        self._desk = desk
        self.port = port
        port.open()
        self._call: SipCall | None = SipCall(account, port, self, desk.loop, call_id)
        if absent:
            self._call.ring()
        else:
            self._call.accept()

    def hang_up(self) -> None:
        if self._call is not None:
            self._call.hang_up()

    def on_confirmed(self) -> None:
        self.port.play(tone(1.0, TONE_HERTZ))
        self._desk.loop.call_later(CALL_SECONDS, self.hang_up)

    def on_media(self, held: bool) -> None: ...

    def on_ended(self, code: int, reason: str) -> None:
        heard = self.port.take()
        frames = (heard[at : at + FRAME_BYTES] for at in range(0, len(heard), FRAME_BYTES))
        log.info("visit_over", audible_frames=sum(first_audible(frame) is not None for frame in frames))
        self._call = None
        self.port.close()
        self._desk.left(self)

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...


def dialled(invite: str) -> str:
    """The user part of the request's URI.

    >>> dialled("INVITE sip:busy@192.0.2.1 SIP/2.0")
    'busy'
    """
    return user_part(f"<{invite.partition(' ')[2].partition(' ')[0]}>")


class Desk:
    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        """Raises ConfigurationError when the port is taken."""
        self.loop = loop
        # its RTP ports lie below the workers'
        config = EndpointConfig(settings.sip_host, settings.operator_desk_port, settings.rtp_port - 100)
        self._endpoint = SipEndpoint(config)
        self._free = deque(self._endpoint.ports)
        self._visits: set[_Visit] = set()
        self._account = self._endpoint.account("operator", self._incoming)

    def _incoming(self, account: SipAccount, call_id: int, invite: str) -> None:
        context = _CONTEXT.search(invite)
        log.info("visit", context=context and context.group(1))  # and nothing else: a number is nobody's business
        if (refusal := REFUSALS.get(dialled(invite))) is not None:
            Refusal(account, call_id, refusal, self.loop)
            return
        try:
            port = self._free.popleft()
        except IndexError:
            Refusal(account, call_id, 486, self.loop)
            return
        self._visits.add(_Visit(self, account, call_id, port, absent=dialled(invite) == ABSENT))

    def left(self, visit: _Visit) -> None:
        self._visits.discard(visit)
        self._free.append(visit.port)

    async def close(self) -> None:
        for visit in list(self._visits):
            visit.hang_up()
        await asyncio.sleep(0.3)
        self._endpoint.close()


async def _run(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    desk = Desk(settings, loop)
    log.info("listening", sip_port=settings.operator_desk_port)
    await stopping.wait()
    await desk.close()


def main() -> None:
    settings = get_settings()
    logs.configure("operator-desk", settings.log_level)
    try:
        asyncio.run(_run(settings))
    except ConfigurationError as error:
        log.error("cannot_start", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
