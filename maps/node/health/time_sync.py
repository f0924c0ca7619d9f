"""Time sync: whether something keeps the computer's clock right, as the kernel knows it."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronized
_ROOM: Final = 512  # more than a struct timex has on any platform


def is_synchronized() -> bool | None:
    """Return whether the clock is kept right by NTP, a receiver or their like; None: not known."""
    if sys.platform != "linux":
        return None
    try:
        # `modes` is the first field: nothing is set with it 0, and nobody needs a right to ask.
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_ROOM))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
