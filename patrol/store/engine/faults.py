"""Faults: tells faults of the database from faults of the data in a failed statement.

A fault of the database is temporary (a full disk, a lock, a server that restarts), and the
statement is retried until it succeeds. A fault of the record or the query itself is permanent.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_SCHEMA,
    }
)

_POSTGRES: Final = frozenset(
    {
        "08",  # the connection broke
        "25",  # a server that only reads: a standby, or one whose disk is full
        "28",  # it lets nobody in
        "3D",  # there is no such database
        "40",  # deadlock
        "42501",  # it lets us in, and no further
        "53",  # disk, memory or connections are used up
        "55",  # a lock was not had in time
        "57",  # an administrator ended it, or it starts or stops
        "58",  # the operating system failed
        "F0",  # a configuration file
        "XX",  # it found damage in itself
    }
)
"""Classes of SQLSTATE (PostgreSQL, appendix A), the first two characters; or a whole code.

What is missing is of the record: 22 a value out of range or text that is none, 23 a constraint,
54 a row or key that is too long, and 42, which is a fault of this program.
"""


def is_of_store(error: SQLAlchemyError) -> bool:
    """Return whether `error` is a fault of the database, not of the record or query."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the kind; what stands above it says more of the same.
        return code & 0xFF in _SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _POSTGRES or state[:2] in _POSTGRES
    # The driver says by its kind that there is no connection; it has no code for that.
    return type(error.orig).__name__ in ("OperationalError", "ConnectionTimeout")


def is_damage(error: SQLAlchemyError) -> bool:
    """Return whether SQLite found that its file is not as it wrote it."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def error_text(error: BaseException) -> str:
    """Return the database's error message, without the statement."""
    return str(error.__cause__ or error).strip()
