"""Bulk insert: many rows at once, as fast as each database allows; stored ones are not changed.

SQLite gets one statement for many rows. The statement leaves out columns that are empty in all of
them, and passes bytes as bytearrays: the driver takes several times as long for a None or bytes as
for a number, text or bytearray, for which it needs no adapter.

Of many rows a thousand at a time are one step of a statement, then a hundred, then ten. In a step
the driver lets others have the interpreter, and after it stands in line for it, for a millisecond
where the loop is busy: with steps of a hundred, a commit and the decoding of what comes meanwhile
took as long beside each other as one after the other, with these three quarters of it. A statement
of a thousand takes 2 MiB, so there are but a few of them. What all rows of many share, as their
channel and owner, is told to each such statement once: of messages of one kind that is nearly half
of all values, and a tenth of the time. The statement is told to fail where it stands: the
transaction is undone anyhow, and SQLite would keep a copy of each page that it touches to be able
to undo the statement alone.

PostgreSQL takes a binary COPY straight into the tables, in the hope that all is new: the watch has
asked before what is known. Where that hope fails, the rows that are known are found and the others
copied. Only one transaction writes at a time, so nobody can store the same in between. Measured
against COPY into a temporary table and INSERT … SELECT … ON CONFLICT
(docs/explanation/decisions.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, islice
from operator import itemgetter, ne
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.exc import DBAPIError

from patrol.store.engine import partitions
from patrol.store.engine.engine import is_postgres, raw_cursor
from patrol.store.schema.rows import ALSO_HEARD_COLUMNS, TRANSMISSION_COLUMNS, Row
from patrol.store.schema.tables import also_heard, transmissions

_GID: Final = TRANSMISSION_COLUMNS.index("gid")
_HEARD: Final = TRANSMISSION_COLUMNS.index("heard_us")
_UNIQUE: Final = "23505"
_numbers: Final = itemgetter(
    *[
        n
        for n, name in enumerate(TRANSMISSION_COLUMNS)
        if isinstance(transmissions.c[name].type, Float)
    ]
)
_MANY: Final = 100
ROWS_AT_ONCE: Final = (1000, 100, 10)
_LARGE_AT_MOST: Final = 4
largest_statements: set[tuple[Sequence[str], int]] = set()
"""Mixtures of columns that have a statement of the most rows, in this process."""
_ALIKE: Final = (
    ("time_source", "usable", "kind", "fix", "distress", "flags"),
    ("channel",),
    ("agency", "origin"),
)
"""What many rows share most often, in groups. If any column that happens to be the same in a batch
were told once, odd messages would make a statement of each mixture, and the driver keeps a hundred,
some of 100 KiB and more."""
_BYTES: Final = frozenset(
    column.name for column in transmissions.c if isinstance(column.type, LargeBinary)
)


def put_transmissions(connection: Connection, rows: Sequence[Row]) -> None:
    """Store messages; one whose global id is stored already is not changed.

    Args:
        connection: To the store, in a transaction that writes.
        rows: In the order of `TRANSMISSION_COLUMNS`.
    """
    if not rows:
        return
    if not is_postgres(connection):
        with raw_cursor(connection) as cursor:
            _insert_many(cursor, rows)
        return
    partitions.cover(connection, [row[_HEARD] for row in rows])
    try:
        with connection.begin_nested():
            _copy(connection, rows)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _UNIQUE:
            raise
        _copy(connection, _new(connection, rows))


def put_also_heard(connection: Connection, rows: Sequence[Row]) -> None:
    """Store further receptions of messages; one that is stored already is not changed.

    Args:
        connection: To the store, in a transaction that writes.
        rows: In the order of `ALSO_HEARD_COLUMNS`.
    """
    if rows:
        mark = "%s" if is_postgres(connection) else "?"
        connection.exec_driver_sql(_insert(also_heard, ALSO_HEARD_COLUMNS, mark), [*rows])


def copy_in(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Put whole rows, none of which is known, into a table of a PostgreSQL database.

    Args:
        connection: To it, in a transaction that writes.
        table: Where to; of messages their ids are noted, too.
        rows: All columns, in the table's order.
    """
    names = tuple(each.name for each in table.c)
    with raw_cursor(connection) as cursor:
        if table is transmissions:
            gids = ((row[names.index("gid")],) for row in rows)
            _write(cursor, "transmission_ids", ("gid",), ("bytea",), gids)
        quoted = tuple(f'"{name}"' for name in names)  # one is called `user`, another `of`
        _write(cursor, table.name, quoted, _types_of(table, names), rows)


