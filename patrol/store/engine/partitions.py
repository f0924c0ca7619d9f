"""Partitions: on PostgreSQL, one table of messages for each month of reception.

They are split by heard time and not by effective time: duplicates are searched by heard time, a
late report of last month is stored with the others of today, and no device's clock decides the
table. A message that a gateway claims to have heard years ago or in the future goes to the table
`transmissions_stray`, is counted (`count_strays`), and is moved once its month has a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection

from patrol.store.engine.engine import is_postgres
from patrol.store.schema.tables import from_us, to_us

STRAY: Final = "transmissions_stray"

KEPT_BACK: Final = timedelta(days=3 * 366)
"""What was heard longer ago than this is rather told by a wrong clock than kept back so long."""

AHEAD: Final = timedelta(days=40)
"""Tables are made so long before they are needed, and for no later time."""

_KNOWN: Final = "joint patrol partitions"
_BOUNDS: Final = r"""
SELECT c.relname,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(-?\d+)''\)'))[1]::bigint,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''(-?\d+)''\)'))[1]::bigint
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'transmissions'::regclass ORDER BY 2 NULLS LAST"""


class Partition(NamedTuple):
    """One table of messages: its name, and the first and the last but one microsecond heard."""

    name: str
    start_us: int
    end_us: int


def existing(connection: Connection) -> list[Partition]:
    """Return the tables there are, oldest first; the stray one is not among them."""
    rows = connection.exec_driver_sql(_BOUNDS.replace("%", "%%")).all()
    return [Partition(row[0], row[1], row[2]) for row in rows if row[1] is not None]


def month_of(us: int) -> Partition:
    """Return the month of a time, in microseconds since 1970 UTC, as the table it belongs in.

    >>> month_of(to_us(datetime(2026, 12, 31, 23, tzinfo=UTC))).name
    'transmissions_2026_12'
    """
    at = from_us(us)
    start = datetime(at.year, at.month, 1, tzinfo=UTC)
    end = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    return Partition(f"transmissions_{start:%Y_%m}", to_us(start), to_us(end))


def cover(connection: Connection, heard_us: Sequence[int]) -> None:
    """Make the missing tables for these times, as far as they are plausible.

    Args:
        connection: To the store, in a transaction that writes.
        heard_us: When messages were heard, microseconds since 1970 UTC.
    """
    known: list[tuple[int, int]] | None = connection.info.get(_KNOWN)
    if known is None:
        known = connection.info[_KNOWN] = _joined_spans(existing(connection))
    first, last = min(heard_us), max(heard_us)
    if any(start <= first and last < end for start, end in known):
        return
    now = datetime.now(UTC)
    floor, ceiling = to_us(now - KEPT_BACK), to_us(now + AHEAD)
    for at in sorted({month_of(us).start_us for us in heard_us if floor <= us < ceiling}):
        if not any(start <= at < end for start, end in known):
            make(connection, month_of(at))


def make_ahead(connection: Connection, now: datetime) -> None:
    """Make the tables of this month and of what comes within `AHEAD`, where they are missing.

    Args:
        connection: To the store, in a transaction that writes; nothing is done on SQLite.
        now: The present, aware UTC.
    """
    if is_postgres(connection):
        have = {each.start_us for each in existing(connection)}
        month = month_of(to_us(now))
        while month.start_us < to_us(now + AHEAD):
            if month.start_us not in have:
                make(connection, month)
            month = month_of(month.end_us)


def make(connection: Connection, month: Partition) -> None:
    """Make the table of a month, and move there what of it lies among the strays."""
    forget_existing(connection)
    # By itself first: nobody waits for it but while it is attached.
    name, start, end = month
    connection.exec_driver_sql(
        f"CREATE TABLE {name} (LIKE transmissions INCLUDING DEFAULTS INCLUDING GENERATED)"
    )
    columns = ", ".join(
        connection.exec_driver_sql(
            "SELECT quote_ident(attname) FROM pg_attribute"
            " WHERE attrelid = 'transmissions'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''"
        ).scalars()
    )
    connection.exec_driver_sql(
        f"WITH moved AS (DELETE FROM {STRAY} WHERE heard_us >= {start} AND heard_us < {end}"  # noqa: S608 - numbers
        f" RETURNING {columns}) INSERT INTO {name} ({columns}) SELECT {columns} FROM moved"
    )
    connection.exec_driver_sql(
        f"ALTER TABLE transmissions ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"
    )


def drop_empty(connection: Connection, before_us: int) -> None:
    """Drop the tables of months that were over before then, if nothing is in them.

    Args:
        connection: To the store, in a transaction that writes; nothing is done on SQLite.
        before_us: Microseconds since 1970 UTC.
    """
    if is_postgres(connection):
        for name, _, end_us in existing(connection):
            some = f"SELECT 1 FROM {name} LIMIT 1"  # noqa: S608 - a name that we gave
            if end_us <= before_us and connection.exec_driver_sql(some).first() is None:
                forget_existing(connection)
                connection.exec_driver_sql(f"DROP TABLE {name}")


def count_strays(connection: Connection, most: int = 10_000) -> int:
    """Return how many messages lie in no month's table, at most `most`; 0 on SQLite."""
    if not is_postgres(connection):
        return 0
    query = f"SELECT count(*) FROM (SELECT 1 FROM {STRAY} LIMIT {most}) AS them"  # noqa: S608
    return int(connection.exec_driver_sql(query).scalar_one())


def forget_existing(connection: Connection) -> None:
    """Clear the cached list of tables, so that the database is asked again."""
    connection.info.pop(_KNOWN, None)


def _joined_spans(parts: Sequence[Partition]) -> list[tuple[int, int]]:
    """Return the spans of time that tables cover without a gap."""
    spans: list[tuple[int, int]] = []
    for _, start, end in parts:
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
