"""ShiftDesk: who is on watch in an agency's offices, from when to when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar, cast

import msgspec

from patrol.desks.visibility.document_desk import DocumentDesk
from patrol.documents.document import Document, kind_of, new_id
from patrol.documents.open_documents import Book
from patrol.duty.handover import HandOver
from patrol.duty.roster import (
    SHIFT_LIFE,
    Shift,
    check_plan,
    on_duty,
    shifts_of,
    stepped,
)
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.store.records import documents as papers
from patrol.store.schema.tables import to_us

CHANGEABLE: Final = frozenset(
    {"officer", "user", "phone", "radio", "note", "office", "starts_at", "ends_at"}
)
"""What may be changed of a planned shift; of one on duty `ON_DUTY_TOO`."""

ON_DUTY_TOO: Final = frozenset({"officer", "user", "phone", "radio", "note", "ends_at"})

MOST: Final = 1_000
P = TypeVar("P", bound=Document)


class ShiftDesk(DocumentDesk):
    """What one user may do with the shifts of the own agency."""

    def shifts(self, *, office: str | None = None) -> list[Shift]:
        """Return the shifts that are planned or on duty, by their beginning.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the roster")
        found = shifts_of(self._watch.clerk.book, self._user.agency, office)
        return sorted(found, key=lambda shift: (shift.starts_at, shift.id))

    async def past_shifts(self, *, since: datetime, until: datetime, limit: int) -> list[Shift]:
        """Return shifts whose last change, their end as a rule, was from `since` to `until`.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the roster")
        return await self._newest(Shift, since, until, limit)

    async def shift(self, id: str) -> Shift:
        """Return one shift, over or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's.
        """
        self._may("see the roster")
        return await self._of_own(Shift, id)

    async def plan_shift(
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
        self._may("plan the roster")
        id = new_id()

        def decide(book: Book, now: datetime) -> tuple[Document, ...]:
            shift = Shift(
                id=id,
                agency=self._user.agency,
                at=now,
                by=self._user.name,
                origin=self._watch.node,
                office=office,
                officer=officer,
                starts_at=starts_at,
                ends_at=ends_at,
                state=SHIFT_LIFE.start,
                user=user,
                phone=phone,
                radio=radio,
                note=note,
            )
            check_plan(book, shift)
            return (shift,)

        return await self._filed(Shift, "plan shift", decide)

    async def change_shift(self, id: str, version: int, changes: dict[str, object]) -> Shift:
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
        self._may("plan the roster")

        def decide(book: Book, now: datetime) -> tuple[Document, ...]:
            shift = self._current(book, id, version)
            allowed = ON_DUTY_TOO if shift.is_on_duty else CHANGEABLE
            refused = sorted(changes.keys() - allowed)
            if refused:
                raise Conflict(f"on duty, this stays as it is: {', '.join(refused)}")
            changed = stepped(shift, "change", at=now, by=self._user.name, **changes)
            if changed.ends_at > now:
                changed = msgspec.structs.replace(changed, relief_overdue=False)
            check_plan(book, changed)
            return (changed,)

        return await self._filed(Shift, "change shift", decide)

    async def cancel_shift(self, id: str, version: int, *, reason: str = "") -> Shift:
        """Take a planned shift out of the roster.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over.
            Conflict: If it has changed meanwhile, is on duty, or the watch is being handed to it.
        """
        self._may("plan the roster")

        def decide(book: Book, now: datetime) -> tuple[Document, ...]:
            shift = self._current(book, id, version)
            if any(each.taken_by == id for each in book.all(HandOver)):
                raise Conflict("the watch is being handed over to it: withdraw that first")
            return (stepped(shift, "cancel", at=now, by=self._user.name),)

        return await self._filed(Shift, "cancel shift", decide, reason=reason)

    async def begin(self, id: str) -> Shift:
        """Begin the first shift of an office, in which nobody is on duty yet.

        Raises:
            Forbidden: If the role may not, or it is another officer's.
            NotFound: If there is none that is not over.
            Conflict: If somebody is on duty, who has to hand over, or it is not planned.
        """
        self._may("keep watch")

        def decide(book: Book, now: datetime) -> tuple[Document, ...]:
            shift = self._own(book, Shift, id)
            current = on_duty(book, shift.agency, shift.office)
            if current is not None:
                raise Conflict(f"{current.officer} is on duty and has to hand over")
            self._must_be(shift, "begin the shift")
            return (stepped(shift, "take over", at=now, by=self._user.name, taken_at=now),)

        return await self._filed(Shift, "begin shift", decide)

    # -- inside

    def _must_be(self, shift: Shift, act: str) -> None:
        """Raise unless the user is the officer of a shift; one without an account is anybody."""
        if shift.user and shift.user != self._user.name:
            raise Forbidden(f"{act} of another officer", self._user.role)

    def _current(self, book: Book, id: str, version: int) -> Shift:
        shift = self._own(book, Shift, id)
        if shift.version != version:
            raise Conflict(f"the shift is at version {shift.version}: look at it again")
        return shift

    async def _filed(
        self,
        kind: type[P],
        act: str,
        decide: Callable[[Book, datetime], tuple[Document, ...]],
        *,
        reason: str = "",
    ) -> P:
        """File what `decide` makes of the book, and return the document of a kind among it."""
        for paper in await self._file(act, decide, reason=reason):
            if isinstance(paper, kind):
                return paper
        raise AssertionError(f"{act} files no {kind_of(kind)}")

    async def _of_own(self, kind: type[P], id: str) -> P:
        paper = await self._kept(kind, id)
        if paper.agency != self._user.agency:
            raise NotFound(kind_of(kind), id)
        return paper

    async def _newest(self, kind: type[P], since: datetime, until: datetime, limit: int) -> list[P]:
        found = await self._watch.store.read(
            papers.of_kind,
            kind_of(kind),
            since_us=to_us(since),
            until_us=to_us(until),
            agencies=(self._user.agency,),
            limit=max(1, min(limit, MOST)),
        )
        return cast(list[P], found)
