"""Moves: what boats did between two fixes, many at once, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.fences.fix import Fix
from gis.geodesy import Floats


class Moves(msgspec.Struct, frozen=True):
    """Straight ways from one fix to the next.

    Attributes:
        ends: Longitudes (degrees), latitudes (degrees) and how far off fixes may be (metres): of
            each first where the moves begin, then where they end. Of three times two rows, so that
            both ends of all moves are reckoned with in one go.
    """

    ends: Floats

    def __len__(self) -> int:
        """Return how many moves there are.

        >>> len(moves(lon0=[], lat0=[], lon1=[], lat1=[]))
        0
        """
        return int(self.ends.shape[2])


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

    >>> moves(lon0=100.0, lat0=20.0, lon1=[100.1, 100.2], lat1=20.0).ends[0]
    array([[100. , 100. ],
           [100.1, 100.2]])
    """
    arrays = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(each, dtype=np.float64))
            for each in (lon0, lon1, lat0, lat1, margin0_m, margin1_m)
        )
    )
    return Moves(np.array(arrays).reshape(3, 2, -1))


def moves_to(fixes: Sequence[Fix]) -> Moves:
    """Return the moves that end with fixes; of a first fix, one that stays in its place.

    >>> moves_to([Fix(0.0, 100.0, 20.0, 30.0, None)]).ends[0]
    array([[100.],
           [100.]])
    """
    values: list[float] = []
    for fix in fixes:
        begin = fix.before or fix
        values += (begin.lon, fix.lon, begin.lat, fix.lat, begin.margin_m, fix.margin_m)
    return Moves(np.array(values).reshape(-1, 3, 2).transpose(1, 2, 0).copy())
