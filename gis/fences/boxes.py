"""Boxes in degrees around parts of areas, for the index; within -180 to 180."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from gis.fences.area import Area
from gis.geodesy import Floats


def boxes_deg(area: Area, points: Floats) -> list[tuple[float, float, float, float]]:
    """Return boxes in degrees (west, south, east, north) around points of an area's plane.

    One; two where they lie on both sides of the antimeridian; about a pole, all the way round.

    >>> from shapely import get_coordinates
    >>> from gis.fences.area import around
    >>> area = around("a", lon=180.0, lat=0.0, radius_m=11132.0)
    >>> boxes = boxes_deg(area, get_coordinates(area.shape))
    >>> [tuple(round(x, 1) for x in box) for box in sorted(boxes)]
    [(-180.0, -0.1, -179.9, 0.1), (179.9, -0.1, 180.0, 0.1)]
    """
    plane = area.plane
    if plane.polar:
        reach = float(np.hypot(points[:, 0], points[:, 1]).max()) / plane.lat_m
        if plane.lat > 0.0:
            return [(-180.0, 90.0 - reach, 180.0, 90.0)]
        return [(-180.0, -90.0, 180.0, -90.0 + reach)]
    lon = plane.lon + points[:, 0] / plane.lon_m
    lat = plane.lat + points[:, 1] / plane.lat_m
    west, east = float(lon.min()), float(lon.max())
    south, north = float(lat.min()), float(lat.max())
    out = [(max(west, -180.0), south, min(east, 180.0), north)]
    if west < -180.0:
        out.append((west + 360.0, south, 180.0, north))
    if east > 180.0:
        out.append((-180.0, south, east - 360.0, north))
    return out


def tree_of(boxes: Sequence[tuple[float, float, float, float]]) -> shapely.STRtree:
    """Return an index of boxes (west, south, east, north), to be asked which of them touch a box.

    A diagonal stands for each: it has the same bounds, which are all that is asked for, and takes
    two thirds of the memory.

    >>> tree_of([(100.0, 20.0, 101.0, 21.0)]).query(shapely.box(100.1, 20.8, 100.2, 20.9)).tolist()
    [0]
    >>> tree_of([]).query(shapely.box(0.0, 0.0, 1.0, 1.0)).tolist()
    []
    """
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 2, 2)
    return shapely.STRtree(shapely.linestrings(corners))
