"""Thinning: finds old messages for the retention, and deletes some of them.

Messages are read by heard time and address, in the order of the index, so that each query is short
and each transaction deletes few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, text, update

from patrol.documents.document import Document
from patrol.documents_registry.document_kinds import decode
from patrol.errors.errors import StoreError
from patrol.store.engine.engine import is_postgres
from patrol.store.journal import reception_digests
from patrol.store.receptions import heard_times
from patrol.store.schema.tables import (
    also_heard,
    assignments,
    documents,
    journal,
    retention_marks,
    to_us,
    transmissions,
)

_T = transmissions.c
_M = retention_marks.c

AT_ONCE: Final = 500
"""Messages that are taken out in one transaction."""


_LOOKED_AT: Final = (
    "id",
    "gid",
    "time_us",
    "heard_us",
    "usable",
    "kind",
    "text",
    "status",
    "distress",
)


class RetentionCandidate(NamedTuple):
    """What retention needs to know of a message.

    Attributes:
        id: Its number in the store.
        gid: Its global id.
        time_us: Effective time.
        heard_us: When it was heard.
        usable: Whether its position belongs on a map.
        bare: It is a position and says nothing else: no text, no status, no call for help.
    """

    id: int
    gid: bytes
    time_us: int
    heard_us: int
    usable: int
    bare: bool


class DocumentSummary(NamedTuple):
    """A document: its newest version, when its first was made, and whether it is closed."""

    document: Document
    first_us: int
    last_us: int
    closed: bool


def mark(connection: Connection, stage: str) -> int | None:
    """Return the heard time up to which a stage is done, microseconds; None before it ran."""
    found: int | None = connection.execute(select(_M.until_us).where(_M.id == stage)).scalar()
    return found


def put_mark(
    connection: Connection, stage: str, until_us: int, *, agency: str, origin: str
) -> None:
    """Store the heard time up to which a stage is done."""
    moved = connection.execute(
        update(retention_marks).where(_M.id == stage).values(until_us=until_us)
    )
    if moved.rowcount == 0:
        connection.execute(
            retention_marks.insert().values(
                id=stage, until_us=until_us, agency=agency, origin=origin
            )
        )


def first_heard_since(connection: Connection, since_us: int) -> int | None:
    """Return when the first message since then was heard; None if there is none."""
    return heard_times.first(connection, since_us)


def newest_time(connection: Connection, before_us: int) -> int | None:
    """Return the newest credible time in the store before `before_us`; None if it is empty.

    That is the time of the last message or journal entry, but no later than the clock was last
    trusted: under a wrong clock wrong times are stored too.
    """
    last_heard = heard_times.last(connection, before_us)
    written = connection.execute(
        select(func.max(journal.c.at_us)).where(journal.c.at_us < before_us)
    ).scalar()
    known: list[int] = [each for each in (last_heard, written) if each is not None]
    if not known:
        return None
    believed = mark(connection, "clock")
    return max(known) if believed is None else min(max(known), believed)


def last_id(connection: Connection) -> int:
    """Return the number of the message that was stored last; 0 if there is none."""
    return int(connection.execute(select(func.max(_T.id))).scalar() or 0)


def is_device_time_later(connection: Connection, after_id: int, start_us: int, end_us: int) -> bool:
    """Return whether a message after `after_id` has a device time from start to end."""
    query = select(_T.id).where(_T.id > after_id, _T.device_us.between(start_us, end_us)).limit(1)
    return connection.execute(query).first() is not None


def addresses(connection: Connection) -> Iterator[str]:
    """Yield every address there is a message of, in order; one step into the index for each."""
    address = connection.execute(select(func.min(_T.address))).scalar()
    while address is not None:
        yield address
        address = connection.execute(
            select(func.min(_T.address)).where(_T.address > address)
        ).scalar()


def all_addresses(connection: Connection) -> list[str]:
    """Return `addresses` as a list."""
    return list(addresses(connection))


def messages(
    connection: Connection, address: str, start_us: int, end_us: int
) -> list[RetentionCandidate]:
    """Return the messages of an address heard from `start_us` (in) to `end_us` (out)."""
    columns = ", ".join(f"t.{name}" for name in _LOOKED_AT)
    rows = connection.execute(
        heard_times.spans_query(1, columns),
        heard_times.span_values(0, address, start_us, end_us - 1),
    )
    found = [
        RetentionCandidate(
            row.id,
            row.gid,
            row.time_us,
            row.heard_us,
            row.usable,
            row.kind == "position" and row.text is None and row.status is None and not row.distress,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.heard_us, each.id))


def take_out(
    connection: Connection, some: Sequence[RetentionCandidate | reception_digests.RemovedMessage]
) -> int:
    """Delete messages with all their receptions; return how many there were.

    Args:
        connection: To the store, in a transaction that writes.
        some: At most `AT_ONCE`.
    """
    gids = [each.gid for each in some]
    first, last = min(each.heard_us for each in some), max(each.heard_us for each in some)
    removed = connection.execute(
        delete(transmissions).where(
            _T.id.in_([each.id for each in some]),
            # so that PostgreSQL looks in their month alone
            _T.heard_us >= first,
            _T.heard_us <= last,
        )
    )
    connection.execute(delete(also_heard).where(also_heard.c.gid.in_(gids)))
    if is_postgres(connection):
        connection.execute(
            text("DELETE FROM transmission_ids WHERE gid = ANY(:gids)"), {"gids": gids}
        )
    return removed.rowcount


def take_out_recorded(
    connection: Connection,
    span: reception_digests.SpanBounds,
    ids: Collection[int],
    at: datetime,
    *,
    origin: str,
) -> int:
    """Delete messages of a journalled span and journal it; return how many."""

    def taken(some: Sequence[reception_digests.RemovedMessage]) -> int:
        return sum(
            take_out(connection, some[begin : begin + AT_ONCE])
            for begin in range(0, len(some), AT_ONCE)
        )

    return reception_digests.thin(connection, span, ids, taken, at=at, origin=origin)


def recent_documents(
    connection: Connection, kinds: Sequence[str], since: datetime
) -> list[DocumentSummary]:
    """Return the documents of some kinds that are open, or were still changed at `since` or later.

    Raises:
        StoreError: If one cannot be read: nobody knows then what it needs.
    """
    first = documents.alias("first")
    rows = connection.execute(
        select(documents, first.c.at_us.label("first_us"))
        .join(first, first.c.id == documents.c.id)
        .where(
            first.c.version == 1,
            documents.c.newest == 1,
            documents.c.kind.in_(list(kinds)),
            or_(documents.c.closed == 0, documents.c.at_us >= to_us(since)),
        )
    )
    found: list[DocumentSummary] = []
    for row in rows:
        try:
            document = decode(row.kind, row.body)
        except (ValueError, TypeError, ArithmeticError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"a paper cannot be read, nothing is thinned: {row.kind} {row.id}: {error}",
                transient=False,
            ) from error
        found.append(DocumentSummary(document, row.first_us, row.at_us, bool(row.closed)))
    return found


def units_of(connection: Connection, address: str) -> frozenset[str]:
    """Return the units that an address has ever stood for."""
    believed, _, _ = address.partition("@")
    query = select(assignments.c.unit).where(assignments.c.address.in_([address, believed]))
    return frozenset(connection.execute(query).scalars())
