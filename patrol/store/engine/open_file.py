"""Open file: whether the file of a SQLite store still lies where it was opened.

Who has a file open can go on writing to it after it was deleted or moved away, or its disk was
unmounted; all of that is gone with the process. So the names of the store and of what SQLite keeps
beside it must lead to the very files that are open. A file that has its name again is the same; for
another one of that name, such as an older store below a mount point, the server is started anew.
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
        """Note what SQLite made beside it: call it when a connection that stays was opened.

        Raises:
            StoreError: If it does not lie there any more.
        """
        self.require()
        self._inodes |= _inodes([f"{self._file}{end}" for end in _BESIDE])

    def require(self) -> None:
        """Make sure that it lies where it was opened.

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
        """Make sure that what was just committed lies there; if not, nothing is any more.

        Whether the store that comes back holds it, nobody knows.

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
