"""Faults of disks: one that is full, under the store, or under a gateway's spool."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from tests.endurance.fault import Plain
from tests.endurance.networks import is_private
from tests.endurance.rig import Rig
from tests.endurance.small_disks import small_disk, tablespace_in


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
        return None if is_private() else "needs root, for a small tmpfs"

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Move the files to a small disk."""
        # What a database server reads must lie where its user may look.
        folder = rig.stage.folder if rig.database is None else rig.database.folder
        small = folder / f"small-{self._whose}"
        with self._moved_to(rig, small):
            self._fill = small / "fill"
            yield

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

    def _moved_to(self, rig: Rig, small: Path) -> AbstractContextManager[None]:
        if self._whose == "spool":
            return _spool_in(rig, small)
        return _file_in(rig, small) if rig.database is None else tablespace_in(rig, small)

    def _keep_full(self) -> None:
        with self._fill.open("ab", buffering=0) as file:
            while not self._end.is_set():
                for size in (2**20, 4096):
                    with suppress(OSError):
                        while file.write(bytes(size)) == size and not self._end.is_set():
                            pass
                time.sleep(0.05)


@contextmanager
def store_in(rig: Rig, folder: Path) -> Iterator[None]:
    """Have the node keep its store, a file, in another folder while inside."""
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


@contextmanager
def _file_in(rig: Rig, small: Path) -> Iterator[None]:
    with small_disk(small, rig.stage.node.database.stat().st_size), store_in(rig, small):
        yield


@contextmanager
def _spool_in(rig: Rig, small: Path) -> Iterator[None]:
    gateway = rig.stage.gateway
    before = gateway.spool
    with small_disk(small, before.stat().st_size):
        gateway.stop()
        gateway.spool = _moved(before, small)
        gateway.start()
        try:
            yield
        finally:
            gateway.stop()
            gateway.spool = _moved(gateway.spool, before.parent)
            gateway.start()


def _moved(database: Path, to: Path) -> Path:
    """Move a SQLite file that nobody has open, with what belongs to it; return where it is."""
    for file in sorted(database.parent.glob(f"{database.name}*")):
        shutil.move(file, to / file.name)
    return to / database.name
