"""Reports of crews' phones have one effect; a phone has a second key that only reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crew_reports",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.add_column("devices", sa.Column("reporting_hash", sa.LargeBinary(32), nullable=True))
    op.create_index("devices_by_reporting_key", "devices", ["reporting_hash"], unique=True)


def downgrade() -> None:
    op.drop_index("devices_by_reporting_key", "devices")
    op.drop_column("devices", "reporting_hash")
    op.drop_table("crew_reports")
