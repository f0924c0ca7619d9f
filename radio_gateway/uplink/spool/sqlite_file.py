"""The spool's file: SQLite, made, opened by one process only, and saved when it is damaged.

A memory card loses pages. A damaged file is set aside under another name, never the only copy
deleted, and what can still be read of it goes into a new one under the same numbers: a gateway
that hears is worth more than one that waits for a technician.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from radio_gateway.errors.errors import GatewayError
from radio_gateway.runtime import systemd as service
from radio_gateway.uplink.wire.envelope import EnvelopeError, read_item

VERSION = 2
DISTRESS, WORDS, ROUTINE = 2, 1, 0
DAMAGED_KEPT = 5
_SAVED_AT_A_TIME = 500
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value NOT NULL);
CREATE TABLE waiting (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  rank INTEGER NOT NULL,    -- 2 distress, 1 words for people, 0 routine
  address TEXT,             -- of a position that is worth showing at once; else NULL
  time_ms INTEGER NOT NULL, -- the device's clock, or when it was heard
  heard_ms INTEGER NOT NULL,
  kept_s INTEGER NOT NULL,  -- how long this spool had been in use by then
  channel TEXT NOT NULL,
  said BLOB NOT NULL
);
CREATE INDEX waiting_newest ON waiting (address, time_ms) WHERE address IS NOT NULL;
CREATE INDEX waiting_rank ON waiting (rank, number) WHERE rank > 0;
CREATE TABLE refused (number INTEGER PRIMARY KEY, said BLOB NOT NULL);
"""
_COLUMNS = "number, rank, address, time_ms, heard_ms, kept_s, channel, said"
_UP, _DOWN = "ORDER BY number", "ORDER BY number DESC"
_log = structlog.get_logger(__name__)


class SpoolError(GatewayError):
    """The spool cannot be opened, read or written.

    Args:
        path: The file.
        fault: What happened.
    """

    def __init__(self, path: Path, fault: str) -> None:
        self.path, self.fault = path, fault
        super().__init__(f"{path}: {fault}")


def open_file(path: Path) -> sqlite3.Connection:
    """Open the file, making it if need be; set a damaged one aside and save what it holds.

    A new file says from its first moment on what is to be saved into it. So what was cut off, by a
    disk that had no room for it or by the power, is done at the next opening.

    Raises:
        SpoolError: If it cannot be opened or made, or another process has it open.
    """
    try:
        try:
            database = _connect(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            aside = _set_aside(path)
            _log.error("spool_damaged", path=str(path), kept_as=str(aside), fault=str(error))
            database = _connect(path, aside)
    except sqlite3.DatabaseError as error:
        raise SpoolError(path, _fault(error)) from error
    owed = database.execute("SELECT value FROM about WHERE name = 'saving'").fetchone()
    if owed is not None and _save(path.with_name(owed[0]), database):
        with suppress(sqlite3.Error), database:  # else it is looked at once more
            database.execute("DELETE FROM about WHERE name = 'saving'")
    return database


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether `error` says that the file itself is damaged."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_full(error: sqlite3.Error) -> bool:
    """Return whether `error` says that the disk has no room, or takes nothing."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def damaged_beside(path: Path) -> list[Path]:
    """Return the damaged files that were set aside, oldest first."""
    return sorted(
        each
        for each in path.parent.glob(f"{path.name}.damaged-*")
        if not each.name.endswith(("-wal", "-shm"))
    )


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _fault(error: sqlite3.Error) -> str:
    if _code(error) == sqlite3.SQLITE_BUSY:
        return "another process has it open"
    return str(error)


def _connect(path: Path, aside: Path | None = None) -> sqlite3.Connection:
    """Open the file; one that is made anew is to hold what `aside` held, or the last set aside."""
    database = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
    try:
        # one process only: two would send everything twice
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA temp_store = MEMORY")  # a full disk has no room to sort on
        # a short log beside the file: on a full disk, moving it into the file takes room
        database.execute("PRAGMA wal_autocheckpoint = 128")
        database.execute("PRAGMA journal_size_limit = 1048576")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            # with its identity in one transaction: killed between, it would never open again
            identity = secrets.token_hex(8)
            about = f"('id', '{identity}'), ('ran_s', 0)"
            for each in [aside] if aside is not None else damaged_beside(path)[-1:]:
                name = each.name.replace("'", "''")
                about += f", ('saving', '{name}')"
            database.executescript(
                f"BEGIN; {_SCHEMA} INSERT INTO about VALUES {about}; "  # noqa: S608
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif version != VERSION:
            raise SpoolError(path, f"is of version {version}, this program writes {VERSION}")
        problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            error = sqlite3.DatabaseError(problem)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    except BaseException:
        database.close()
        raise
    return database


def _set_aside(path: Path) -> Path:
    """Rename the file and what belongs to it; return its new name."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
    # its log first: were the process killed between, a new file must not find an old one's log
    for rest in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + rest).rename(aside.with_name(aside.name + rest))
    path.rename(aside)
    for old in damaged_beside(path)[:-DAMAGED_KEPT]:
        for rest in ("", "-wal", "-shm"):
            old.with_name(old.name + rest).unlink(missing_ok=True)
    return aside


def _save(aside: Path, database: sqlite3.Connection) -> bool:
    """Copy what can be read of a damaged file, calls for help first, from both its ends.

    Returns:
        Whether there is no more to be had of it.
    """
    saved = reached = 0
    done = True
    if not aside.exists():
        return done
    try:
        # a damaged log hides the file it belongs to; the pages in the file may be sound
        old = sqlite3.connect(aside)
    except sqlite3.Error as error:
        _log.error("nothing_saved", path=str(aside), fault=str(error))
        return done
    try:
        # First, for numbers are never given twice: were the rest cut off, what is heard meanwhile
        # would stand where it is to go.
        queries = ("SELECT seq FROM sqlite_sequence", "SELECT max(number) FROM waiting")
        known = (row[0] for query in queries for row in _readable(old, query))
        highest = max((number for number in known if isinstance(number, int)), default=0)
        with database:
            database.execute(
                "INSERT INTO sqlite_sequence SELECT 'waiting', 0 WHERE NOT EXISTS "
                "(SELECT 1 FROM sqlite_sequence WHERE name = 'waiting')"
            )
            database.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'waiting'", (highest,)
            )
        for part in ("WHERE rank > 0 ORDER BY rank DESC, number", _UP, _DOWN):
            rows = _readable(old, f"SELECT {_COLUMNS} FROM waiting {part}")  # noqa: S608 - ours
            while batch := list(islice(rows, _SAVED_AT_A_TIME)):
                with database:
                    cursor = database.executemany(
                        "INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch
                    )
                saved += cursor.rowcount
                service.notify("EXTEND_TIMEOUT_USEC=60000000")
                if part == _UP:
                    reached = batch[-1][0]
                elif part == _DOWN and batch[-1][0] <= reached:
                    break
    except sqlite3.Error as error:  # the new file takes no more: a full disk
        _log.error("not_all_saved", path=str(aside), fault=str(error))
        done = False
    finally:
        old.close()
    _log.warning("spool_saved", saved=saved, of=str(aside))
    return done


def _readable(old: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows of `query` up to the first that cannot be read, and only sound ones."""
    try:
        for row in old.execute(query):
            if len(row) > 1:
                try:
                    read_item(row[-1])
                except (EnvelopeError, TypeError):
                    continue
            yield row
    except sqlite3.Error:
        return
