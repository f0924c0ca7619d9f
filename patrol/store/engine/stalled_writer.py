"""WriterStall: ends the PostgreSQL session of a writer that stopped in the middle of a statement.

A writer that stopped between two statements is ended by `idle_in_transaction_session_timeout`. In
the middle of a COPY, or of a half-sent statement, the server waits for the rest for ever, and none
of its timeouts applies; the session has to be terminated (PostgreSQL 17,
`ProcessClientReadInterrupt` in src/backend/tcop/postgres.c). So a writer that cannot get the lock
looks who holds it, and terminates a session that makes no progress.
"""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from patrol.store.engine import faults

STOPPED_S: Final = 10.0
"""For how long the server must have had not one byte of a statement that it waits for."""

_LOOKS_APART_S: Final = 6.0
"""A longer pause between two looks counts as this long, less than `STOPPED_S`: who was stopped may
have been stopped together with the one that looks, and is looked at once more."""

# `bytes_processed` is missing where what is awaited is no row of a COPY.
_STANDS: Final = """
  FROM pg_locks
  JOIN pg_database ON pg_database.oid = pg_locks.database
  JOIN pg_stat_activity USING (pid)
  LEFT JOIN pg_stat_progress_copy USING (pid)
 WHERE locktype = 'advisory' AND granted AND classid = 0 AND objsubid = 1
   AND pg_database.datname = current_database() AND objid = %(key)s
   AND state = 'active' AND wait_event = 'ClientRead'
"""
_WHO: Final = (
    "SELECT pid, backend_start::text, xact_start::text, query_start::text,"
    f" coalesce(bytes_processed, 0), application_name {_STANDS}"
)
_END: Final = (
    f"SELECT pg_terminate_backend(pid, 2000) {_STANDS}"
    " AND pid = %(pid)s AND query_start::text = %(query)s"
    " AND coalesce(bytes_processed, 0) = %(bytes)s"
)

_log = structlog.get_logger(__name__)


class WriterStall:
    """Watches the session that holds a lock, from one check to the next.

    Args:
        engine: The database.
        key: Of the advisory lock that a transaction takes before it writes.
    """

    def __init__(self, engine: Engine, *, key: int) -> None:
        self._engine, self._key = engine, key
        self._last_commits: tuple[object, ...] | None = None
        self._looked_s = self._stalled_s = 0.0
        self._one_at_a_time = Lock()

    def look(self) -> None:
        """Check the lock's holder; end its session if it made no progress for `STOPPED_S`.

        Call it each time the lock was not obtained. If the database cannot be asked, it is asked
        again next time.
        """
        with self._one_at_a_time:
            try:
                self._look()
            except SQLAlchemyError as error:
                _log.warning("stopped_writer_not_looked_for", fault=faults.error_text(error))

    def _look(self) -> None:
        options = {"isolation_level": "AUTOCOMMIT", "reads": True}
        with self._engine.connect().execution_options(**options) as connection:
            found = connection.exec_driver_sql(_WHO, {"key": self._key}).one_or_none()
            now_s = monotonic()
            commits = None if found is None else tuple(found)
            if commits is None or commits != self._last_commits:
                self._stalled_s = 0.0
            else:
                self._stalled_s += min(now_s - self._looked_s, _LOOKS_APART_S)
            self._last_commits, self._looked_s = commits, now_s
            if commits is None or self._stalled_s < STOPPED_S:
                return
            pid, _, _, query, processed, name = commits
            given = {"key": self._key, "pid": pid, "query": query, "bytes": processed}
            if connection.exec_driver_sql(_END, given).scalar_one_or_none():
                _log.warning("stopped_writer_ended", server_pid=pid, name=name)
