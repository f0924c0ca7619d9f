"""Faults of the database: locked, gone, killed, and what only a server of its own can have."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from tests.endurance.disk_faults import DiskFull, store_in
from tests.endurance.fault import Plain
from tests.endurance.rig import Rig
from tests.endurance.small_disks import SMALL_MIB, log_in

if TYPE_CHECKING:
    import psycopg

    from tests.fixtures.databases import Server as Postgres

GONE_S: Final = 20.0
"""How long a server is away beside what all faults last: in all, three leases."""


class _OfPostgres(Plain):
    """What only a server has; SQLite has none."""

    def why_not(self, rig: Rig) -> str | None:
        """It needs PostgreSQL as the store."""
        return "SQLite has no server: give --postgres" if rig.database is None else None


class DatabaseLocked(Plain):
    """Another program writes to the database and does not end: nobody else can."""

    def __init__(self) -> None:
        super().__init__("database locked")
        self._other: sqlite3.Connection | psycopg.Connection[Any] | None = None

    def begin(self, rig: Rig) -> None:
        """Take the lock."""
        if rig.database is None:
            self._other = sqlite3.connect(
                rig.stage.node.database, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._other.execute("BEGIN IMMEDIATE")
            return
        from tests.fixtures.databases import WRITING  # only who has a server has its driver

        self._other = rig.database.connect(rig.stage.node.database_name)
        self._other.execute("BEGIN")
        self._other.execute("SELECT pg_advisory_xact_lock(%s)", (WRITING,))

    def end(self, rig: Rig) -> None:
        """Give it back."""
        assert self._other is not None
        self._other.execute("ROLLBACK")
        self._other.close()


class TableLocked(_OfPostgres):
    """Somebody alters the table of all reports and does not end: none can be written or read."""

    def __init__(self) -> None:
        super().__init__("table locked")
        self._other: psycopg.Connection[Any] | None = None

    def begin(self, rig: Rig) -> None:
        """Take the lock."""
        self._other = _server(rig).connect(rig.stage.node.database_name)
        self._other.execute("BEGIN")
        self._other.execute("LOCK TABLE transmissions IN ACCESS EXCLUSIVE MODE")

    def end(self, rig: Rig) -> None:
        """Give it back."""
        assert self._other is not None
        self._other.execute("ROLLBACK")
        self._other.close()


class DatabaseOnlyReads(_OfPostgres):
    """The server comes back as a standby, which only reads, and is promoted at the end."""

    def __init__(self) -> None:
        super().__init__("database only reads")

    def begin(self, rig: Rig) -> None:
        """Have it start as a standby."""
        server = _server(rig)
        server.halt()
        (server.folder / "data" / "standby.signal").touch()
        server.start()

    def end(self, rig: Rig) -> None:
        """Promote it."""
        with _server(rig).connect("postgres") as connection:
            connection.execute("SELECT pg_promote()")


class NoConnectionLeft(_OfPostgres):
    """Others have all connections of the server; ours are cut, and there is no new one."""

    def __init__(self) -> None:
        super().__init__("no connection left")
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, rig: Rig) -> None:
        """Take all, and what the node gets in between as well."""
        self._end.clear()
        self._thread = threading.Thread(target=self._take_all, args=(_server(rig),), daemon=True)
        self._thread.start()

    def end(self, rig: Rig) -> None:
        """Give them back."""
        self._end.set()
        assert self._thread is not None
        self._thread.join(10)

    def _take_all(self, server: Postgres) -> None:
        from psycopg import OperationalError

        with ExitStack() as held:
            first = held.enter_context(server.connect("postgres"))
            while not self._end.is_set():
                with suppress(OperationalError):
                    while not self._end.is_set():
                        held.enter_context(server.connect("postgres"))
                first.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'joint-patrol'"
                )


class DatabaseGone(Plain):
    """The database goes away in order, and comes back: its folder like a disk, or its server."""

    def __init__(self) -> None:
        super().__init__("database gone")

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Have a file in a folder of its own."""
        if rig.database is not None:
            yield
            return
        with store_in(rig, rig.stage.folder / "apart"):
            yield

    def begin(self, rig: Rig) -> None:
        """Take the folder away, or stop the server for a good while."""
        if rig.database is not None:
            rig.database.halt()
            time.sleep(GONE_S)
            return
        folder = rig.stage.node.database.parent
        folder.rename(folder.with_name("taken-away"))

    def end(self, rig: Rig) -> None:
        """Bring it back."""
        if rig.database is not None:
            rig.database.start()
            return
        folder = rig.stage.node.database.parent
        folder.with_name("taken-away").rename(folder)
        rig.stage.node.start_ended(within_s=3)


class DatabaseKilled(_OfPostgres):
    """PostgreSQL ends as in a power cut, and is started again."""

    def __init__(self) -> None:
        super().__init__("kill -9 database")

    def begin(self, rig: Rig) -> None:
        """Kill it and all it started."""
        _server(rig).kill()

    def end(self, rig: Rig) -> None:
        """Start it."""
        _server(rig).start()


class LogDiskFull(DiskFull):
    """The disk of PostgreSQL's write-ahead log takes no byte more: the server ends itself."""

    def __init__(self) -> None:
        super().__init__("log")

    def why_not(self, rig: Rig) -> str | None:
        """It needs such a server, too."""
        return _OfPostgres("").why_not(rig) or super().why_not(rig)

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Move the log to a small disk."""
        small = _server(rig).folder / "small-log"
        with log_in(rig, small):
            self._fill = small / "fill"
            yield

    def begin(self, rig: Rig) -> None:
        """Fill the disk, then the room that the log has kept."""
        super().begin(rig)
        from psycopg import OperationalError

        with suppress(OperationalError), _server(rig).connect("postgres") as connection:
            for _ in range(2 * SMALL_MIB):
                connection.execute(
                    "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1048576))"
                )
            raise AssertionError("the log still has room")

    def end(self, rig: Rig) -> None:
        """Give the room back, and start the server, which gave up."""
        super().end(rig)
        server = _server(rig)
        from psycopg import OperationalError

        while server.runs:  # it may be about to give up, or well again by itself
            with suppress(OperationalError), server.connect("postgres"):
                return
            time.sleep(0.1)
        server.start()


def _server(rig: Rig) -> Postgres:
    assert rig.database is not None
    return rig.database
