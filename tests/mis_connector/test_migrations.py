"""Promise: an update of the connector brings its database along, and the way back works."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from mis_connector.database import Database
from mis_connector.known import KnownPatients
from mis_connector.migrate import migrate
from mis_connector.model import HouseCall, HouseCallSearch, NewHouseCall
from mis_connector.store import Store
from mis_connector.tables import Base, database_url

from .conftest import body, new_key

TODAY = dt.date(2026, 11, 22)


def add(engine: Engine) -> HouseCall:
    new = NewHouseCall.model_validate(body())
    store = Store(Database(engine), "122")
    call, _ = store.add(new_key(), new, urgency="routine", visit_date=TODAY, needs_registrar=None)
    assert store.get(call.house_call_id) == call
    return call


def columns(engine: Engine) -> set[str]:
    return {column["name"] for column in inspect(engine).get_columns("house_calls")}


def test_down_and_up_again(engine: Engine) -> None:
    migrate(engine)  # a second time changes nothing
    migrate(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    add(engine)


def test_house_calls_from_before_the_search_are_found(engine: Engine) -> None:
    migrate(engine, "0001")
    assert not {"phone", "birth_date", "patient_mis_id"} & columns(engine)
    unknown = {"mis_id": None, "surname": "Ёлкина", "name": "Ия", "patronymic": None, "birth_date": "2020-02-29"}
    _insert_as_in_0001(engine, [body(), body(patient=unknown, phone="+79161234567")])
    migrate(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT phone, birth_date, patient_mis_id FROM house_calls ORDER BY seq"))
        assert [tuple(str(value) for value in row) for row in rows] == [
            ("+79090551489", "1971-12-21", "1"), ("+79161234567", "2020-02-29", "None"),
        ]  # fmt: skip
    store = Store(Database(engine), "122")
    for query in ({"phone": "+79161234567"}, {"birth_date": "2020-02-29"}):
        (found,) = store.search(HouseCallSearch.model_validate(query), TODAY)
        assert found.patient.surname == "Ёлкина"
    (patient,) = KnownPatients(Database(engine)).of("+79090551489", dt.date(1971, 12, 21))
    assert patient.mis_id == "1"


def test_the_way_back_keeps_the_house_calls_and_their_numbers(engine: Engine) -> None:
    calls = [add(engine) for _ in range(3)]
    migrate(engine, "0001")
    assert "call_backs" not in inspect(engine).get_table_names()
    assert not {"phone", "birth_date", "patient_mis_id"} & columns(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM state_changes"))
        connection.execute(text("DELETE FROM house_calls WHERE seq = (SELECT max(seq) FROM house_calls)"))
    migrate(engine)
    store = Store(Database(engine), "122")
    assert store.search(HouseCallSearch(phone=calls[0].phone), TODAY) == calls[1::-1]
    assert add(engine).number > calls[2].number, "a number is never used twice, not even that of a deleted call"


def _insert_as_in_0001(engine: Engine, bodies: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for new in bodies:
            key = new_key()
            connection.execute(
                text(
                    "INSERT INTO house_calls (prefix, house_call_id, idempotency_key, body_hash, body, urgency,"
                    " visit_date, created_at, state, attempts, cancel_wanted) VALUES ('122', :key, :key, '', :body,"
                    " 'routine', '2026-11-22', '2026-11-22 10:00:00', 'received', 0, false)"
                ),
                {"key": key, "body": json.dumps(NewHouseCall.model_validate(new).model_dump(mode="json"))},
            )


def test_migrations_make_what_the_code_expects(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_urls() -> None:
    assert database_url("", Path("/var")) == "sqlite:////var/connector.sqlite"
    assert database_url("postgresql://u:p@h/d", Path("/var")) == "postgresql+psycopg://u:p@h/d"
