"""The call-back list: callers whom nobody could take and whom a person has to phone.

Methods block (call them in a thread), are one transaction each, and return when the write is on disk.
"""

from __future__ import annotations

import datetime as dt
import uuid

from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import NotFound
from mis_connector.database import Database
from mis_connector.model import CallBack, CallBackSearch, NewCallBack
from mis_connector.tables import CallBackRow

OPEN = Gauge("vyzov_call_backs_open", "Callers who wait for a call-back, as of this process's last change")


class CallBackStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def measure(self) -> None:
        """Set the metric from what is stored; for the start, each change does it by itself."""
        with self._database.read() as session:
            self._count(session)

    def add(self, new: NewCallBack) -> tuple[CallBack, bool]:
        """Put it on the list; False with the stored one when that call is there already."""
        try:
            with self._database.write() as session:
                row = self._of_call(session, new.call_id)
                if row is None:
                    row = CallBackRow(
                        callback_id=str(uuid.uuid4()),
                        call_id=new.call_id,
                        phone=new.phone,
                        reason=new.reason,
                        created_at=dt.datetime.now(dt.UTC),
                    )
                    session.add(row)
                    session.flush()
                    self._count(session)
                    return _call_back(row), True
        except IntegrityError:  # on PostgreSQL two may come for one call at the same moment
            with self._database.read() as session:
                row = self._of_call(session, new.call_id)
            if row is None:
                raise
        return _call_back(row), False

    def search(self, query: CallBackSearch) -> list[CallBack]:
        """Oldest first: who has waited longest."""
        wanted = select(CallBackRow).order_by(CallBackRow.id)
        if query.state is not None:
            is_open = CallBackRow.done_at.is_(None)
            wanted = wanted.where(is_open if query.state == "open" else ~is_open)
        with self._database.read() as session:
            return [_call_back(row) for row in session.scalars(wanted.limit(query.limit))]

    def done(self, callback_id: str) -> CallBack:
        """Somebody has phoned. A second time changes nothing. Raises NotFound."""
        wanted = select(CallBackRow).where(CallBackRow.callback_id == callback_id).with_for_update()
        with self._database.write() as session:
            row = session.scalar(wanted)
            if row is None:
                raise NotFound("no such call-back")
            if row.done_at is None:
                row.done_at = dt.datetime.now(dt.UTC)
                session.flush()
                self._count(session)
            return _call_back(row)

    @staticmethod
    def _of_call(session: Session, call_id: str) -> CallBackRow | None:
        return session.scalar(select(CallBackRow).where(CallBackRow.call_id == call_id))

    @staticmethod
    def _count(session: Session) -> None:
        waiting = select(func.count()).select_from(CallBackRow).where(CallBackRow.done_at.is_(None))
        OPEN.set(session.scalar(waiting) or 0)


def _call_back(row: CallBackRow) -> CallBack:
    return CallBack(
        callback_id=row.callback_id,
        call_id=row.call_id,
        phone=row.phone,
        reason=row.reason,
        state="open" if row.done_at is None else "done",
        created_at=row.created_at,
        done_at=row.done_at,
    )
