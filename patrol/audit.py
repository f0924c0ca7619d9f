"""Audit: the journal of who did what, as a chain of hashes: append only, and provable.

Each entry's hash (SHA-256) covers its own content and the hash of the entry before it, so that one
that was altered, taken out or put in breaks the chain there. A tail that was cut off breaks
nothing: it is found against a head that was exported before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from patrol.filing import Note

FIRST: Final = bytes(32)
"""What stands before the first entry."""

_canonical = msgspec.json.Encoder(order="sorted").encode


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


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chain is broken.

    Attributes:
        seq: Number of the first entry that is altered or missing.
        what: `altered` or `missing`.
    """

    seq: int
    what: str


def chained(note: Note, *, after: Entry | None, at: datetime, origin: str) -> Entry:
    """Return a note as the next entry of the chain.

    Args:
        note: What happened.
        after: The entry before it; None for the first.
        at: When, aware UTC.
        origin: This node's id.
    """
    entry = Entry(
        seq=1 if after is None else after.seq + 1,
        at=at,
        act=note.act,
        actor=note.actor,
        agency=note.agency,
        subject=note.subject,
        detail=_canonical(note.detail).decode(),
        origin=origin,
        previous=FIRST if after is None else after.hash,
        hash=b"",
    )
    return msgspec.structs.replace(entry, hash=hash_of(entry))


def hash_of(entry: Entry) -> bytes:
    """Return what the hash of an entry must be.

    It is the SHA-256 of the JSON array of its fields in their order, times RFC 3339 in UTC with
    microseconds as written, the hash before it in hexadecimal.
    """
    content = (
        entry.seq,
        entry.at.isoformat(),
        entry.act,
        entry.actor,
        entry.agency,
        entry.subject,
        entry.detail,
        entry.origin,
        entry.previous.hex(),
    )
    return hashlib.sha256(_canonical(content)).digest()


def first_fault(entries: Iterable[Entry], *, after: Entry | None = None) -> Fault | None:
    """Return where the chain is first broken; None where it is whole.

    Args:
        entries: In the order of their numbers.
        after: The entry before the first of them, already proved; None from the beginning.
    """
    last = after
    for entry in entries:
        expected = 1 if last is None else last.seq + 1
        if entry.seq != expected:
            return Fault(seq=expected, what="missing")
        if entry.previous != (FIRST if last is None else last.hash) or entry.hash != hash_of(entry):
            return Fault(seq=entry.seq, what="altered")
        last = entry
    return None
