"""Heap: what the C library keeps of memory that is free again; only where it is glibc.

glibc gives each thread an arena of its own, up to eight for a processor, and what is freed in one
is used by no other. Here nearly all memory is asked for under Python's lock, so one arena does.

Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8


def keep_one_arena() -> None:
    """Let all threads take memory from one arena; call it before there are any.

    >>> keep_one_arena()
    """
    library = _library()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what is free, as after a start.

    >>> give_back()
    """
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has none without a name
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
