"""Drops: reports that the spool had to drop for lack of room or for age, counted and reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from radio_gateway.clock.clock import utc_now

TOLD_EVERY_S: Final = 60.0
_log = structlog.get_logger(__name__)


class _Dropping(msgspec.Struct):
    """Reports that are being dropped, for one cause.

    Attributes:
        cause: The cause.
        since: When it began.
        last_s: When one was last dropped, by the steady clock.
        count: How many.
        reported_s: When that was last told.
    """

    cause: str
    since: datetime
    last_s: float
    count: int = 0
    reported_s: float | None = None


class Drops:
    """What one spool dropped since the start.

    Args:
        path: Its file.
        steady_s: A clock that nobody sets, seconds.

    Attributes:
        by_channel: How many, by channel.
    """

    def __init__(self, path: Path, steady_s: Callable[[], float]) -> None:
        self._path, self._steady_s = path, steady_s
        self._dropping: _Dropping | None = None
        self.by_channel: Counter[str] = Counter()

    def note(self, dropped: Counter[str], why: str) -> None:
        """Count what was dropped, by channel, and tell of it: at once, then once a minute."""
        self.by_channel += dropped
        now_s = self._steady_s()
        last = self._dropping
        if last is None or last.cause != why or now_s - last.last_s > TOLD_EVERY_S:
            last = self._dropping = _Dropping(why, utc_now(), last_s=now_s)
        last.last_s = now_s
        last.count += dropped.total()
        if last.reported_s is None or now_s - last.reported_s >= TOLD_EVERY_S:
            last.reported_s = now_s
            _log.warning("reports_dropped", why=why, dropped=last.count, path=str(self._path))

    def fault(self) -> str | None:
        """Return why reports were dropped within the last minute; None when none were."""
        dropping = self._dropping
        if dropping is None or self._steady_s() - dropping.last_s > TOLD_EVERY_S:
            return None
        return (
            f"{dropping.cause}: {dropping.count} old reports dropped since "
            f"{dropping.since:%Y-%m-%d %H:%M:%S} UTC"
        )
