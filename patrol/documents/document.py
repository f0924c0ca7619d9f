"""Document: a versioned record of a plan or event: a sector, a patrol, an agreement, an alert.

A document is never changed: each act makes its next version, and all versions are kept. One kind is
one subclass with a tag, a line in `patrol.documents_registry.document_kinds`, and marks on every
field (`patrol.units.data_classes`).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self, TypeVar
from uuid import uuid4

import msgspec

from patrol.units.data_classes import ENVELOPE, NEVER, DataClass, crossed


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """One version of a document.

    Attributes:
        id: Globally unique identifier, the same in every version.
        agency: Owner's id.
        origin: Node where it was begun.
        version: 1, 2, … without gaps.
        at: When this version was made, aware UTC.
        by: Who made it: a user's name; empty for the watch itself.
    """

    CLASS: ClassVar[DataClass | None] = None
    """Data class that an agreement must name for it to cross; None: it never crosses."""

    VIEWING_ACT: ClassVar[str] = "see the picture"
    """What a role must be allowed to do (`patrol.units.permissions`) to see it."""

    id: Annotated[str, ENVELOPE]
    agency: Annotated[str, ENVELOPE]
    at: Annotated[datetime, ENVELOPE]
    origin: Annotated[str, ENVELOPE] = ""
    version: Annotated[int, ENVELOPE] = 1
    by: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether its lifecycle is over; closed documents are in the store only."""
        return False

    @property
    def viewing_act(self) -> str:
        """What a role must be allowed to do to see this one."""
        return self.VIEWING_ACT

    @property
    def parties(self) -> frozenset[str]:
        """Agencies that hold it in their own right, as its owner does or because they signed."""
        return frozenset((self.agency,))

    def part_for(self, agency: str) -> Self | None:
        """Return the part of it that a party may hold; None for an agency that is no party.

        Kinds that keep something from a party (an annex) say so here.
        """
        return self if agency in self.parties else None

    def shared(self, allowed: AbstractSet[DataClass]) -> Self | None:
        """Return the part that an agency that is no party may see under an agreement."""
        if self.CLASS is None or self.CLASS not in allowed:
            return None
        return crossed(self, allowed)


P = TypeVar("P", bound=Document)


def new_id() -> str:
    """Return a fresh globally unique identifier."""
    return uuid4().hex


def id_of_request(requested_id: str | None, *, agency: str) -> str:
    """Return the document id for an id that a client chose for its request.

    The same id of the same agency gives the same identifier, so that what is sent again has one
    effect; of another agency it gives another, so that nobody learns by trying which ids others
    have, and nobody takes one away from them.

    Args:
        requested_id: The id that the client chose; None gives a fresh identifier.
        agency: On whose behalf it asks.
    """
    if requested_id is None:
        return new_id()
    return sha256(f"{agency}\n{requested_id}".encode()).hexdigest()[:32]


def kind_of(document: Document | type[Document]) -> str:
    """Return the tag of a document's kind, for example `sector`."""
    return str(document.__struct_config__.tag)


def revise(document: P, *, at: datetime, by: str, **changes: Any) -> P:
    """Return the next version of a document with `changes`.

    >>> from datetime import UTC
    >>> first = Document(id="p1", agency="la-hx", at=datetime(2026, 1, 1, tzinfo=UTC), by="somchai")
    >>> revise(first, at=datetime(2026, 1, 2, tzinfo=UTC), by="malee").version
    2
    """
    return msgspec.structs.replace(document, version=document.version + 1, at=at, by=by, **changes)
