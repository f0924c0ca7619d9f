"""Damage: finds the tables of a SQLite file that hold an unreadable page, and says what to do.

SQLite's own error says only that the image is malformed, at the first damaged page it read.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from patrol.errors.errors import StoreError

WAITS_S: Final = 2.0
"""How long who met damage waits for the whole file to be looked through; a large one takes longer,
and the next one who meets it is told more."""


def damaged_tables(file: Path) -> dict[str, str]:
    """Return the fault of each table that has a damaged page, in the table or in one of its
    indexes.

    Changes nothing; a server may go on meanwhile. Reads the whole file: about a second a GB where
    it is in memory, else as fast as the disk.

    Returns:
        By table, the first thing that SQLite says of it. The table `sqlite_master` stands for the
        list of tables itself.

    Raises:
        StoreError: If it cannot be looked through.
    """
    # Nobody has it open without a -wal; then none is made either.
    how = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "mode=ro&immutable=1"
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as database:
        try:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rootpage"
            names = [name for (name,) in database.execute(query)]
        except sqlite3.DatabaseError as error:
            return {"sqlite_master": _damage_in(error)}
        found: dict[str, str] = {}
        for name in names:
            fault = _fault(database, name)
            if fault is not None:
                found[name] = fault
        return found


def damage_text(file: Path, error: str, tables: dict[str, str] | None) -> str:
    """Return the message for people about a damaged file.

    Args:
        file: The store.
        error: SQLite's error message.
        tables: What `damaged_tables` found; None while that is not known.
    """
    if tables is None:
        where = "`joint-patrol check` says in which table"
    elif tables:
        where = "in " + ", ".join(f"the table {name} ({fault})" for name, fault in tables.items())
    else:
        where = "in no table that can be named"
    return (
        f"{file} is damaged, {where}: {error}. Stop the server, keep a copy of the file and of its"
        " -wal, look at the disk, and restore the newest back-up"
        " (docs/guides/store.md, A damaged file)"
    )


class DamageReport:
    """The damage of one file; the file is checked once, after the first error of this kind.

    Args:
        file: The store.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looking: asyncio.Task[dict[str, str]] | None = None

    async def describe(self, fault: str) -> str:
        """Return the message for people about an error `fault` of SQLite."""
        if self._looking is None:
            self._looking = asyncio.create_task(asyncio.to_thread(damaged_tables, self._file))
        await asyncio.wait({self._looking}, timeout=WAITS_S)
        done = self._looking.done() and not self._looking.cancelled()
        known = done and self._looking.exception() is None
        return damage_text(self._file, fault, self._looking.result() if known else None)


def _fault(database: sqlite3.Connection, table: str) -> str | None:
    quoted = table.replace("'", "''")
    try:
        (verdict,) = database.execute(f"PRAGMA quick_check('{quoted}')").fetchone()
    except sqlite3.DatabaseError as error:
        verdict = _damage_in(error)
    lines = [line for line in str(verdict).splitlines() if line and not line.startswith("***")]
    return None if verdict == "ok" else (lines or [str(verdict)])[0]


def _damage_in(error: sqlite3.DatabaseError) -> str:
    """Return SQLite's message about damage.

    Raises:
        StoreError: If it speaks of a lock or of the disk: that is no damage of the file.
    """
    if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        raise StoreError(f"the store cannot be looked through: {error}") from error
    return str(error)
