"""The connector's search and the sandbox MIS with the region's patients, in this process."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

from core.errors import VyzovError
from core.settings import ROOT, Settings
from dialog.conversation.turn import Found, ServiceFault
from mis_connector.drivers.ecp import EcpDriver
from mis_connector.drivers.ecp_session import EcpSession
from mis_connector.model import PatientSearch
from mis_connector.patients import PatientFinder
from mis_connector.region import Region
from mis_connector.sandbox.data import connect
from mis_connector.sandbox.ecp import SandboxMis
from scripts.understanding_bench.kept import Kept, fingerprint

SANDBOX = "sandbox.sqlite"
"""Made by mis_connector.sandbox.data.load."""
_SECONDS = 60.0
"""A machine that is busy with measuring must not lose patients to the caller's 3.5 s."""


class _Session:
    """The driver's session without a network: the sandbox's own methods."""

    def __init__(self, mis: SandboxMis) -> None:
        self._methods = {"/api/Person": mis.person, "/api/Address": mis.address}

    async def read(self, path: str, **fields: str) -> Any:
        return self._methods[path](fields)


class Mis:
    """Searches as `POST /v1/patients/search` answers them, kept on the disk; `folder` has the sandbox's database."""

    def __init__(self, settings: Settings, folder: Path, kept: Kept) -> None:
        session = cast(EcpSession, _Session(SandboxMis(connect(folder / SANDBOX), "", "")))
        driver = EcpDriver(session, Region(settings.region_dir, settings.time_zone))
        self._finder = PatientFinder(driver, lambda _phone, _day: [], seconds=_SECONDS, parallel=1)
        self._kept = kept
        patients = hashlib.sha256((settings.region_dir / "patients.csv").read_bytes()).hexdigest()
        self._version = fingerprint(ROOT / "mis_connector", "*.py", "drivers/*.py", "sandbox/*.py") + patients

    async def find(self, query: dict[str, Any]) -> Found:
        """Raises ServiceFault for a query that the connector would refuse."""
        try:
            wanted = PatientSearch.model_validate(query)
        except ValueError:
            raise ServiceFault("connector: HTTP 422") from None
        key = ("search", self._version, query)
        found = self._kept.get(key)
        if found is None:
            try:
                answer = await self._finder.search(wanted)
            except VyzovError as error:
                raise ServiceFault(f"connector: {error.code}") from None
            found = answer.model_dump(mode="json")
            self._kept.put(key, found)
        return Found(tuple(found["patients"]), bool(found["complete"]))
