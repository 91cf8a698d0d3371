"""House calls and every change of their state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "house_calls",
        sa.Column("seq", _KEY, primary_key=True, autoincrement=True),
        sa.Column("prefix", sa.String(8), nullable=False),
        sa.Column("house_call_id", sa.String(36), nullable=False, unique=True),
        sa.Column("idempotency_key", sa.String(200), nullable=False, unique=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("visit_date", sa.Date, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("mis_id", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", _TIME),
        sa.Column("next_attempt_at", _TIME),
        sa.Column("lease_until", _TIME),
        sa.Column("cancel_wanted", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("house_calls_due", "house_calls", ["next_attempt_at"])
    op.create_index("house_calls_by_state", "house_calls", ["state", "created_at"])
    op.create_index("house_calls_by_age", "house_calls", ["created_at"])
    op.create_table(
        "state_changes",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("seq", _KEY, sa.ForeignKey("house_calls.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("detail", sa.Text),
    )
    op.create_index("ix_state_changes_seq", "state_changes", ["seq"])


def downgrade() -> None:
    op.drop_table("state_changes")
    op.drop_table("house_calls")
