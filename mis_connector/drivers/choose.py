"""Which driver speaks to the MIS, by setting."""

from __future__ import annotations

from functools import partial

from core.settings import Settings
from mis_connector.drivers.base import MisDriver
from mis_connector.drivers.ecp import EcpDriver
from mis_connector.drivers.ecp_session import EcpSession
from mis_connector.password import mis_password
from mis_connector.policies import Breaker
from mis_connector.region import Region


def make_driver(settings: Settings, region: Region, breaker: Breaker) -> MisDriver:
    """The driver of `settings.mis_driver`, speaking to `settings.mis_url` (empty: our sandbox)."""
    session = EcpSession(
        settings.mis_url or settings.url(settings.sandbox_port),
        settings.mis_login,
        partial(mis_password, settings),
        settings.mis_seconds,
        breaker,
    )
    return EcpDriver(session, region)
