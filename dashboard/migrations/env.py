"""Alembic's environment of the dashboard's database."""

from alembic import context

from dashboard.history import open_engine
from dashboard.tables import Base

engine = open_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
