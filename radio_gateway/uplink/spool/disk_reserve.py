"""Disk reserve: room that the spool keeps for when the disk is full.

Making room on a full disk takes room itself, for SQLite's log. So a file lies beside the spool and
is given up then: half of it for more reports, half for the log.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import structlog

RESERVE_BYTES = 2 << 20
_MANY_PAGES = 1 << 31
_WORTH_GROWING = 16  # pages
_log = structlog.get_logger(__name__)


class Reserve:
    """The reserve of one spool.

    Args:
        spool: The spool's file.
    """

    def __init__(self, spool: Path) -> None:
        self._folder = spool.parent
        self._path = spool.with_name(f"{spool.name}.reserve")

    def keep(self, database: sqlite3.Connection) -> bool:
        """Have the reserve, if the disk has room for it and more; the spool may then grow again.

        Returns:
            Whether it was missing and is there again.
        """
        path = self._path
        try:
            if path.exists() and path.stat().st_size == RESERVE_BYTES:
                return False
            if shutil.disk_usage(self._folder).free <= 2 * RESERVE_BYTES:
                return False
            path.write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            _log.warning("no_reserve", path=str(path), fault=str(error))
            return False
        database.execute(f"PRAGMA max_page_count = {_MANY_PAGES}").fetchall()
        return True

    def give_up(self, database: sqlite3.Connection) -> bool:
        """On a full disk: let the spool have half of the reserve, or what else is free.

        Returns:
            Whether the spool may grow by that; else only freed pages take new rows.
        """
        with suppress(OSError):  # a disk that takes nothing: the next attempt tells
            self._path.unlink(missing_ok=True)
        with suppress(sqlite3.OperationalError, OSError):
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
            free = shutil.disk_usage(self._folder).free - RESERVE_BYTES // 2
            more = max(free // int(page_bytes), 0)
            database.execute(f"PRAGMA max_page_count = {pages + more}").fetchall()
            return more >= _WORTH_GROWING
        return False
