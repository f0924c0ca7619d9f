"""Prepared geometry: shapes that answer point queries fast, safe to use from many threads.

GEOS makes what a prepared shape is asked with at the first question, without a lock, and shapely
lets go of the interpreter's lock while it does: two first questions at once tear the heap. What
points are asked with is only read once it is there; what lines and areas are asked with is written
at every question (GEOS 3.14, `MCIndexSegmentSetMutualIntersector::process`), so a shape that
threads share must be asked for those while it is not prepared.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike


def prepare_for_points(shapes: ArrayLike) -> None:
    """Prepare shapes, and make all that GEOS wants to tell whether a point is in them.

    Args:
        shapes: Geometries, of any form. From then on threads may ask them together, but about
            points alone. None and what is put together of several kinds (a GeometryCollection) is
            left alone: of that, GEOS goes on making the index of a part when a point first comes
            to it. Not prepared, it may be asked all the same.

    >>> square = shapely.box(0.0, 0.0, 1.0, 1.0)
    >>> prepare_for_points([square, shapely.Polygon(), None])
    >>> bool(shapely.is_prepared(square)), bool(shapely.contains_xy(square, 0.5, 0.5))
    (True, True)
    """
    given = np.asarray(shapes, dtype=object).ravel()
    given = given[shapely.get_type_id(given) != shapely.GeometryType.GEOMETRYCOLLECTION]
    shapely.prepare(given)  # noqa: TID251
    bounds = shapely.bounds(given)
    # A point outside the bounds is answered without an index; the first inside by going round the
    # shape; the index is made for the second (`PreparedPolygon::getPointLocator`).
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2.0, (bounds[:, 1] + bounds[:, 3]) / 2.0
    for _ in range(2):
        shapely.contains_xy(given, x, y)
        shapely.intersects_xy(given, x, y)
