"""Policy: what may pass to one view. Deny by default.

It has two forms that are tested equal: a predicate for the stream and a condition for the store.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, false, true

from patrol.papers import P
from patrol.permissions import may
from patrol.units import Role


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the users of one agency in one role may see.

    Attributes:
        agency: Whose records.
        role: In which role.
    """

    agency: str
    role: Role

    def passes(self, *, agency: str, known: bool) -> bool:
        """Return whether a record may pass.

        Args:
            agency: Its owner.
            known: It is about a registered unit, not an unknown radio.
        """
        return (
            agency == self.agency
            and may(self.role, "see the picture")
            and (known or may(self.role, "see unknown radios"))
        )

    def paper(self, paper: P) -> P | None:
        """Return what may pass of a paper; None for nothing."""
        if not may(self.role, paper.seen_by):
            return None
        return paper.held_by(self.agency)

    def condition(self, table: Table, *, known: bool) -> ColumnElement[Any]:
        """Return the same as a condition on `table`, which has a column `agency`."""
        allowed = may(self.role, "see the picture") and (
            known or may(self.role, "see unknown radios")
        )
        return and_(table.c.agency == self.agency, true() if allowed else false())
