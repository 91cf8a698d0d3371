"""Promise: an update of the dashboard brings its database along, calls included, and the way back works."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from core import events
from core.settings import Settings
from dashboard.history import History, database_url, migrate, open_engine
from dashboard.tables import Base
from tests.dashboard.stories import LONG_AGO, numbered


def test_back_and_forth_with_calls_in_it(tmp_path: Path) -> None:
    url = database_url(Settings(var_dir=tmp_path))
    migrate(url)
    engine = open_engine(url)
    history = History(engine)
    history.write(
        numbered(
            [
                events.CallStarted(call_id="a", line=0, caller="+79161234567", called="122"),
                events.CallTransferring(call_id="a", line=0, to="operator", reason="wish", context="c"),
            ]
        )
    )
    migrate(url, "0001")
    assert set(inspect(engine).get_table_names()) == {"alembic_version", "calls", "entries"}
    assert "refused" not in [column["name"] for column in inspect(engine).get_columns("calls")]
    migrate(url)
    migrate(url)  # a second time changes nothing
    assert [(call.call_id, call.refused) for call in history.calls(LONG_AGO)] == [("a", False)]
    assert [one.type for one in history.story("a")] == ["call.started", "call.transferring"]
    migrate(url, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}


def test_migrations_make_what_the_code_expects(tmp_path: Path) -> None:
    url = database_url(Settings(var_dir=tmp_path))
    migrate(url)
    with open_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
