"""Audit: the journal of who did what, as a chain of hashes: append only, and provable.

Each entry's hash (SHA-256) covers its own content and the hash of the entry before it, so that one
that was altered, taken out or put in breaks the chain there. A tail that was cut off breaks
nothing: it is found against a head that was signed before (`patrol.audit.signed_head`). The rule
stands in `docs/reference/audit.md`, so that anybody can check it with tools of their own.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final, Literal

import msgspec

from patrol.documents.transaction import Note

FIRST: Final = bytes(32)
"""What stands before the first entry."""

SALT: Final = "salt"
"""Name in a line's detail of what nobody can guess: who sees the hashes before and after a line of
another agency's could else try what it may say until they fit."""

DIGESTS: Final = "digests"
"""Name in a line's detail of what the act changed of rows (`patrol.store.journal.row_digests`)."""

canonical: Final = msgspec.json.Encoder(order="sorted").encode
"""JSON without spaces, names in order, nothing escaped that need not be."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal.

    Attributes:
        seq: 1, 2, … without gaps, one chain a node.
        at: When it was written, aware UTC.
        act: What was done.
        actor: Who did it; empty for the watch itself.
        agency: On whose behalf.
        subject: On what: `kind:id`.
        detail: What else matters, as canonical JSON.
        origin: Node where it was written.
        previous: Hash of the entry before it; `FIRST` for the first.
        hash: Its own.
    """

    seq: int
    at: datetime
    act: str
    actor: str
    agency: str
    subject: str
    detail: str
    origin: str
    previous: bytes
    hash: bytes


class ChainFault(msgspec.Struct, frozen=True, kw_only=True, rename={"reason": "why"}):
    """What is not as it was written.

    Attributes:
        seq: Number of the entry that is altered or missing; of a document, the entry that tells of
            it, 0 where none does.
        what: `altered`, `missing`, or `unwritten` for a document that no entry tells of.
        document: Which document and version, or which photo, where it is one; empty for the entry
            itself.
        reason: How that is known.
    """

    seq: int
    what: Literal["altered", "missing", "unwritten"]
    document: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Return it for people.

        >>> print(ChainFault(seq=7, what="missing", reason="row 8 follows row 6"))
        journal row 7 is missing: row 8 follows row 6
        """
        if not self.document:
            text = f"journal row {self.seq} is {self.what}"
        elif self.what == "unwritten":
            text = f"{self.document} is in no row of the journal"
        else:
            text = f"{self.document} is {self.what}, told by journal row {self.seq}"
        return f"{text}: {self.reason}" if self.reason else text


def time_text(at: datetime) -> str:
    """Return a time as the hash covers it: RFC 3339, UTC, six digits of a second, `Z`.

    >>> time_text(datetime(2026, 11, 24, 2, 30, tzinfo=UTC))
    '2026-11-24T02:30:00.000000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def salted(note: Note) -> Note:
    """Return a note with a salt in its detail."""
    return msgspec.structs.replace(note, detail=note.detail | {SALT: token_hex(12)})


def chained(note: Note, *, seq: int, previous: bytes, at: datetime, origin: str) -> Entry:
    """Return a note as the next entry of the chain.

    Args:
        note: What happened.
        seq: Its number.
        previous: Hash of the entry before it; `FIRST` for the first.
        at: When, aware UTC.
        origin: This node's id.
    """
    detail = canonical(note.detail).decode()
    hashed = _digest(
        seq, at, note.act, note.actor, note.agency, note.subject, detail, origin, previous
    )
    return Entry(
        seq=seq,
        at=at,
        act=note.act,
        actor=note.actor,
        agency=note.agency,
        subject=note.subject,
        detail=detail,
        origin=origin,
        previous=previous,
        hash=hashed,
    )


def hash_of(entry: Entry) -> bytes:
    """Return the hash that an entry should have.

    It is the SHA-256 of the JSON array, without spaces and in UTF-8, of its fields in their order:
    number, time (`time_text`), act, actor, agency, subject, detail (a string that holds JSON),
    origin, and the hash before it as 64 hexadecimal digits.
    """
    return _digest(
        entry.seq,
        entry.at,
        entry.act,
        entry.actor,
        entry.agency,
        entry.subject,
        entry.detail,
        entry.origin,
        entry.previous,
    )


def _digest(
    seq: int,
    at: datetime,
    act: str,
    actor: str,
    agency: str,
    subject: str,
    detail: str,
    origin: str,
    previous: bytes,
) -> bytes:
    content = (
        seq,
        time_text(at),
        act,
        actor,
        agency,
        subject,
        detail,
        origin,
        previous.hex(),
    )
    return hashlib.sha256(canonical(content)).digest()


class Chain:
    """Proves entries one after the other, and holds nothing but the last one's place.

    Args:
        seq: Number of the last entry that is proved already; 0 from the beginning.
        last: Its hash.

    Attributes:
        seq: Number of the last entry that was proved.
        hash: Its hash.
    """

    def __init__(self, seq: int = 0, last: bytes = FIRST) -> None:
        self.seq, self.hash = seq, last

    def take(self, entry: Entry) -> ChainFault | None:
        """Verify the next entry; return the fault if it does not follow."""
        expected = self.seq + 1
        if entry.seq != expected:
            return ChainFault(
                seq=expected,
                what="missing",
                reason=f"row {entry.seq} follows row {self.seq}"
                if self.seq
                else f"the first row is {entry.seq}",
            )
        if entry.previous != self.hash:
            return ChainFault(
                seq=entry.seq,
                what="altered",
                reason="it names another row before it than there is",
            )
        if entry.hash != hash_of(entry):
            return ChainFault(
                seq=entry.seq, what="altered", reason="its hash is not that of its content"
            )
        self.seq, self.hash = entry.seq, entry.hash
        return None
