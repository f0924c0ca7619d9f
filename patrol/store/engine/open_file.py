"""Open file: whether the file of a SQLite store still lies where it was opened.

Who has a file open can go on writing to it after it was deleted or moved away, or its disk was
unmounted; all of that is gone with the process. So the names of the store and of what SQLite keeps
beside it must lead to the very files that are open. A file that has its name again is the same; for
another one of that name, such as an older store below a mount point, the server is started anew.
"""

from __future__ import annotations

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
        self._lost: str | None = None
        self._inodes: dict[str, _Inode] = {}
        self._note(str(file))

    def connected(self) -> None:
        """Note what SQLite made beside it: call it when a connection that stays was opened.

        Raises:
            StoreError: If it does not lie there any more.
        """
        self.require()
        for end in _BESIDE:
            self._note(f"{self._file}{end}")

    def require(self) -> None:
        """Make sure that it lies where it was opened.

        Raises:
            StoreReturned: If it does, and once went while it was written to.
            StoreError: If it does not, with what is to be done.
        """
        if self._lost is not None:
            self._require_inodes()
            raise StoreReturned(self._lost)
        self._require_inodes()

    def _require_inodes(self) -> None:
        for name, inode in self._inodes.items():
            if _inode(name) != inode:
                raise StoreError(
                    f"{name} is another file than the one that was opened: stop the server, see to"
                    " it that the right store lies there, and start it again"
                )

    def require_after(self) -> None:
        """Make sure that what was just committed lies there; if not, nothing is any more.

        Whether the store that comes back holds it, nobody knows.

        Raises:
            StoreError: If it does not, then and ever after.
        """
        try:
            self.require()
        except StoreError as error:
            self._lost = (
                f"{self._file} went while it was written to, and is back: the server has to start"
                " anew"
            )
            raise StoreError(f"{error} (it went while it was written to)") from None

    def _note(self, name: str) -> None:
        self._inodes[name] = _inode(name)


def _inode(name: str) -> _Inode:
    try:
        found = Path(name).stat()
    except FileNotFoundError:
        raise StoreError(
            f"{name} is gone: it was deleted or moved away, or its disk is not mounted; nothing is"
            " stored until it is back"
        ) from None
    except OSError as error:
        raise StoreError(f"{name} cannot be reached: {error.strerror}") from error
    return found.st_dev, found.st_ino
