"""One fix as a track holds it, with what was made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from gis.geodesy import distance_m

if TYPE_CHECKING:
    from gis.fences.events import FenceEvent
    from gis.fences.sight import Sight

DEGREE_M = 111_320.0
FURTHEST_DEG_M = 111_700.0  # no degree is longer, in any area's plane
POLAR_LAT = 80.0
HALF_DEGREE = 0.008726646259971648  # in radians: half the sum of two latitudes

#: What a unit's fixes up to one have come to, by number of area or name of rule; never changed.
State: TypeAlias = Mapping[Any, Any]
#: The good fix before the last, the last good one, and those that wait for others to confirm them.
Judged: TypeAlias = "tuple[Fix | None, Fix | None, tuple[Fix, ...]]"

NO_STATE: State = MappingProxyType({})


class Fix(msgspec.Struct, eq=False):
    """One fix; what it says never changes, what is made of it may with every late one.

    Attributes:
        t: Seconds since 1970, UTC.
        lon: Degrees.
        lat: Degrees.
        error_m: How far off it says it may be.
        speed_mps: As it told; None if not.
        good: Whether it is believed.
        jump: Whether no boat could have come here from `before`: no way between them is known.
        before: The good fix before it, if it is good.
        margin_m: How far off it is thought to be: no less than that one, since receivers that are
            wrong often say now and then that they are not.
        sights: How the move from `before` stands to areas; None until worked out.
        brief: Whether only areas are named there whose edge it crosses.
        judged: What the next fix is judged by; None stands for (before, this one, ()).
        state: What all up to here have come to.
        events: What this one brought to light.
        passages: (number of area, whether in, time) of areas that must not be empty.
    """

    t: float
    lon: float
    lat: float
    error_m: float
    speed_mps: float | None
    margin_m: float = 0.0
    good: bool = False
    jump: bool = False
    before: Fix | None = None
    sights: tuple[Sight, ...] | None = None
    judged: Judged | None = None
    state: State = NO_STATE
    events: tuple[FenceEvent, ...] = ()
    passages: tuple[tuple[int, bool, float], ...] = ()
    brief: bool = False

    def rank(self) -> tuple[float, float, float, float]:
        """Return what decides between fixes of one time: the better, then any, but always the same.

        >>> Fix(0.0, 100.0, 20.0, 30.0, None).rank() < Fix(0.0, 100.0, 20.0, 60.0, None).rank()
        True
        """
        speed = -1.0 if self.speed_mps is None else self.speed_mps
        return self.error_m, self.lon, self.lat, speed


def apart_m(a: Fix, b: Fix) -> float:
    """Return how far two fixes are from each other, metres, to about 1 % where they are near.

    >>> round(apart_m(Fix(0.0, 179.999, 0.0, 9.0, None), Fix(9.0, -179.999, 0.0, 9.0, None)))
    223
    """
    if abs(a.lat) > POLAR_LAT or abs(b.lat) > POLAR_LAT:
        return distance_m(lon1=a.lon, lat1=a.lat, lon2=b.lon, lat2=b.lat)
    east = b.lon - a.lon
    if not -180.0 <= east <= 180.0:
        east = (east + 180.0) % 360.0 - 180.0
    east *= math.cos((a.lat + b.lat) * HALF_DEGREE)
    north = b.lat - a.lat
    return DEGREE_M * math.sqrt(east * east + north * north)
