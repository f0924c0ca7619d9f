"""DocumentService: checks a change of documents, commits it with its journal row, publishes it.

It is a part of the watch and shares the writer lock with its batches. An act is a function of the
open documents: it is called while the lock is held, sees the documents as they are then, and
returns what is to be filed, or raises. Nobody sees the effect of an act before all of it is on
disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import structlog
from msgspec.structs import replace
from sqlalchemy import Connection

from patrol.audit.chain import Entry
from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, Note, StatementDraft
from patrol.duty.roster import overdue_reliefs
from patrol.errors.errors import Conflict, PatrolError, StoreError
from patrol.filing.disclosure_log import DisclosureLog
from patrol.filing.journal_writer import JournalWriter
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.store.journal import journal
from patrol.store.protection import protected_fields
from patrol.store.records import crew_reports, documents, statements
from patrol.store.store import Store

Act: TypeAlias = Callable[[OpenDocuments, datetime], Filing]
"""An order of a person or a clock duty: a pure function, called while the writer lock is held."""

Listener: TypeAlias = Callable[[Sequence[Document]], None]
"""Called with new versions after their commit, while the writer lock is still held."""

StatementSource: TypeAlias = Callable[[Filing, OpenDocuments], Sequence[StatementDraft]]
"""Says what counterparts are to be told of a filing; asked before it is stored, with the open
documents as they were."""

log = structlog.get_logger(__name__)


class DocumentService:
    """Files documents for the watch it belongs to.

    Args:
        store: Where they are kept.
        turn: The writer lock, held while documents and store are changed.
        node: This node's id.
        now: Clock, aware UTC.

    Attributes:
        open_documents: The open documents.
        duties: Called once a second, in this order; each returns the filing that is due by time.
        listeners: Called with new versions of documents, in this order.
        statement_sources: Return what counterparts are told of a filing, in its transaction.
        when_stated: Called after a commit with statements, while the writer lock is still held.
        followed_by: Acts that run under the same lock after a document of that kind was filed.
        journal_writer: Writes records that are not documents, with their journal entries.
        disclosures: Counts records of other agencies that an agency is shown.
    """

    def __init__(
        self, *, store: Store, turn: WriterLock, node: str, now: Callable[[], datetime]
    ) -> None:
        self.open_documents: Final = OpenDocuments()
        self.journal_writer: Final = JournalWriter(store=store, node=node, now=now)
        self.disclosures: Final = DisclosureLog()
        self.duties: Final[list[Act]] = [self.disclosures.duty, overdue_reliefs]
        self.listeners: Final[list[Listener]] = []
        self.statement_sources: Final[list[StatementSource]] = []
        self.when_stated: Callable[[], None] = lambda: None
        self.followed_by: Final[list[tuple[type[Document], Act]]] = []
        self.node = node
        self._store, self._turn, self._now = store, turn, now

    async def load(self) -> None:
        """Load the open documents from the store and hand them to the listeners.

        Raises:
            StoreError: If the store cannot be read.
        """
        found = await self._store.read(documents.open_documents)
        self.open_documents.put(found)
        for listener in self.listeners:
            listener(found)

    async def file(self, act: Act) -> Filing:
        """File what `act` returns, under the writer lock; stored when this returns.

        Raises:
            PatrolError: What `act` raises.
            Conflict: If a document is not the next version of what is there.
            StoreError: If the store refuses.
        """

        async def in_turn(turn: WriterTurn) -> Filing:
            now = self._now()
            return await self.file_in_turn(turn, act(self.open_documents, now), now)

        return await self._turn.order(in_turn)

    async def note(self, *notes: Note) -> None:
        """Write journal entries that go with no document: a sign-in, a view of shared data.

        Raises:
            StoreError: If the store refuses.
        """
        await self.journal_writer.note(*notes)

    async def file_in_turn(self, turn: WriterTurn, filing: Filing, now: datetime) -> Filing:
        """File what was decided at `now`, under the caller's writer lock.

        Raises:
            Conflict: If a document is not the next version of what is there.
            StoreError: If the store refuses.
        """
        if filing:
            self._check(filing.documents)
            drafts = [
                draft
                for source in self.statement_sources
                for draft in source(filing, self.open_documents)
            ]
            if drafts:
                filing = replace(filing, statements=(*filing.statements, *drafts))
            await self._store.write(_store, filing, now, self.node)
            self.open_documents.put(filing.documents)
            if filing.after_commit is not None:
                filing.after_commit()
            if filing.statements:
                self.when_stated()
            for listener in self.listeners:
                listener(filing.documents)
            for kind, act in self.followed_by:
                if any(isinstance(document, kind) for document in filing.documents):
                    await self._follow(turn, act, now)
        return filing

    async def tick(self, turn: WriterTurn) -> None:
        """Run the clock duties, under the caller's writer lock; what cannot be stored is tried
        again.

        A duty that fails is logged, and the others run all the same.
        """
        for duty in self.duties:
            now = self._now()
            try:
                await self.file_in_turn(turn, duty(self.open_documents, now), now)
            except StoreError as error:
                log.warning("what time brought is not stored yet", fault=str(error))
                if error.transient:
                    return
            except PatrolError as error:
                log.error("a duty contradicts what is so", fault=str(error))

    async def _follow(self, turn: WriterTurn, act: Act, now: datetime) -> None:
        """File what follows from a filing; the filing stands, whether or not this succeeds."""
        try:
            await self.file_in_turn(turn, act(self.open_documents, now), now)
        except PatrolError as error:  # it is a duty, too: the next tick tries again
            log.warning("what follows is not stored yet", fault=str(error))

    def _check(self, filed: Sequence[Document]) -> None:
        for document in filed:
            known = self.open_documents.find(type(document), document.id)
            if known is not None and document.version != known.version + 1:
                raise Conflict(
                    f"{kind_of(document)} {document.id} is at version {known.version}: "
                    "look at it again",
                    code="changed_meanwhile",
                )


def _store(connection: Connection, filing: Filing, now: datetime, origin: str) -> list[Entry]:
    notes: list[Note] = []
    if filing.receipt is not None:
        crew_reports.put_once(connection, filing.receipt, now, origin=origin)
    for document in filing.documents:
        subject, detail = documents.put(connection, document, reason=filing.reason)
        notes.append(
            Note(
                act=filing.act,
                actor=filing.actor,
                agency=filing.agency or document.agency,
                subject=subject,
                detail=detail,
            )
        )
    if filing.received is not None:
        notes.append(statements.put_received(connection, filing.received, now, origin=origin))
    notes += [
        statements.append(connection, draft, now, origin=origin) for draft in filing.statements
    ]
    if filing.protected:
        protected_fields.put(connection, filing.protected, origin=origin)
        notes += [protected_fields.writing_note(each, actor=each.by) for each in filing.protected]
    return journal.append(connection, [*notes, *filing.notes], now, origin=origin)
