"""The sandbox MIS: `python -m mis_connector.sandbox.service`.

`/api/…` is the ЕЦП.МИС interface with its own login. `/sandbox/…` is ours, behind our token: faults to switch on,
and the newest visits for whoever compares the record with what the resident said.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from core.logs import get_logger
from core.service import create_app, require_token, serve
from core.settings import get_settings
from mis_connector.password import mis_password
from mis_connector.sandbox.data import connect, load
from mis_connector.sandbox.ecp import Broken, Refused, SandboxMis
from mis_connector.sandbox.faults import Fault, Faults

log = get_logger(__name__)

METHODS: dict[tuple[str, str], Callable[[SandboxMis, dict[str, str]], Any]] = {
    ("GET", "Person"): SandboxMis.person,
    ("GET", "Polis"): SandboxMis.polis,
    ("GET", "Address"): SandboxMis.address,
    ("GET", "Refbook"): SandboxMis.refbook,
    ("POST", "HomeVisit/HomeVisit"): SandboxMis.create,
    ("GET", "HomeVisit/HomeVisitById"): SandboxMis.visit,
    ("PUT", "HomeVisit/HomeVisitCancel"): SandboxMis.cancel,
    ("GET", "HomeVisit/mgetHomeVisitList"): SandboxMis.visit_list,
}
"""The whole interface of the sandbox: what the published one lacks is not here."""


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = get_settings()
    path = settings.var_dir / "sandbox.sqlite"
    loaded = await asyncio.to_thread(load, path, settings.region_dir)
    database = connect(path)
    app.state.mis = SandboxMis(database, settings.mis_login, mis_password(settings))
    log.info("sandbox_ready", loaded_anew=loaded)
    yield
    database.close()


app = create_app("Vyzov: sandbox MIS", lifespan=_lifespan)
app.state.faults = Faults()


class CutConnection(Response):
    """Closes the connection in the middle of the answer: less is sent than was announced."""

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


async def _fields(request: Request) -> dict[str, str]:
    """Query and form fields together; files are not fields."""
    fields = dict(request.query_params)
    if request.method in ("POST", "PUT"):
        form = await request.form(max_files=0, max_fields=100)
        fields.update({name: value for name, value in form.items() if isinstance(value, str)})
    return fields


def _refusal(error: Refused) -> JSONResponse:
    return JSONResponse({"error_code": error.code, "error_msg": error.text, "data": ""})


def _lost() -> JSONResponse:
    return JSONResponse({"error_code": 1, "error_msg": "Сессия не найдена"}, 401)


@app.get("/api/user/login")
async def log_in(request: Request) -> Response:
    fault: Fault | None = app.state.faults.take("/api/user/login")
    if fault is not None:
        early = await _before(fault)
        if early is not None:
            return early
    try:
        return JSONResponse({"error_code": 0, "sess_id": app.state.mis.log_in(dict(request.query_params))})
    except Refused as error:
        return _refusal(error)


async def _before(fault: Fault) -> Response | None:
    """What a fault does before the work; None when the work goes on."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "down":
            return CutConnection()
        case "error_500":
            return Response(status_code=500)
        case "session_lost":
            app.state.mis.forget_sessions()
            return _lost()
        case "error_text":
            return _refusal(Refused(fault.text))
        case "answer_lost":
            pass
    return None


@app.api_route("/api/{path:path}", methods=["GET", "POST", "PUT"], include_in_schema=False)
async def method(path: str, request: Request) -> Response:
    fault: Fault | None = app.state.faults.take(f"/api/{path}")
    if fault is not None:
        early = await _before(fault)
        if early is not None:
            return early
    work = METHODS.get((request.method, path))
    if work is None:
        return JSONResponse({"error_code": 404, "error_msg": "Метод не найден"}, 404)
    fields = await _fields(request)
    mis: SandboxMis = app.state.mis
    if not mis.is_session(fields.get("sess_id", "")):
        return _lost()
    try:
        data = await asyncio.to_thread(work, mis, fields)
    except Refused as error:
        return _refusal(error)
    except Broken:
        return Response(status_code=500)
    if fault is not None and fault.kind == "answer_lost":
        return CutConnection()
    return JSONResponse({"error_code": 0, "data": data})


@app.get("/sandbox/faults", dependencies=[Depends(require_token)])
async def faults() -> list[Fault]:
    """The faults that are on."""
    on: list[Fault] = app.state.faults.on
    return on


@app.post("/sandbox/faults", dependencies=[Depends(require_token)])
async def set_faults(wanted: list[Fault]) -> list[Fault]:
    """Replace the faults that are on; an empty list takes all away."""
    app.state.faults.on = wanted
    return wanted


@app.get("/sandbox/visits", dependencies=[Depends(require_token)])
async def visits(limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> list[dict[str, Any]]:
    """The newest visits as people read them: id, who, where, phone, complaint, status. Read only.

    The flat has no field in a visit: it is taken out of the address line.
    """
    rows = await asyncio.to_thread(app.state.mis.newest_visits, limit)
    return [_readable(row) for row in rows]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    flat = re.search(r"кв\. ([^,]+)", row["address"])
    return {
        "mis_id": str(row["id"]),
        "state": "cancelled" if row["status_id"] == 5 else "open",
        "number": number.group(1) if (number := re.search(r"Заявка (\w+-\d+)", row["comment"])) else None,
        "patient": {name: row[name] for name in ("surname", "name", "patronymic", "birth_date")}
        | {"mis_id": str(row["person_id"])},
        "address": {name: row[name] for name in ("town", "street", "street_kind", "house")}
        | {"flat": flat.group(1) if flat else None, "line": row["address"]},
        "phone": row["phone"],
        "symptoms": row["symptoms"],
        "comment": row["comment"],
        "clinic": row["clinic"],
        "visit_at": row["set_dt"],
        "created_at": row["created_at"],
    }


def main() -> None:
    serve(app, "sandbox", get_settings().sandbox_port)


if __name__ == "__main__":
    main()
