"""Are the ports of all processes free? Asked before anything starts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from core.errors import ConfigurationError
from deploy.table import Process


def check(processes: Iterable[Process], host: str) -> None:
    """Raise ConfigurationError naming every port that is taken or asked for twice, and the setting that moves it."""
    complaints = []
    seen: dict[tuple[int, str], str] = {}
    for process in processes:
        for port in process.ports:
            key = (port.number, port.protocol)
            place = f"{port.protocol.upper()} port {port.number} of {process.name} ({port.variable})"
            if key in seen:
                complaints.append(f"{place} is the same as that of {seen[key]}")
            elif not is_free(host, port.number, port.protocol):
                complaints.append(f"{place} is taken by another program")
            seen.setdefault(key, process.name)
    if complaints:
        listed = "\n  ".join(complaints)
        raise ConfigurationError(f"Not started, since these ports cannot be used:\n  {listed}\nSet the named settings.")


def is_free(host: str, number: int, protocol: str) -> bool:
    """True when the port can be bound. Connections of the last run that are still being closed do not count."""
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise ConfigurationError(f"cannot listen on {host}, port {number}: {error.strerror}") from None
    return True
