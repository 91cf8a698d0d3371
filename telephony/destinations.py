"""Where transferred calls go: the operators, and the ambulance of the patient's area."""

from __future__ import annotations

from core.settings import Settings
from core.words import TransferTo


class Destinations:
    """The deployer's addresses, else the sandbox's own desk."""

    def __init__(self, settings: Settings) -> None:
        desk = f"{settings.sip_host}:{settings.operator_desk_port}"
        self._operator = settings.operator_uri or f"sip:operator@{desk}"
        self._emergency = settings.emergency_uri or f"sip:103@{desk}"
        self._by_area = {_plain(area): uri for area, uri in settings.emergency_uris.items()}

    def find(self, to: TransferTo, area: str | None, called: str) -> str:
        """The SIP URI; the ambulance by the patient's town (`area`), where that is unknown by the number called."""
        if to == "operator":
            return self._operator
        found = self._by_area.get(_plain(area or ""))
        return found or self._by_area.get(_plain(called)) or self._emergency


def _plain(area: str) -> str:
    return " ".join(area.lower().replace("ё", "е").split())
