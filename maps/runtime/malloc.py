"""Heap: what the C library keeps of memory that is free again; only where it is glibc.

glibc gives each thread an arena of its own, up to eight for a processor, and what is freed in one
is used by no other. Here nearly all memory is asked for under Python's lock, so one arena does.

What is very large it takes from the system by itself, and gives back when it is freed; until the
first such is freed: from then on it takes what is as large out of the arena. The tables that
remember 200,000 messages are 14 and 20 MiB, and made anew every 500,000 messages: holes of the old
ones were left in the arena, small things settled in them, and the next ones did not fit.

Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
_M_TRIM_THRESHOLD: Final = -1
_VERY_LARGE_BYTES: Final = 8 * 2**20
"""More than what is made for a moment: to take that from the system each time would cost."""

_SPARE_BYTES: Final = 2 * 2**20
"""What may be free at the end of the arena; with 16 MiB a server at 500/s took 4 MiB more."""


def keep_one_arena() -> None:
    """Let all threads take memory from one arena; call it before there are any.

    >>> keep_one_arena()
    """
    library = _library()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)


def keep_very_large_apart() -> None:
    """Take what is very large from the system, and give it back when it is freed, for ever.

    >>> keep_very_large_apart()
    """
    library = _library()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, _VERY_LARGE_BYTES)
        # else the end of the arena went back and forth with every 128 KiB
        library.mallopt(_M_TRIM_THRESHOLD, _SPARE_BYTES)


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
