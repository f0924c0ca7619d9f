"""Second factors, phones that are enrolled, tokens with scopes, identities of a provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agencies", sa.Column("blos", sa.Text(), nullable=False, server_default=""))
    for column in (
        sa.Column("kind", sa.Text(), nullable=False, server_default="page"),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("scopes", sa.Text(), nullable=False, server_default=""),
        sa.Column("factor", sa.SmallInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("sessions", column)
    for column in (
        sa.Column("kind", sa.Text(), nullable=False, server_default="tracker"),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("devices", column)
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        *_owner(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_table(
        "second_factors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_us", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        *_owner(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        *_owner(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("recovery_codes_by_user", "recovery_codes", ["user"])
    op.create_table(
        "identities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        *_owner(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("identities_by_subject", "identities", ["issuer", "subject"], unique=True)
    op.create_table(
        "account_epochs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *_owner(),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in ("account_epochs", "identities", "recovery_codes", "second_factors", "enrolments"):
        op.drop_table(table)
    for name in ("by", "unit", "kind"):
        op.drop_column("devices", name)
    for name in ("factor", "scopes", "label", "kind"):
        op.drop_column("sessions", name)
    op.drop_column("agencies", "blos")


def _owner() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
