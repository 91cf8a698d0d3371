"""A test's caller in a process of its own (the SIP library lives once in a process).

Reads one JSON object from standard input: {"uri", "number", "steps", "refer"}. `refer` is what it answers to a REFER
(202 by default, and then it calls whom it was told to). Steps:
["hear"] wait for sound to begin, ["quiet"] until it has been silent for 0.6 s, ["say", seconds], ["type", "12#"],
["beep", seconds, hertz], ["wait", seconds], ["hang_up"], ["ended"] wait for the far end to hang up, ["kill"] vanish
without BYE, ["hold"], ["unhold"].
Prints one JSON object: {"code", "voice_to_voice", "heard_seconds", "desk_seconds"}, the last being how long the desk's
tone was heard in this call (not in the one that follows a REFER).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import numpy as np
import pjsua2 as pj

from core import logs
from scripts.resident.phone import Phone
from telephony.audio_port import AUDIBLE, Playout
from telephony.operator_desk import TONE_HERTZ
from telephony.sip_call import SipCall
from tests.telephony.stubs import tone


class RefusingCall(SipCall):
    """A trunk that does not do REFER."""

    code = 405

    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = self.code


class Elsewhere:
    """Listens to the call that follows a REFER: what becomes of it is not the end of the call with us."""

    def __init__(self, phone: Phone) -> None:
        phone.second_call = SipCall(phone.account, None, self, asyncio.get_running_loop())

    def on_confirmed(self) -> None: ...

    def on_media(self, held: bool) -> None: ...

    def on_ended(self, code: int, reason: str) -> None: ...

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...


class Caller:
    def __init__(self, number: str) -> None:
        self.phone = Phone(number)
        self.said: list[Playout] = []
        Elsewhere(self.phone)

    def refuse_refer(self, code: int) -> None:
        self.phone._call = RefusingCall(self.phone.account, self.phone._port, self.phone, asyncio.get_running_loop())
        self.phone._call.code = code

    def desk_seconds(self) -> float:
        """How long there was little but the desk's tone, in frames of 20 ms."""
        heard = np.frombuffer(bytes(self.phone._heard[: len(self.phone._heard) // 320 * 320]), "<i2")
        frames = heard.reshape(-1, 160).astype(float)
        probe = np.exp(-2j * np.pi * TONE_HERTZ * np.arange(160) / 8000)
        shares = np.abs(frames @ probe) ** 2 / (80 * (frames**2).sum(axis=1) + 1e6)
        return float((shares > 0.6).sum() * 0.02)

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
        elif name == "beep":
            self.phone.say(tone(arguments[0], arguments[1]))
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
    if "refer" in order:
        caller.refuse_refer(order["refer"])
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
        "desk_seconds": caller.desk_seconds(),
    }
    print(json.dumps(result))


asyncio.run(main())
