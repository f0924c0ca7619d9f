"""Earth-centred coordinates: straight-line geometry that knows no antimeridian and no pole.

A straight line through the Earth (chord) is shorter than the way over ground by d^3 / 24 R^2:
1 mm over 10 km, 1 m over 100 km, 1 km in 1,000 km. So short distances, medians and moves are
reckoned here in metres with x, y, z; lengths that are told are geodesics (`gis.geometry.geodesy`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pyproj import Transformer

from gis.geometry.geodesy import WGS84, Floats

_CART = Transformer.from_pipeline("+proj=cart +ellps=WGS84 +inv")


def cartesian(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return x, y, z (metres from the Earth's centre) of places: an array (n, 3).

    >>> cartesian([0.0, 90.0], [0.0, 0.0]).round()
    array([[6378137.,       0.,       0.],
           [      0., 6378137.,       0.]])
    >>> cartesian([], []).shape
    (0, 3)
    """
    east, north = np.radians(np.asarray(lon, dtype=float)), np.radians(np.asarray(lat, dtype=float))
    sine, cosine = np.sin(north), np.cos(north)
    normal = WGS84.a / np.sqrt(1.0 - WGS84.es * sine * sine)
    return np.column_stack(
        [
            normal * cosine * np.cos(east),
            normal * cosine * np.sin(east),
            normal * (1.0 - WGS84.es) * sine,
        ]
    )


def places(xyz: Floats) -> tuple[Floats, Floats]:
    """Return longitude and latitude of points (n, 3), straight up from or down to the ground.

    >>> lon, lat = places(cartesian([100.4, -180.0], [20.3, 89.0]))
    >>> lon.round(9), lat.round(9)
    (array([ 100.4, -180. ]), array([20.3, 89. ]))
    """
    if len(xyz) == 0:
        return np.empty(0), np.empty(0)
    lon, lat, _ = _CART.transform(xyz[:, 0], xyz[:, 1], xyz[:, 2])
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def chords_m(start: Floats, end: Floats) -> Floats:
    """Return the straight distances between points, metres; arrays (n, 3) or one point (3,).

    >>> chords_m(cartesian([0.0], [0.0]), cartesian([0.001], [0.0])).round(3)
    array([111.319])
    """
    away = end - start
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", away, away)))


def ground(xyz: Floats) -> Floats:
    """Return points (n, 3) moved straight up or down to the ground, height 0.

    >>> deep = cartesian([100.4], [20.3]) - 1.0
    >>> chords_m(ground(deep), cartesian([100.4], [20.3])).round()
    array([1.])
    """
    return cartesian(*places(xyz))
