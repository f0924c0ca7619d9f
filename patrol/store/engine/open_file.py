"""Open file: checks that the SQLite file still has the path under which it was opened.

A process can go on writing to an open file after the file was deleted or moved, or its disk was
unmounted; all of that is lost when the process ends. So the paths of the store and of its WAL files
must lead to the files that are open. If the same file is back under its name, work goes on; if
another file has that name, such as an older store below a mount point, the server restarts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from patrol.errors.errors import StoreError, StoreReturned

_BESIDE: Final = ("-wal", "-shm")
"""What SQLite keeps beside a store as long as anybody has it open (sqlite.org/walformat.html)."""

_Inode = tuple[int, int]


class OpenFile:
    """The files of a store, as they were when it was opened.

    Args:
        file: The store.

    Raises:
        StoreError: If there is none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._fault: str | None = None
        self._inodes: dict[str, _Inode] = {}
        self._inodes |= _inodes([str(file)])

    def connected(self) -> None:
        """Remember SQLite's files beside it; call this after the connection that writes was opened.

        Raises:
            StoreError: If it does not lie there any more.
        """
        self.require()
        self._inodes |= _inodes([f"{self._file}{end}" for end in _BESIDE])

    def require(self) -> None:
        """Check that the file still has its path.

        Raises:
            StoreReturned: If it does, and once went while it was written to.
            StoreError: If it does not, with what is to be done.
        """
        for name, inode in _inodes(self._inodes).items():
            if inode != self._inodes[name]:
                raise StoreError(
                    f"{name} is another file than the one that was opened: stop the server, see to"
                    " it that the right store lies there, and start it again"
                )
        if self._fault is not None:
            raise StoreReturned(self._fault)

    def require_after(self) -> None:
        """Check the path after a commit; if the file is gone, nothing more is written.

        Whether that commit is in the file that comes back is not known.

        Raises:
            StoreError: If it does not, then and ever after.
        """
        try:
            self.require()
        except StoreError as error:
            self._fault = (
                f"{self._file} went while it was written to, and is back: the server has to start"
                " anew"
            )
            raise StoreError(f"{error} (it went while it was written to)") from None


def _inodes(names: Iterable[str]) -> dict[str, _Inode]:
    found: dict[str, _Inode] = {}
    for name in names:
        try:
            stat = Path(name).stat()
        except FileNotFoundError:
            raise StoreError(
                f"{name} is gone: it was deleted or moved away, or its disk is not mounted; nothing"
                " is stored until it is back"
            ) from None
        except OSError as error:
            raise StoreError(f"{name} cannot be reached: {error.strerror}") from error
        found[name] = stat.st_dev, stat.st_ino
    return found
