"""The connector's tables (SQLAlchemy) and how its database is opened. The schema itself: `migrations/`."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Key = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware times in, aware UTC out; SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {dt.datetime: UtcDateTime, dict[str, Any]: JSON}


class HouseCallRow(Base):
    __tablename__ = "house_calls"
    __table_args__ = (
        Index("house_calls_due", "next_attempt_at"),
        Index("house_calls_by_state", "state", "created_at"),
        Index("house_calls_by_age", "created_at"),
        Index("house_calls_by_phone", "phone", "patient_mis_id", "seq"),
        Index("house_calls_by_birth_date", "birth_date", "created_at"),
        Index("house_calls_by_patient", "patient_mis_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(_Key, primary_key=True, autoincrement=True)
    """The running number: what stands behind the dash of the call's number; never used twice."""
    prefix: Mapped[str] = mapped_column(String(8))
    house_call_id: Mapped[str] = mapped_column(String(36), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(200), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]]
    """The request as it came (model.NewHouseCall)."""
    phone: Mapped[str] = mapped_column(String(16), nullable=True)
    """Of the request, like the next two: what house calls are looked up by. Null is allowed to the database alone,
    which got these columns later."""
    birth_date: Mapped[dt.date] = mapped_column(Date, nullable=True)
    patient_mis_id: Mapped[str | None] = mapped_column(String(64))
    urgency: Mapped[str] = mapped_column(String(16))
    """After the region's rules; the request's own is in `body`."""
    visit_date: Mapped[dt.date] = mapped_column(Date)
    created_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(40))
    mis_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Creations that may have reached the MIS."""
    sent_at: Mapped[dt.datetime | None]
    """When the last creation went out to the MIS."""
    next_attempt_at: Mapped[dt.datetime | None]
    """When the delivery has something to do with it; null: nothing."""
    lease_until: Mapped[dt.datetime | None]
    """A worker has it until then; after that the worker is taken for dead."""
    cancel_wanted: Mapped[bool] = mapped_column(Boolean, default=False)


class StateChangeRow(Base):
    """Every change of state, the first included."""

    __tablename__ = "state_changes"

    id: Mapped[int] = mapped_column(_Key, primary_key=True, autoincrement=True)
    seq: Mapped[int] = mapped_column(ForeignKey("house_calls.seq", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    at: Mapped[dt.datetime]
    reason: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)


class CallBackRow(Base):
    """A caller whom a person has to phone."""

    __tablename__ = "call_backs"
    __table_args__ = (Index("call_backs_by_state", "done_at", "id"),)

    id: Mapped[int] = mapped_column(_Key, primary_key=True, autoincrement=True)
    callback_id: Mapped[str] = mapped_column(String(36), unique=True)
    call_id: Mapped[str] = mapped_column(String(64), unique=True)
    phone: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    """Null: still open."""


def database_url(configured: str, var_dir: Path) -> str:
    """`VYZOV_CONNECTOR_DATABASE`, else SQLite in var; a bare postgresql:// means psycopg 3."""
    if not configured:
        return f"sqlite:///{(var_dir / 'connector.sqlite').resolve()}"
    url = make_url(configured)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def open_engine(url: str) -> Engine:
    """An engine whose commits are on disk when they return. For writing use `writing(engine)`."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        json_serializer=partial(json.dumps, ensure_ascii=False),
        hide_parameters=True,  # statements in exceptions must not carry patients
        pool_pre_ping=parsed.get_backend_name() != "sqlite",
        pool_timeout=5,
    )
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: SQLite then takes its write lock at the beginning."""
    return engine.execution_options(immediate=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '5s'; SET lock_timeout = '5s'")
    connection.commit()
