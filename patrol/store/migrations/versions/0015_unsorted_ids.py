"""Up to which row ids of messages that name themselves may not begin with the time.

A program from before knows none of the new ids, so it must not write to this store any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unsorted_ids",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.execute(
        "INSERT INTO unsorted_ids (id, last_row, agency, origin)"
        " SELECT 'transmissions', newest.id, '', ''"
        " FROM (SELECT max(id) AS id FROM transmissions) AS newest WHERE newest.id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("unsorted_ids")
