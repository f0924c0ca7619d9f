"""Disk room: how much is left on the disk of the store, and for how long at the present rate."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import msgspec

LOOK_EVERY_S: Final = 60.0

OVER_S: Final = 3 * 86_400.0
"""Over how long growth is measured: a night patrol and a quiet day are both in it."""

AT_LEAST_S: Final = 3600.0
"""Before so much time nothing is said of growth."""

_SAMPLES: Final = 500
_BESIDE: Final = ("", "-wal", "-shm")


class DiskRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What is left.

    Attributes:
        free_bytes: For this program.
        total_bytes: Size of the disk.
        store_bytes: Size of the store with what SQLite keeps beside it.
        days_left: Until it is full at the rate of the last three days, by all that grows on it;
            None while that is not known, or nothing grows.
    """

    free_bytes: int
    total_bytes: int
    store_bytes: int
    days_left: float | None = None


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


class DiskGauge:
    """Measures the disk that a file lies on.

    Args:
        file: The store.
        now_s: A clock that no setting of the time moves, seconds.
        usage: Returns size, use and free room of the disk at a path, bytes.
    """

    def __init__(
        self,
        file: Path,
        *,
        now_s: Callable[[], float] = monotonic,
        usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
    ) -> None:
        self._file, self._now_s, self._usage = file, now_s, usage
        self._samples: deque[tuple[float, int]] = deque()
        self.room: DiskRoom | None = None

    def look(self) -> None:
        """Measure the free disk space; unknown if it cannot be measured."""
        try:
            usage = _Usage(*self._usage(self._file.parent))
            beside = (self._file.with_name(f"{self._file.name}{end}") for end in _BESIDE)
            store = sum(each.stat().st_size for each in beside if each.exists())
        except OSError:
            self.room = None
            return
        now_s = self._now_s()
        if not self._samples or now_s - self._samples[-1][0] >= OVER_S / _SAMPLES:
            self._samples.append((now_s, usage.free))
        while self._samples and now_s - self._samples[0][0] > OVER_S:
            self._samples.popleft()
        self.room = DiskRoom(
            free_bytes=usage.free,
            total_bytes=usage.total,
            store_bytes=store,
            days_left=self._days_left(now_s, usage.free),
        )

    def _days_left(self, now_s: float, free: int) -> float | None:
        if not self._samples:
            return None
        began_s, free_then = self._samples[0]
        if now_s - began_s < AT_LEAST_S or free >= free_then:
            return None
        return free / ((free_then - free) / (now_s - began_s)) / 86_400.0
