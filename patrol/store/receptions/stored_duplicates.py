"""Stored duplicates: finds the messages of a batch that are stored already, in one query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, LargeBinary, case, column, func, select, table

from patrol.reception.duplicates import DuplicateQuery, StoredMessage
from patrol.reception.message_ids import BESIDE, StoredNeighbours
from patrol.reception.recent_messages import KnownReception
from patrol.store.engine.engine import is_postgres
from patrol.store.receptions import heard_times
from patrol.store.schema.tables import also_heard, from_us, to_us, transmissions, unsorted_ids

_T = transmissions.c
_AT_ONCE: Final = 500  # values of one statement, or spans

T = TypeVar("T")

Found = tuple[list[StoredMessage], list[tuple[str, datetime]], list[StoredNeighbours]]
"""Messages, id and heard time of further receptions, and what is stored beside a name."""

_IDS: Final = table("transmission_ids", column("gid", LargeBinary))
"""Ids of all months, on PostgreSQL alone."""

_COLUMNS: Final = (
    _T.address,
    _T.duplicate_key,
    _T.channel,
    # What has a key is told by that; its bytes stay where they are.
    case((_T.duplicate_key.is_(None), _T.raw)).label("raw"),
    _T.heard_us,
    _T.gid,
    _T.reception_id,
)


def find(connection: Connection, query: DuplicateQuery) -> Found:
    """Return what is stored of what `query` names, each message once.

    Args:
        connection: To the store.
        query: Global ids, reception ids, and where else to look: a range of the index of address
            and heard time for each time asked for, one for all that lie close.
    """
    rows: dict[bytes, Any] = {}
    for gids in _parts(query.gids):
        for row in connection.execute(select(*_COLUMNS).where(_T.gid.in_(gids))):
            rows[row.gid] = row
    for spans in _parts(_spans(query.spans)):
        for row in connection.execute(_spans_query(len(spans)), _values(spans)):
            rows[row.gid] = row
    also = also_heard.c
    receptions: list[tuple[str, datetime]] = []
    for ids in _parts(query.receptions):
        found = select(also.reception_id, also.heard_us).where(also.reception_id.in_(ids))
        receptions += ((row[0], from_us(row[1])) for row in connection.execute(found))
    neighbours = [_neighbours(connection, name) for name in query.neighbours_of]
    return [_stored(row) for row in rows.values()], receptions, neighbours


def newest(connection: Connection, limit: int) -> tuple[Found, bool]:
    """Return the `limit` newest rows of messages and of further receptions, oldest first.

    Returns:
        What was found, and whether that is all there is.
    """
    rows = connection.execute(select(*_COLUMNS).order_by(_T.id.desc()).limit(limit + 1)).all()
    also = also_heard.c
    heard = connection.execute(
        select(also.reception_id, also.heard_us).order_by(also.id.desc()).limit(limit + 1)
    ).all()
    stored = [_stored(row) for row in reversed(rows[:limit])]
    receptions = [(row[0], from_us(row[1])) for row in reversed(heard[:limit])]
    return (stored, receptions, []), len(rows) <= limit and len(heard) <= limit


def in_order(connection: Connection) -> bool:
    """Return whether all stored ids begin with a time (`patrol.reception.record.unsorted_gid`)."""
    last = connection.execute(select(func.max(unsorted_ids.c.last_row))).scalar()
    if last is None:
        return True
    first = connection.execute(select(func.min(_T.id))).scalar()
    return first is None or int(first) > int(last)


def last_heard_at(connection: Connection) -> datetime | None:
    """Return the newest heard time of all messages; None without any."""
    last_us = heard_times.last(connection)
    return None if last_us is None else from_us(last_us)


def _neighbours(connection: Connection, name: bytes) -> StoredNeighbours:
    gid = _IDS.c.gid if is_postgres(connection) else _T.gid
    before = select(gid).where(gid < name).order_by(gid.desc()).limit(BESIDE)
    after = select(gid).where(gid >= name).order_by(gid).limit(BESIDE)
    return StoredNeighbours(
        *([bytes(row[0]) for row in connection.execute(each)] for each in (before, after))
    )


def _stored(row: Any) -> StoredMessage:
    address, content, channel, raw, heard_us, gid, reception_id = row
    return StoredMessage(
        address, content, channel, raw, KnownReception(from_us(heard_us), gid, reception_id)
    )


def _spans(near: Iterable[tuple[str, datetime, float]]) -> list[tuple[str, int, int]]:
    """Return address, first and last microsecond of each span; what overlaps is one span."""
    ends: list[tuple[str, int, int]] = []
    for address, heard_at, reach_s in near:
        at_us, reach_us = to_us(heard_at), int(reach_s * 1e6)
        ends.append((address, at_us - reach_us, at_us + reach_us))
    ends.sort()
    spans: list[tuple[str, int, int]] = []
    for address, first_us, last_us in ends:
        if spans and spans[-1][0] == address and first_us <= spans[-1][2]:
            spans[-1] = (address, spans[-1][1], max(last_us, spans[-1][2]))
        else:
            spans.append((address, first_us, last_us))
    return spans


def _spans_query(spans: int) -> Any:
    """Return the query for what was heard in so many spans."""
    names = ", ".join(
        f"t.{name}" for name in ("address", "duplicate_key", "channel", "raw", "heard_us", "gid")
    ).replace("t.raw", "CASE WHEN t.duplicate_key IS NULL THEN t.raw END AS raw")
    return heard_times.spans_query(spans, f"{names}, t.reception_id").columns(
        *(column(each.name) for each in _COLUMNS)
    )


def _values(spans: Sequence[tuple[str, int, int]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for number, span in enumerate(spans):
        values |= heard_times.span_values(number, *span)
    return values


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return them some at a time, the last one again and again up to a power of two.

    Each number of values makes a statement of its own, and five hundred of them, kept compiled by
    SQLAlchemy and by the driver, took 570 MiB.
    """
    for start in range(0, len(items), _AT_ONCE):
        part = list(items[start : start + _AT_ONCE])
        count = min(1 << (len(part) - 1).bit_length(), _AT_ONCE)
        yield part + part[-1:] * (count - len(part))
