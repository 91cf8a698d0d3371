"""The tables of the dashboard's own database; the schema itself: `migrations/`. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, Integer, String, Text, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Call(Base):
    """One call; `outcome` is null while it goes on. `refused`: the caller does not want it to be recorded."""

    __tablename__ = "calls"
    call_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    line: Mapped[int]
    caller: Mapped[str] = mapped_column(String(32))
    called: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    outcome: Mapped[str | None] = mapped_column(String(16))
    seconds: Mapped[float | None] = mapped_column(Float)
    house_call_id: Mapped[str | None] = mapped_column(String(64))
    house_call_number: Mapped[str | None] = mapped_column(String(32))
    refused: Mapped[bool] = mapped_column(default=False, server_default=false())


class Entry(Base):
    """One event of a call as it came, with a turn's latency in columns of its own (seconds, null when unknown).

    Of a call that must not be recorded the body lacks what was said: see `dashboard/unsaid.py`.
    """

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


class Context(Base):
    """Under which opaque id an operator finds a call; a call that is transferred twice has two."""

    __tablename__ = "contexts"
    context: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), index=True)


class AnnouncementRow(Base):
    """An announcement as it was set; the newest row holds. An empty text took the one before it away."""

    __tablename__ = "announcements"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    set_by: Mapped[str] = mapped_column(String(32))
