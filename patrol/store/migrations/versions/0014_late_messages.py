"""The index of when messages were heard: only of those that came late.

What tells of the moment it was heard in is found by its effective time, which has an index anyway.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_LATE = sa.text("heard_us - time_us NOT BETWEEN -10000000 AND 10000000")


def upgrade() -> None:
    op.drop_index("transmissions_by_heard", table_name="transmissions")
    op.create_index(
        "transmissions_by_heard",
        "transmissions",
        ["address", "heard_us"],
        unique=False,
        sqlite_where=_LATE,
        postgresql_where=_LATE,
    )


def downgrade() -> None:
    op.drop_index("transmissions_by_heard", table_name="transmissions")
    op.create_index(
        "transmissions_by_heard", "transmissions", ["address", "heard_us"], unique=False
    )
