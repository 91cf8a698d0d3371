"""Whom earlier house calls from a phone were for: out of our own store, no MIS is asked."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from mis_connector.database import Database
from mis_connector.model import NewHouseCall, Patient
from mis_connector.tables import HouseCallRow

MOST = 8
"""A household; of a number that calls for many (a nursing home) the last ones."""


class KnownPatients:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, phone: str, born: dt.date | None) -> list[Patient]:
        """Patients whom the MIS knows, the newest house call first, as it was taken down then, without an address;
        `relation` is the caller's in that call. With `born` only those born on that day."""
        calls = select(func.max(HouseCallRow.seq)).where(
            HouseCallRow.phone == phone, HouseCallRow.patient_mis_id.is_not(None)
        )
        if born is not None:
            calls = calls.where(HouseCallRow.birth_date == born)
        newest = calls.group_by(HouseCallRow.patient_mis_id).order_by(func.max(HouseCallRow.seq).desc()).limit(MOST)
        wanted = select(HouseCallRow.body).where(HouseCallRow.seq.in_(newest)).order_by(HouseCallRow.seq.desc())
        with self._database.read() as session:
            bodies = list(session.scalars(wanted))
        return [_patient(NewHouseCall.model_validate(body)) for body in bodies]


def _patient(call: NewHouseCall) -> Patient:
    assert call.patient.mis_id is not None  # the query asks for no others
    return Patient(
        mis_id=call.patient.mis_id,
        surname=call.patient.surname,
        name=call.patient.name,
        patronymic=call.patient.patronymic,
        birth_date=call.patient.birth_date,
        relation=call.caller.relation,
    )
