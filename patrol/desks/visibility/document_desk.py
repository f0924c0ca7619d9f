"""DocumentDesk: base of the desks for one kind of document: who asks, what is visible, filing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import Book
from patrol.documents.transaction import Filing, PhoneReceipt
from patrol.errors.errors import NotFound
from patrol.protected_fields.field import ProtectedField, sealed_fields
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.records import documents as papers
from patrol.units.accounts import User
from patrol.units.permissions import require
from patrol.watch.watch import Watch

P = TypeVar("P", bound=Document)


class DocumentDesk:
    """A part of a desk; what one user may do with documents.

    Args:
        watch: The node's watch.
        user: Who asks.
        policy: What may pass to that user.

    Attributes:
        receipt: The report of a crew's phone that the next act is the effect of; None for none.
    """

    receipt: PhoneReceipt | None = None

    def __init__(self, watch: Watch, user: User, policy: ViewPolicy) -> None:
        self._watch, self._user, self._policy = watch, user, policy

    def _may(self, act: str) -> None:
        """Raise unless the user's role may do `act`.

        Raises:
            Forbidden: If it may not.
        """
        require(self._user.role, act)

    def _open(self, kind: type[P]) -> Iterator[P]:
        """Yield what the user may see of the open documents of a kind, oldest first."""
        for paper in self._watch.clerk.book.all(kind):
            seen = self._policy.paper(paper)
            if seen is not None:
                yield seen

    def _seen(self, kind: type[P], id: str) -> P:
        """Return what the user may see of an open document.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        found = self._watch.clerk.book.find(kind, id)
        seen = None if found is None else self._policy.paper(found)
        if seen is None:
            raise NotFound(kind_of(kind), id)
        return seen

    async def _kept(self, kind: type[P], id: str) -> P:
        """Return what the user may see of a document, open or closed.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        paper = self._watch.clerk.book.find(kind, id)
        if paper is None:
            found = await self._watch.store.read(papers.newest, kind_of(kind), id)
            paper = cast(P | None, found)
        seen = None if paper is None else self._policy.paper(paper)
        if seen is None:
            raise NotFound(kind_of(kind), id)
        return seen

    def _own(self, book: Book, kind: type[P], id: str) -> P:
        """Return an open document whole, for an act of one of its parties.

        Raises:
            NotFound: If there is none, or the user's agency is no party to it.
        """
        paper = book.get(kind, id)
        if self._user.agency not in paper.parties:
            raise NotFound(kind_of(kind), id)
        return paper

    def _sealed(self, kind: str, paper: str, told: Mapping[str, Any]) -> tuple[ProtectedField, ...]:
        """Return the words of protected fields, sealed with the key of the user's agency; none of
        no words.

        Raises:
            NoFieldKey, FieldKeyError: If there are words, and no key that can be used.
        """
        if not any(told.values()):
            return ()
        return sealed_fields(
            self._watch.field_keys.read(self._user.agency),
            told,
            agency=self._user.agency,
            kind=kind,
            paper=paper,
            at=self._watch.now(),
            by=self._user.name,
        )

    async def _file(
        self,
        act: str,
        decide: Callable[[Book, datetime], tuple[Document, ...]],
        *,
        reason: str = "",
        protected: tuple[ProtectedField, ...] = (),
    ) -> tuple[Document, ...]:
        """File what `decide` makes of the book in its turn; on disk and shown when this returns.

        Raises:
            PatrolError: What `decide` raises.
            Conflict: If a document is not the next version of what is there.
            StoreError: If the store refuses.
        """

        def filing(book: Book, now: datetime) -> Filing:
            return Filing(
                papers=decide(book, now),
                act=act,
                actor=self._user.name,
                agency=self._user.agency,
                reason=reason,
                receipt=self.receipt,
                protected=protected,
            )

        return (await self._watch.clerk.file(filing)).papers
