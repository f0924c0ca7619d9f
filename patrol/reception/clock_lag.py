"""Slow clock: whether a unit's newest positions are all late by the same time.

A radio whose clock is an hour slow, or one behind a gateway whose clock is, says where it is now
and seems to tell of an hour ago. One position by itself does not tell that from one that was kept
back; a row of them does: what comes out of a buffer catches up, what is said again stands still,
and what a slow clock tells goes on at the pace of time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SAME_S: Final = 30.0
"""Positions that are so much older or younger than others, as they come, tell by the same clock."""

REPORTS: Final = 4
"""So many positions in a row must."""

LASTS: Final = timedelta(seconds=120)
"""For so long they must: a buffer that is emptied does not last."""

ODD_ONES: Final = 3
"""So many in a row that are older than that, as they come, were not only slow on their way."""

LOSES: Final = timedelta(hours=1)
"""A clock loses `SAME_S` in no less than this; a buffer that grows does."""


class SlowClock:
    """How far one unit's newest positions are behind, as they come.

    Args:
        lag_s: How old the first of them was, seconds.
        now: When that came, aware UTC.
        time: Of when it told, aware UTC.

    Attributes:
        since: When the first of those that agree came, aware UTC.
        time: Of when the newest told, aware UTC; None before a restart.
        came_at: When the newest came, aware UTC; None: not while it was looked at.
    """

    __slots__ = ("_count", "_lag_s", "_lag_since", "_odd", "came_at", "since", "time")

    def __init__(self, lag_s: float, now: datetime, time: datetime | None) -> None:
        self.since = now
        self.came_at: datetime | None = None
        self.time = time
        self._lag_s, self._lag_since = lag_s, now
        self._count, self._odd = 1, 0

    @classmethod
    def restored(cls, behind_s: float, since: datetime) -> SlowClock:
        """Return one that was known before a restart."""
        clock = cls(behind_s, since - LASTS, None)
        clock._count = REPORTS
        return clock

    def hear(self, time: datetime, now: datetime) -> None:
        """Note of when the newest position tells; the same again says nothing."""
        if time == self.time:
            return
        lag_s = (now - time).total_seconds()
        self.time, self.came_at = time, now
        if abs(lag_s - self._lag_s) <= SAME_S:
            self._count += 1
            self._odd = 0
            self._lag_s = min(self._lag_s, lag_s)
            return
        self._odd += 1
        known, more_s = self.behind_s(now) > 0, lag_s - self._lag_s
        if known and more_s > 0 and self._odd < ODD_ONES:
            return
        if not (known and 0 < more_s <= 2 * SAME_S and now - self._lag_since >= LOSES):
            self.since, self._count = now, 1  # else it is the same, and has lost time
        self._lag_s, self._lag_since, self._odd = lag_s, now, 0

    def behind_s(self, now: datetime) -> float:
        """Return how far its clock is behind, seconds; 0 while that is not known."""
        self.since = min(self.since, now)  # where our own was set back, from then on
        if self._count < REPORTS or now - self.since < LASTS:
            return 0.0
        return self._lag_s
