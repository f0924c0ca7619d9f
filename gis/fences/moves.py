"""Moves: what boats did between two fixes, many at once, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.fences.fix import Fix
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


def moves_to(fixes: Sequence[Fix]) -> Moves:
    """Return the moves that end with fixes; of a first fix, one that stays in its place.

    >>> moves_to([Fix(0.0, 100.0, 20.0, 30.0, None)]).lon0
    array([100.])
    """
    values: list[float] = []
    for fix in fixes:
        begin = fix.before or fix
        values += (begin.lon, begin.lat, begin.margin_m, fix.lon, fix.lat, fix.margin_m)
    lon0, lat0, margin0, lon1, lat1, margin1 = np.array(values).reshape(-1, 6).T.copy()
    return Moves(lon0=lon0, lat0=lat0, margin0_m=margin0, lon1=lon1, lat1=lat1, margin1_m=margin1)
