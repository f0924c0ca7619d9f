"""Each user reads in a language and counts years by a calendar of the user's own choice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.Text(), nullable=True))
    op.add_column(
        "users", sa.Column("calendar", sa.Text(), nullable=False, server_default="gregorian")
    )


def downgrade() -> None:
    op.drop_column("users", "calendar")
    op.drop_column("users", "language")
