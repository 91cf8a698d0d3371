"""Can a process work? Asked over the network, as its users would."""

from __future__ import annotations

import secrets
import socket

import httpx

from deploy.table import Ready

SECONDS = 2.0
"""Time limit of one question."""


def is_ready(ready: Ready, host: str) -> bool:
    """One question, with a time limit; never raises."""
    if ready.check == "http":
        return _answers_http(f"http://{host}:{ready.port}{ready.path}")
    if ready.check == "sip":
        return _answers_sip(host, ready.port)
    return _accepts_tcp(host, ready.port)


def _answers_http(url: str) -> bool:
    try:
        return httpx.get(url, timeout=SECONDS, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _accepts_tcp(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), SECONDS):
            return True
    except OSError:
        return False


def _answers_sip(host: str, port: int) -> bool:
    """True for an answer 200 to OPTIONS over UDP (RFC 3261, 11)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(SECONDS)
        try:
            wire.connect((host, port))
            own_host, own_port = wire.getsockname()
            token = secrets.token_hex(8)
            lines = [
                f"OPTIONS sip:{host}:{port} SIP/2.0",
                f"Via: SIP/2.0/UDP {own_host}:{own_port};branch=z9hG4bK{token};rport",
                "Max-Forwards: 10",
                f"From: <sip:ready@{own_host}>;tag={token}",
                f"To: <sip:{host}:{port}>",
                f"Call-ID: {token}",
                "CSeq: 1 OPTIONS",
                f"Contact: <sip:ready@{own_host}:{own_port}>",
                "Content-Length: 0",
            ]
            wire.send("\r\n".join([*lines, "", ""]).encode())
            return wire.recv(4096).startswith(b"SIP/2.0 200")
        except OSError:
            return False
