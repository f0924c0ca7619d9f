"""An agency reads its lines of the journal, newest first, however many others stand between."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("journal_by_agency", "journal", ["agency", "seq"])


def downgrade() -> None:
    op.drop_index("journal_by_agency", "journal")
