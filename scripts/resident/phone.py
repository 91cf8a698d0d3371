"""The resident's telephone: one outgoing call through the same SIP library as the worker's, and its recording."""

from __future__ import annotations

import asyncio
import random
import socket
import wave
from typing import Any

import numpy as np

from telephony.audio_port import AUDIBLE, AudioPort, Playout
from telephony.endpoint import EndpointConfig, SipEndpoint
from telephony.sip_call import SipCall

RATE = 8000


def free_sip_port() -> int:
    """A UDP port on loopback that is free now, below the range the system hands out by itself."""
    while True:
        port = random.randrange(20000, 30000, 2)  # noqa: S311 (not a secret)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class _FollowingCall(SipCall):
    """A call that follows a transfer (REFER), as an ordinary telephone does."""

    def __init__(self, phone: Phone, port: AudioPort) -> None:
        super().__init__(phone.account, port, phone, asyncio.get_running_loop())
        self._phone = phone

    def onCallTransferRequest(self, prm: Any) -> None:
        prm.newCall = self._phone.second_call
        prm.statusCode = 202


class Phone:
    """Dials, speaks, types and records. Use: `dial`, wait for `confirmed`, `say`…, wait for `ended`, `close`.

    It implements the library's CallListener. One Phone a process.
    """

    def __init__(self, number: str) -> None:
        """Start the library; `number` stands in From. Raises core.errors.ConfigurationError."""
        rtp_port = random.randrange(30000, 60000, 100)  # noqa: S311 (not a secret)
        config = EndpointConfig("127.0.0.1", free_sip_port(), rtp_port, user_agent="Resident")
        self._endpoint = SipEndpoint(config, lines=2)
        self.account = self._endpoint.account(number or "anonymous")
        self._port, second = self._endpoint.ports
        second.open()
        self._port.open()
        self.confirmed = asyncio.Event()
        self.ended = asyncio.Event()
        self.code = 0
        self._heard = bytearray()
        self._call: SipCall | None = _FollowingCall(self, self._port)
        self.second_call: SipCall | None = _FollowingCall(self, second)
        self._ear = asyncio.create_task(self._listen(), name="ear")

    async def _listen(self) -> None:
        while True:
            self._heard += self._port.take()
            await asyncio.sleep(0.1)

    # -- what a person does

    def dial(self, uri: str) -> None:
        """Raises pj.Error when `uri` cannot be dialled at all."""
        assert self._call is not None
        self._call.dial(uri)

    def say(self, pcm: bytes) -> Playout:
        return self._port.play(pcm)

    def type(self, digits: str) -> None:
        if self._call is not None:
            self._call.send_digits(digits)

    def hang_up(self) -> None:
        if self._call is not None:
            self._call.hang_up()

    async def close(self) -> None:
        """Hang up and stop the library; the recording stays."""
        self._ear.cancel()
        self._endpoint.hang_up_all()  # this call, and the one that a transfer has begun
        await asyncio.sleep(0.3)  # the library still tears streams down after its last callback
        self._call = self.second_call = None
        self._heard += self._port.take()
        self._endpoint.close()  # on this thread: the library made from another one aborts

    # -- what the library tells

    def on_confirmed(self) -> None:
        self.confirmed.set()

    def on_media(self, held: bool) -> None: ...

    def on_ended(self, code: int, reason: str) -> None:
        self.code = code
        self.ended.set()

    def on_digit(self, digit: str) -> None: ...

    def on_transfer(self, code: int, final: bool) -> None: ...

    # -- what the recording shows

    def voice_to_voice(self, said: list[Playout]) -> list[float | None]:
        """For each utterance the seconds from its last audible sample to the first audible sample heard after it.

        Both are counted on the telephone's own clock, so jitter buffers and network count as they do for a person.
        None where nothing came, or the answer began before the utterance was over (see `cut_off`).
        """
        heard = np.frombuffer(bytes(self._heard[: len(self._heard) // 2 * 2]), "<i2").astype(np.int32)
        loud = np.abs(heard) >= AUDIBLE
        found: list[float | None] = []
        for playout in said:
            spoken = np.flatnonzero(np.abs(np.frombuffer(playout.pcm, "<i2").astype(np.int32)) >= AUDIBLE)
            if playout.started is None or not spoken.size:
                found.append(None)
                continue
            last = playout.started + int(spoken[-1])
            later = np.flatnonzero(loud[last:])
            found.append(round(int(later[0]) / RATE, 3) if later.size else None)
        return found

    def save(self, path: str) -> None:
        """The recording of what was heard, as a WAV file."""
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes(self._heard))
