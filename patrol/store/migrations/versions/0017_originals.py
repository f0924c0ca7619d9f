"""Cameras' own files beside the clean pictures that are made of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "originals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("photo", sa.LargeBinary(32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("taken_us", sa.BigInteger(), nullable=True),
        sa.Column("taken_local", sa.Text(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("originals_by_photo", "originals", ["agency", "photo", "sha256"], unique=True)
    op.create_index("originals_by_time", "originals", ["agency", "at_us"])


def downgrade() -> None:
    op.drop_table("originals")
