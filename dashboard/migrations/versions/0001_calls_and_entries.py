"""Calls and their events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(64), primary_key=True),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("caller", sa.String(32), nullable=False),
        sa.Column("called", sa.String(64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("outcome", sa.String(16)),
        sa.Column("seconds", sa.Float),
        sa.Column("house_call_id", sa.String(64)),
        sa.Column("house_call_number", sa.String(32)),
    )
    op.create_table(
        "entries",
        sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("call_id", sa.String(64), nullable=False, index=True),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("end_of_turn", sa.Float),
        sa.Column("recognition", sa.Float),
        sa.Column("dialog", sa.Float),
        sa.Column("synthesis", sa.Float),
        sa.Column("voice_to_voice", sa.Float),
    )


def downgrade() -> None:
    op.drop_table("entries")
    op.drop_table("calls")
