"""The process's one pjsua2 library: settings that were measured, its real call limit, its ports, an orderly end."""

from __future__ import annotations

import argparse
import ctypes
import gc
import glob
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import pjsua2 as pj

from core.errors import ConfigurationError
from core.logs import get_logger
from core.settings import get_settings
from telephony.audio_port import AudioPort

log = get_logger(__name__)

_MORE_THAN_ANY_BUILD = 1000
"""Asked for as `maxCalls`; the library clamps it to what it was compiled for."""

RTP_PORTS_A_CALL = 10
"""Two are used (RTP, RTCP); the others let a port rest after a call."""

TRANSACTION_MILLISECONDS = 8000
"""A request that nobody answers is given up after so long, four retransmissions, instead of RFC 3261's 32 s: until
then a caller who vanished before ACK, or before our BYE was confirmed, holds one of the library's few calls."""

IncomingCall = Callable[["SipAccount", int, str], None]
"""Called in the library's SIP thread with the account, the library's id of a new call, and its INVITE. It has to make a
`SipCall` of it before it returns; otherwise the library refuses the call with 500."""


@dataclass(frozen=True)
class EndpointConfig:
    """Where a process listens. One process, one EndpointConfig; no two processes share a port or an RTP range."""

    host: str
    port: int
    """SIP, UDP and TCP."""
    rtp_port: int
    """First port of the RTP ranges of all processes."""
    rtp_block: int = 0
    """Which range is this process's; a range has RTP_PORTS_A_CALL ports for each call the library can hold."""
    user_agent: str = "Vyzov"


def library_call_limit() -> int:
    """How many calls this build of the library can hold in a process (4 in the wheel from PyPI).

    `UaConfig.maxCalls` above it is accepted and silently clamped, so it is asked from the library itself.
    """
    return int(_library().pjsua_call_get_max_count())


def _library() -> ctypes.CDLL:
    """The C library inside pjsua2's extension module, already loaded by the import."""
    return ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(pj.__file__), "_pjsua2*.so"))[0])


class SipAccount(pj.Account):  # type: ignore[misc]
    """A local identity. `on_incoming` None refuses every incoming call."""

    def __init__(self, on_incoming: IncomingCall | None) -> None:
        super().__init__()
        self._on_incoming = on_incoming

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        if self._on_incoming is None:
            return
        try:
            self._on_incoming(self, prm.callId, prm.rdata.wholeMsg)
        except Exception as error:  # the library would only print it
            log.error("incoming_call_failed", error=type(error).__name__)


class SipEndpoint:
    """The library, started. Only one can exist in a process, and once: after `close` the process ends.

    Every other thread that calls into the library must call `register_thread` first, or the library aborts.
    """

    def __init__(self, config: EndpointConfig, *, lines: int | None = None, kept: int = 0) -> None:
        """Start the library with `lines` audio ports, at most (and by default) as many as it can hold calls beside the
        `kept` ones, which need no port; one at least.

        Raises ConfigurationError when a port is taken.
        """
        self.config = config
        self._locks = [_claim(config.host, config.port)]
        self._accounts: list[SipAccount] = []
        _library().pj_log_set_level(0)  # its messages carry callers' numbers; failures are raised as pj.Error
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        try:
            self._start()
        except pj.Error as error:
            raise ConfigurationError(f"the SIP library did not start: {error.reason}") from None
        self.call_limit = library_call_limit()
        most = max(1, self.call_limit - kept)
        count = most if lines is None else min(lines, most)
        self.ports = [AudioPort(f"line{n}") for n in range(count)]
        gc.collect()
        gc.freeze()  # what is here now lives as long as the process: later collections need not look at it

    def _start(self) -> None:
        config = self.config
        ep = pj.EpConfig()
        ep.uaConfig.maxCalls = _MORE_THAN_ANY_BUILD
        ep.uaConfig.threadCnt = 1
        ep.uaConfig.userAgent = config.user_agent
        ep.logConfig.level = ep.logConfig.consoleLevel = 0
        media = ep.medConfig
        media.clockRate = media.sndClockRate = 8000
        media.audioFramePtime = media.ptime = 20
        media.noVad = True
        media.ecTailLen = 0
        media.threadCnt = 1
        self._endpoint.libInit(ep)
        _library().pjsip_tsx_set_timers(0, 0, 0, TRANSACTION_MILLISECONDS)
        for kind in (pj.PJSIP_TRANSPORT_UDP, pj.PJSIP_TRANSPORT_TCP):
            transport = pj.TransportConfig()
            transport.port = config.port
            transport.boundAddress = config.host
            self._endpoint.transportCreate(kind, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        for codec in self._endpoint.codecEnum2():
            wanted = {"PCMA/8000/1": 255, "PCMU/8000/1": 254}.get(codec.codecId, 0)
            self._endpoint.codecSetPriority(codec.codecId, wanted)

    def account(self, user: str, on_incoming: IncomingCall | None = None) -> SipAccount:
        """An identity `sip:user@host:port` of this end point (`user` as it stands in From)."""
        config = pj.AccountConfig()
        config.idUri = f"sip:{user}@{self.config.host}:{self.config.port}"
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        config.natConfig.sdpNatRewriteUse = 0
        rtp = config.mediaConfig.transportConfig
        rtp.portRange = RTP_PORTS_A_CALL * self.call_limit
        rtp.port = self.config.rtp_port + self.config.rtp_block * rtp.portRange
        rtp.boundAddress = self.config.host
        account = SipAccount(on_incoming)
        account.create(config)
        self._accounts.append(account)
        return account

    def register_thread(self, name: str) -> None:
        """Must be called once by every Python thread that uses the library."""
        if not self._endpoint.libIsThreadRegistered():
            self._endpoint.libRegisterThread(name)

    def hang_up_all(self) -> None:
        self._endpoint.hangupAllCalls()

    def close(self) -> None:
        """Stop the library. Every SipCall must have been dropped by its owner before, or be about to be.

        The order is the one that was found to work without aborts; the audio ports outlive the library.
        """
        self._endpoint.hangupAllCalls()
        time.sleep(0.3)
        for account in self._accounts:
            account.shutdown()
        self._accounts.clear()
        gc.collect()
        self._endpoint.libDestroy()
        for lock in self._locks:
            lock.close()


def _claim(host: str, port: int) -> socket.socket:
    """Take the SIP port for this process, or say that it is taken.

    The library binds UDP with SO_REUSEADDR, so two processes could share a port and split its traffic. A name in
    the abstract namespace (released with the process, and as private to a network namespace as the port is) guards
    against another of ours; a plain bind without SO_REUSEADDR against anybody else.
    """
    taken = ConfigurationError(f"SIP port {host}:{port} is taken by another process")
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(f"\0vyzov-sip-{host}-{port}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((host, port))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
    except OSError:
        lock.close()
        raise taken from None
    return lock


def main() -> None:
    """`python -m telephony.endpoint --limit` prints how many lines one process can have."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--limit", action="store_true", required=True)
    parser.parse_args()
    _library().pj_log_set_level(0)
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.maxCalls = _MORE_THAN_ANY_BUILD
    config.logConfig.level = config.logConfig.consoleLevel = 0
    endpoint.libInit(config)
    print(max(1, library_call_limit() - get_settings().transfer_legs))
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
