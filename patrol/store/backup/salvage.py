"""Salvage: copies what can still be read of a damaged SQLite store into a new one, and verifies it.

Rows are copied by ranges of row ids; a range with an unreadable page is halved until the lost rows
are known. A readable index still names rows that are lost in their table. Then the journal is
verified: it shows which of its own rows are missing, and which document versions and photos differ
from what was journalled, because a readable page may hold other values than were written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from patrol.audit.chain import ChainFault
from patrol.errors.errors import StoreError
from patrol.store.accounts import account_changes
from patrol.store.backup.backup import making
from patrol.store.engine import faults
from patrol.store.engine.engine import connect_to_read, open_engine
from patrol.store.proof.verify_journal import every_fault
from patrol.store.schema.tables import metadata
from patrol.store.store import create_store

NAMED: Final = 1000
"""So many lost rows of a table are named at most; all are counted."""

_PROBES: Final = 32
_MOST: Final = 2**62

_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "transmissions": ("transmissions_by_address", "address, time_us"),
    "journal": ("journal_by_subject", "subject, seq"),
    "papers": ("sqlite_autoindex_papers_1", "id, version"),
    "photos": ("photos_by_hash", "agency, hex(sha256)"),
    "messages": ("messages_by_unit", "unit, created_us"),
}
"""Where a lost row is known by more than its id: the index, and what of it names the row."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a table.

    Attributes:
        saved: How many are in the new store.
        lost_count: How many are not; None where no index that can be read counts them.
        gaps: Ranges of row ids in which nothing could be read, both ends within; a gap may hold no
            row at all.
        lost_names: Lost rows, at most `NAMED`, by what an index tells of them.
    """

    saved: int
    lost_count: int | None = 0
    gaps: tuple[tuple[int, int], ...] = ()
    lost_names: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether no row is missing, as far as can be known."""
        return self.lost_count == 0 or (self.lost_count is None and not self.gaps)


