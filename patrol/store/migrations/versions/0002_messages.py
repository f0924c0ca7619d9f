"""Messages: what was to be said to radios, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("final", sa.SmallInteger(), nullable=False),
        sa.Column("history", sa.LargeBinary(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("messages_by_agency", "messages", ["agency", "created_us"], unique=False)
    op.create_index("messages_by_unit", "messages", ["unit", "created_us"], unique=False)
    op.create_index("messages_by_address", "messages", ["address", "created_us"], unique=False)
    op.create_index(
        "messages_open",
        "messages",
        ["channel"],
        unique=False,
        sqlite_where=sa.text("final = 0"),
        postgresql_where=sa.text("final = 0"),
    )


def downgrade() -> None:
    op.drop_index("messages_open", table_name="messages")
    op.drop_index("messages_by_address", table_name="messages")
    op.drop_index("messages_by_unit", table_name="messages")
    op.drop_index("messages_by_agency", table_name="messages")
    op.drop_table("messages")
