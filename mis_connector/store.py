"""The connector's store: house calls, every change of their state, and the queue of the delivery.

Methods block (call them in a thread), are one transaction each, and return when the write is on disk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import NotFound, VyzovError
from core.ids import new_house_call_id
from core.metrics import HOUSE_CALLS
from core.words import HouseCallState
from mis_connector.database import Database
from mis_connector.model import HouseCall, HouseCallSearch, NewHouseCall, StateChange, Urgency
from mis_connector.states import GIVEN_UP, check
from mis_connector.tables import HouseCallRow, StateChangeRow

Work = Literal["send", "settle", "cancel"]


class KeyReused(VyzovError):
    """The idempotency key came before with another body."""

    code = "key_reused"
    http_status = 409


@dataclass(frozen=True)
class Job:
    """A house call that the delivery has taken, and what is to be done with it."""

    work: Work
    call: HouseCall
    attempts: int
    sent_at: dt.datetime | None
    cancel_wanted: bool


class Store:
    def __init__(self, database: Database, number_prefix: str) -> None:
        self._database = database
        self._prefix = number_prefix

    def add(
        self, key: str, new: NewHouseCall, *, urgency: Urgency, visit_date: dt.date, needs_registrar: str | None
    ) -> tuple[HouseCall, bool]:
        """Put a house call on disk; False with the stored one when the key was there. Raises KeyReused.

        `needs_registrar`: why it cannot be delivered by itself; null puts it into the queue.
        """
        body = new.model_dump(mode="json")
        body_hash = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        now = dt.datetime.now(dt.UTC)
        try:
            with self._database.write() as session:
                known = session.scalar(select(HouseCallRow).where(HouseCallRow.idempotency_key == key))
                if known is None:
                    row = HouseCallRow(
                        prefix=self._prefix,
                        house_call_id=new_house_call_id(),
                        idempotency_key=key,
                        body_hash=body_hash,
                        body=body,
                        phone=new.phone,
                        birth_date=new.patient.birth_date,
                        patient_mis_id=new.patient.mis_id,
                        urgency=urgency,
                        visit_date=visit_date,
                        created_at=now,
                        state="received",
                        next_attempt_at=now,
                    )
                    session.add(row)
                    session.flush()
                    self._note(session, row, now)
                    if needs_registrar is not None:
                        self._move(session, row, "needs_registrar", now, reason=needs_registrar)
                        row.next_attempt_at = None
                    return _house_call(row), True
        except IntegrityError:  # on PostgreSQL two may come with one key at the same moment
            with self._database.read() as session:
                known = session.scalar(select(HouseCallRow).where(HouseCallRow.idempotency_key == key))
            if known is None:
                raise
        if known.body_hash != body_hash:
            raise KeyReused("this Idempotency-Key came before with another body")
        return _house_call(known), False

    def get(self, house_call_id: str) -> HouseCall:
        """Raises NotFound."""
        with self._database.read() as session:
            return _house_call(self._row(session, house_call_id))

    def changes(self, house_call_id: str) -> list[StateChange]:
        """Every change of state, oldest first. Raises NotFound."""
        with self._database.read() as session:
            row = self._row(session, house_call_id)
            rows = session.scalars(
                select(StateChangeRow).where(StateChangeRow.seq == row.seq).order_by(StateChangeRow.id)
            )
            return [
                StateChange.model_validate(
                    {"state": change.state, "at": change.at, "reason": change.reason, "detail": change.detail}
                )
                for change in rows
            ]

    def search(self, query: HouseCallSearch, today: dt.date) -> list[HouseCall]:
        """Newest first. `today`: on the clinics' calendar, for `active`."""
        wanted = select(HouseCallRow).order_by(HouseCallRow.created_at.desc(), HouseCallRow.seq.desc())
        if query.state is not None:
            wanted = wanted.where(HouseCallRow.state == query.state)
        if query.phone is not None:
            wanted = wanted.where(HouseCallRow.phone == query.phone)
        if query.birth_date is not None:
            wanted = wanted.where(HouseCallRow.birth_date == query.birth_date)
        if query.patient_mis_id is not None:
            wanted = wanted.where(HouseCallRow.patient_mis_id == query.patient_mis_id)
        if query.active:
            wanted = wanted.where(HouseCallRow.state.not_in(GIVEN_UP), HouseCallRow.visit_date >= today)
        if query.since is not None:
            since = query.since if query.since.tzinfo else query.since.replace(tzinfo=dt.UTC)
            wanted = wanted.where(HouseCallRow.created_at >= since)
        with self._database.read() as session:
            return [_house_call(row) for row in session.scalars(wanted.limit(query.limit))]

    def claim(self, limit: int, lease: dt.timedelta) -> list[Job]:
        """Take up to `limit` house calls that are due, oldest first; nobody else gets them until the lease ends.

        One whose worker died while it was sending becomes `unknown` here.
        """
        now = dt.datetime.now(dt.UTC)
        due = (
            select(HouseCallRow)
            .where(
                HouseCallRow.next_attempt_at <= now,
                or_(HouseCallRow.lease_until.is_(None), HouseCallRow.lease_until <= now),
            )
            .order_by(HouseCallRow.created_at, HouseCallRow.seq)
            .limit(limit)
        )
        with self._database.read() as session:  # most polls find nothing: no write lock for those
            if session.scalars(due).first() is None:
                return []
        with self._database.write() as session:
            return [self._take(session, row, now, now + lease)
                    for row in session.scalars(due.with_for_update(skip_locked=True)).all()]  # fmt: skip

    def _take(self, session: Session, row: HouseCallRow, now: dt.datetime, until: dt.datetime) -> Job:
        work: Work = "send"
        if row.state == "delivering":
            self._move(session, row, "unknown", now, reason="restarted")
            work = "settle"
        elif row.state == "unknown":
            work = "settle"
        elif row.cancel_wanted:
            work = "cancel"
        else:
            self._move(session, row, "delivering", now)
            row.attempts += 1
            row.sent_at = now
        row.lease_until = until
        return Job(work, _house_call(row), row.attempts, row.sent_at, row.cancel_wanted)

    def resend(self, house_call_id: str, lease: dt.timedelta) -> HouseCall:
        """`unknown` → `delivering` after the MIS was asked and does not have it; the lease begins anew."""
        now = dt.datetime.now(dt.UTC)
        with self._database.write() as session:
            row = self._row(session, house_call_id, lock=True)
            self._move(session, row, "delivering", now, reason="absent")
            row.attempts += 1
            row.sent_at = now
            row.lease_until = now + lease
            return _house_call(row)

    def finish(
        self,
        house_call_id: str,
        state: HouseCallState,
        *,
        reason: str | None = None,
        detail: str | None = None,
        mis_id: str | None = None,
        retry_in: float | None = None,
        not_sent: bool = False,
    ) -> HouseCall:
        """What came of a job; ends its lease. `retry_in` seconds: the delivery looks at it again.
        `not_sent`: nothing reached the MIS, so it was no attempt.

        The same state again is no change (an `unknown` that could not be asked for yet). Raises ForbiddenChange.
        """
        now = dt.datetime.now(dt.UTC)
        with self._database.write() as session:
            row = self._row(session, house_call_id, lock=True)
            if row.state != state:
                self._move(session, row, state, now, reason=reason, detail=detail)
            elif reason is not None:
                row.reason = reason
            if mis_id is not None:
                row.mis_id = mis_id
            if not_sent:
                row.attempts -= 1
            row.lease_until = None
            row.next_attempt_at = None if retry_in is None else now + dt.timedelta(seconds=retry_in)
            if row.cancel_wanted:
                self._cancel_later(session, row, now)
            return _house_call(row)

    def want_cancel(self, house_call_id: str) -> HouseCall:
        """Cancel at once what the MIS does not have; the rest is cancelled by the delivery. Raises NotFound."""
        now = dt.datetime.now(dt.UTC)
        with self._database.write() as session:
            row = self._row(session, house_call_id, lock=True)
            if row.state != "cancelled":
                row.cancel_wanted = True
                if row.reason == "cancel_failed":
                    row.reason = None  # asked again: tried again
                self._cancel_later(session, row, now)
            return _house_call(row)

    def _cancel_later(self, session: Session, row: HouseCallRow, now: dt.datetime) -> None:
        if row.state == "needs_registrar" and row.reason == "outcome_unknown":
            return  # the MIS may have it: the registrar has to look
        if row.state in ("received", "scheduled", "rejected", "needs_registrar"):
            self._move(session, row, "cancelled", now, reason="asked")
            row.next_attempt_at = None
        elif row.state == "delivered" and row.next_attempt_at is None and row.reason != "cancel_failed":
            row.next_attempt_at = now

    def _move(
        self, session: Session, row: HouseCallRow, state: HouseCallState, now: dt.datetime,
        *, reason: str | None = None, detail: str | None = None,
    ) -> None:  # fmt: skip
        check(_state(row), state)
        row.state = state
        row.reason = reason
        self._note(session, row, now, detail)

    @staticmethod
    def _note(session: Session, row: HouseCallRow, now: dt.datetime, detail: str | None = None) -> None:
        session.add(StateChangeRow(seq=row.seq, state=row.state, at=now, reason=row.reason, detail=detail))
        HOUSE_CALLS.labels(row.state).inc()

    @staticmethod
    def _row(session: Session, house_call_id: str, *, lock: bool = False) -> HouseCallRow:
        wanted = select(HouseCallRow).where(HouseCallRow.house_call_id == house_call_id)
        row = session.scalar(wanted.with_for_update() if lock else wanted)
        if row is None:
            raise NotFound("no such house call")
        return row


def _state(row: HouseCallRow) -> HouseCallState:
    state: Any = row.state  # only we write it, from the same vocabulary
    return state  # type: ignore[no-any-return]


def _house_call(row: HouseCallRow) -> HouseCall:
    """The row as the interface shows it. It was validated when it came in."""
    return HouseCall.model_validate(
        {
            **row.body,
            "urgency": row.urgency,
            "house_call_id": row.house_call_id,
            "number": f"{row.prefix}-{row.seq:06d}",
            "state": row.state,
            "reason": row.reason,
            "mis_id": row.mis_id,
            "visit_date": row.visit_date,
            "created_at": row.created_at,
        }
    )
