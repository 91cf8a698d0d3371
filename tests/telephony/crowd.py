"""Many short calls, four at a time, ended at different stages by either side; a process of its own for a test.

Arguments: URI and number of calls. Prints one JSON object: how many calls ended with which SIP status, and the kinds of
those that nobody ended in time.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import sys

import pjsua2 as pj

from core import logs
from scripts.resident.phone import free_sip_port
from telephony.audio_port import AudioPort
from telephony.endpoint import EndpointConfig, SipAccount, SipEndpoint
from telephony.sip_call import SipCall
from tests.telephony.stubs import tone


class ShortCall:
    """One call; `ending` 0: cancelled while it rings, 1: hung up when answered, 2: while the greeting plays, 3: while
    we speak, 4: by the far end."""

    def __init__(self, account: SipAccount, port: AudioPort) -> None:
        port.open()
        self._port = port
        self._confirmed = asyncio.Event()
        self._ended = asyncio.Event()
        self.code = 0
        self.late = False
        """Nobody had ended it in time, and we hung up."""
        self._call: SipCall | None = SipCall(account, port, self, asyncio.get_running_loop())

    async def run(self, uri: str, ending: int) -> int:
        """The SIP status with which it ended."""
        assert self._call
        await _all_left()
        for attempt in range(6):
            try:
                self._call.dial(uri)
                break
            except pj.Error:  # on a busy machine the library may still hold the place of the call before
                if attempt == 5:
                    raise
                await asyncio.sleep(0.5)
        if ending == 0:
            await asyncio.sleep(0.05)  # so that the edge has passed the call on: nobody cancels within a millisecond
        else:
            await asyncio.wait(
                [asyncio.create_task(self._confirmed.wait()), asyncio.create_task(self._ended.wait())],
                timeout=20, return_when=asyncio.FIRST_COMPLETED,
            )  # fmt: skip
        if ending > 1:
            await asyncio.sleep(0.5)
        if ending > 2:
            await asyncio.sleep(1.0)
            self._port.play(tone(0.5, 300))
            await asyncio.sleep(0.4)
        if ending < 4 and self._call is not None:
            self._call.hang_up()
        self.late = not await self._ends(90)  # three silences of a real dialog take 50 s
        if self.late and self._call is not None:
            self._call.hang_up()
            if not await self._ends(20):
                raise RuntimeError(f"a call of kind {ending} cannot be hung up; it stood: {self._confirmed.is_set()}")
        self._port.close()
        return self.code

    async def _ends(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def on_confirmed(self) -> None:
        self._confirmed.set()

    def on_media(self, held: bool) -> None: ...

    def on_ended(self, code: int, reason: str) -> None:
        self._call = None
        self.code = code
        self._ended.set()

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...


async def _all_left() -> None:
    """A call that is dialled while another's object is still there may get that one's id, and is never told its end."""
    async with asyncio.timeout(10):
        while not SipCall.all_left():  # noqa: ASYNC110 (the library's own threads change it)
            await asyncio.sleep(0.01)


async def main(uri: str, calls: int) -> None:
    logs.configure("crowd", "WARNING")
    endpoint = SipEndpoint(EndpointConfig("127.0.0.1", free_sip_port(), random.randrange(30000, 60000, 100)))
    account = endpoint.account("+79161234567")
    codes: collections.Counter[int] = collections.Counter()
    late: list[int] = []
    numbers = iter(range(calls))

    async def one_after_another(port: AudioPort) -> None:
        for number in numbers:
            call = ShortCall(account, port)
            codes[await call.run(uri, number % 5)] += 1
            late.extend([number % 5] if call.late else [])
            await asyncio.sleep(0.2)

    await asyncio.gather(*(one_after_another(port) for port in endpoint.ports))
    endpoint.close()
    print(json.dumps({"codes": codes, "late": late}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
