"""Meeting: two boats come together, slow down and stay beside each other."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from gis.behaviour.departure import is_departure

SLOW_MPS: Final = 2.0
"""Boats that lie beside each other, or drift, are slower than this; faster ones keep company."""


class Meeting(NamedTuple):
    """That two boats are near each other.

    Attributes:
        since: Since when, aware UTC.
        seen_at: Newest time at which they were.
        sum_m: Distances that were told, metres, added up.
        distances: How many.
        away: Times in a row at which they were apart, or one of them fast; not enough to end it.
    """

    since: datetime
    seen_at: datetime
    sum_m: float
    distances: int
    away: tuple[datetime, ...] = ()

    @property
    def mean_m(self) -> float:
        """How far apart they were on average: noise of the fixes is smaller in this."""
        return self.sum_m / self.distances


def meeting(
    before: Meeting | None,
    time: datetime,
    *,
    apart_m: float,
    wrong_m: float,
    slow: bool,
    within_m: float,
    gap_s: float,
) -> Meeting | None:
    """Return whether two boats are together after one more fix of either of them.

    Args:
        before: What was known; None: they were apart.
        time: Of the newest fix, aware UTC; not before any other.
        apart_m: How far apart the newest fixes of the two are, metres.
        wrong_m: How far off that may be, metres.
        slow: Whether both are slower than `SLOW_MPS`.
        within_m: How near is together, metres.
        gap_s: After a longer silence of one nobody knows what they did.

    Returns:
        None once they have surely parted.

    >>> from datetime import UTC, timedelta
    >>> noon, now = datetime(2026, 12, 1, 12, tzinfo=UTC), None
    >>> for minute, apart_m in enumerate([300, 40, 60, 500, 30]):
    ...     now = meeting(now, noon + timedelta(minutes=minute), apart_m=apart_m, wrong_m=20.0,
    ...                   slow=True, within_m=100.0, gap_s=600.0)
    >>> now.since.minute, now.seen_at.minute, round(now.mean_m)
    (1, 4, 43)
    """
    near = slow and apart_m <= within_m
    if before is None or (time - before.seen_at).total_seconds() > gap_s:
        return Meeting(time, time, apart_m, 1) if near else None
    if near:
        return Meeting(before.since, time, before.sum_m + apart_m, before.distances + 1)
    if slow and apart_m <= within_m + wrong_m:  # that may be noise, and may be true
        return before._replace(
            sum_m=before.sum_m + apart_m, distances=before.distances + 1, away=()
        )
    away = (*before.away, time)
    return None if is_departure(away) else before._replace(away=away)
