"""Legal hold: an order to preserve records, whatever the retention policy says.

A court, a prosecutor or an inquiry may need what the policy would remove. A hold names a case, an
incident, a unit or the whole agency; it says who set it and why, and so does its release.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from patrol.documents.document import Document
from patrol.units.data_classes import NEVER, DataClass

HeldKind = Literal["incident", "target", "hand_off", "patrol", "alert", "unit", "agency"]


class LegalHold(Document, frozen=True, kw_only=True, omit_defaults=True, tag="legal_hold"):
    """One version of a hold.

    Attributes:
        kind_held: What is held: a document of that kind and all that hangs on it, a unit, an
            agency.
        id_held: Its id.
        name: What people called it when it was set.
        reason: By whose order, and why.
        set_at: Since when it holds, aware UTC.
        set_by: Who set it.
        released_at: When it was released; None while it holds.
        release_reason: Why.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "keep legal holds"

    kind_held: Annotated[HeldKind, NEVER]
    id_held: Annotated[str, NEVER]
    name: Annotated[str, NEVER] = ""
    reason: Annotated[str, NEVER]
    set_at: Annotated[datetime, NEVER]
    set_by: Annotated[str, NEVER]
    released_at: Annotated[datetime | None, NEVER] = None
    release_reason: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it was released."""
        return self.released_at is not None
