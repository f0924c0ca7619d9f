"""LegalHoldDesk: how a user sets and releases legal holds of the own agency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, kind_of, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents_registry.document_kinds import KINDS
from patrol.errors.errors import Conflict, NotFound
from patrol.legal_holds.legal_hold import HeldKind, LegalHold
from patrol.store.protection import removal
from patrol.store.records import documents
from patrol.units.units import Unit
from radio_gateway.messages.printable_text import check_printable

LONGEST_REASON: Final = 1000
MOST_HOLDS: Final = 1000
"""Of one agency at a time; as many released ones in one answer."""

_NAMES: Final = ("name", "category", "rule", "call_sign")


class LegalHoldDesk:
    """What one user may do with legal holds.

    Args:
        access: What the user may read, see and file.
        units: Registered units, by id.
    """

    def __init__(self, access: DocumentAccess, *, units: Mapping[str, Unit]) -> None:
        self._access = access
        self._units = units

    async def all(self, *, released: bool = False) -> list[LegalHold]:
        """Return the agency's holds, newest first; with those that were released if asked.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("keep legal holds")
        open_documents = self._access.open_documents
        holds = [
            each
            for each in open_documents.all(LegalHold)
            if each.agency == self._access.user.agency
        ]
        if released:
            found = await self._access.read(
                lambda connection: documents.of_kind(
                    connection,
                    kind_of(LegalHold),
                    agencies=(self._access.user.agency,),
                    limit=MOST_HOLDS,
                )
            )
            # What holds is never pushed off the list by what was released.
            holds += [each for each in cast(list[LegalHold], found) if each.is_closed]
        return sorted(holds, key=lambda each: (each.at, each.id), reverse=True)

    async def place(self, kind: HeldKind, id: str, *, reason: str) -> LegalHold:
        """Set a hold; nothing that it covers is removed from now on.

        Args:
            kind: What is to be held.
            id: Its id; of the agency the agency's.
            reason: By whose order, and why.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the agency has no such thing.
            Conflict: If there is no reason, or the agency has too many holds.
            StoreError: If the store refuses.
        """
        self._access.may("keep legal holds")
        reason = _checked(reason)
        name = await self._name(kind, id)

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            own = [
                each
                for each in open_documents.all(LegalHold)
                if each.agency == self._access.user.agency
            ]
            if len(own) >= MOST_HOLDS:
                raise Conflict(f"an agency has at most {MOST_HOLDS} legal holds")
            hold = LegalHold(
                id=new_id(),
                agency=self._access.user.agency,
                origin=self._access.node,
                at=now,
                by=self._access.user.name,
                kind_held=kind,
                id_held=id,
                name=name,
                reason=reason,
                set_at=now,
                set_by=self._access.user.name,
            )
            return (hold,)

        (hold,) = await self._access.file("set legal hold", decide, reason=reason)
        return cast(LegalHold, hold)

    async def release(self, id: str, *, reason: str) -> LegalHold:
        """Release a hold: from now on the retention takes what it covered.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such hold, or it was released.
            Conflict: If there is no reason.
            StoreError: If the store refuses.
        """
        self._access.may("keep legal holds")
        reason = _checked(reason)

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            hold = self._access.own(open_documents, LegalHold, id)
            changes = {"released_at": now, "release_reason": reason}
            return (revise(hold, at=now, by=self._access.user.name, **changes),)

        (hold,) = await self._access.file("release legal hold", decide, reason=reason)
        # What a stage of the retention went by because of it is looked at again.
        await self._access.write(removal.begin_again)
        return cast(LegalHold, hold)

    async def _name(self, kind: HeldKind, id: str) -> str:
        """Return the name of a document of the user's agency.

        Raises:
            NotFound: If it has no such thing.
        """
        if kind == "agency":
            if id != self._access.user.agency:
                raise NotFound(kind, id)
            return id
        if kind == "unit":
            unit = self._units.get(id)
            if unit is None or unit.agency != self._access.user.agency:
                raise NotFound(kind, id)
            return unit.call_sign
        document = await self._access.any_document(KINDS[kind], id)
        if self._access.user.agency not in document.parties:
            raise NotFound(kind, id)
        return next(
            (str(getattr(document, each)) for each in _NAMES if hasattr(document, each)), ""
        )


def _checked(reason: str) -> str:
    check_printable(reason=reason)
    reason = reason.strip()
    if not 5 <= len(reason) <= LONGEST_REASON:
        raise Conflict(f"a legal hold needs a reason of 5 to {LONGEST_REASON} characters")
    return reason
