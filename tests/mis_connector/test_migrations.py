"""Promise: an update of the connector brings its database along, and the way back works."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from mis_connector.migrate import migrate
from mis_connector.model import NewHouseCall
from mis_connector.store import Store
from mis_connector.tables import Base, database_url

from .conftest import body, new_key


def test_down_and_up_again(engine: Engine) -> None:
    migrate(engine)  # a second time changes nothing
    migrate(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine, "0001")
    new = NewHouseCall.model_validate(body())
    store = Store(engine, "122")
    call, _ = store.add(new_key(), new, urgency="routine", visit_date=new.patient.birth_date, needs_registrar=None)
    assert store.get(call.house_call_id) == call


def test_migrations_make_what_the_code_expects(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_urls() -> None:
    assert database_url("", Path("/var")) == "sqlite:////var/connector.sqlite"
    assert database_url("postgresql://u:p@h/d", Path("/var")) == "postgresql+psycopg://u:p@h/d"
