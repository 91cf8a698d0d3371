"""House calls are found by phone and patient; the call-back list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # null is allowed: SQLite adds no other column without making the table anew, which would lose its AUTOINCREMENT
    op.add_column("house_calls", sa.Column("phone", sa.String(16)))
    op.add_column("house_calls", sa.Column("birth_date", sa.Date))
    op.add_column("house_calls", sa.Column("patient_mis_id", sa.String(64)))
    _fill()
    op.create_index("house_calls_by_phone", "house_calls", ["phone", "patient_mis_id", "seq"])
    op.create_index("house_calls_by_birth_date", "house_calls", ["birth_date", "created_at"])
    op.create_index("house_calls_by_patient", "house_calls", ["patient_mis_id", "created_at"])
    op.create_table(
        "call_backs",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("callback_id", sa.String(36), nullable=False, unique=True),
        sa.Column("call_id", sa.String(64), nullable=False, unique=True),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME),
    )
    op.create_index("call_backs_by_state", "call_backs", ["done_at", "id"])


def _fill() -> None:
    """From the request as it came, which has them all."""
    calls = sa.table(
        "house_calls", sa.column("body", sa.JSON), sa.column("phone", sa.String),
        sa.column("birth_date", sa.Date), sa.column("patient_mis_id", sa.String),
    )  # fmt: skip
    born = calls.c.body[("patient", "birth_date")].as_string()
    is_sqlite = op.get_bind().dialect.name == "sqlite"  # keeps dates as text; a cast would make a number of it
    op.execute(
        calls.update().values(
            phone=calls.c.body["phone"].as_string(),
            birth_date=sa.type_coerce(born, sa.Date) if is_sqlite else sa.cast(born, sa.Date),
            patient_mis_id=calls.c.body[("patient", "mis_id")].as_string(),
        )
    )


def downgrade() -> None:
    op.drop_table("call_backs")
    for index in ("house_calls_by_phone", "house_calls_by_birth_date", "house_calls_by_patient"):
        op.drop_index(index, "house_calls")
    for column in ("phone", "birth_date", "patient_mis_id"):
        op.drop_column("house_calls", column)
