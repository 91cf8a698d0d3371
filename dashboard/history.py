"""Calls, turns and what was understood, for good: the dashboard's own database.

Written from the event stream by one writer; each event is written once, whatever is read again after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, BigInteger, DateTime, Engine, Float, String, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from core import events
from core.settings import Settings


class Base(DeclarativeBase):
    pass


class Call(Base):
    """One call; `outcome` is null while it goes on."""

    __tablename__ = "calls"
    call_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    line: Mapped[int]
    caller: Mapped[str] = mapped_column(String(32))
    called: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    outcome: Mapped[str | None] = mapped_column(String(16))
    seconds: Mapped[float | None]
    house_call_id: Mapped[str | None] = mapped_column(String(64))
    house_call_number: Mapped[str | None] = mapped_column(String(32))


class Entry(Base):
    """One event of a call as it came, with a turn's latency in columns of its own (seconds, null when unknown)."""

    __tablename__ = "entries"
    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    call_id: Mapped[str] = mapped_column(String(64), index=True)
    type: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    end_of_turn: Mapped[float | None] = mapped_column(Float)
    recognition: Mapped[float | None] = mapped_column(Float)
    dialog: Mapped[float | None] = mapped_column(Float)
    synthesis: Mapped[float | None] = mapped_column(Float)
    voice_to_voice: Mapped[float | None] = mapped_column(Float)


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

    return engine


def migrate(url: str) -> None:
    """Bring the database to the newest schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


class History:
    """The store. Its methods block: call them in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_event_id(self) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.max(Entry.event_id))) or 0

    def write(self, batch: Sequence[events.Event]) -> None:
        """Store events, in order, in one transaction."""
        with Session(self._engine) as session, session.begin():
            for one in batch:
                if session.get(Entry, one.id) is not None:
                    continue
                latency = one.latency.model_dump() if isinstance(one, events.TurnRecognised) else {}
                body = json.loads(one.model_dump_json())
                session.add(Entry(event_id=one.id, call_id=one.call_id, type=one.type, at=one.at, body=body, **latency))
                self._apply(session, one)

    @staticmethod
    def _apply(session: Session, one: events.Event) -> None:
        if isinstance(one, events.CallStarted):
            session.add(
                Call(call_id=one.call_id, line=one.line, caller=one.caller, called=one.called, started_at=one.at)
            )
        elif isinstance(one, events.HouseCallCreated | events.CallEnded):
            call = session.get(Call, one.call_id)
            if call is None:
                return
            if isinstance(one, events.CallEnded):
                call.outcome, call.seconds = one.outcome, one.seconds
            else:
                call.house_call_id, call.house_call_number = one.house_call_id, one.number

    def calls(self, since: datetime, limit: int = 200) -> list[Call]:
        """Calls that began after `since`, newest first."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(Call).where(Call.started_at >= since).order_by(Call.started_at.desc()).limit(limit)
            return list(session.scalars(query))

    def entries(self, call_id: str) -> list[Entry]:
        """What happened in a call, in order."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.scalars(select(Entry).where(Entry.call_id == call_id).order_by(Entry.event_id)))

    def going_on(self, since: datetime) -> list[events.Event]:
        """The events, in order, of calls that began after `since` and have not ended."""
        with Session(self._engine) as session:
            unfinished = select(Call.call_id).where(Call.started_at >= since, Call.outcome.is_(None))
            query = select(Entry).where(Entry.call_id.in_(unfinished)).order_by(Entry.event_id)
            return [events.EVENT.validate_python({**row.body, "id": row.event_id}) for row in session.scalars(query)]

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


def utc(moment: datetime) -> datetime:
    """SQLite gives times back without their zone; ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
