"""Distance, bearing and destination on the WGS 84 ellipsoid.

Source: Karney, Algorithms for geodesics, J. Geodesy 87 (2013), as pyproj has it: exact to
nanometres, at the poles and across the antimeridian as well.

Longitudes and latitudes are degrees; bearings are degrees clockwise from true north, 0 to below
360. The `…s` functions take arrays (any shapes that broadcast) and are two to three times faster a
point; a NaN coordinate gives a NaN answer.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

Floats: TypeAlias = NDArray[np.float64]

WGS84 = Geod(ellps="WGS84")


def distance_m(*, lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the shortest distance over the ellipsoid between two points, metres.

    >>> round(distance_m(lon1=100.4178, lat1=20.27, lon2=100.40461, lat2=20.26125))
    1684
    >>> distance_m(lon1=100.0, lat1=20.0, lon2=100.0, lat2=20.0)
    0.0
    >>> round(distance_m(lon1=179.9, lat1=0.0, lon2=-179.9, lat2=0.0))
    22264
    """
    return float(WGS84.inv(lon1, lat1, lon2, lat2)[2])


def distances_m(*, lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats:
    """Return the distances between points of four arrays, metres.

    >>> distances_m(lon1=100.0, lat1=[10.0, 20.0], lon2=101.0, lat2=[10.0, 20.0]).round()
    array([109639., 104647.])
    >>> distances_m(lon1=[], lat1=[], lon2=[], lat2=[])
    array([], dtype=float64)
    """
    from_lon, from_lat, to_lon, to_lat = _together(lon1, lat1, lon2, lat2)
    distance = WGS84.inv(from_lon, from_lat, to_lon, to_lat, inplace=True)[2]
    return np.asarray(distance, dtype=np.float64)


def bearing_deg(*, lon1: float, lat1: float, lon2: float, lat2: float) -> float | None:
    """Return the bearing at which the shortest way from the first point to the second leaves.

    Returns:
        Degrees clockwise from true north, 0 to below 360; None when both are the same place.

    >>> round(bearing_deg(lon1=100.0, lat1=20.0, lon2=101.0, lat2=20.0), 2)
    89.83
    >>> bearing_deg(lon1=100.0, lat1=20.0, lon2=100.0, lat2=20.0) is None
    True
    """
    bearing, _, distance = WGS84.inv(lon1, lat1, lon2, lat2)
    return None if distance == 0.0 else float(bearing) % 360.0 % 360.0


def destination(
    *, lon: float, lat: float, bearing_deg: float, distance_m: float
) -> tuple[float, float]:
    """Return (lon, lat) reached from a point on a bearing after a distance in metres.

    A negative distance goes the other way. Longitude is -180 to 180.

    >>> lon, lat = destination(lon=100.41, lat=20.27, bearing_deg=180.0, distance_m=1000.0)
    >>> round(lon, 5), round(lat, 5)
    (100.41, 20.26097)
    """
    to_lon, to_lat, _ = WGS84.fwd(lon, lat, bearing_deg, distance_m)
    return float(to_lon), float(to_lat)


def destinations(
    *, lon: ArrayLike, lat: ArrayLike, bearing_deg: ArrayLike, distance_m: ArrayLike
) -> tuple[Floats, Floats]:
    """Return arrays (lon, lat) reached from points on bearings after distances in metres.

    >>> lon, lat = destinations(lon=100.0, lat=20.0, bearing_deg=[0.0, 90.0], distance_m=1000.0)
    >>> lon.round(4), lat.round(4)
    (array([100.    , 100.0096]), array([20.009, 20.   ]))
    """
    start_lon, start_lat, bearing, distance = _together(lon, lat, bearing_deg, distance_m)
    to_lon, to_lat, _ = WGS84.fwd(start_lon, start_lat, bearing, distance)
    return np.asarray(to_lon, dtype=np.float64), np.asarray(to_lat, dtype=np.float64)


def as_columns(lons: ArrayLike, lats: ArrayLike) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes as two arrays of one length.

    >>> as_columns(100.0, [20.0, 21.0])
    (array([100., 100.]), array([20., 21.]))
    """
    lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    if lon.ndim != 1 or lon.shape != lat.shape:  # in a small batch, broadcasting costs the most
        lon, lat = np.broadcast_arrays(np.atleast_1d(lon), np.atleast_1d(lat))
    return lon, lat


def _together(*values: ArrayLike) -> list[Floats]:
    # pyproj takes arrays of one shape and answers a one-element list otherwise; a copy, because it
    # may write into what it is given.
    arrays = [np.array(value, dtype=np.float64, ndmin=1) for value in values]
    if len({array.shape for array in arrays}) > 1:
        arrays = [array.copy() for array in np.broadcast_arrays(*arrays)]
    return arrays
