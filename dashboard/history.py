"""Calls, turns and what was understood, for good: the dashboard's own database.

Written from the event stream by one writer; each event is written once, whatever is read again after a restart.

Of a call whose caller refuses to be recorded nothing that is said reaches the disk from the refusal on; what was
written before it is blanked in the same transaction. SQLite then overwrites the old bytes (`secure_delete`), and
the write-ahead log, which still has them, is emptied. PostgreSQL removes them with its own VACUUM.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.orm import Session

from core import events
from core.settings import Settings
from dashboard.tables import Call, Context, Entry
from dashboard.unsaid import BLANKS, unsaid


def database_url(settings: Settings) -> str:
    return settings.dashboard_database or f"sqlite:///{settings.var_dir / 'dashboard.sqlite'}"


def open_engine(url: str) -> Engine:
    """An engine; SQLite with a write-ahead log, so that pages read while the writer writes."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=5000")
            connection.execute("PRAGMA secure_delete=ON")

    return engine


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to a schema, the newest by default; an older one is gone back to."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    if revision == "head":
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)


class History:
    """The store. Its methods block: call them in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._log_has_words = engine.dialect.name == "sqlite"
        """Until the log was emptied once: a process that was killed may have left words in it."""

    def last_event_id(self) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.max(Entry.event_id))) or 0

    def write(self, batch: Sequence[events.Event]) -> None:
        """Store events, in order, in one transaction."""
        refused = False
        with Session(self._engine) as session, session.begin():
            for one in batch:
                if session.get(Entry, one.id) is not None:
                    continue
                self._apply(session, one)
                call = session.get(Call, one.call_id)
                body = json.loads(one.model_dump_json())
                if call is not None and call.refused:
                    body = unsaid(one.type, body)
                latency = one.latency.model_dump() if isinstance(one, events.TurnRecognised) else {}
                session.add(Entry(event_id=one.id, call_id=one.call_id, type=one.type, at=one.at, body=body, **latency))
                refused |= isinstance(one, events.RecordingRefused)
        if refused and self._engine.dialect.name == "sqlite":
            self._log_has_words = True
        if self._log_has_words:
            self._empty_log()

    @staticmethod
    def _apply(session: Session, one: events.Event) -> None:
        call = session.get(Call, one.call_id)
        match one:
            case events.CallStarted() if call is None:
                session.add(_call(one, one.caller, one.called))
            case events.RecordingRefused():
                if call is None:  # its beginning was lost, its wish is not
                    call = _call(one, "", "")
                    session.add(call)
                call.refused = True
                said = select(Entry).where(Entry.call_id == one.call_id, Entry.type.in_(BLANKS))
                for entry in session.scalars(said):
                    entry.body = unsaid(entry.type, entry.body)
            case events.CallTransferring() if session.get(Context, one.context) is None:
                session.add(Context(context=one.context, call_id=one.call_id))
            case events.HouseCallCreated() if call is not None:
                call.house_call_id, call.house_call_number = one.house_call_id, one.number
            case events.CallEnded() if call is not None:
                call.outcome, call.seconds = one.outcome, one.seconds

    def _empty_log(self) -> None:
        """Copy the log into the database and cut it to nothing; tried again with the next write while pages read."""
        with self._engine.connect() as connection:
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        self._log_has_words = bool(busy)

    def calls(self, since: datetime, limit: int = 200) -> list[Call]:
        """Calls that began after `since`, newest first."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(Call).where(Call.started_at >= since).order_by(Call.started_at.desc()).limit(limit)
            return list(session.scalars(query))

    def entries(self, call_id: str) -> list[Entry]:
        """What happened in a call, in order."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.scalars(select(Entry).where(Entry.call_id == call_id).order_by(Entry.event_id)))

    def story(self, call_id: str) -> list[events.Event]:
        """The events of a call, in order; none for an unknown one."""
        return [_event(row) for row in self.entries(call_id)]

    def call_in_context(self, context: str) -> str | None:
        """The id of the call that was transferred under `context`."""
        with Session(self._engine) as session:
            return session.scalar(select(Context.call_id).where(Context.context == context))

    def going_on(self, since: datetime) -> list[events.Event]:
        """The events, in order, of calls that began after `since` and have not ended."""
        with Session(self._engine) as session:
            unfinished = select(Call.call_id).where(Call.started_at >= since, Call.outcome.is_(None))
            query = select(Entry).where(Entry.call_id.in_(unfinished)).order_by(Entry.event_id)
            return [_event(row) for row in session.scalars(query)]

    def refused(self, since: datetime, before: datetime) -> list[int]:
        """Ids of the events with words of calls that must not be recorded and ended between those times."""
        with Session(self._engine) as session:
            over = (
                select(Entry.call_id)
                .join(Call, Call.call_id == Entry.call_id)
                .where(Entry.type == "call.ended", Entry.at >= since, Entry.at < before, Call.refused)
            )
            said = select(Entry.event_id).where(Entry.call_id.in_(over), Entry.type.in_(BLANKS))
            return list(session.scalars(said))

    def outcomes(self, since: datetime) -> dict[str, int]:
        """Number of calls by outcome since then; calls that go on count as `now`."""
        with Session(self._engine) as session:
            query = select(Call.outcome, func.count()).where(Call.started_at >= since).group_by(Call.outcome)
            return {outcome or "now": count for outcome, count in session.execute(query)}

    def latencies(self, since: datetime, limit: int = 2000) -> list[float]:
        """Voice to voice of the newest turns since then, seconds."""
        with Session(self._engine) as session:
            query = (
                select(Entry.voice_to_voice)
                .where(Entry.at >= since, Entry.voice_to_voice.is_not(None))
                .order_by(Entry.event_id.desc())
                .limit(limit)
            )
            return [value for value in session.scalars(query) if value is not None]


def _call(first: events.Event, caller: str, called: str) -> Call:
    return Call(call_id=first.call_id, line=first.line, caller=caller, called=called, started_at=first.at)


def _event(row: Entry) -> events.Event:
    return events.EVENT.validate_python({**row.body, "id": row.event_id})


def utc(moment: datetime) -> datetime:
    """SQLite gives times back without their zone; ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
