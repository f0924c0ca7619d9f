"""Folders: whether spool and journal can be kept where the settings say; makes and changes nothing.

SQLite and the system say "unable to open database file" and "disk I/O error"; who reads that at
night needs to know which folder, what is wrong with it, and for whom.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_BESIDE = ("", "-wal", "-shm", ".reserve")  # the spool's files


def spool_fault(path: Path) -> str | None:
    """Return why the spool cannot be kept in the file `path`; None when it can."""
    folder = path.parent
    if not folder.exists():
        return f"{path}: the folder {folder} is missing"
    fault = _folder_fault(folder)
    if fault is not None:
        return f"{path}: {fault}"
    for name in _BESIDE:
        file = path.with_name(path.name + name)
        if file.exists() and not file.is_file():
            return f"{file}: is no file"
        if file.exists() and not _may(file, os.R_OK | os.W_OK):
            return f"{file}: is not writable by {_process_user()}"
    return None


def journal_fault(folder: Path) -> str | None:
    """Return why no journal can be kept in `folder`, which may have to be made; None when one can.

    Whether another process keeps one there is not looked at: it may be the gateway itself.
    """
    made = folder
    while not made.exists() and made != made.parent:
        made = made.parent
    fault = _folder_fault(made)
    if fault is None:
        return None
    return f"{folder}: {fault}" if made == folder else f"{folder}: cannot be made: {fault}"


def _folder_fault(folder: Path) -> str | None:
    if not folder.is_dir():
        return f"{folder} is no folder"
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return f"the folder {folder} lies on a read-only file system"
    if not _may(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"the folder {folder} is not writable by {_process_user()}"
    return None


def _may(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _process_user() -> str:
    number = os.geteuid()
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"
