"""Landings: where boats usually lie beside each other: ferries, ports, offices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from gis.geometry.features import features_of
from gis.geometry.geodesy import distance_m
from gis.position.position import check_place

if TYPE_CHECKING:
    from gis.geometry.features import Table

RADIUS_M: Final = 400.0
"""Around a ferry, port, bridge or office: what is nearer lies at its landing."""

MOST_UNCERTAIN_M: Final = 1000.0
"""An office that may be farther from where it is drawn is no landing: it would excuse a town."""

_DEG_M: Final = 110_000.0


class Landings:
    """Places at which boats land.

    Args:
        crossings: Points of ferries, river ports, bridges and roads over a border.
        offices: Points of border liaison offices, with `uncertainty_m` where it is known.

    >>> from gis.catalogue.layer_catalogue import features
    >>> landings = Landings(features("crossings"), features("blos"))
    >>> ferry = next(
    ...     shape for kind, shape in zip(features("crossings")["kind"],
    ...                                  features("crossings").geometry) if kind == "ferry")
    >>> landings.near(lon=ferry.x, lat=ferry.y), landings.near(lon=ferry.x + 0.02, lat=ferry.y)
    (True, False)
    """

    def __init__(self, crossings: Table, offices: Table) -> None:
        at = features_of(crossings)
        houses = features_of(offices)
        known = "uncertainty_m" in houses.columns
        unsure = houses["uncertainty_m"] if known else [None] * len(houses)
        near = [
            shape
            for shape, off_m in zip(houses.geometry, unsure, strict=True)
            if off_m is None or float(off_m) <= MOST_UNCERTAIN_M
        ]
        self._points = np.array([*at.geometry, *near], dtype=object)
        self._tree = shapely.STRtree(self._points)

    def near(self, *, lon: float, lat: float) -> bool:
        """Return whether a place, in degrees, is within `RADIUS_M` of a landing.

        Raises:
            PositionError: If it is no place.
        """
        check_place(lon=lon, lat=lat)
        north = RADIUS_M / _DEG_M
        east = north / max(np.cos(np.radians(lat)), 0.01)
        box = shapely.box(lon - east, lat - north, lon + east, lat + north)
        return any(
            distance_m(lon1=lon, lat1=lat, lon2=each.x, lat2=each.y) <= RADIUS_M
            for each in self._points[self._tree.query(box)]
        )
