"""Lock: one process at a time works on a store of one file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maps.errors import ServerRunning

try:
    import fcntl
except ImportError:  # Windows has no advisory locks of this kind
    fcntl = None  # type: ignore[assignment]


@contextmanager
def store_lock(url: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of the store at `url` while inside; does nothing for a database server.

    Args:
        url: The store.
        shared: Others that share may hold it too: those that a lease keeps apart.

    Raises:
        ServerRunning: If another process holds it.
    """
    start = "sqlite:///"
    if fcntl is None or not url.startswith(start):
        yield
        return
    path = Path(url.removeprefix(start) + ".lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise ServerRunning(f"{path.with_suffix('')} is in use by a running server") from None
        yield
    finally:
        os.close(handle)
