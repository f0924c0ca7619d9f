"""An index of what each address was heard to say when, to find duplicates that come much later."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "transmissions_by_heard", "transmissions", ["address", "heard_us"], unique=False
    )


def downgrade() -> None:
    op.drop_index("transmissions_by_heard", table_name="transmissions")
