"""CounterpartLogDesk: what a user does about the logs with another office: a head, a new epoch."""

from __future__ import annotations

from patrol.counterparts.counterpart import Counterpart
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.exchange.counterpart_statements import CounterpartStatements
from patrol.store.records.statement_logs import restart_logs


class CounterpartLogDesk:
    """What one user may do about the logs with counterparts.

    Args:
        access: What the user may read, see and file.
        statements: What counterparts are told; None: another process of this node tells them.
    """

    def __init__(self, access: DocumentAccess, *, statements: CounterpartStatements | None) -> None:
        self._access, self._statements = access, statements

    async def tell_head(self, id: str) -> None:
        """Tell a counterpart now where the journal ends, which it signs.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such counterpart.
            Conflict: If it is not confirmed.
            AuditError: If the journal's last line is not as it was written.
            SigningKeyError: If the journal's key cannot be used.
            StoreError: If the store refuses.
        """
        node, user = self._confirmed(id), self._access.user
        if self._statements is None:
            raise Conflict("another process of this node tells counterparts")
        subject = f"{kind_of(Counterpart)}:{id}"
        note = Note(act="tell head", actor=user.name, agency=user.agency, subject=subject)
        await self._access.journal.note(note)
        await self._statements.tell_head(node)

    async def restart(self, id: str, *, epoch: int) -> int:
        """Begin the logs with a counterpart anew, as its people do; return the epoch.

        Args:
            id: The counterpart's id.
            epoch: Of the logs as the user saw them: who is second begins nothing.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such counterpart.
            Conflict: If it is not confirmed, or the logs have another epoch.
            StoreError: If the store refuses.
        """
        node, user = self._confirmed(id), self._access.user
        return await self._access.write(
            restart_logs,
            node,
            self._access.now(),
            actor=user.name,
            agency=user.agency,
            origin=self._access.node,
            seen=epoch,
        )

    def _confirmed(self, id: str) -> str:
        """Return the node of a confirmed counterpart that the user may act about."""
        self._access.may("pair counterparts")
        counterpart = self._access.own(self._access.open_documents, Counterpart, id)
        if counterpart.state != "confirmed":
            raise Conflict(f"{counterpart.card.node} is not confirmed")
        return counterpart.card.node
