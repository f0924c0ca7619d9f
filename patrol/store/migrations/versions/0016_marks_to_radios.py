"""A message to radios may be a marked place.

A program from before does not know that kind, so it must not write to this store any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("mark", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM messages WHERE kind = 'mark'")
    op.drop_column("messages", "mark")
