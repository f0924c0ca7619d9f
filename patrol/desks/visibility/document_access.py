"""DocumentAccess: the user, the view policy and the filing that each document desk works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, PhoneReceipt
from patrol.errors.errors import NotFound
from patrol.filing.file_documents import DocumentService
from patrol.protected_fields.field import ProtectedField, sealed_fields
from patrol.protected_fields.field_key import FieldKeys
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from patrol.units.accounts import User
from patrol.units.permissions import require

P = TypeVar("P", bound=Document)

MOST_CHANGED: Final = 1_000
"""Documents of one answer about those that were changed in a time."""


class DocumentAccess:
    """What one user may read, see and file.

    Args:
        store: Where records are kept.
        filing: Files documents.
        field_keys: Keys of the agencies' protected fields.
        now: Clock, aware UTC.
        user: Who asks.
        policy: What may pass to that user.

    Attributes:
        user: As given.
        policy: As given.
        field_keys: As given.
        now: As given.
        node: This node's id.
        open_documents: The open documents.
        read: `Store.read`.
        write: `Store.write`.
        do: Files what an act makes of the open documents (`DocumentService.file`).
        journal: Writes what is kept outside documents, with its lines in the journal.
        disclosures: Counts what agencies are shown of each other's records.
    """

    def __init__(
        self,
        *,
        store: Store,
        filing: DocumentService,
        field_keys: FieldKeys,
        now: Callable[[], datetime],
        user: User,
        policy: ViewPolicy,
    ) -> None:
        self.user, self.policy, self.field_keys, self.now = user, policy, field_keys, now
        self.node, self.open_documents, self.do = filing.node, filing.open_documents, filing.file
        self.journal, self.disclosures = filing.journal_writer, filing.disclosures
        self.read, self.write = store.read, store.write

    def may(self, act: str) -> None:
        """Raise unless the user's role may do `act`.

        Raises:
            Forbidden: If it may not.
        """
        require(self.user.role, act)

    def open(self, kind: type[P]) -> Iterator[P]:
        """Yield the visible part of the open documents of a kind, oldest first."""
        for document in self.open_documents.all(kind):
            visible = self.policy.document(document)
            if visible is not None:
                yield visible

    def open_document(self, kind: type[P], id: str) -> P:
        """Return the visible part of an open document.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        found = self.open_documents.find(kind, id)
        visible = None if found is None else self.policy.document(found)
        if visible is None:
            raise NotFound(kind_of(kind), id)
        return visible

    async def any_document(self, kind: type[P], id: str) -> P:
        """Return the visible part of a document, open or closed.

        Raises:
            NotFound: If there is none, or the user may not know of it.
        """
        document = self.open_documents.find(kind, id)
        if document is None:
            found = await self.read(documents.newest, kind_of(kind), id)
            document = cast(P | None, found)
        visible = None if document is None else self.policy.document(document)
        if visible is None:
            raise NotFound(kind_of(kind), id)
        return visible

    def own(self, open_documents: OpenDocuments, kind: type[P], id: str) -> P:
        """Return an open document whole, for an act of one of its parties.

        Raises:
            NotFound: If there is none, or the user's agency is no party to it.
        """
        document = open_documents.get(kind, id)
        if self.user.agency not in document.parties:
            raise NotFound(kind_of(kind), id)
        return document

    def sealed(
        self, kind: str, document: str, fields: Mapping[str, Any]
    ) -> tuple[ProtectedField, ...]:
        """Return the words of protected fields, sealed with the key of the user's agency; none of
        no words.

        Raises:
            NoFieldKey, FieldKeyError: If there are words, and no key that can be used.
        """
        if not any(fields.values()):
            return ()
        return sealed_fields(
            self.field_keys.read(self.user.agency),
            fields,
            agency=self.user.agency,
            kind=kind,
            document=document,
            at=self.now(),
            by=self.user.name,
        )

    async def file(
        self,
        act: str,
        decide: Callable[[OpenDocuments, datetime], tuple[Document, ...]],
        *,
        reason: str = "",
        protected: tuple[ProtectedField, ...] = (),
        receipt: PhoneReceipt | None = None,
    ) -> tuple[Document, ...]:
        """File what `decide` returns, in the writer's turn; stored and shown when this returns.

        Args:
            act: What is done, for the journal.
            decide: Returns the new versions.
            reason: Why, as the user says.
            protected: What is written into protected fields.
            receipt: The report of a crew's phone that it is the effect of; None for none.

        Raises:
            PatrolError: What `decide` raises.
            Conflict: If a document is not the next version of what is there.
            StoreError: If the store refuses.
        """

        def filing(open_documents: OpenDocuments, now: datetime) -> Filing:
            return Filing(
                documents=decide(open_documents, now),
                act=act,
                actor=self.user.name,
                agency=self.user.agency,
                reason=reason,
                receipt=receipt,
                protected=protected,
            )

        return (await self.do(filing)).documents

    async def file_one(
        self,
        kind: type[P],
        act: str,
        decide: Callable[[OpenDocuments, datetime], tuple[Document, ...]],
        *,
        reason: str = "",
    ) -> P:
        """File what `decide` returns, and return the document of a kind among it.

        Raises:
            PatrolError: As for `file`.
        """
        for document in await self.file(act, decide, reason=reason):
            if isinstance(document, kind):
                return document
        raise AssertionError(f"{act} files no {kind_of(kind)}")

    async def of_own(self, kind: type[P], id: str) -> P:
        """Return a document of the user's own agency, open or closed.

        Raises:
            NotFound: If there is none.
        """
        document = await self.any_document(kind, id)
        if document.agency != self.user.agency:
            raise NotFound(kind_of(kind), id)
        return document

    async def changed(self, kind: type[P], since: datetime, until: datetime, limit: int) -> list[P]:
        """Return documents of the user's own agency last changed from `since` to `until`, newest
        first; at most `MOST_CHANGED`.
        """
        found = await self.read(
            documents.of_kind,
            kind_of(kind),
            since_us=to_us(since),
            until_us=to_us(until),
            agencies=(self.user.agency,),
            limit=max(1, min(limit, MOST_CHANGED)),
        )
        return cast(list[P], found)
