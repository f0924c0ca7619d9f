"""The journal in the store: entries are appended to one hash chain and read, never changed or
deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from patrol.audit.chain import DIGESTS, FIRST, Entry, chained, salted
from patrol.documents.transaction import Note
from patrol.store.journal import row_digests
from patrol.store.schema.rows import readable
from patrol.store.schema.tables import from_us, journal, to_us

_J = journal.c


def append(
    connection: Connection, notes: Sequence[Note], at: datetime, *, origin: str
) -> list[Entry]:
    """Append notes to the chain, in the transaction of the changes that they record.

    A writing transaction holds the database's write lock from its beginning, and reads the end of
    the chain under it. So there is one chain, even if a command line writes beside the server.
    """
    if not notes:
        return []
    digests = row_digests.changed_digests(connection)
    if digests:
        last = notes[-1]
        detail = last.detail | {DIGESTS: digests}
        notes = [*notes[:-1], msgspec.structs.replace(last, detail=detail)]
    seq, previous = end(connection)
    entries: list[Entry] = []
    for note in notes:
        entry = chained(salted(note), seq=seq + 1, previous=previous, at=at, origin=origin)
        entries.append(entry)
        seq, previous = entry.seq, entry.hash
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


def close(connection: Connection) -> None:
    """Append, at a transaction's end, the digests of changed rows that no note has recorded."""
    digests = row_digests.changed_digests(connection)
    if not digests:
        return
    last = head(connection)
    note = Note(
        act="change accounts",
        actor="",
        agency="",
        subject=row_digests.SUBJECT,
        detail={DIGESTS: digests},
    )
    append(connection, [note], datetime.now(UTC), origin="" if last is None else last.origin)


def cover(connection: Connection, at: datetime, *, origin: str) -> None:
    """Record digests of all accounts, once in a store's life: in a new or an upgraded one."""
    append(connection, row_digests.cover(connection), at, origin=origin)


def end(connection: Connection) -> tuple[int, bytes]:
    """Return number and hash of the newest entry; 0 and `FIRST` of an empty journal."""
    row = connection.execute(select(_J.seq, _J.hash).order_by(_J.seq.desc()).limit(1)).first()
    return (0, FIRST) if row is None else (row.seq, row.hash)


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


def of_actor(connection: Connection, actor: str, *, after: int) -> list[Entry]:
    """Return the entries of an actor with numbers above `after`, in order."""
    rows = connection.execute(
        select(journal).where(_J.seq > after, _J.actor == actor).order_by(_J.seq)
    )
    return list(readable(rows, _entry))


def of_acts(connection: Connection, acts: Collection[str], *, after: int) -> list[Entry]:
    """Return the entries of some acts with numbers above `after`, in order."""
    rows = connection.execute(
        select(journal).where(_J.seq > after, _J.act.in_(acts)).order_by(_J.seq)
    )
    return list(readable(rows, _entry))


def at_or_after(connection: Connection, at: datetime) -> int:
    """Return the number of the first entry written at `at` or later; one after the last if none.

    Numbers follow time, except where the clock was set back: there it is an entry close to `at`.
    """
    low, high = 1, end(connection)[0] + 1
    at_us = to_us(at)
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(select(_J.at_us).where(_J.seq == middle)).scalar()
        if found is not None and found >= at_us:
            high = middle
        else:
            low = middle + 1
    return low


def of_agency(
    connection: Connection,
    agency: str,
    *,
    before: int | None = None,
    limit: int = 100,
    since: datetime | None = None,
    until: datetime | None = None,
    act: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
) -> list[Entry]:
    """Return the newest entries on behalf of an agency, newest first.

    Args:
        connection: To the store.
        agency: Whose.
        before: Only those with smaller numbers.
        limit: Most entries.
        since: Only those written at this time or later.
        until: Only those written before this time.
        act: Only this act.
        actor: Only by this user.
        subject: Only on this subject, `kind:id`; or on this kind, `kind:`.
    """
    query = select(journal).where(_J.agency == agency)
    if before is not None:
        query = query.where(_J.seq < before)
    if since is not None:
        query = query.where(_J.seq >= at_or_after(connection, since))
    if until is not None:
        query = query.where(_J.seq < at_or_after(connection, until))
    if act is not None:
        query = query.where(_J.act == act)
    if actor is not None:
        query = query.where(_J.actor == actor)
    if subject is not None:
        query = query.where(is_on(subject))
    rows = connection.execute(query.order_by(_J.seq.desc()).limit(limit))
    return list(readable(rows, _entry))


def has_entry(
    connection: Connection,
    agency: str,
    *,
    subject: str,
    acts: Collection[str],
    after: str,
) -> bool:
    """Return whether an agency's entry records one of some acts on a subject, after the first entry
    on the subject `after`. Numbers are compared, not times, since a clock may have been set.
    """
    first = select(func.min(_J.seq)).where(_J.subject == after).scalar_subquery()
    query = select(_J.seq).where(
        _J.agency == agency,
        _J.subject == subject,
        _J.act.in_(acts),
        _J.seq > func.coalesce(first, 0),
    )
    return connection.execute(query.limit(1)).first() is not None


def of_kinds(
    connection: Connection,
    *,
    agency: str,
    own: Collection[str],
    joint: Collection[str],
    after: int,
    before: int,
    limit: int,
) -> list[Entry]:
    """Return entries on some kinds of subjects, newest first.

    Args:
        connection: To the store.
        agency: Whose; its entries are returned on the kinds `own`.
        own: Kinds of subjects.
        joint: Kinds of which other agencies' entries are returned too; whether the agency may know
            of them is for the caller to say.
        after: Only larger numbers.
        before: Only smaller numbers.
        limit: Most entries.
    """
    query = select(journal).where(
        _J.seq > after,
        _J.seq < before,
        or_(and_(_J.agency == agency, _is_of(own)), _is_of(joint)),
    )
    rows = connection.execute(query.order_by(_J.seq.desc()).limit(limit))
    return list(readable(rows, _entry))


def _is_of(kinds: Collection[str]) -> ColumnElement[bool]:
    return or_(false(), *(is_on(f"{kind}:") for kind in sorted(kinds)))


def is_on(subject: str) -> ColumnElement[bool]:
    """Return the condition that an entry is on a subject, `kind:id`; or on a kind, `kind:`."""
    if not subject.endswith(":"):
        return _J.subject == subject
    return and_(_J.subject >= subject, _J.subject < subject[:-1] + ";")  # what follows a colon


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
