"""Small disks, and PostgreSQL's tables or its log on one: what is full soon."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.endurance.rig import Rig

if TYPE_CHECKING:
    from tests.fixtures.databases import Server as Postgres

SMALL_MIB: Final = 96
"""Room that a small disk has beside what is on it already.

Of it the log of SQLite keeps 18 once it has grown, PostgreSQL's what `_LOG_MIB` lets it; what is
left must do for all that is sent while the node works off what waited.
"""

_LOG_MIB: Final = 48
_TABLESPACE: Final = "small"


@contextmanager
def small_disk(folder: Path, used: int) -> Iterator[None]:
    """Have a disk in memory at `folder`, with `SMALL_MIB` beside so many bytes, while inside."""
    folder.mkdir()
    size = used // 2**20 + SMALL_MIB
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


@contextmanager
def tablespace_in(rig: Rig, small: Path) -> Iterator[None]:
    """Have the node's database be on a small disk, and the server's log elsewhere, while inside."""
    server, node = _server(rig), rig.stage.node
    name = node.database_name

    def move(tablespace: str) -> None:
        node.stop()
        rig.reader.close()
        with server.connect("postgres") as connection:
            connection.execute(f"ALTER DATABASE {name} SET TABLESPACE {tablespace}".encode())
        node.start()

    with server.connect("postgres") as connection:
        row = connection.execute("SELECT pg_database_size(%s)", (name,)).fetchone()
    assert row is not None
    with small_disk(small, row[0]):
        server.own(small)
        with server.connect("postgres") as connection:
            connection.execute(f"CREATE TABLESPACE {_TABLESPACE} LOCATION '{small}'".encode())
        move(_TABLESPACE)
        try:
            yield
        finally:
            move("pg_default")
            with server.connect("postgres") as connection:
                connection.execute(f"DROP TABLESPACE {_TABLESPACE}".encode())


@contextmanager
def log_in(rig: Rig, small: Path) -> Iterator[None]:
    """Have the server's write-ahead log be on a small disk, and its tables elsewhere, while inside.

    `max_wal_size` is less than the disk: with the default, a gigabyte, it would be full by itself.
    """
    server, node = _server(rig), rig.stage.node
    log = server.folder / "data" / "pg_wal"
    aside = log.with_name("pg_wal_aside")

    def restarted() -> None:
        server.start()
        node.start()

    def stopped() -> None:
        node.stop()
        rig.reader.close()
        server.halt()

    with server.connect("postgres") as connection:
        for name in ("max_wal_size", "min_wal_size"):
            value = f"'{_LOG_MIB}MB'"
            connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
    used = sum(file.stat().st_size for file in log.rglob("*") if file.is_file())
    with small_disk(small, used):
        stopped()
        log.rename(aside)
        shutil.copytree(aside, small / "pg_wal")
        log.symlink_to(small / "pg_wal")
        server.own(small)
        restarted()
        try:
            yield
        finally:
            stopped()
            log.unlink()
            shutil.rmtree(aside)
            shutil.copytree(small / "pg_wal", log)
            server.own(log)
            (server.folder / "data" / "postgresql.auto.conf").write_text("", encoding="ascii")
            restarted()


def _server(rig: Rig) -> Postgres:
    assert rig.database is not None
    return rig.database
