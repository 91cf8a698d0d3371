"""Four callers who say nothing and stay, in a process of their own; they hang up when standard input closes.

Argument: URI. Prints a JSON object whenever something happens: {"caller": 0-3, "event": "confirmed" | "ended", "code"}.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys

from core import logs
from scripts.resident.phone import free_sip_port
from telephony.audio_port import AudioPort
from telephony.endpoint import EndpointConfig, SipAccount, SipEndpoint
from telephony.sip_call import SipCall


class Holder:
    """One call that stays."""

    def __init__(self, number: int, account: SipAccount, port: AudioPort, uri: str) -> None:
        self._number = number
        port.open()
        self.call: SipCall | None = SipCall(account, port, self, asyncio.get_running_loop())
        self.call.dial(uri)

    def _say(self, event: str, code: int = 0) -> None:
        print(json.dumps({"caller": self._number, "event": event, "code": code}), flush=True)

    def on_confirmed(self) -> None:
        self._say("confirmed")

    def on_media(self, held: bool) -> None: ...

    def on_ended(self, code: int, reason: str) -> None:
        self._say("ended", code)

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...


async def main(uri: str) -> None:
    logs.configure("holders", "WARNING")
    endpoint = SipEndpoint(EndpointConfig("127.0.0.1", free_sip_port(), random.randrange(30000, 60000, 100)))
    account = endpoint.account("+79161234567")
    holders = [Holder(number, account, port, uri) for number, port in enumerate(endpoint.ports)]
    await asyncio.to_thread(sys.stdin.read)
    endpoint.hang_up_all()
    await asyncio.sleep(0.3)
    for holder in holders:
        holder.call = None
    endpoint.close()


asyncio.run(main(sys.argv[1]))
