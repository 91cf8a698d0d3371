"""The only door to the connector for other rooms and scripts."""

from __future__ import annotations

import datetime as dt

from core.client import ServiceClient
from core.settings import Settings
from core.words import HouseCallState
from mis_connector.model import (
    CallBack,
    CallBacks,
    CallBackSearch,
    CallBackState,
    HouseCall,
    HouseCalls,
    HouseCallSearch,
    NewCallBack,
    NewHouseCall,
    Patients,
    PatientSearch,
    StateChange,
)


class ConnectorClient(ServiceClient):
    """House calls, patients, call-backs. Errors as in core.client: ServiceUnavailable, NotFound, BadInput."""

    service = "connector"

    def __init__(self, settings: Settings) -> None:
        # the slowest answer is a house call that waits for the MIS
        super().__init__(settings.connector_url, settings, seconds=settings.delivery_wait_seconds + 3)

    async def create(self, key: str, new: NewHouseCall) -> HouseCall:
        """Put in a house call; the same key may be repeated after an error, it never makes a second one."""
        answer = await self.request(
            "POST", "/v1/house-calls", json=new.model_dump(mode="json"), headers={"Idempotency-Key": key}
        )
        return HouseCall.model_validate_json(answer.content)

    async def get(self, house_call_id: str) -> HouseCall:
        answer = await self.request("GET", f"/v1/house-calls/{house_call_id}")
        return HouseCall.model_validate_json(answer.content)

    async def changes(self, house_call_id: str) -> list[StateChange]:
        answer = await self.request("GET", f"/v1/house-calls/{house_call_id}/changes")
        return [StateChange.model_validate(change) for change in answer.json()]

    async def search(
        self, state: HouseCallState | None = None, since: dt.datetime | None = None, limit: int = 100, *,
        phone: str | None = None, birth_date: dt.date | None = None, patient_mis_id: str | None = None,
        active: bool = False,
    ) -> list[HouseCall]:  # fmt: skip
        """Newest first; everything that is given must hold. `active`: a doctor is still to come."""
        query = HouseCallSearch(
            state=state, since=since, limit=limit,
            phone=phone, birth_date=birth_date, patient_mis_id=patient_mis_id, active=active,
        )  # fmt: skip
        answer = await self.request("POST", "/v1/house-calls/search", json=query.model_dump(mode="json"))
        return HouseCalls.model_validate_json(answer.content).house_calls

    async def cancel(self, house_call_id: str) -> HouseCall:
        """Cancel it; look at `state`: it is not `cancelled` while the MIS has not confirmed."""
        answer = await self.request("POST", f"/v1/house-calls/{house_call_id}/cancel")
        return HouseCall.model_validate_json(answer.content)

    async def patients(self, query: PatientSearch) -> Patients:
        answer = await self.request("POST", "/v1/patients/search", json=query.model_dump(mode="json"))
        return Patients.model_validate_json(answer.content)

    async def call_back(self, call_id: str, phone: str, reason: str) -> CallBack:
        """Somebody has to phone the caller: on disk when this returns, once a call. `phone` E.164, `reason` a code."""
        new = NewCallBack(call_id=call_id, phone=phone, reason=reason)
        answer = await self.request("POST", "/v1/callbacks", json=new.model_dump(mode="json"))
        return CallBack.model_validate_json(answer.content)

    async def call_backs(self, state: CallBackState | None = "open", limit: int = 100) -> list[CallBack]:
        """Oldest first."""
        query = CallBackSearch(state=state, limit=limit)
        answer = await self.request("POST", "/v1/callbacks/search", json=query.model_dump(mode="json"))
        return CallBacks.model_validate_json(answer.content).callbacks

    async def call_back_done(self, callback_id: str) -> CallBack:
        """Somebody has phoned; a second time changes nothing. Raises NotFound."""
        answer = await self.request("POST", f"/v1/callbacks/{callback_id}/done")
        return CallBack.model_validate_json(answer.content)
