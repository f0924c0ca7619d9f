"""Faults of a store in a file: deleted, its disk unmounted, one of its pages damaged."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.endurance.disk_faults import store_in
from tests.endurance.fault import Plain
from tests.endurance.networks import is_private
from tests.endurance.rig import Rig

TOLD_WITHIN_S: Final = 10.0
_NEEDS_A_FILE: Final = "the store is in no file"


class StoreDeleted(Plain):
    """The files of the store lose their names under the running node, and get them back."""

    def __init__(self) -> None:
        super().__init__("store deleted")
        self._files: dict[Path, Path] = {}

    def why_not(self, rig: Rig) -> str | None:
        """It needs a file."""
        return None if rig.stage.node.is_sqlite else _NEEDS_A_FILE

    def begin(self, rig: Rig) -> None:
        """Delete them; a second name elsewhere keeps what is in them."""
        store = rig.stage.node.database
        aside = rig.stage.folder / "deleted"
        aside.mkdir()
        self._files = {each: aside / each.name for each in _files(store)}
        for file, path in self._files.items():
            os.link(file, path)
            file.unlink()

    def end(self, rig: Rig) -> None:
        """Give them their names back."""
        for file, path in self._files.items():
            path.rename(file)
        (rig.stage.folder / "deleted").rmdir()
        rig.stage.node.start_ended(within_s=3)


class StoreUnmounted(Plain):
    """The disk of the store is unmounted under the running node, and mounted again."""

    def __init__(self) -> None:
        super().__init__("store unmounted")
        self._disk, self._point = Path(), Path()

    def why_not(self, rig: Rig) -> str | None:
        """It needs a file, and a mount namespace of one's own."""
        if not rig.stage.node.is_sqlite:
            return _NEEDS_A_FILE
        return None if is_private() else "needs root, to mount"

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Move the store to a folder that is mounted."""
        self._disk, self._point = rig.stage.folder / "disk", rig.stage.folder / "mounted"
        self._disk.mkdir()
        self._point.mkdir()
        self._mount()
        try:
            with store_in(rig, self._point):
                yield
        finally:
            subprocess.run(["umount", "-l", self._point], check=True)

    def begin(self, rig: Rig) -> None:
        """Unmount it, as pulling out the disk does."""
        subprocess.run(["umount", "-l", self._point], check=True)

    def end(self, rig: Rig) -> None:
        """Mount it."""
        self._mount()
        rig.stage.node.start_ended(within_s=3)

    def _mount(self) -> None:
        subprocess.run(["mount", "--bind", self._disk, self._point], check=True)


class PageDamaged(Plain):
    """A node that starts meets nonsense in place of one page of its store; then that is back."""

    def __init__(self) -> None:
        super().__init__("one damaged page")
        self._page, self._place = b"", 0

    def why_not(self, rig: Rig) -> str | None:
        """It needs a file, and a node that starts on it alone."""
        node = rig.stage.node
        if not node.is_sqlite:
            return _NEEDS_A_FILE
        return "the node is several processes" if node.is_apart else None

    def begin(self, rig: Rig) -> None:
        """Stop the node, damage the page and start it: it is to name file and table and end.

        Raises:
            TimeoutError: If it says neither within `TOLD_WITHIN_S` after it ended, or does not end.
        """
        node = rig.stage.node
        node.stop()
        with closing(sqlite3.connect(node.database)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            text = "SELECT rootpage FROM sqlite_master WHERE type='table' AND name='units'"
            (number,) = database.execute(text).fetchone()
            (size,) = database.execute("PRAGMA page_size").fetchone()
        self._place = (number - 1) * size
        with node.database.open("rb+") as file:
            file.seek(self._place)
            self._page = file.read(size)
            file.seek(self._place)
            file.write(os.urandom(size))
        said_before = len(node.log.read_text(encoding="utf-8"))
        complaint = f"{node.database} is damaged, in the table units ("
        end = time.monotonic() + TOLD_WITHIN_S + 20  # it imports and reads its geography first
        node.launch()
        while complaint not in node.log.read_text(encoding="utf-8")[said_before:]:
            if time.monotonic() > end:
                raise TimeoutError("the damaged page is not told of")
            time.sleep(0.05)

    def end(self, rig: Rig) -> None:
        """Put the page back and start it."""
        node = rig.stage.node
        node.stop()
        with node.database.open("rb+") as file:
            file.seek(self._place)
            file.write(self._page)
        node.start()


def _files(store: Path) -> list[Path]:
    return [store, *(store.with_name(f"{store.name}-{what}") for what in ("wal", "shm"))]
