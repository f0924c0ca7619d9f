"""Loitering: a boat stays within some metres of one place, whether it lies or goes about there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from gis.behaviour.departure import is_departure
from gis.geometry.geodesy import distance_m
from gis.position.position import Position

MOST_WEIGHT: Final = timedelta(seconds=300)
"""A fix counts for the time since the one before it, but for no more than this."""


class LoiteringStay(NamedTuple):
    """That a boat has kept to one place.

    Attributes:
        lon: Of the middle: the mean over time of where it was, degrees.
        lat: Degrees.
        since: Time of the first fix there, aware UTC.
        seen_at: Time of the newest fix there.
        weight_s: Seconds that the middle is the mean of.
        away: Newest fixes, if they are elsewhere; not enough to say that it has gone.
    """

    lon: float
    lat: float
    since: datetime
    seen_at: datetime
    weight_s: float = 0.0
    away: tuple[Position, ...] = ()


def stay(
    before: LoiteringStay | None, fix: Position, *, within_m: float, gap_s: float
) -> LoiteringStay:
    """Return where a boat keeps to after one more fix.

    Args:
        before: Where it kept to; None for a boat that is new.
        fix: Newer than all before it; with a time and an accuracy.
        within_m: How far from the middle it may be, metres. A fix that is off by more than this
            says only that the boat has gone, where it is surely beyond.
        gap_s: After a longer silence nobody knows where it was: its stay begins anew.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> def at(second, north_m):
    ...     time = noon + timedelta(seconds=second)
    ...     return Position(lon=100.4, lat=20.2 + north_m / 111_000, time=time, accuracy_m=10.0)
    >>> now = None
    >>> for second, north_m in [(0, 0), (60, 40), (120, -30), (130, 900), (180, 10)]:
    ...     now = stay(now, at(second, north_m), within_m=100.0, gap_s=600.0)
    >>> (now.seen_at - now.since).total_seconds()
    180.0
    """
    time, accuracy_m = _clock_and_accuracy(fix)
    if before is None or (time - before.seen_at).total_seconds() > gap_s:
        return LoiteringStay(fix.lon, fix.lat, time, time)
    apart_m = distance_m(lon1=before.lon, lat1=before.lat, lon2=fix.lon, lat2=fix.lat)
    if apart_m > within_m + accuracy_m:
        away = (*before.away, fix)
        if not is_departure([_clock_and_accuracy(each)[0] for each in away]):
            return before._replace(away=away)
        now: LoiteringStay | None = None
        for each in away:  # perhaps it keeps to another place by now
            now = stay(now, each, within_m=within_m, gap_s=gap_s)
        assert now is not None
        return now
    if accuracy_m > within_m:
        return before
    passed_s = min((time - before.seen_at).total_seconds(), MOST_WEIGHT.total_seconds())
    weight_s = before.weight_s + passed_s
    share = passed_s / weight_s if weight_s > 0.0 else 0.0
    east = (fix.lon - before.lon + 540.0) % 360.0 - 180.0
    lon = (before.lon + share * east + 540.0) % 360.0 - 180.0
    lat = before.lat + share * (fix.lat - before.lat)
    return LoiteringStay(lon, lat, before.since, time, weight_s)


def _clock_and_accuracy(fix: Position) -> tuple[datetime, float]:
    assert fix.time is not None
    return fix.time, fix.accuracy_m or 0.0
