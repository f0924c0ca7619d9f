"""A clock that can be set while a process of the run's own reads it: libfaketime, preloaded.

Only what tells the time of day is set. What measures how long something takes, and every wait, is
let alone, as when the clock of a machine is set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

READ_AGAIN_S: Final = 1
"""How long a process keeps what it read of how its clock is set, whole seconds."""

_LIBRARIES: Final = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
)
_TURN_MS: Final = 1
"""A thread's turn in the node, as `maps.app.uvicorn_server.take_short_turns` has it."""


class Clock:
    """A clock that is right until it is set.

    Args:
        file: Where it stands how it is set; it is made.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """What a process that goes by this clock has in its environment from its start.

        libfaketime up to 0.9.10 takes the deadline of `pthread_cond_timedwait` for a time of day
        even where the clock is the monotonic one, so that the wait is over at once
        (https://github.com/wolfcw/libfaketime/pull/503). Python waits so for its interpreter lock
        and for nothing else: each thread that wanted its turn asked for it without a pause, and
        two that reckon took seven times their CPU time. FAKETIME_WAIT_MS says how long instead.
        """
        return {
            "LD_PRELOAD": library() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(READ_AGAIN_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # what it was called before
            "FAKETIME_WAIT_MS": str(_TURN_MS),
        }

    def set(self, ahead_s: int) -> None:
        """Set it so many seconds ahead of the right time; less than nothing: behind it."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}\n", encoding="ascii")
        new.replace(self._file)


def library() -> str | None:
    """Return where libfaketime is; None when it is not on this machine."""
    return next((path for path in _LIBRARIES if Path(path).exists()), None)
