"""Left out: libraries that other libraries load where they find them, and nothing here needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let a library that is not loaded yet not be found while inside."""
    if name in sys.modules:
        yield
        return
    leave_out(name)
    try:
        yield
    finally:
        del sys.modules[name]


def leave_out(name: str) -> None:
    """Let a library that is not loaded yet not be found in this process any more.

    >>> leave_out("sys")
    """
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's mark for what is not there
