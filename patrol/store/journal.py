"""The journal: entries are appended in one chain, and read; nothing changes or deletes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from patrol.audit import Entry, chained
from patrol.filing import Note
from patrol.store.tables import from_us, journal, to_us

_J = journal.c


def append(
    connection: Connection, notes: Sequence[Note], at: datetime, *, origin: str
) -> list[Entry]:
    """Add notes to the chain, in the transaction of what they tell of.

    Only the writer thread of the store appends: so there is one chain.
    """
    last = head(connection)
    entries: list[Entry] = []
    for note in notes:
        last = chained(note, after=last, at=at, origin=origin)
        entries.append(last)
    if entries:
        connection.execute(
            journal.insert(),
            [
                {
                    "seq": entry.seq,
                    "at_us": to_us(entry.at),
                    "act": entry.act,
                    "actor": entry.actor,
                    "subject": entry.subject,
                    "detail": entry.detail,
                    "previous": entry.previous,
                    "hash": entry.hash,
                    "agency": entry.agency,
                    "origin": entry.origin,
                }
                for entry in entries
            ],
        )
    return entries


def head(connection: Connection) -> Entry | None:
    """Return the newest entry; None of an empty journal."""
    row = connection.execute(select(journal).order_by(_J.seq.desc()).limit(1)).first()
    return None if row is None else _entry(row)


def page(connection: Connection, *, after: int = 0, limit: int = 1000) -> list[Entry]:
    """Return entries with numbers above `after`, in order."""
    rows = connection.execute(
        select(journal).where(_J.seq > after).order_by(_J.seq).limit(limit)
    ).all()
    return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    return Entry(
        seq=row.seq,
        at=from_us(row.at_us),
        act=row.act,
        actor=row.actor,
        agency=row.agency,
        subject=row.subject,
        detail=row.detail,
        origin=row.origin,
        previous=row.previous,
        hash=row.hash,
    )
