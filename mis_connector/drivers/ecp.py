"""The driver of ЕЦП.МИС (RT MIS; Perm, Bashkortostan, Adygea and others).

What the published interface gives and what it does not:
- a patient is found by the exact surname and birth date, by policy or SNILS, never by phone;
- a visit has no field for flat, entrance, floor or intercom: they stand in the address line and the comment;
- there is no key of ours in a visit: number and id of the house call stand in the comment;
- the only list of visits wants a post (`MedStaffFact_id`), shows whole days and 100 rows, oldest first. So visits are
  entered under a post of the clinic that the region names (region.yml, `ecp.posts`); without one, or with more than
  100 visits, an unanswered creation cannot be settled here and goes to a registrar.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from core.logs import get_logger
from mis_connector.drivers.base import MisRejected, MisUnavailable, OutcomeUnknown, Question, Search, Visit
from mis_connector.drivers.ecp_session import EcpSession
from mis_connector.model import Address, HouseCall, Patient
from mis_connector.region import Clinic, Region

log = get_logger(__name__)

LIST_ROWS = 100
"""mgetHomeVisitList never shows more."""


class EcpDriver:
    name = "ecp"

    def __init__(self, session: EcpSession, region: Region) -> None:
        self._session = session
        self._region = region
        self._who_call: dict[str, str] | None = None

    async def aclose(self) -> None:
        await self._session.aclose()

    async def find_patients(self, question: Question) -> list[Patient]:
        fields: dict[str, str] = {}
        if question.policy is not None:
            holders = _rows(await self._session.read("/api/Polis", Polis_Num=question.policy))
            if not holders:
                return []
            fields["Person_id"] = str(holders[0].get("Person_id", ""))
        elif question.snils is not None:
            fields["PersonSnils_Snils"] = question.snils
        else:
            fields["PersonSurName_SurName"] = question.surname or ""
            if question.birth_date is not None:
                fields["PersonBirthDay_BirthDay"] = question.birth_date.isoformat()
        rows = _rows(await self._session.read("/api/Person", **fields))
        return [patient for row in rows if (patient := _patient(row)) is not None]

    async def registered_address(self, person_id: str) -> Address | None:
        rows = _rows(await self._session.read("/api/Address", Person_id=person_id))
        for row in rows:
            street = self._region.streets.get(str(row.get("AoidStreet") or ""))
            house = str(row.get("Address_House") or "").strip()
            if street is None or not house:
                continue
            corpus = str(row.get("Address_Corpus") or "").strip()
            return Address(
                town=street.town.name,
                street=street.name,
                street_kind=street.kind,
                house=f"{house} к{corpus}" if corpus else house,
                flat=str(row.get("Address_Flat") or "").strip() or None,
                in_register=True,
            )
        return None

    async def create(self, call: HouseCall, at: dt.datetime) -> str:
        street = self._region.find_street(call.address)
        if street is None:
            raise MisRejected("address_unknown", "")
        rules = self._region.ecp
        fields = {
            "Person_id": call.patient.mis_id or "",
            "CallProfType_id": str(rules.call_profile),
            "HomeVisitCallType_id": str(rules.call_type),
            "HomeVisitStatus_id": str(rules.status),
            "HomeVisitWhoCall_id": await self._who_calls(call),
            "HomeVisit_setDT": at.strftime("%d.%m.%Y %H:%M"),
            "HomeVisit_StreetGUID": street.guid,
            "HomeVisit_House": call.address.house,
            "Address_Address": address_line(call, street.town.kind),
            "HomeVisit_Phone": call.phone,
            "HomeVisit_Symptoms": call.symptoms,
            "HomeVisit_Comment": comment(call),
        }
        clinic = self._clinic(call)
        if clinic is not None and clinic.ecp_post is not None:
            fields["MedStaffFact_id"] = clinic.ecp_post
        data = await self._session.change("POST", "/api/HomeVisit/HomeVisit", **fields)
        mis_id = data.get("HomeVisit_id") if isinstance(data, dict) else None
        if not mis_id:
            raise OutcomeUnknown("an answer without HomeVisit_id")
        return str(mis_id)

    async def read(self, mis_id: str) -> Visit | None:
        """None also when the MIS answers 500 for an unknown id, as ЕЦП.МИС does: it cannot be told apart."""
        try:
            rows = _rows(await self._session.read("/api/HomeVisit/HomeVisitById", HomeVisit_id=mis_id))
        except MisRejected:
            return None
        if not rows:
            return None
        row = rows[0]
        return Visit(
            mis_id,
            str(row.get("Person_id") or ""),
            str(row.get("HomeVisitStatus_id") or ""),
            str(row.get("HomeVisit_Comment") or ""),
        )

    async def cancel(self, mis_id: str) -> None:
        await self._session.change("PUT", "/api/HomeVisit/HomeVisitCancel", HomeVisit_id=mis_id)

    def can_find(self, call: HouseCall) -> bool:
        clinic = self._clinic(call)
        return clinic is not None and clinic.ecp_post is not None

    async def find_created(self, call: HouseCall, days: tuple[dt.date, dt.date]) -> str | Search:
        clinic = self._clinic(call)
        if clinic is None or clinic.ecp_post is None:
            return Search.UNSURE
        try:
            rows = _rows(
                await self._session.read(
                    "/api/HomeVisit/mgetHomeVisitList",
                    HomeVisit_begDate=days[0].isoformat(),
                    HomeVisit_endDate=days[1].isoformat(),
                    MedStaffFact_id=clinic.ecp_post,
                )
            )
        except MisRejected:
            return Search.UNSURE  # the region does not let our account list visits
        mark = _mark(call)
        for row in rows:
            if mark in str(row.get("HomeVisit_Comment") or "") and str(row.get("Person_id")) == call.patient.mis_id:
                return str(row.get("HomeVisit_id"))
        return Search.UNSURE if len(rows) >= LIST_ROWS else Search.ABSENT

    def _clinic(self, call: HouseCall) -> Clinic | None:
        today = self._region.local(call.created_at).date()
        return self._region.clinic(call.address, call.patient.birth_date, today)

    async def _who_calls(self, call: HouseCall) -> str:
        """The id of who calls; ids differ by region, names are in region.yml. Loaded once a process."""
        if self._who_call is None:
            rows = _rows(await self._session.read("/api/Refbook", Refbook_Code="dbo.HomeVisitWhoCall"))
            self._who_call = {str(row.get("Name")): str(row.get("id")) for row in rows}
        names = self._region.ecp.who_call
        name = names.get("self" if call.caller.relation == "self" else "other", "")
        if name in self._who_call:
            return self._who_call[name]
        if not self._who_call:
            self._who_call = None
            raise MisUnavailable("the MIS has no dictionary of who calls")
        log.error("who_call_not_in_dictionary", relation=call.caller.relation)
        return next(iter(self._who_call.values()))


def address_line(call: HouseCall, town_kind: str) -> str:
    """«г Подольск, ул Прохладная, д. 75, кв. 173, подъезд 6, этаж 3, домофон 358»."""
    address = call.address
    parts = [
        f"{town_kind} {address.town}",
        f"{address.street_kind or ''} {address.street or ''}".strip(),
        f"д. {address.house}",
        f"кв. {address.flat}" if address.flat else "",
        *_entry(call),
    ]
    return ", ".join(part for part in parts if part)


def comment(call: HouseCall) -> str:
    """What the visit has no field for; begins with the mark by which the record is found again."""
    parts = [
        _mark(call),
        "Срочно" if call.urgency == "urgent" else "",
        f"Температура {call.temperature:g}" if call.temperature is not None else "",
        f"Болеет: {call.since}" if call.since else "",
        ", ".join(_entry(call)).capitalize(),
        f"Вызвал(а): {call.caller.name}" if call.caller.name else "",
        call.notes or "",
    ]
    return ". ".join(part for part in parts if part)


def _entry(call: HouseCall) -> list[str]:
    address = call.address
    named = (("подъезд", address.entrance), ("этаж", address.floor), ("домофон", address.intercom))
    return [f"{name} {value}" for name, value in named if value]


def _mark(call: HouseCall) -> str:
    """«Заявка 122-000042/18cb21c6». The number alone may come twice: from another installation or after a restore."""
    return f"Заявка {call.number}/{call.house_call_id[:8]}"


def _rows(data: Any) -> list[dict[str, Any]]:
    """Rows of an answer. PHP turns a list with gaps into an object with numbers for keys."""
    rows = list(data.values()) if isinstance(data, dict) else data
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _patient(row: dict[str, Any]) -> Patient | None:
    """None for a row without an id or a surname."""
    person_id, surname = str(row.get("Person_id") or ""), str(row.get("PersonSurName_SurName") or "").strip()
    if not person_id or not surname:
        return None
    try:
        born: dt.date | None = dt.date.fromisoformat(str(row.get("PersonBirthDay_BirthDay") or "")[:10])
    except ValueError:
        born = None
    return Patient(
        mis_id=person_id,
        surname=surname,
        name=str(row.get("PersonFirName_FirName") or "").strip() or None,
        patronymic=str(row.get("PersonSecName_SecName") or "").strip() or None,
        birth_date=born,
    )
