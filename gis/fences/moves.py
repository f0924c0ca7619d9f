"""Moves: what boats did between two fixes, many at once, as arrays."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.geodesy import Floats


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """Straight ways from one fix to the next: arrays of one length.

    Attributes:
        lon0, lat0: Where each begins, degrees.
        margin0_m: How far off that fix may be, metres.
        lon1, lat1: Where each ends, degrees.
        margin1_m: How far off that fix may be, metres.
    """

    lon0: Floats
    lat0: Floats
    margin0_m: Floats
    lon1: Floats
    lat1: Floats
    margin1_m: Floats


def moves(
    *,
    lon0: ArrayLike,
    lat0: ArrayLike,
    lon1: ArrayLike,
    lat1: ArrayLike,
    margin0_m: ArrayLike = 0.0,
    margin1_m: ArrayLike = 0.0,
) -> Moves:
    """Return moves made of numbers and arrays that broadcast to one length.

    >>> moves(lon0=100.0, lat0=20.0, lon1=[100.1, 100.2], lat1=20.0).lat0
    array([20., 20.])
    """
    arrays = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(each, dtype=np.float64))
            for each in (lon0, lat0, margin0_m, lon1, lat1, margin1_m)
        )
    )
    return Moves(
        lon0=arrays[0],
        lat0=arrays[1],
        margin0_m=arrays[2],
        lon1=arrays[3],
        lat1=arrays[4],
        margin1_m=arrays[5],
    )
