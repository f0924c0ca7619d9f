"""Lock: one process at a time works on a store, be it a file or a database on a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from maps.errors.errors import ServerRunning
from maps.settings.settings_tables import SQLITE
from patrol.store.engine.engine import open_engine
from patrol.store.engine.postgres import url_without_password, watch_lock

try:
    import fcntl
except ImportError:  # Windows has no advisory locks of this kind
    fcntl = None  # type: ignore[assignment]

_IN_USE: Final = (
    "is in use by a running server (one that is alone, a Watch or a web process): stop it first"
)


@contextmanager
def store_lock(url: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of the store at `url` while inside.

    Of a file, one beside it; of a database, one in it, held by a connection of its own.

    Args:
        url: The store.
        shared: Others that share may hold it too: those that a lease keeps apart.

    Raises:
        ServerRunning: If another process holds it.
        StoreError: If the database cannot be asked.
    """
    if not url.startswith(SQLITE):
        with _database_lock(url, shared=shared):
            yield
        return
    if fcntl is None:
        yield
        return
    path = Path(url.removeprefix(SQLITE) + ".lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise ServerRunning(f"{path.with_suffix('')} {_IN_USE}") from None
        yield
    finally:
        os.close(handle)


@contextmanager
def _database_lock(url: str, *, shared: bool) -> Iterator[None]:
    engine = open_engine(url)
    try:
        with watch_lock(engine, shared=shared) as free:
            if not free:
                raise ServerRunning(f"{url_without_password(engine)} {_IN_USE}")
            yield
    finally:
        engine.dispose()
