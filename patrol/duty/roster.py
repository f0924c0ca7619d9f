"""Roster: who is on watch in a border liaison office, from when to when, and how to reach them.

An office is never without somebody on duty once its first shift has begun: whoever is on duty stays
so until the relief has acknowledged what is open (`patrol.duty.handover`), however long after the
end that was planned. Nothing of a shift crosses to another agency. What an officer marks to be
shared, and only that, is a duty contact, a document of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec

from patrol.documents.document import Document, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.state_machine import Lifecycle
from patrol.documents.transaction import NOTHING, Filing
from patrol.errors.errors import Conflict
from patrol.units.data_classes import ENVELOPE, NEVER, TEXTS, DataClass

SHIFT_LIFECYCLE: Final = Lifecycle(
    "shift",
    "planned",
    {
        ("planned", "change"): "planned",
        ("planned", "cancel"): "cancelled",
        ("planned", "take over"): "on duty",
        ("on duty", "change"): "on duty",
        ("on duty", "hand over"): "handing over",
        ("handing over", "withdraw"): "on duty",
        ("handing over", "be relieved"): "relieved",
    },
)
"""The life of a shift. On duty is whoever is *on duty* or *handing over*."""

ON_DUTY: Final = frozenset({"on duty", "handing over"})

LONGEST: Final = timedelta(hours=36)
"""Longest shift that can be planned."""

OVERDUE_AFTER: Final = timedelta(minutes=15)
"""So long after the planned end a relief that has not come is told of."""


class Shift(Document, frozen=True, kw_only=True, tag="shift"):
    """One version of a shift.

    Attributes:
        office: The border liaison office, by name; another of the same name is the same.
        officer: Who keeps it, for people.
        starts_at: When it is planned to begin, aware UTC.
        ends_at: When it is planned to end, aware UTC.
        state: Where it is in its life (`SHIFT_LIFECYCLE`).
        user: Name with which the officer signs in; empty for one without an account.
        phone: Telephone.
        radio: Call sign or channel on the radio.
        note: Anything else.
        taken_at: When it began in truth.
        relieved_at: When the relief acknowledged.
        relief_overdue: Nobody has come in time.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see the roster"

    office: Annotated[str, NEVER]
    officer: Annotated[str, NEVER]
    starts_at: Annotated[datetime, NEVER]
    ends_at: Annotated[datetime, NEVER]
    state: Annotated[str, NEVER]
    user: Annotated[str, NEVER] = ""
    phone: Annotated[str, NEVER] = ""
    radio: Annotated[str, NEVER] = ""
    note: Annotated[str, NEVER] = ""
    taken_at: Annotated[datetime | None, NEVER] = None
    relieved_at: Annotated[datetime | None, NEVER] = None
    relief_overdue: Annotated[bool, NEVER] = False

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return SHIFT_LIFECYCLE.is_end(self.state)

    @property
    def is_on_duty(self) -> bool:
        """Whether its officer is on duty."""
        return self.state in ON_DUTY


class DutyContact(Document, frozen=True, kw_only=True, tag="duty_contact"):
    """What the officer on duty lets the counterpart know, and nothing else.

    Attributes:
        office: The border liaison office.
        name: How the officer wants to be called; empty: no name.
        phone: Telephone.
        radio: Call sign or channel on the radio.
        languages: Languages spoken, BCP 47.
        shift: Id of the shift.
        withdrawn_at: When it was taken back, or the shift ended; None while it holds.
    """

    CLASS: ClassVar[DataClass | None] = "texts"
    VIEWING_ACT: ClassVar[str] = "see the roster"

    office: Annotated[str, TEXTS] = ""
    name: Annotated[str, TEXTS] = ""
    phone: Annotated[str, TEXTS] = ""
    radio: Annotated[str, TEXTS] = ""
    languages: Annotated[tuple[str, ...], TEXTS] = ()
    shift: Annotated[str, NEVER] = ""
    withdrawn_at: Annotated[datetime | None, ENVELOPE] = None

    @property
    def is_closed(self) -> bool:
        """Whether it was taken back."""
        return self.withdrawn_at is not None


def office_key(office: str) -> str:
    """Return the same for the same office.

    >>> office_key(" Houay  Xai") == office_key("houay xai")
    True
    """
    return " ".join(office.split()).casefold()


def shifts_of(
    open_documents: OpenDocuments, agency: str, office: str | None = None
) -> Iterator[Shift]:
    """Yield the shifts of an agency that are not over, of one office or of all."""
    for shift in open_documents.all(Shift):
        if shift.agency == agency and (
            office is None or office_key(shift.office) == office_key(office)
        ):
            yield shift


def on_duty(open_documents: OpenDocuments, agency: str, office: str) -> Shift | None:
    """Return the shift that is on duty in an office; None before the first."""
    return next(
        (each for each in shifts_of(open_documents, agency, office) if each.is_on_duty), None
    )


def contact_of(open_documents: OpenDocuments, shift: str) -> DutyContact | None:
    """Return the contact that the officer of a shift shares; None for none."""
    return next((each for each in open_documents.all(DutyContact) if each.shift == shift), None)


def contact_taken_back(
    open_documents: OpenDocuments, shift: str, *, at: datetime, by: str
) -> tuple[Document, ...]:
    """Return the closing version of the contact of a shift, if there is one."""
    contact = contact_of(open_documents, shift)
    return () if contact is None else (revise(contact, at=at, by=by, withdrawn_at=at),)


def check_plan(open_documents: OpenDocuments, shift: Shift) -> None:
    """Check that a shift can be planned like this.

    Raises:
        Conflict: If its times are none, or it overlaps another one of the office.
    """
    if not timedelta() < shift.ends_at - shift.starts_at <= LONGEST:
        raise Conflict(
            f"a shift ends after it starts, by {LONGEST // timedelta(hours=1)} h at most"
        )
    for other in shifts_of(open_documents, shift.agency, shift.office):
        apart = other.ends_at <= shift.starts_at or shift.ends_at <= other.starts_at
        if other.id != shift.id and not apart:
            raise Conflict(
                f"{other.officer} keeps the watch in {other.office} until {other.ends_at:%H:%M} UTC"
                if other.starts_at <= shift.starts_at
                else f"{other.officer} takes the watch in {other.office} at"
                f" {other.starts_at:%H:%M} UTC"
            )


def overdue_reliefs(open_documents: OpenDocuments, now: datetime) -> Filing:
    """Mark shifts whose relief has not come; for the document service's duties."""
    late = tuple(
        revise(shift, at=now, by="", relief_overdue=True)
        for shift in open_documents.all(Shift)
        if shift.is_on_duty and not shift.relief_overdue and now >= shift.ends_at + OVERDUE_AFTER
    )
    return Filing(documents=late, act="relief overdue") if late else NOTHING


def step(shift: Shift, act: str, *, at: datetime, by: str, **changes: object) -> Shift:
    """Return a shift after an act of its life.

    Raises:
        IllegalStep: If its life has no such step.
    """
    state = SHIFT_LIFECYCLE.next_state(shift.state, act)
    return msgspec.structs.replace(
        shift, version=shift.version + 1, at=at, by=by, state=state, **changes
    )
