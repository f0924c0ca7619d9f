"""Atomic folder: a folder or file that nobody sees before all of it is on disk.

It is written under another name beside its place and gets its own in one step. Whoever is killed
before that leaves something that the next one takes away.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_MARK: Final = ".new-"
_CWD: Final = -100  # AT_FDCWD
_EXCHANGE: Final = 2  # RENAME_EXCHANGE


@contextmanager
def new_folder(folder: Path, *, aside: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder to write into, which is then `folder`.

    Args:
        folder: Where it goes. What is there is either nothing or an empty folder, whose owner and
            mode stay.
        aside: Where what is there goes in the same step; None: nothing may be there.

    Raises:
        OSError: If it cannot be made, or something is there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    made = _sibling(folder)
    made.mkdir(mode=0o700)
    try:
        if folder.exists():
            _like(made, folder)
        yield made
        sync_folder(made)
        if aside is None or not folder.exists():
            made.rename(folder)  # only over nothing, or an empty folder
        else:
            _exchange(made, folder, aside)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    sync_folder(folder.parent)


@contextmanager
def new_file(path: Path, body: bytes) -> Iterator[None]:
    """Write a file beside `path` that is `path` once all inside has gone well.

    Raises:
        OSError: If it cannot be written.
    """
    path = path.resolve()  # a link to it stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    made = _sibling(path)
    try:
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(handle, "wb") as file:
            if path.exists():
                _like(made, path)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        yield
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    with suppress(OSError):  # a folder cannot be opened on every system
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sibling(path: Path) -> Path:
    path = path.absolute()
    return path.with_name(f".{path.name}{_MARK}{os.getpid()}")


def _sweep(path: Path) -> None:
    """Take away what a process that is no more has left beside a path."""
    path = path.absolute()
    for left in list(path.parent.iterdir()):
        if not left.name.startswith(f".{path.name}{_MARK}"):
            continue
        number = left.name.rpartition("-")[2]
        if not number.isdecimal() or (_is_running(int(number)) and int(number) != os.getpid()):
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another's; nobody can tell
        return True
    return True


def _like(made: Path, known: Path) -> None:
    """Give something the mode and owner of what it takes the place of."""
    about = known.stat()
    made.chmod(about.st_mode & 0o7777)
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(made, about.st_uid, about.st_gid)


def _exchange(made: Path, folder: Path, aside: Path) -> None:
    """Let two folders change places, and put the old one aside."""
    if not _changed_places(made, folder):
        folder.rename(aside)
        try:
            made.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
        return
    try:
        made.rename(aside)
    except BaseException:
        _changed_places(made, folder)  # back: what is thrown away then is the new one
        raise


def _changed_places(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; return False where the system has none."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_CWD, os.fsencode(one), _CWD, os.fsencode(other.absolute()), _EXCHANGE) == 0:
        return True
    fault = ctypes.get_errno()
    if fault in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(fault, os.strerror(fault), str(other))
