"""Open files: how many a process may have, its connections among them."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

if sys.platform != "win32":
    import resource


ENOUGH: Final = 65536
"""As the units for systemd allow."""


def allow_open_files() -> None:
    """Let this process open as many files as it may allow itself, up to what is enough.

    A shell allows 1,024, for the sake of old programs, where the system would allow a process far
    more if it asked: then two hundred pages that come back at once after a restart send each other
    away. Nothing happens where a system knows no such limit, or does not let it be raised.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft_limit = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < soft_limit:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard))
