"""Statements to and from counterpart nodes, their receipts, and how each log stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statements_out",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("counterpart", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("receipted_us", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("unread", sa.SmallInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.create_index(
        "statements_out_by_number",
        "statements_out",
        ["counterpart", "epoch", "number"],
        unique=True,
    )
    for name, some in (
        ("statements_out_refused", "refusal != ''"),
        ("statements_out_unread", "unread = 1"),
    ):
        op.create_index(
            name,
            "statements_out",
            ["counterpart", "epoch", "number"],
            sqlite_where=sa.text(some),
            postgresql_where=sa.text(some),
        )
    op.create_index("statements_out_by_kind", "statements_out", ["counterpart", "kind"])
    op.create_table(
        "statements_in",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("counterpart", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.create_index(
        "statements_in_by_number",
        "statements_in",
        ["counterpart", "epoch", "number"],
        unique=True,
    )
    op.create_index(
        "statements_in_not_applied",
        "statements_in",
        ["counterpart", "epoch", "number"],
        sqlite_where=sa.text("state != 'applied'"),
        postgresql_where=sa.text("state != 'applied'"),
    )
    op.create_index("statements_in_by_kind", "statements_in", ["counterpart", "kind"])
    op.create_table(
        "statement_receipts",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("counterpart", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.create_index(
        "statement_receipts_by_number",
        "statement_receipts",
        ["counterpart", "epoch", "number"],
    )
    op.create_table(
        "statement_logs",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("forked_us", sa.BigInteger(), nullable=True),
        sa.Column("fork", sa.Text(), nullable=False),
        sa.Column("their_epoch", sa.BigInteger(), nullable=False),
        sa.Column("their_end", sa.BigInteger(), nullable=False),
        sa.Column("said_us", sa.BigInteger(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in ("statement_logs", "statement_receipts", "statements_in", "statements_out"):
        op.drop_table(table)
