"""A test's caller in a process of its own (the SIP library lives once in a process).

Reads one JSON object from standard input: {"uri", "number", "steps", "calls"}; every call does the steps. Steps:
["hear"] wait for sound to begin, ["quiet"] until it has been silent for 0.6 s, ["say", seconds], ["type", "12#"],
["wait", seconds], ["hang_up"], ["ended"] wait for the far end to hang up, ["kill"] vanish without BYE,
["hold"], ["unhold"].
Prints one JSON list: for each call {"code", "voice_to_voice", "heard_seconds", "second_code"}.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pjsua2 as pj

from core import logs
from scripts.resident.phone import Phone
from telephony.audio_port import AUDIBLE, Playout
from tests.telephony.stubs import tone


class Caller:
    def __init__(self, number: str) -> None:
        self.phone = Phone(number)
        self.said: list[Playout] = []

    def _loud_at(self) -> tuple[int, int]:
        """Bytes heard so far, and where the last loud frame was."""
        heard = bytes(self.phone._heard)
        last = 0
        for start in range(max(0, len(heard) - 64000), len(heard) - 319, 320):
            if max(memoryview(heard[start : start + 320]).cast("h")) > AUDIBLE:
                last = start + 320
        return len(heard), last

    async def step(self, name: str, *arguments: Any) -> None:
        if name == "say":
            self.said.append(self.phone.say(tone(arguments[0], 300)))
            await asyncio.sleep(arguments[0])
        elif name == "type":
            self.phone.type(arguments[0])
        elif name == "wait":
            await asyncio.sleep(arguments[0])
        elif name == "hang_up":
            self.phone.hang_up()
            await self.phone.ended.wait()
        elif name == "ended":
            await self.phone.ended.wait()
        elif name == "hold":
            assert self.phone._call
            self.phone._call.setHold(pj.CallOpParam(True))
        elif name == "unhold":
            assert self.phone._call
            prm = pj.CallOpParam(True)
            prm.opt.flag = pj.PJSUA_CALL_UNHOLD
            self.phone._call.reinvite(prm)
        elif name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif name == "hear":
            begin = self._loud_at()[0]
            while self._loud_at()[1] <= begin:  # noqa: ASYNC110 (the recording is polled)
                await asyncio.sleep(0.1)
        elif name == "quiet":
            while True:
                heard, last = self._loud_at()
                if last and heard - last > 0.6 * 16000:
                    return
                await asyncio.sleep(0.1)


async def main() -> None:
    logs.configure("caller", "WARNING")
    order = json.load(sys.stdin)
    caller = Caller(order.get("number", "+79161234567"))
    phone = caller.phone
    phone.dial(order["uri"])
    confirmed = asyncio.create_task(phone.confirmed.wait())
    ended = asyncio.create_task(phone.ended.wait())
    await asyncio.wait([confirmed, ended], timeout=20, return_when=asyncio.FIRST_COMPLETED)
    if not phone.ended.is_set():
        async with asyncio.timeout(order.get("seconds", 60)):
            for name, *arguments in order["steps"]:
                if phone.ended.is_set():
                    break
                await caller.step(name, *arguments)
    await asyncio.sleep(0.3)
    await phone.close()
    result = {
        "code": phone.code,
        "voice_to_voice": phone.voice_to_voice(caller.said),
        "heard_seconds": len(phone._heard) / 16000,
    }
    print(json.dumps(result))


asyncio.run(main())