def _insert_many(cursor: Any, rows: Sequence[Row]) -> None:
    """Insert the columns that any of the rows fills; what many share is bound once a statement."""
    nothing = (None,) * len(rows)
    filled: dict[str, Sequence[Any]] = {
        name: [value and bytearray(value) for value in values] if name in _BYTES else values
        for name, values in zip(TRANSMISSION_COLUMNS, zip(*rows, strict=True), strict=True)
        if values != nothing
    }
    left = len(rows)
    many = left >= _MANY
    shared = {name: filled.pop(name)[0] for name in _shared(filled)} if many else {}
    columns, ours = (*shared, *filled), tuple(shared.values())
    # Made one by one as they are taken: a thousand more at once would wake the collector.
    each = zip(*filled.values(), strict=True)
    for step in _steps(left, columns, len(shared)):
        for _ in range(left // step):
            statement = _insert(transmissions, columns, "?", step, len(shared))
            cursor.execute(statement, (*ours, *chain.from_iterable(islice(each, step))))
        left %= step
    rest = (ours + row for row in each) if ours else each
    cursor.executemany(_insert(transmissions, columns, "?"), rest)


def _steps(rows: int, columns: Sequence[str], shared: int) -> Sequence[int]:
    """Return how many rows at a time to insert so many by."""
    if rows < ROWS_AT_ONCE[0]:
        return ROWS_AT_ONCE[1:] if rows >= _MANY else ()
    if (columns, shared) not in largest_statements:
        if len(largest_statements) >= _LARGE_AT_MOST:
            return ROWS_AT_ONCE[1:]
        largest_statements.add((columns, shared))
    return ROWS_AT_ONCE


def _shared(filled: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return the columns of which all rows hold the same, of whole groups alone."""
    groups = [[name for name in group if name in filled] for group in _ALIKE]
    return [
        name for group in groups if all(_is_one(filled[each]) for each in group) for name in group
    ]


def _is_one(values: Sequence[Any]) -> bool:
    """Return whether all are equal; what is equal is stored alike, also -0.0 and 0.0."""
    first = values[0]
    return bool(first == values[-1]) and values.count(first) == len(values)


def _copy(connection: Connection, rows: Sequence[Row]) -> None:
    with raw_cursor(connection) as cursor:
        _write(cursor, "transmission_ids", ("gid",), ("bytea",), ((row[_GID],) for row in rows))
        _write(cursor, "transmissions", TRANSMISSION_COLUMNS, _types(), map(_as_sqlite, rows))


def _as_sqlite(row: Row) -> Row:
    """Return a row with nothing where it holds NaN, as SQLite stores it."""
    numbers = _numbers(row)
    if not any(map(ne, numbers, numbers)):  # NaN differs from itself
        return row
    return tuple(None if value != value else value for value in row)


def _write(
    cursor: Any, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Row]
) -> None:
    query = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with cursor.copy(query) as copy:
        copy.set_types(types)
        write_row = copy.write_row
        for row in rows:
            write_row(row)


def _new(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are not stored, each global id once: the first."""
    with raw_cursor(connection) as cursor:
        cursor.execute(
            "SELECT gid FROM transmission_ids WHERE gid = ANY(%s)", ([row[_GID] for row in rows],)
        )
        known = {bytes(found[0]) for found in cursor.fetchall()}
    fresh: dict[bytes, Row] = {}
    for row in rows:
        if row[_GID] not in known:
            fresh.setdefault(row[_GID], row)
    return list(fresh.values())


@lru_cache(maxsize=100)  # as many as the driver keeps prepared, or so
def _insert(table: Table, columns: Sequence[str], mark: str, rows: int = 1, shared: int = 0) -> str:
    """Return the statement; of several rows, the first `shared` columns are bound once for all."""
    verb = "INSERT" if rows == 1 else "INSERT OR FAIL"
    names = ", ".join(columns)
    row = [f"?{number}" for number in range(1, shared + 1)] + [mark] * (len(columns) - shared)
    marks = ", ".join([f"({', '.join(row)})"] * rows)
    # Names of our own tables and columns, nothing from outside.
    return f"{verb} INTO {table.name} ({names}) VALUES {marks} ON CONFLICT DO NOTHING"


@cache
def _types() -> tuple[str, ...]:
    return _types_of(transmissions, TRANSMISSION_COLUMNS)


def _types_of(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    names: dict[type[Any], str] = {
        BigInteger: "int8",
        Float: "float8",
        Integer: "int4",
        LargeBinary: "bytea",
        SmallInteger: "int2",
        Text: "text",
    }
    return tuple(names[type(table.c[name].type)] for name in columns)
