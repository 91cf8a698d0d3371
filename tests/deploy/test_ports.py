"""A taken port is a clear error before anything starts: its number, its process, the setting that moves it."""

from __future__ import annotations

import socket

import pytest

from core.errors import ConfigurationError
from deploy import ports
from deploy.table import Port, Process, Ready
from tests.conftest import free_port


def process(name: str, number: int, protocol: str) -> Process:
    port = Port(number, protocol, f"VYZOV_{name.upper()}_PORT")
    return Process(name, 0, "first", "services", ["true"], [port], Ready("tcp", number, ""))


def test_free_ports_pass() -> None:
    ports.check([process("asr", free_port(), "tcp"), process("edge", free_port(), "udp")], "127.0.0.1")


@pytest.mark.parametrize(("kind", "protocol"), [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")])
def test_every_taken_port_is_named(kind: socket.SocketKind, protocol: str) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        number = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"{number} of asr \(VYZOV_ASR_PORT\) is taken"):
            ports.check([process("asr", number, protocol)], "127.0.0.1")


def test_a_port_given_to_two_processes_is_named() -> None:
    number = free_port()
    with pytest.raises(ConfigurationError, match="the same as that of asr"):
        ports.check([process("asr", number, "tcp"), process("tts", number, "tcp")], "127.0.0.1")


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1"):
        ports.check([process("asr", free_port(), "tcp")], "192.0.2.1")
