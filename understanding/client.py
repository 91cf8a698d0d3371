"""The door to the understanding service for the other rooms."""

from __future__ import annotations

from core.client import ServiceClient
from core.errors import ServiceUnavailable
from core.settings import Settings
from understanding.model import Heard, Understood


class UnderstandingClient(ServiceClient):
    """Asks what a turn meant. One instance a process."""

    service = "understanding"

    def __init__(self, settings: Settings, *, base_url: str | None = None, seconds: float = 3.0) -> None:
        super().__init__(base_url or settings.understanding_url, settings, seconds=seconds)

    async def understand(self, heard: Heard, *, seconds: float | None = None) -> Understood:
        """Raises ServiceUnavailable (also for an answer that is none) and BadInput."""
        answer = await self.request(
            "POST", "/v1/understand", json=heard.model_dump(mode="json", exclude_none=True), seconds=seconds
        )
        try:
            return Understood.model_validate_json(answer.content)
        except ValueError:
            raise ServiceUnavailable(f"{self.service}: unreadable answer") from None
