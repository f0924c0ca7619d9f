"""Up to which row of messages each counterpart has been told positions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "position_cursors",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("position_cursors")
