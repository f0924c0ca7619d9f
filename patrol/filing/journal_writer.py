"""JournalWriter: writes records that are not documents together with their journal entries.

Both are in one transaction: whatever fails, there is no act without its entry, and no entry without
its act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Concatenate, Final, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection

from patrol.documents.transaction import Note
from patrol.store.journal import journal
from patrol.store.store import Store

P = ParamSpec("P")
T = TypeVar("T")

NotesOf: TypeAlias = Note | Sequence[Note] | Callable[[T], Note | Sequence[Note]]
"""Journal notes, or a function that makes them from the outcome; none for an act without effect."""


def if_done(note: Note | None) -> Callable[[object], Sequence[Note]]:
    """Return a note of an act unless its outcome says that nothing was done (None, False, 0)."""
    return lambda outcome: (note,) if note is not None and outcome else ()


class JournalWriter:
    """Writes records and their journal entries for one node.

    Args:
        store: Where to.
        node: This node's id.
        now: Clock, aware UTC.
    """

    def __init__(self, *, store: Store, node: str, now: Callable[[], datetime]) -> None:
        self.node: Final = node
        self._store, self._now = store, now

    async def write(
        self,
        note_of: NotesOf[T],
        query: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `query` and append its notes, in one transaction; on disk when this returns.

        Args:
            note_of: The journal notes, or a function that makes them from the outcome.
            query: What is written.
            *args: For `query`, after the connection.
            **kwargs: For `query`.

        Raises:
            StoreError: If the store refuses; then neither is there.
        """
        at, node = self._now(), self.node

        def transaction(connection: Connection) -> T:
            outcome = query(connection, *args, **kwargs)
            notes = note_of(outcome) if callable(note_of) else note_of
            journal.append(
                connection, (notes,) if isinstance(notes, Note) else notes, at, origin=node
            )
            return outcome

        return await self._store.write(transaction)

    async def note(self, *notes: Note) -> None:
        """Write a journal entry of an act that changes nothing in the store: a refused sign-in, a
        download.

        Raises:
            StoreError: If the store refuses.
        """
        await self._store.write(journal.append, notes, self._now(), origin=self.node)
