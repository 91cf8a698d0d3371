"""The connector: `python -m mis_connector.service`. House calls in, once, onto the disk and then into the MIS."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from core.errors import BadInput
from core.logs import get_logger
from core.service import create_app, require_token, serve
from core.settings import Settings, get_settings
from mis_connector.call_backs import CallBackStore
from mis_connector.database import Database
from mis_connector.delivery import Delivery, Limits
from mis_connector.drivers.choose import make_driver
from mis_connector.known import KnownPatients
from mis_connector.migrate import migrate
from mis_connector.model import (
    CallBack,
    CallBacks,
    CallBackSearch,
    HouseCall,
    HouseCalls,
    HouseCallSearch,
    IdempotencyKey,
    NewCallBack,
    NewHouseCall,
    Patients,
    PatientSearch,
    StateChange,
)
from mis_connector.patients import PatientFinder
from mis_connector.policies import Breaker
from mis_connector.region import Region
from mis_connector.store import Store
from mis_connector.tables import database_url, open_engine

log = get_logger(__name__)


@dataclass
class Connector:
    """What the end points work with."""

    settings: Settings
    region: Region
    store: Store
    delivery: Delivery
    patients: PatientFinder
    call_backs: CallBackStore

    async def accept(self, key: str, new: NewHouseCall) -> tuple[HouseCall, bool]:
        """Onto the disk, then into the MIS while the caller can wait; False for a repeated key."""
        now = self.region.local(dt.datetime.now(dt.UTC))
        born = new.patient.birth_date
        urgency = self.region.urgency(born, now, new.temperature, new.symptoms)
        urgency = "urgent" if "urgent" in (urgency, new.urgency) else "routine"
        clinic = self.region.clinic(new.address, born, now.date())
        obstacle = None
        if new.patient.mis_id is None:
            obstacle = "patient_unknown"
        elif self.region.find_street(new.address) is None:
            obstacle = "address_unknown"
        call, is_new = await asyncio.to_thread(
            self.store.add, key, new, urgency=urgency, needs_registrar=obstacle,
            visit_date=self.region.visit_date(clinic, now, urgency == "urgent"),
        )  # fmt: skip
        if is_new:
            log.info("house_call_received", house_call_id=call.house_call_id, reason=obstacle)
        self.delivery.notify()
        return await self.delivery.wait(call.house_call_id, self.settings.delivery_wait_seconds), is_new

    async def cancel(self, house_call_id: str) -> HouseCall:
        call = await asyncio.to_thread(self.store.want_cancel, house_call_id)
        self.delivery.notify()
        return await self.delivery.wait(call.house_call_id, self.settings.delivery_wait_seconds, _cancel_is_over)

    async def search(self, query: HouseCallSearch) -> list[HouseCall]:
        today = self.region.local(dt.datetime.now(dt.UTC)).date()
        return await asyncio.to_thread(self.store.search, query, today)


def _cancel_is_over(call: HouseCall) -> bool:
    """Cancelled, or a person has to see to it: waiting longer changes nothing."""
    return call.state in ("cancelled", "needs_registrar") or call.reason == "cancel_failed"


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = get_settings()
    region = Region(settings.region_dir, settings.time_zone, production=settings.production)
    engine = open_engine(database_url(settings.connector_database, settings.var_dir))
    await asyncio.to_thread(migrate, engine)
    breaker = Breaker()
    driver = make_driver(settings, region, breaker)
    database = Database(engine)
    store = Store(database, region.number_prefix)
    call_backs = CallBackStore(database)
    await asyncio.to_thread(call_backs.measure)
    attempt = 3 * settings.mis_seconds  # login, dictionary, creation
    limits = Limits(
        parallel=settings.mis_parallel, attempt=attempt, lease=attempt + 8, settle=settings.settle_seconds,
        give_up=settings.delivery_hours * 3600,
    )  # fmt: skip
    delivery = Delivery(store, driver, region, breaker, limits)
    patients = PatientFinder(driver, KnownPatients(database).of)
    app.state.connector = Connector(settings, region, store, delivery, patients, call_backs)
    delivery.start()
    yield
    await delivery.stop()
    await driver.aclose()
    engine.dispose()


def connector(request: Request) -> Connector:
    found: Connector = request.app.state.connector
    return found


router = APIRouter(prefix="/v1", dependencies=[Depends(require_token)])
The = Annotated[Connector, Depends(connector)]


@router.post("/house-calls", status_code=201, responses={200: {"model": HouseCall}, 409: {}})
async def create_house_call(
    new: NewHouseCall, response: Response, the: The, idempotency_key: Annotated[IdempotencyKey, Header()]
) -> HouseCall:
    """Take a house call: 201 once it is on disk and was delivered or waited for; 200 for a repeated key;
    409 for a key that came with another body."""
    call, is_new = await the.accept(idempotency_key, new)
    response.status_code = 201 if is_new else 200
    return call


@router.get("/house-calls/{house_call_id}")
async def house_call(house_call_id: str, the: The) -> HouseCall:
    return await asyncio.to_thread(the.store.get, house_call_id)


@router.get("/house-calls/{house_call_id}/changes")
async def house_call_changes(house_call_id: str, the: The) -> list[StateChange]:
    """Every change of its state with the time, oldest first."""
    return await asyncio.to_thread(the.store.changes, house_call_id)


@router.post("/house-calls/{house_call_id}/cancel", responses={202: {"model": HouseCall}})
async def cancel_house_call(house_call_id: str, response: Response, the: The) -> HouseCall:
    """Cancel it, in the MIS too: 200 when it is cancelled, 202 with the state as it is when that takes longer
    (or a registrar has to see to it)."""
    call = await the.cancel(house_call_id)
    response.status_code = 200 if call.state == "cancelled" else 202
    return call


@router.post("/house-calls/search")
async def search_house_calls(query: HouseCallSearch, the: The) -> HouseCalls:
    """Newest first; everything that is given must hold. `active`: a doctor is still to come."""
    return HouseCalls(house_calls=await the.search(query))


@router.post("/patients/search")
async def search_patients(query: PatientSearch, the: The) -> Patients:
    """Patients with that birth date and one of the surnames (in every spelling with е and ё), or with that policy, or
    of earlier house calls from that phone (with a birth date: born on that day), newest first."""
    if query.policy is None and query.phone is None and not (query.birth_date and query.names):
        raise BadInput("give birth_date with names, or policy, or phone")
    return await the.patients.search(query)


@router.post("/callbacks", status_code=201, responses={200: {"model": CallBack}})
async def create_call_back(new: NewCallBack, response: Response, the: The) -> CallBack:
    """Somebody has to phone the caller: 201 once it is on disk; 200 with what is there when that call has one."""
    call_back, is_new = await asyncio.to_thread(the.call_backs.add, new)
    if is_new:
        log.info("call_back_noted", callback_id=call_back.callback_id, reason=new.reason)
    response.status_code = 201 if is_new else 200
    return call_back


@router.post("/callbacks/search")
async def search_call_backs(query: CallBackSearch, the: The) -> CallBacks:
    """Oldest first."""
    return CallBacks(callbacks=await asyncio.to_thread(the.call_backs.search, query))


@router.post("/callbacks/{callback_id}/done")
async def call_back_done(callback_id: str, the: The) -> CallBack:
    """Somebody has phoned; a second time changes nothing."""
    return await asyncio.to_thread(the.call_backs.done, callback_id)


async def _database_error(_request: Request, error: Exception) -> Response:
    log.error("database_error", error=type(error).__name__)
    return JSONResponse({"error": {"code": "unavailable", "message": "the database does not answer"}}, 503)


def _ready() -> bool:
    the: Connector = app.state.connector
    return the.delivery.working


app = create_app("Vyzov: MIS connector", lifespan=_lifespan, ready=_ready)
app.add_exception_handler(SQLAlchemyError, _database_error)
app.include_router(router)


def main() -> None:
    serve(app, "connector", get_settings().connector_port)


if __name__ == "__main__":
    main()
