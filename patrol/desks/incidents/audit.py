"""AuditDesk: an agency's own lines of the journal, for its administrators and observers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from patrol.audit.chain import DIGESTS, FIRST, SALT, Chain, Entry
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.transaction import Note
from patrol.errors.errors import AuditError
from patrol.store.journal import journal
from radio_gateway.parsing.msgspec_decoders import json_decoder

MOST_LINES: Final = 1_000
"""Of one page."""


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal.

    Attributes:
        seq: Its number in the node's journal; other agencies' lines stand in between.
        at: When it was written, aware UTC.
        act: What was done.
        actor: Who did it: a user's name; empty for the watch itself.
        agency: On whose behalf.
        subject: On what, `kind:id`.
        detail: What else matters; without salt and digests, which its hash covers, too.
        origin: Node where it was written.
        previous: Hash of the line before it, hexadecimal.
        hash: Its own.
    """

    seq: int
    at: datetime
    act: str
    actor: str
    agency: str
    subject: str
    detail: dict[str, Any]
    origin: str
    previous: str
    hash: str


class JournalPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the journal, newest first.

    Attributes:
        lines: The lines.
        before: What to ask for next; None at the beginning of the journal.
    """

    lines: tuple[JournalLine, ...]
    before: int | None = None


class AuditDesk:
    """The part of the journal that one user may see.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def page(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        act: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
    ) -> JournalPage:
        """Return lines on behalf of the user's agency, newest first.

        Args:
            before: Only those with smaller numbers.
            limit: Most lines.
            since: Only those written at this time or later.
            until: Only those written before this time.
            act: Only this act.
            actor: Only by this user.
            subject: Only on this subject, `kind:id`; or on this kind, `kind:`.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the journal cannot be read.
        """
        self._access.may("see the journal")
        limit = max(1, min(limit, MOST_LINES))
        entries = await self._access.read(
            journal.of_agency,
            self._access.user.agency,
            before=before,
            limit=limit,
            since=since,
            until=until,
            act=act,
            actor=actor,
            subject=subject,
        )
        return JournalPage(
            lines=tuple(_line(entry) for entry in entries),
            before=entries[-1].seq if len(entries) == limit else None,
        )

    async def end(self) -> tuple[int, bytes]:
        """Return number and hash of the newest line, of whichever agency, to be signed.

        Raises:
            AuditError: If it is not as it was written.
            Forbidden: If the role may not.
            StoreError: If the journal cannot be read.
        """
        self._access.may("see the journal")
        last = await self._access.read(journal.head)
        if last is None:
            return 0, FIRST
        fault = Chain(last.seq - 1, last.previous).take(last)
        if fault is not None:
            raise AuditError(f"nothing was signed: {fault}")
        return last.seq, last.hash

    async def note(
        self, act: str, *, subject: str = "", detail: dict[str, Any] | None = None
    ) -> None:
        """Note an act of the user's that changes nothing: a file given out, a file looked into.

        Raises:
            StoreError: If the store refuses; then it must not be done either.
        """
        await self._access.journal.note(
            Note(
                act=act,
                actor=self._access.user.name,
                agency=self._access.user.agency,
                subject=subject,
                detail=detail or {},
            )
        )


def _line(entry: Entry) -> JournalLine:
    try:
        detail = json_decoder(dict[str, Any]).decode(entry.detail)
    except msgspec.MsgspecError:  # somebody altered it: shown as it is, and named by `audit verify`
        detail = {"unreadable": entry.detail}
    for name in (SALT, DIGESTS):  # what proves the line, and tells nobody anything
        detail.pop(name, None)
    return JournalLine(
        seq=entry.seq,
        at=entry.at,
        act=entry.act,
        actor=entry.actor,
        agency=entry.agency,
        subject=entry.subject,
        detail=detail,
        origin=entry.origin,
        previous=entry.previous.hex(),
        hash=entry.hash.hex(),
    )
