"""Alembic's entry: runs within the connection that `mis_connector.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from mis_connector.tables import Base

# Two services that start at once migrate one after the other; any constant will do.
_LOCK = 7_122_000_042

connection: Connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # a migration may take longer than the five seconds of a statement (tables.py)
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
