"""Faults of the database and of disks."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.endurance.fault import Plain
from tests.endurance.networks import is_private
from tests.endurance.rig import Rig

SMALL_MIB: Final = 96
"""Room that a small disk has beside what is on it already.

Of it the log of SQLite keeps 18 once it has grown; what is left must do for all that is sent while
the node works off what waited.
"""


class _OfSqlite(Plain):
    def why_not(self, rig: Rig) -> str | None:
        return None if rig.stage.node.is_sqlite else "the store is no file"


class DatabaseLocked(_OfSqlite):
    """Another program writes to the database and does not end."""

    def __init__(self) -> None:
        super().__init__("database locked")
        self._other: sqlite3.Connection | None = None

    def begin(self, rig: Rig) -> None:
        """Take the lock."""
        self._other = sqlite3.connect(
            rig.stage.node.database, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._other.execute("BEGIN IMMEDIATE")

    def end(self, rig: Rig) -> None:
        """Give it back."""
        assert self._other is not None
        self._other.execute("ROLLBACK")
        self._other.close()


class DatabaseGone(_OfSqlite):
    """The database's folder is taken away under the node, and comes back, like a disk."""

    def __init__(self) -> None:
        super().__init__("database gone")

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Have the store in a folder of its own."""
        with _store_in(rig, rig.stage.folder / "apart"):
            yield

    def begin(self, rig: Rig) -> None:
        """Take the folder away."""
        folder = rig.stage.node.database.parent
        folder.rename(folder.with_name("taken-away"))

    def end(self, rig: Rig) -> None:
        """Bring it back."""
        folder = rig.stage.node.database.parent
        folder.with_name("taken-away").rename(folder)


class DatabaseKilled(Plain):
    """PostgreSQL ends as in a power cut, and is started again."""

    def __init__(self) -> None:
        super().__init__("kill -9 database")

    def why_not(self, rig: Rig) -> str | None:
        """It needs PostgreSQL as the store."""
        return "SQLite has no server: give --postgres" if rig.database is None else None

    def begin(self, rig: Rig) -> None:
        """Kill it and all it started."""
        assert rig.database is not None
        rig.database.kill()

    def end(self, rig: Rig) -> None:
        """Start it."""
        assert rig.database is not None
        rig.database.start()


class DiskFull(Plain):
    """The disk of the node's store, or of the gateway's spool, takes no byte more."""

    def __init__(self, whose: str) -> None:
        super().__init__(f"disk full: {whose}")
        self._whose = whose
        self._fill = Path()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def why_not(self, rig: Rig) -> str | None:
        """It needs a mount namespace of one's own."""
        if self._whose == "store" and not rig.stage.node.is_sqlite:
            return "the store is no file"
        return None if is_private() else "needs root, for a small tmpfs"

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Move the files to a small disk."""
        small = rig.stage.folder / f"small-{self._whose}"
        if self._whose == "store":
            size = rig.stage.node.database.stat().st_size
            with _small_disk(small, size), _store_in(rig, small):
                self._fill = small / "fill"
                yield
            return
        gateway = rig.stage.gateway
        with _small_disk(small, gateway.spool.stat().st_size):
            before = gateway.spool
            gateway.stop()
            gateway.spool = _moved(before, small)
            gateway.start()
            self._fill = small / "fill"
            try:
                yield
            finally:
                gateway.stop()
                gateway.spool = _moved(gateway.spool, before.parent)
                gateway.start()

    def begin(self, rig: Rig) -> None:
        """Fill it, and keep it full."""
        self._end.clear()
        self._thread = threading.Thread(target=self._keep_full, daemon=True)
        self._thread.start()

    def end(self, rig: Rig) -> None:
        """Give the room back."""
        self._end.set()
        assert self._thread is not None
        self._thread.join(5)
        self._fill.unlink()

    def _keep_full(self) -> None:
        with self._fill.open("ab", buffering=0) as file:
            while not self._end.is_set():
                for size in (2**20, 4096):
                    with suppress(OSError):
                        while file.write(bytes(size)) == size and not self._end.is_set():
                            pass
                time.sleep(0.05)


@contextmanager
def _store_in(rig: Rig, folder: Path) -> Iterator[None]:
    """Have the node keep its store in another folder while inside."""
    node = rig.stage.node
    before = node.database
    folder.mkdir(exist_ok=True)

    def move(to: Path) -> None:
        node.stop()
        rig.reader.close()
        node.move_store(_moved(node.database, to))
        rig.reader.begin_again(node.store_url)
        node.start()

    move(folder)
    try:
        yield
    finally:
        move(before.parent)


def _moved(database: Path, to: Path) -> Path:
    """Move a SQLite file that nobody has open, with what belongs to it; return where it is."""
    for file in sorted(database.parent.glob(f"{database.name}*")):
        shutil.move(file, to / file.name)
    return to / database.name


@contextmanager
def _small_disk(folder: Path, used: int) -> Iterator[None]:
    folder.mkdir()
    size = used // 2**20 + SMALL_MIB
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()
