"""A plane in metres around an area, so that distances near its edge need no ellipsoid.

Away from the poles it is equirectangular about the area's middle: straight in longitude and
latitude is straight in it, as GeoJSON (RFC 7946, 3.1.1) draws edges, and the antimeridian is a
place like any other. Its scale is exact in the middle and off by 0.6 % one degree of latitude
north or south of it at 20 degrees, which moves a margin of 30 m by 0.2 m. Within 10 degrees of a
pole it is azimuthal about the pole instead.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.geometry.geodesy import WGS84, Floats

POLAR_LAT = 80.0


class Plane(msgspec.Struct, frozen=True, kw_only=True):
    """A plane about a place.

    Attributes:
        lon: Longitude of the middle, degrees.
        lat: Latitude of the middle, degrees; 90 or -90 in a polar plane.
        lon_m: Metres in a degree of longitude there; 0 in a polar plane.
        lat_m: Metres in a degree of latitude there.
        polar: Whether the plane is azimuthal about a pole.
    """

    lon: float
    lat: float
    lon_m: float
    lat_m: float
    polar: bool

    def metres(self, *, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Return (x, y) of places, metres east and north of the middle; about a pole, of it.

        >>> x, y = plane_about(lon=180.0, lat=0.0).metres(lon=[179.9, -179.9], lat=[0.0, 0.0])
        >>> x.round()
        array([-11132.,  11132.])
        """
        lons, lats = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        if self.polar:
            south = math.copysign(1.0, self.lat)
            away = (90.0 - south * lats) * self.lat_m
            angle = np.radians(lons)
            return away * np.sin(angle), -south * away * np.cos(angle)
        return wrap_deg(lons - self.lon) * self.lon_m, (lats - self.lat) * self.lat_m

    def xy(self, *, lon: float, lat: float) -> tuple[float, float]:
        """Return (x, y) of one place.

        >>> x, y = plane_about(lon=180.0, lat=0.0).xy(lon=-179.9, lat=0.0)
        >>> round(x), y
        (11132, 0.0)
        """
        if self.polar:
            x, y = self.metres(lon=lon, lat=lat)
            return float(x), float(y)
        return (
            ((lon - self.lon + 180.0) % 360.0 - 180.0) * self.lon_m,
            (lat - self.lat) * self.lat_m,
        )

    def places(self, *, x_m: ArrayLike, y_m: ArrayLike) -> tuple[Floats, Floats]:
        """Return (lon, lat) of points of the plane, longitude -180 to below 180.

        >>> plane = plane_about(lon=100.0, lat=20.0)
        >>> lon, lat = plane.places(x_m=[10464.7], y_m=[0.0])
        >>> lon.round(4), lat.round(4)
        (array([100.1]), array([20.]))
        """
        x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
        if self.polar:
            south = math.copysign(1.0, self.lat)
            lon = np.degrees(np.arctan2(x, -south * y))
            return lon, south * (90.0 - np.hypot(x, y) / self.lat_m)
        return wrap_deg(self.lon + x / self.lon_m), self.lat + y / self.lat_m


def plane_about(*, lon: float, lat: float) -> Plane:
    """Return the plane for an area whose middle is at a place.

    >>> plane = plane_about(lon=100.0, lat=20.0)
    >>> round(plane.lon_m), round(plane.lat_m)
    (104647, 110704)
    >>> plane_about(lon=0.0, lat=-88.0).polar
    True
    """
    polar = abs(lat) > POLAR_LAT
    if polar:
        lat = math.copysign(90.0, lat)
    sine = math.sin(math.radians(lat))
    bend = 1.0 - WGS84.es * sine * sine
    meridian = WGS84.a * (1.0 - WGS84.es) / bend**1.5
    across = WGS84.a / math.sqrt(bend) * math.cos(math.radians(lat))
    return Plane(
        lon=lon,
        lat=lat,
        lon_m=0.0 if polar else math.radians(across),
        lat_m=math.radians(meridian),
        polar=polar,
    )


def wrap_deg(angle: Floats) -> Floats:
    """Return angles brought to -180 to below 180 degrees.

    >>> import numpy as np
    >>> wrap_deg(np.array([190.0, -190.0, 20.0]))
    array([-170.,  170.,   20.])
    """
    return (angle + 180.0) % 360.0 - 180.0
