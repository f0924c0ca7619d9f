"""The course of a river in a plane: nearest points of its line, kilometres, offsets.

A transverse Mercator plane through the river's middle meridian, conformal, so that the nearest
point in it is the nearest on Earth; its scale is taken out of every distance. A river may cross
the antimeridian.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from gis.geometry.geodesy import Floats
from gis.river.centreline import Centreline
from gis.river.nearest_segments import NearestSegments, Rows

MEAN_RADIUS_M = 6_371_009.0


class Course:
    """Directed segments of a line, indexed.

    Attributes:
        km: Kilometre where each segment begins; one more, where the last ends. Falls.
        reach: Reach that each segment belongs to.

    >>> import geopandas as gpd
    >>> import shapely
    >>> from gis.river.centreline import measured
    >>> line = shapely.LineString([(179.95, 0.0), (-179.95, 0.0)])
    >>> frame = gpd.GeoDataFrame({"reach": ["a"], "error_m": [9]}, geometry=[line], crs=4326)
    >>> course = Course(measured(frame, file="mine"))
    >>> km, offset, _ = course.nearest(np.array([180.0]), np.array([0.001]), within_m=500.0)
    >>> km.round(2), offset.round(1)
    (array([5.57]), array([110.6]))
    """

    def __init__(self, line: Centreline) -> None:
        """Index the segments of a measured centreline."""
        self.km, self.reach = line.km, line.reach
        self._drawn_m = np.append(line.length_m[::-1].cumsum()[::-1], 0.0)
        points = np.vstack([line.start, line.end[-1:]])
        lon = np.unwrap(points[:, 0], period=360.0)
        self._half_deg = float(lon.max() - lon.min()) / 2.0
        self._middle_deg = (float(lon.max() + lon.min()) / 2.0 + 180.0) % 360.0 - 180.0
        self._lats = float(points[:, 1].min()), float(points[:, 1].max())
        self._plane = Proj(proj="tmerc", lon_0=self._middle_deg, ellps="WGS84")
        self._start = np.column_stack(self._plane(line.start[:, 0], line.start[:, 1]))
        self._end = np.column_stack(self._plane(line.end[:, 0], line.end[:, 1]))
        along = self._end - self._start
        self._length = np.hypot(along[:, 0], along[:, 1])
        self._along = along / self._length[:, None]
        self._km_per_m = (self.km[:-1] - self.km[1:]) / self._length
        self._segments = NearestSegments(self._start, self._end)
        # By segment: the one whose end is its start, itself where there is none.
        self._upper = np.arange(len(self._length))
        self._upper[1:] -= (self._start[1:] == self._end[:-1]).all(axis=1)

    def to_plane(self, lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
        """Return x and y, metres, of degrees.

        >>> from gis.river.river import load_mekong
        >>> x, y = load_mekong().course.to_plane(np.array([103.42]), np.array([16.0]))
        >>> x.round(-3), y.round(-3)
        (array([0.]), array([1770000.]))
        """
        x, y = self._plane(lons, lats)
        return np.asarray(x), np.asarray(y)

    def from_plane(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return degrees (lon, lat) of metres in the plane.

        >>> from gis.river.river import load_mekong
        >>> course = load_mekong().course
        >>> lon, lat = course.from_plane(*course.to_plane(np.array([100.4]), np.array([20.2])))
        >>> round(float(lon[0]), 9), round(float(lat[0]), 9)
        (100.4, 20.2)
        """
        lons, lats = self._plane(x, y, inverse=True)
        return np.asarray(lons), np.asarray(lats)

    def at(self, km: Floats) -> tuple[Floats, Floats]:
        """Return degrees (lon, lat) of the line at kilometres, which must be on it.

        >>> from gis.river.river import load_mekong
        >>> lon, lat = load_mekong().course.at(np.array([2356.0]))
        >>> lon.round(2), lat.round(2)
        (array([100.41]), array([20.27]))
        """
        # Kilometres fall along the line; searchsorted wants them rising.
        index = np.searchsorted(-self.km, -km, side="right") - 1
        index = np.clip(index, 0, len(self._length) - 1)
        share = (self.km[index] - km) / (self.km[index] - self.km[index + 1])
        place = self._start[index] + share[:, None] * (self._end[index] - self._start[index])
        return self.from_plane(place[:, 0], place[:, 1])

    def way_m(self, km_a: Floats, km_b: Floats) -> Floats:
        """Return how long the drawn line is between kilometres, metres, along geodesics.

        Not the difference of the kilometres: where the line is smoothed, a reach keeps those of
        the line it was made from.

        >>> from gis.river.river import load_mekong
        >>> load_mekong().course.way_m(np.array([2356.0]), np.array([2355.0])).round(-1)
        array([980.])
        """
        rising = self.km[::-1]
        a, b = (np.interp(km, rising, self._drawn_m[::-1]) for km in (km_a, km_b))
        return np.asarray(np.abs(b - a))

    def nearest(self, lon: Floats, lat: Floats, *, within_m: float) -> tuple[Floats, Floats, Rows]:
        """Return kilometre, offset (metres, left positive) and reach of the nearest points.

        NaN, NaN and -1 for what is farther than `within_m` from the line, or no place at all.

        >>> from gis.river.river import load_mekong
        >>> km, offset, reach = load_mekong().course.nearest(
        ...     np.array([100.43, 0.0]), np.array([20.27, 0.0]), within_m=5000.0)
        >>> km.round(), reach.tolist()
        (array([2355.,   nan]), [6, -1])
        """
        near = self._about(lon, lat, within_m)
        if np.count_nonzero(near) < near.size:
            some = np.array(self._plane(lon[near], lat[near])).T
            return _scatter(near, self._nearest_of(some, within_m) if len(some) else None)
        return self._nearest_of(np.array(self._plane(lon, lat)).T, within_m)

    def _nearest_of(self, place: Floats, within_m: float) -> tuple[Floats, Floats, Rows]:
        """Return what `nearest` does, of points in the plane."""
        segment = self._segments.of(place, within_m=within_m * 1.01)
        near = segment >= 0
        if np.count_nonzero(near) < near.size:
            some = place[near]
            return _scatter(
                near, self._nearest_in_plane(some, segment[near], within_m) if len(some) else None
            )
        return self._nearest_in_plane(place, segment, within_m)

    def _nearest_in_plane(
        self, place: Floats, segment: Rows, within_m: float
    ) -> tuple[Floats, Floats, Rows]:
        """Return what `nearest` does, of points in the plane and the segment nearest to each."""
        km, offset, upper = self._measured(place, segment)
        reach = self.reach.take(upper)
        far = np.abs(offset) > within_m
        if np.count_nonzero(far):
            km[far], offset[far], reach[far] = np.nan, np.nan, -1
        return km, offset, reach

    def _measured(self, place: Floats, segment: Rows) -> tuple[Floats, Floats, Rows]:
        """Return kilometre and offset of plane points (rows of x, y) from a segment each, and at a
        corner the segment above it, else the one given.
        """
        # For few, `take` is several times as fast as an index.
        start, along = self._start.take(segment, axis=0), self._along.take(segment, axis=0)
        length = self._length.take(segment)
        away = place - start
        reached = np.minimum(np.maximum(np.vecdot(away, along), 0.0), length)
        km = self.km.take(segment) - self._km_per_m.take(segment) * reached
        rest = away - along * reached[:, None]
        begins, ends = reached <= 0.0, reached >= length
        if np.count_nonzero(begins) or np.count_nonzero(ends):
            # At a corner the two segments that meet there decide together; one alone is wrong on
            # the outside of a sharp bend.
            before = np.maximum(segment - begins, 0)
            after = np.minimum(segment + ends, len(self._length) - 1)
            along = self._along.take(before, axis=0) + self._along.take(after, axis=0)
            segment = np.where(begins, self._upper.take(segment), segment)
        (along_x, along_y), (x, y) = along.T, rest.T
        # Where it is neither left nor right, ahead of an end, it is as far off all the same.
        offset = np.copysign(np.hypot(x, y), along_x * y - along_y * x)
        return km, offset / _scale(place[:, 0]), segment

    def box(self, *, within_m: float) -> tuple[float, float, float, float]:
        """Return what holds all that is within a distance of the line, degrees.

        Middle longitude, how far to both sides of it, least and greatest latitude; some more, to
        be sure.

        >>> from gis.river.river import load_mekong
        >>> [round(each, 1) for each in load_mekong().course.box(within_m=5000.0)]
        [103.4, 3.4, 10.2, 22.1]
        """
        south, north = self._lats
        high = within_m / 110_000.0
        steepest = min(89.99, max(abs(south), abs(north)) + high)
        wide = self._half_deg + high / math.cos(math.radians(steepest))
        return self._middle_deg, wide, south - high, north + high

    def _about(self, lon: Floats, lat: Floats, within_m: float) -> NDArray[np.bool_]:
        middle, wide, south, north = self.box(within_m=within_m)
        inside = (lat >= max(south, -90.0)) & (lat <= min(north, 90.0))
        off = lon - middle
        if abs(middle) + wide > 180.0:
            off = (off + 180.0) % 360.0 - 180.0  # the short way round
            inside &= np.abs(lon) <= 180.0
        inside &= np.abs(off) <= wide
        return np.asarray(inside)


def _scatter(
    some: NDArray[np.bool_], found: tuple[Floats, Floats, Rows] | None
) -> tuple[Floats, Floats, Rows]:
    """Return what was found of some points as that of all; the others are too far."""
    km, offset = np.full((2, *some.shape), np.nan)
    reach = np.full(some.shape, -1, dtype=np.intp)
    if found is not None:
        km[some], offset[some], reach[some] = found
    return km, offset, reach


def _scale(x: Floats) -> Floats:
    """Return how much longer than on Earth a length is in the plane at an x."""
    return np.asarray(1.0 + x * x * (0.5 / MEAN_RADIUS_M**2))
