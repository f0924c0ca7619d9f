"""ViewPolicy: what may pass to one view. Deny by default.

What is the agency's own passes by role. What is another's passes as far as
`patrol.sharing.decisions` lets it cross, in two forms that are tested equal: a predicate of one
record for stream and documents, and for the store the stretches of time and the box that
`readable_tracks` limits a query to, checked again for each record that comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Table, and_, false, true

from patrol.documents.document import P
from patrol.sharing.decisions import Sharing
from patrol.sharing.readable_tracks import OwnReading, Reading, SharedReading
from patrol.sharing.redaction import passed, without_gaps
from patrol.store.tracks.tracks import AddressSpan
from patrol.units.data_classes import DataClass
from patrol.units.permissions import ACTS, may
from patrol.units.units import Role

SEE_PICTURE: Final = ACTS["see the picture"]
SEE_UNKNOWN_RADIOS: Final = ACTS["see unknown radios"]
"""Roles; asked of each group of each change for each view."""


class VisibleDocument(NamedTuple, Generic[P]):
    """What of a document passes to a view.

    Attributes:
        whole: As the view sees it; None: nothing passes.
        own: What is left of that while nothing of other agencies passes; None: nothing.
    """

    whole: P | None
    own: P | None


class ViewPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the users of one agency in one role may see.

    Attributes:
        agency: Whose records.
        role: In which role.
        sharing: What of others' may cross; None: nothing.
        now: Clock, aware UTC; without one nothing of others passes.
        on_disclosure: Called when something of another agency's passes.
    """

    agency: str
    role: Role
    sharing: Sharing | None = None
    now: Callable[[], datetime] | None = None
    on_disclosure: Callable[[], None] | None = None

    def passes(self, *, agency: str, known: bool) -> bool:
        """Return whether a record may pass because it is the agency's own.

        Args:
            agency: Its owner.
            known: It is about a registered unit, not an unknown radio.
        """
        return (
            agency == self.agency
            and self.role in SEE_PICTURE
            and (known or self.role in SEE_UNKNOWN_RADIOS)
        )

    @property
    def sees_others(self) -> bool:
        """Whether units of others may pass at all."""
        return self.sharing is not None and self.now is not None and self.role in SEE_PICTURE

    def lets(self, owner: str, data_class: DataClass) -> bool:
        """Return whether an agency lets records of a class cross to the viewer's at present, of
        some place.
        """
        if owner == self.agency:
            return True
        if self.sharing is None or self.now is None:
            return False
        why = self.sharing.refusal(
            owner=owner, viewer=self.agency, data_class=data_class, now=self.now()
        )
        return why is None

    def own_only(self) -> ViewPolicy:
        """Return the same with nothing of others'."""
        return ViewPolicy(agency=self.agency, role=self.role)

    def document(self, document: P, *, now: datetime | None = None) -> P | None:
        """Return what may pass of a document; None for nothing. Arguments as of `visible`."""
        return self.visible(document, now=now).whole

    def visible(self, document: P, *, now: datetime | None = None) -> VisibleDocument[P]:
        """Return what may pass of a document, and what of that is the agency's own.

        A party holds it in its own right. While no agreement joins it to the others any more it
        holds only its own part, where the document knows one (a method `own_part(agency)`).

        Args:
            document: Anybody's.
            now: The present, aware UTC; the clock's when None.
        """
        if not may(self.role, document.viewing_act):
            return VisibleDocument(None, None)
        held = document.part_for(self.agency)
        if held is not None and (not hasattr(held, "own_part") or held.parties == {self.agency}):
            return VisibleDocument(held, held)
        own = None if held is None else held.own_part(self.agency)
        if self.sharing is None or self.now is None:
            return VisibleDocument(own, own)
        at = self.now() if now is None else now
        if held is not None:
            others = document.parties - {self.agency}
            if not all(self.sharing.joined(self.agency, other, at) for other in others):
                return VisibleDocument(own, own)
            self._note_disclosure()
            held = without_gaps(held, sharing=self.sharing, viewer=self.agency)
            return VisibleDocument(held, own)
        crossed = passed(document, sharing=self.sharing, viewer=self.agency, now=at)
        if crossed is not None:
            self._note_disclosure()
            if document.CLASS is not None:
                self._count(document.agency, document.CLASS, 1)
        return VisibleDocument(crossed, None)

    def reading(self, agency: str, unit: str, spans: Sequence[AddressSpan]) -> Reading:
        """Return how the stored positions of a unit or radio may be read.

        Args:
            agency: Its owner; what another had heard of a radio before it was registered is not
                the owner's.
            unit: Its id.
            spans: When which address told where it was.
        """
        if agency == self.agency:
            return OwnReading(spans, {agency})
        if self.sharing is None or self.now is None:
            return OwnReading((), ())
        return SharedReading(
            self.sharing, self.now, spans, owner=agency, viewer=self.agency, unit=unit,
            told=partial(self._read, agency),
        )  # fmt: skip

    def condition(self, table: Table, *, known: bool) -> ColumnElement[Any]:
        """Return `passes` as a condition on `table`, which has a column `agency`."""
        allowed = self.role in SEE_PICTURE and (known or self.role in SEE_UNKNOWN_RADIOS)
        return and_(table.c.agency == self.agency, true() if allowed else false())

    def _note_disclosure(self) -> None:
        if self.on_disclosure is not None:
            self.on_disclosure()

    def _read(self, owner: str, count: int) -> None:
        self._note_disclosure()
        self._count(owner, "tracks", count)

    def _count(self, owner: str, data_class: DataClass, count: int) -> None:
        """Count what a user is shown; what a stream hands out its publisher counts."""
        if self.on_disclosure is not None and self.sharing is not None:
            self.sharing.disclosures.count(self.agency, owner, data_class, count)
