"""A centreline as drawn: its reaches checked to join, its segments measured along the ellipsoid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors.errors import LayerError
from gis.geometry.features import Features, features_of
from gis.geometry.geodesy import Floats, distance_m, distances_m

if TYPE_CHECKING:
    from gis.geometry.features import Table

JOIN_M = 100.0  # segments of a centreline must meet this closely


class Centreline(msgspec.Struct, frozen=True, kw_only=True):
    """The segments of a centreline, downstream.

    Attributes:
        start: Where each begins, a row of lon and lat in degrees.
        end: Where each ends.
        km: Kilometre where each begins; one more, where the last ends. Falls.
        length_m: How long each is as drawn, a geodesic; a reach's kilometres may be others.
        reach: Row of the table that each belongs to.
    """

    start: Floats
    end: Floats
    km: Floats
    length_m: Floats
    reach: NDArray[np.intp]


def measured(table: Table, *, file: str) -> Centreline:
    """Return the segments of a centreline with their kilometres.

    Args:
        table: One LineString a reach (EPSG:4326), as `River` takes it.
        file: Name for error messages.

    Raises:
        LayerError: If a reach is no line, has no length, does not begin where the one before
            ends, or has kilometres that do not.

    >>> line = shapely.LineString([(100.0, 20.1), (100.0, 20.0)])
    >>> measured(Features({"reach": ["a"], "error_m": [9]}, [line]), file="mine").km.round(2)
    array([11.07,  0.  ])
    """
    features = features_of(table)
    _check_joined(features, file)
    points = [shapely.get_coordinates(line) for line in features.geometry]
    start, end = np.vstack([p[:-1] for p in points]), np.vstack([p[1:] for p in points])
    reach = np.repeat(np.arange(len(points)), [len(p) - 1 for p in points])
    length_m = distances_m(lon1=start[:, 0], lat1=start[:, 1], lon2=end[:, 0], lat2=end[:, 1])
    for number in np.flatnonzero(np.bincount(reach, weights=length_m) == 0.0)[:1]:
        raise LayerError(file, "has no length", feature=int(number))
    real = length_m > 0.0
    km = _kilometres(features, length_m[real], reach[real], file)
    return Centreline(
        start=start[real], end=end[real], km=km, length_m=length_m[real], reach=reach[real]
    )


def column(features: Features, name: str, default: float) -> Floats:
    """Return a column as numbers; `default` where it is missing or a row has none.

    >>> column(Features({"a": [1, None]}, [None, None]), "a", 7.0)
    array([1., 7.])
    >>> column(Features({"a": [1, None]}, [None, None]), "b", 7.0)
    array([7., 7.])
    """
    if name not in features.columns:
        return np.full(len(features), default)
    values = features[name].astype(np.float64)  # None becomes NaN
    return np.where(np.isnan(values), default, values)


def _kilometres(features: Features, length_m: Floats, reach: NDArray[np.intp], file: str) -> Floats:
    start, end = column(features, "km_start", math.nan), column(features, "km_end", math.nan)
    km = np.append(length_m[::-1].cumsum()[::-1] / 1000.0, 0.0)
    if (np.isnan(start) | np.isnan(end)).any():
        return km + (0.0 if math.isnan(end[-1]) else float(end[-1]))
    for number in np.flatnonzero(start <= end)[:1]:
        fault = "has a km_start that is not above its km_end"
        raise LayerError(file, fault, feature=int(number))
    for number in np.flatnonzero(np.abs(start[1:] - end[:-1]) > JOIN_M / 1000.0)[:1]:
        fault = f"begins at km {start[number + 1]}, the reach before it ends at km {end[number]}"
        raise LayerError(file, fault, feature=int(number) + 1)
    # From each reach's own figures: a sum from the sea up would carry its rounding along.
    share = (start - end) / np.bincount(reach, weights=length_m, minlength=len(start))
    total = length_m[::-1].cumsum()[::-1]
    below = np.append(total, 0.0)[np.searchsorted(reach, np.arange(len(start)), side="right")]
    return np.append(end[reach] + (total - below[reach]) * share[reach], end[-1])


def _check_joined(features: Features, file: str) -> None:
    if len(features) == 0:
        raise LayerError(file, "has no reach")
    for name in ("reach", "error_m"):
        if name not in features.columns:
            raise LayerError(file, f"has no column {name}")
    last: tuple[float, float] | None = None
    for number, line in enumerate(features.geometry):
        if line is None or line.geom_type != "LineString" or line.is_empty:
            raise LayerError(file, "is not one line", feature=number)
        first = line.coords[0]
        if last is not None:
            gap = distance_m(lon1=last[0], lat1=last[1], lon2=first[0], lat2=first[1])
            if gap > JOIN_M:
                fault = f"begins {gap:.0f} m from where the reach before it ends"
                raise LayerError(file, fault, feature=number)
        last = line.coords[-1]
