"""CounterpartFileDesk: how a user writes a file for another office, and reads theirs."""

from __future__ import annotations

import hashlib

from patrol.counterparts.counterpart import Counterpart
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.exchange.file_carrier import FileCarrier
from patrol.exchange.file_report import FileReport, WrittenFile


class CounterpartFileDesk:
    """What one user may do with files of counterparts.

    Args:
        access: What the user may read, see and file.
        carrier: Writes and reads them; None: another process of this node does.
    """

    def __init__(self, access: DocumentAccess, *, carrier: FileCarrier | None) -> None:
        self._access, self._carrier = access, carrier

    async def write(self, id: str, *, after: int | None = None) -> WrittenFile:
        """Return a sealed file with what a counterpart lacks.

        Args:
            id: The counterpart's id.
            after: Number of the statement before the first; the last one that was receipted where
                None.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such counterpart.
            Conflict: If it is not confirmed, or there is no such statement.
            SigningKeyError: If this node's key cannot be used.
            StoreError: If the store refuses.
        """
        self._access.may("exchange files with counterparts")
        counterpart = self._access.own(self._access.open_documents, Counterpart, id)
        made = await self._files.write(counterpart.card.node, after=after)
        detail: dict[str, str | int] = {
            "name": made.name,
            "bytes": len(made.content),
            "sha256": hashlib.sha256(made.content).hexdigest(),
            "statements": made.statements,
        }
        await self._note("write file for counterpart", id, detail)  # before it is out of the house
        return made

    async def read(self, file: bytes, *, name: str) -> FileReport:
        """Take a file of a counterpart; what it brings is stored when this returns.

        Args:
            file: All of it.
            name: Its name.

        Raises:
            Forbidden: If the role may not.
            BadCounterpartFile: If nothing of it can be taken.
            SigningKeyError: If this node's key cannot be used.
            StoreError: If the store refuses; the file is to be read again.
        """
        self._access.may("exchange files with counterparts")
        report = await self._files.read(file, name=name)
        known = next(
            (
                each
                for each in self._access.open_documents.all(Counterpart)
                if each.card.node == report.node
            ),
            None,
        )
        detail: dict[str, str | int] = {
            "name": name,
            "bytes": len(file),
            "sha256": hashlib.sha256(file).hexdigest(),
            "statements": report.statements,
            "new": report.new,
            "faults": len(report.faults),
        }
        await self._note("read file of counterpart", "" if known is None else known.id, detail)
        return report

    @property
    def _files(self) -> FileCarrier:
        if self._carrier is None:
            raise Conflict("another process of this node writes and reads files of counterparts")
        return self._carrier

    async def _note(self, act: str, id: str, detail: dict[str, str | int]) -> None:
        user = self._access.user
        await self._access.journal.note(
            Note(
                act=act,
                actor=user.name,
                agency=user.agency,
                subject=f"{kind_of(Counterpart)}:{id}",
                detail=detail,
            )
        )
