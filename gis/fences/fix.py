"""One report of a unit, as fences read it, and how far two places are from each other."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

DEGREE_M = 111_320.0
HALF_DEGREE = math.pi / 360.0


class LonLat(Protocol):
    """Anything with a longitude and a latitude in degrees."""

    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


class Spot(msgspec.Struct, frozen=True, gc=False):
    """A bare place, degrees."""

    lon: float
    lat: float


class FenceFix(msgspec.Struct, frozen=True, gc=False):
    """One report.

    Attributes:
        t: Seconds since 1970, UTC.
        lon: Degrees.
        lat: Degrees.
        accuracy_m: Radius that holds the true place in 68 % of cases.
        speed_mps: As it told; NaN if not.
    """

    t: float
    lon: float
    lat: float
    accuracy_m: float
    speed_mps: float


def apart_m(a: LonLat, b: LonLat) -> float:
    """Return how far two places are from each other, metres, to about 1 % where they are near.

    >>> round(apart_m(Spot(179.999, 0.0), Spot(-179.999, 0.0)))
    223
    """
    east = b.lon - a.lon
    if not -180.0 <= east <= 180.0:
        east = (east + 180.0) % 360.0 - 180.0
    east *= math.cos((a.lat + b.lat) * HALF_DEGREE)
    north = b.lat - a.lat
    return DEGREE_M * math.sqrt(east * east + north * north)


def between(a: LonLat, b: LonLat, share: float) -> Spot:
    """Return what lies at a share of the way from one place to another.

    >>> between(Spot(179.0, 0.0), Spot(-179.0, 0.0), 0.75)
    Spot(lon=-179.5, lat=0.0)
    """
    east = (b.lon - a.lon + 180.0) % 360.0 - 180.0
    lon = a.lon + share * east
    if not -180.0 <= lon <= 180.0:
        lon = (lon + 180.0) % 360.0 - 180.0
    return Spot(lon, a.lat + share * (b.lat - a.lat))
