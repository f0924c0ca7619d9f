"""ShiftDesk: who is on watch in an agency's offices, from when to when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, new_id
from patrol.documents.open_documents import OpenDocuments
from patrol.duty.handover import HandOver
from patrol.duty.roster import (
    SHIFT_LIFECYCLE,
    Shift,
    check_plan,
    on_duty,
    shifts_of,
    step,
)
from patrol.errors.errors import Conflict, Forbidden
from patrol.units.accounts import User

CHANGEABLE: Final = frozenset(
    {"officer", "user", "phone", "radio", "note", "office", "starts_at", "ends_at"}
)
"""What may be changed of a planned shift; of one on duty `ON_DUTY_TOO`."""

ON_DUTY_TOO: Final = frozenset({"officer", "user", "phone", "radio", "note", "ends_at"})


class ShiftDesk:
    """What one user may do with the shifts of the own agency.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    def open(self, *, office: str | None = None) -> list[Shift]:
        """Return the shifts that are planned or on duty, by their beginning.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see the roster")
        found = shifts_of(self._access.open_documents, self._access.user.agency, office)
        return sorted(found, key=lambda shift: (shift.starts_at, shift.id))

    async def past(self, *, since: datetime, until: datetime, limit: int) -> list[Shift]:
        """Return shifts whose last change, their end as a rule, was from `since` to `until`.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see the roster")
        return await self._access.changed(Shift, since, until, limit)

    async def one(self, id: str) -> Shift:
        """Return one shift, over or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's.
        """
        self._access.may("see the roster")
        return await self._access.of_own(Shift, id)

    async def plan(
        self,
        *,
        office: str,
        officer: str,
        starts_at: datetime,
        ends_at: datetime,
        user: str = "",
        phone: str = "",
        radio: str = "",
        note: str = "",
    ) -> Shift:
        """Put a shift into the roster.

        Raises:
            Forbidden: If the role may not.
            Conflict: If its times are none, or it overlaps another one of the office.
            StoreError: If the store refuses.
        """
        self._access.may("plan the roster")
        id = new_id()

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            shift = Shift(
                id=id,
                agency=self._access.user.agency,
                at=now,
                by=self._access.user.name,
                origin=self._access.node,
                office=office,
                officer=officer,
                starts_at=starts_at,
                ends_at=ends_at,
                state=SHIFT_LIFECYCLE.start,
                user=user,
                phone=phone,
                radio=radio,
                note=note,
            )
            check_plan(open_documents, shift)
            return (shift,)

        return await self._access.file_one(Shift, "plan shift", decide)

    async def change(self, id: str, version: int, changes: dict[str, object]) -> Shift:
        """Change a planned shift; of one on duty all but where and from when.

        Args:
            id: Which.
            version: The version that the user saw.
            changes: New values by name.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over.
            Conflict: If it has changed meanwhile, would overlap another one, or is on duty and
                what changes may not any more.
        """
        self._access.may("plan the roster")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            shift = self._current(open_documents, id, version)
            allowed = ON_DUTY_TOO if shift.is_on_duty else CHANGEABLE
            refused = sorted(changes.keys() - allowed)
            if refused:
                raise Conflict(f"on duty, this stays as it is: {', '.join(refused)}")
            changed = step(shift, "change", at=now, by=self._access.user.name, **changes)
            if changed.ends_at > now:
                changed = msgspec.structs.replace(changed, relief_overdue=False)
            check_plan(open_documents, changed)
            return (changed,)

        return await self._access.file_one(Shift, "change shift", decide)

    async def cancel(self, id: str, version: int, *, reason: str = "") -> Shift:
        """Take a planned shift out of the roster.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over.
            Conflict: If it has changed meanwhile, is on duty, or the watch is being handed to it.
        """
        self._access.may("plan the roster")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            shift = self._current(open_documents, id, version)
            if any(each.incoming_shift == id for each in open_documents.all(HandOver)):
                raise Conflict("the watch is being handed over to it: withdraw that first")
            return (step(shift, "cancel", at=now, by=self._access.user.name),)

        return await self._access.file_one(Shift, "cancel shift", decide, reason=reason)

    async def begin(self, id: str) -> Shift:
        """Begin the first shift of an office in which nobody is on duty yet.

        Raises:
            Forbidden: If the role may not, or it is another officer's.
            NotFound: If there is none that is not over.
            Conflict: If somebody is on duty, who has to hand over, or it is not planned.
        """
        self._access.may("keep watch")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            shift = self._access.own(open_documents, Shift, id)
            current = on_duty(open_documents, shift.agency, shift.office)
            if current is not None:
                raise Conflict(f"{current.officer} is on duty and has to hand over")
            require_officer(self._access.user, shift, "begin the shift")
            return (step(shift, "take over", at=now, by=self._access.user.name, taken_at=now),)

        return await self._access.file_one(Shift, "begin shift", decide)

    # -- inside

    def _current(self, open_documents: OpenDocuments, id: str, version: int) -> Shift:
        shift = self._access.own(open_documents, Shift, id)
        if shift.version != version:
            raise Conflict(f"the shift is at version {shift.version}: look at it again")
        return shift


def require_officer(user: User, shift: Shift, act: str) -> None:
    """Raise unless a user is the officer of a shift; one without an account is anybody.

    Raises:
        Forbidden: If not.
    """
    if shift.user and shift.user != user.name:
        raise Forbidden(f"{act} of another officer", user.role)