class Salvage(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved.

    Attributes:
        rows: By table.
        faults: What of it is not as the journal tells, and what the journal lacks itself.
        unproved: Versions of documents of which no row of the journal tells any more.
        unread: Tables of which nothing could be read at all, with what SQLite said.
    """

    rows: Mapping[str, Rows]
    faults: tuple[ChainFault, ...] = ()
    unproved: int = 0
    unread: Mapping[str, str] = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing and all is proved."""
        whole = all(each.is_whole for each in self.rows.values())
        return whole and not (self.faults or self.unproved or self.unread)


def salvage(damaged: Path, store: Path) -> Salvage:
    """Make a store of what can be read of a damaged one, which stays as it is.

    All sessions, tokens, sign-in links and codes for phones end: which were ended or used may be
    among what is lost.

    Args:
        damaged: The file, with its -wal beside it where there is one; nobody has it open. It is of
            the newest schema.
        store: The new one; it must not be there.

    Raises:
        StoreError: If nothing can be read of it at all, it is of another schema, or something lies
            where the store is to be. Then there is no store.
        OSError: If it cannot be written.
    """
    if not damaged.is_file():
        raise StoreError(f"there is no file {damaged}")
    with making(store) as part:
        url = f"sqlite:///{part}"
        create_store(url)
        try:
            rows, unread = _copied(damaged, part)
        except sqlite3.Error as error:
            raise StoreError(f"nothing can be read of {damaged}: {error}") from error
        engine = open_engine(url)
        try:
            with engine.begin() as connection:
                account_changes.end_all(connection)
            with connect_to_read(engine) as reading:
                found, unproved = every_fault(reading)
        except SQLAlchemyError as error:
            raise StoreError(f"{part}: {faults.error_text(error)}") from error
        finally:
            engine.dispose()
    return Salvage(rows=rows, faults=found, unproved=unproved, unread=unread)


def _copied(damaged: Path, part: Path) -> tuple[dict[str, Rows], dict[str, str]]:
    # Each statement by itself: one that met damage cannot be committed together with others.
    opened = sqlite3.connect(f"{part.absolute().as_uri()}", uri=True, isolation_level=None)
    with closing(opened) as new:
        new.execute("PRAGMA foreign_keys=OFF")
        new.execute("PRAGMA synchronous=OFF")  # the whole file is synced before it has its name
        # Nobody has it open without a -wal; then none is made either.
        has_wal = damaged.with_name(f"{damaged.name}-wal").exists()
        how = "mode=ro" if has_wal else "mode=ro&immutable=1"
        new.execute("ATTACH ? AS old", (f"{damaged.absolute().as_uri()}?{how}",))
        names = {name for (name,) in new.execute("SELECT name FROM old.sqlite_master")}
        if "journal" not in names:
            raise StoreError(f"{damaged} holds no store")
        _same_schema(new, damaged)
        rows: dict[str, Rows] = {}
        unread: dict[str, str] = {}
        for table in metadata.sorted_tables:
            if table.name not in names:
                raise StoreError(f"{damaged} has no table {table.name}")
            columns = ", ".join(f'"{each.name}"' for each in table.columns)
            name = str(table.name)
            try:
                rows[name] = _Copy(new, name, columns).run()
            except sqlite3.DatabaseError as error:
                unread[name] = str(error)
        return rows, unread


def _same_schema(new: sqlite3.Connection, damaged: Path) -> None:
    query = "SELECT version_num FROM {}.alembic_version"
    (ours,) = new.execute(query.format("main")).fetchone()
    with suppress(sqlite3.DatabaseError):  # that page itself is damaged: it is tried
        row = new.execute(query.format("old")).fetchone()
        if row is not None and row[0] != ours:
            raise StoreError(
                f"{damaged} is at version {row[0]}, this program needs {ours}: salvage it with the"
                " program that wrote it"
            )


class _Copy:
    """Copies one table.

    Args:
        new: The new store, with the damaged one attached as `old`.
        table: Its name.
        columns: Its columns, as SQL.
    """

    def __init__(self, new: sqlite3.Connection, table: str, columns: str) -> None:
        self._new, self._table, self._columns = new, table, columns
        self._gaps: list[tuple[int, int]] = []

    def run(self) -> Rows:
        """Copy what can be read.

        Raises:
            sqlite3.DatabaseError: If nothing can.
        """
        last = self._last()
        if last is not None:
            first = min(1, self._first())
            self._range(first, last)
        (saved,) = self._execute("SELECT count(*) FROM main.{table}").fetchone()
        if not self._gaps and last is not None and last < _MOST:
            with suppress(sqlite3.DatabaseError):
                (there,) = self._execute("SELECT count(*) FROM old.{table} NOT INDEXED").fetchone()
                if there == saved:
                    return Rows(saved=saved)
        if last is None:
            return Rows(saved=saved)
        lost, lost_names = self._lost_rows()
        return Rows(saved=saved, lost_count=lost, gaps=tuple(self._joined()), lost_names=lost_names)

    def _execute(self, words: str, *values: Any) -> sqlite3.Cursor:
        return self._new.execute(
            words.format(table=f'"{self._table}"', columns=self._columns), values
        )

    def _first(self) -> int:
        try:
            (first,) = self._execute("SELECT min(rowid) FROM old.{table} NOT INDEXED").fetchone()
        except sqlite3.DatabaseError:
            return 1
        return 1 if first is None else int(first)

    def _last(self) -> int | None:
        """Return the highest row id, from the table or else from one of its indexes; None: empty.

        Raises:
            sqlite3.DatabaseError: If neither can be read.
        """
        try:
            (last,) = self._execute("SELECT max(rowid) FROM old.{table} NOT INDEXED").fetchone()
        except sqlite3.DatabaseError as error:
            damage = error
        else:
            return None if last is None else int(last)
        for index in self._indexes():
            with suppress(sqlite3.DatabaseError):
                query = f'SELECT max(rowid) FROM old.{{table}} INDEXED BY "{index}"'  # noqa: S608 - a name of the file's own
                (last,) = self._execute(query).fetchone()
                return None if last is None else int(last)
        raise damage

    def _indexes(self) -> Iterator[str]:
        """Yield the indexes that hold all rows of the table."""
        query = "SELECT name FROM pragma_index_list(?, 'old') WHERE partial = 0"
        with suppress(sqlite3.DatabaseError):
            yield from [name for (name,) in self._new.execute(query, (self._table,))]

    def _range(self, first: int, last: int) -> None:
        """Copy the rows with these ids, both ends within; note in which nothing can be read."""
        try:
            self._execute(
                "INSERT OR IGNORE INTO main.{table} (rowid, {columns}) SELECT rowid, {columns}"
                " FROM old.{table} NOT INDEXED WHERE rowid BETWEEN ? AND ?",
                first,
                last,
            )
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise OSError(f"the new store: {error}") from error
        else:
            return
        if first == last or not self._holds_any(first, last):
            self._gaps.append((first, last))
            return
        middle = (first + last) // 2
        self._range(first, middle)
        self._range(middle + 1, last)

    def _holds_any(self, first: int, last: int) -> bool:
        """Return whether something in a range can be read: a short one is always tried."""
        if last - first < 4 * _PROBES:
            return True
        step = (last - first) / _PROBES
        for number in range(_PROBES + 1):
            at = first + int(step * number)
            with suppress(sqlite3.DatabaseError):
                self._execute(
                    "SELECT rowid FROM old.{table} NOT INDEXED WHERE rowid >= ? LIMIT 1", at
                ).fetchone()
                return True
        return False

    def _joined(self) -> Iterator[tuple[int, int]]:
        span: tuple[int, int] | None = None
        for first, last in self._gaps:
            if span is not None and first == span[1] + 1:
                span = span[0], last
                continue
            if span is not None:
                yield span
            span = first, last
        if span is not None:
            yield span

    def _lost_rows(self) -> tuple[int | None, tuple[str, ...]]:
        """Return how many rows are lost, and what names them, by the indexes of the damaged file.

        An index names rows without looking at their table. None where none can be read.
        """
        index, names = _KEYS.get(self._table, ("", "rowid"))
        indexes = list(self._indexes())
        if index in indexes:
            indexes.remove(index)
            indexes.insert(0, index)
        for each in indexes:
            key = names if each == index else "rowid"
            query = (
                f'SELECT {key} FROM old.{{table}} INDEXED BY "{each}"'  # noqa: S608 - as above
                " WHERE rowid NOT IN (SELECT rowid FROM main.{table})"
            )
            with suppress(sqlite3.DatabaseError):
                count = 0
                lost_names: list[str] = []
                for row in self._execute(query):
                    count += 1
                    if len(lost_names) < NAMED:
                        lost_names.append(" ".join(map(str, row)))
                return count, tuple(lost_names)
        return None, ()
