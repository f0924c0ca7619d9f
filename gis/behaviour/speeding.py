"""Speeding: a boat is faster than it may be, by several fixes that bear each other out."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from math import cos, radians
from typing import Final, NamedTuple

from gis.geometry.geodesy import distance_m
from gis.position.position import Position

SPAN: Final = 4
"""Way is measured over so many fixes, and each must be farther along it than the one before."""

APART_S: Final = 10.0
"""Fixes nearer in time than this are left out: their errors are one, and hide the way."""

ENOUGH: Final = 3
"""So many fixes in a row must tell of too much speed; one less, and it is over."""

NOISE_SHARE: Final = 1.05
NOISE_MPS: Final = 0.3
"""What a receiver may be off that tells a speed: this share and so much."""

LEAST_SHARE: Final = 0.3
"""A boat that makes less way than this share of what its speed would is not so fast."""

STEADY_SHARE: Final = 0.25
"""Each step of a way is at least this share of what it is on average."""


class Speeding(NamedTuple):
    """How fast a boat was lately.

    Attributes:
        fixes: Its newest, at most `SPAN`.
        over: Fixes in a row that told of too much speed, at most `ENOUGH`.
        under: Fixes in a row since then that did not.
        since: Time of the first of these; None while it is not too fast.
        seen_at: Time of the newest that told of it.
        least_mps: The least speed that any of the first `ENOUGH` told.
    """

    fixes: tuple[Position, ...] = ()
    over: int = 0
    under: int = 0
    since: datetime | None = None
    seen_at: datetime | None = None
    least_mps: float = 0.0

    @property
    def is_sure(self) -> bool:
        """Whether enough fixes tell of it."""
        return self.over >= ENOUGH


def speeding(
    before: Speeding | None, fix: Position, *, limit_mps: float, inside: bool, gap_s: float
) -> Speeding:
    """Return how fast a boat was after one more fix.

    The speed that it tells counts, unless the way that it made denies it; without one, or against
    one that is too low, the way between fixes less what these may be wrong.

    Args:
        before: How fast it was; None for a boat that is new.
        fix: Newer than all before it; with a time and an accuracy.
        limit_mps: How fast it may be, metres per second.
        inside: Whether the limit holds where it is.
        gap_s: After a longer silence it all begins anew.
    """
    known = before or Speeding()
    time = fix.time
    assert time is not None
    last = known.fixes[-1].time if known.fixes else None
    if last is not None and (time - last).total_seconds() > gap_s:
        known = Speeding()
    elif last is not None and (time - last).total_seconds() < APART_S:
        return known
    fixes = (*known.fixes, fix)[-SPAN:]
    if not inside:
        return Speeding(fixes)
    speed = _speed_mps(fixes, limit_mps)
    if speed is not None:
        if known.is_sure:
            return known._replace(fixes=fixes, under=0, seen_at=time)
        # Before there are enough fixes to deny what the boat tells, it is not sure.
        over = min(known.over + 1, ENOUGH if len(fixes) == SPAN else ENOUGH - 1)
        least = speed if known.over == 0 else min(known.least_mps, speed)
        return Speeding(fixes, over, 0, known.since or time, time, least)
    if not known.is_sure or known.under + 2 >= ENOUGH:
        return Speeding(fixes)
    return known._replace(fixes=fixes, under=known.under + 1)


def _speed_mps(fixes: tuple[Position, ...], limit_mps: float) -> float | None:
    """Return how fast the newest fix says that the boat is, if that is too fast."""
    first, newest = fixes[0], fixes[-1]
    assert first.time is not None
    assert newest.time is not None
    reported_mps, way_s = newest.speed_mps, (newest.time - first.time).total_seconds()
    way_m = distance_m(lon1=first.lon, lat1=first.lat, lon2=newest.lon, lat2=newest.lat)
    wrong_m = (first.accuracy_m or 0.0) + (newest.accuracy_m or 0.0)
    if reported_mps is not None and reported_mps > limit_mps * NOISE_SHARE + NOISE_MPS:
        # A boat that turns makes less way than its speed; one that makes none does not move.
        return reported_mps if way_m + wrong_m >= LEAST_SHARE * reported_mps * way_s else None
    if len(fixes) < SPAN or way_s <= 0.0:
        return None
    least_mps = (way_m - wrong_m) / way_s
    return least_mps if least_mps > limit_mps and _is_steady(fixes) else None


def _is_steady(fixes: tuple[Position, ...]) -> bool:
    """Return whether a way is made step by step, and not all at once by a wild fix."""
    narrow = cos(radians(fixes[0].lat))
    ways = [
        (((after.lon - before.lon + 540.0) % 360.0 - 180.0) * narrow, after.lat - before.lat)
        for before, after in pairwise(fixes)
    ]
    east, north = sum(x for x, _ in ways), sum(y for _, y in ways)
    least = STEADY_SHARE * (east * east + north * north) / len(ways)
    return all(x * east + y * north >= least for x, y in ways)
