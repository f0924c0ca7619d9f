"""The river as an address: kilometre along the centreline, distance off it, bank.

Kilometres count up from the sea along geodesics of the centreline; they are measured, not fitted
to published figures. "Left" and "right" look downstream. Nearest points are found in a transverse
Mercator plane through the river's middle, lengths are exact on WGS 84.
"""

from __future__ import annotations

import functools
import math
from typing import Literal, TypeAlias

import geopandas as gpd
import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Proj

from gis.errors import LayerError, PositionError
from gis.geodesy import distance_m, distances_m
from gis.shipped import read_shipped

Floats: TypeAlias = NDArray[np.float64]
Bank: TypeAlias = Literal["left", "right", "mid"]

REACH_OF_RIVER_M = 5000.0  # farther than this from the line, a place has no river address
JOIN_M = 100.0  # segments of a centreline must meet this closely
MEAN_RADIUS_M = 6_371_009.0
GOLDEN_TRIANGLE = (100.084653, 20.352275)  # Ruak mouth, where LA, MM and TH meet
GOLDEN_TRIANGLE_M = 1000.0  # a line that passes it this closely is the Mekong


class RiverPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a position is along a river.

    Attributes:
        km: Kilometres from the sea along the centreline.
        offset_m: Distance from the centreline, metres; positive on the left bank's side looking
            downstream, negative on the right's.
        bank: "left" or "right" when the position is farther from the line than line and position
            may be wrong; "mid" when it surely is within the river's width; None when unsure.
        error_m: How far the line is off the middle of the river here, metres, typically.
        reach: Name of the reach.
        km_error_share: Error of a distance along this reach, as a share of it.
        km_below_golden_triangle: Kilometres down from the Golden Triangle (negative above it);
            None on rivers that do not pass it.
    """

    km: float
    offset_m: float
    bank: Bank | None
    error_m: float
    reach: str
    km_error_share: float
    km_below_golden_triangle: float | None = None


class RiverPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where many positions are along a river: arrays of one length, NaN beyond 5 km of it.

    Attributes:
        km: Kilometres from the sea.
        offset_m: Distance from the centreline, metres, left of it positive.
        side: 1 left bank, -1 right bank, 0 unsure or none.
        mid: True where the position surely is within the river's width.
        error_m: Typical error of the line there, metres.
        reach: Index into `River.reaches`; -1 where there is none.
    """

    km: Floats
    offset_m: Floats
    side: NDArray[np.int8]
    mid: NDArray[np.bool_]
    error_m: Floats
    reach: NDArray[np.intp]


class River:
    """A centreline that runs down to the sea, and addresses along it."""

    def __init__(self, centreline: gpd.GeoDataFrame, *, file: str = "centreline") -> None:
        """Measure a centreline.

        Args:
            centreline: One LineString a reach (EPSG:4326), in order, each running downstream to
                where the next begins. Columns: `reach` (name) and `error_m`; optionally
                `km_error_share` (0.04 if absent), `width_m` (of the river) and `km_end`, of which
                the last says how far from the sea the line ends (0 if absent).
            file: Name for error messages.

        Raises:
            LayerError: If a reach is no line, or does not begin where the one before ends.
        """
        _check_joined(centreline, file)
        count = len(centreline)
        self.reaches: tuple[str, ...] = tuple(str(name) for name in centreline["reach"])
        self._error_m = _column(centreline, "error_m", math.nan)
        self._km_error_share = _column(centreline, "km_error_share", 0.04)
        self._width_m = _column(centreline, "width_m", math.nan)
        points = [shapely.get_coordinates(line) for line in centreline.geometry]
        start, end = np.vstack([p[:-1] for p in points]), np.vstack([p[1:] for p in points])
        of_reach = np.repeat(np.arange(count), [len(p) - 1 for p in points])
        length_m = distances_m(lon1=start[:, 0], lat1=start[:, 1], lon2=end[:, 0], lat2=end[:, 1])
        real = length_m > 0.0
        start, end, of_reach, length_m = start[real], end[real], of_reach[real], length_m[real]
        km_end = float(_column(centreline, "km_end", 0.0)[-1])
        self._km_up: Floats = np.append(length_m[::-1].cumsum()[::-1] / 1000.0, 0.0) + km_end
        self._reach_of_segment = of_reach
        self._bounds = shapely.total_bounds(centreline.geometry.values)
        middle = float(self._bounds[0] + self._bounds[2]) / 2
        self._plane = Proj(proj="tmerc", lon_0=middle, ellps="WGS84")
        self._start = np.column_stack(self._plane(start[:, 0], start[:, 1]))
        self._end = np.column_stack(self._plane(end[:, 0], end[:, 1]))
        along = self._end - self._start
        self._length = np.hypot(along[:, 0], along[:, 1])
        self._along = along / self._length[:, None]
        self._tree = shapely.STRtree(
            shapely.linestrings(np.stack([self._start, self._end], axis=1))
        )
        self.golden_triangle_km: float | None = None
        mark = self.locate(lon=GOLDEN_TRIANGLE[0], lat=GOLDEN_TRIANGLE[1])
        if mark is not None and abs(mark.offset_m) < GOLDEN_TRIANGLE_M:
            self.golden_triangle_km = mark.km

    @property
    def km_range(self) -> tuple[float, float]:
        """Kilometres of the lower and the upper end of the line."""
        return float(self._km_up[-1]), float(self._km_up[0])

    def at_km(self, km: float) -> tuple[float, float]:
        """Return (lon, lat) of the centreline at a kilometre from the sea.

        Raises:
            PositionError: If the river has no such kilometre.

        >>> lon, lat = load_mekong().at_km(2356.0)
        >>> round(lon, 2), round(lat, 2)
        (100.41, 20.27)
        """
        lons, lats = self.at_kms([km])
        return float(lons[0]), float(lats[0])

    def at_kms(self, kms: ArrayLike) -> tuple[Floats, Floats]:
        """Return arrays (lon, lat) of the centreline at kilometres from the sea.

        Raises:
            PositionError: If the river has not one of them, or it is NaN.

        >>> lons, lats = load_mekong().at_kms([])
        >>> len(lons), len(lats)
        (0, 0)
        """
        wanted = np.atleast_1d(np.asarray(kms, dtype=np.float64))
        low, high = self.km_range
        for km in wanted[~((wanted >= low) & (wanted <= high))][:1]:
            raise PositionError(f"km {km} is not on the river (km {low:.1f} to {high:.1f})")
        if wanted.size == 0:
            return np.empty(0), np.empty(0)
        # _km_up falls along the line; searchsorted wants it rising.
        index = np.searchsorted(-self._km_up, -wanted, side="right") - 1
        index = np.clip(index, 0, len(self._length) - 1)
        share = (self._km_up[index] - wanted) / (self._km_up[index] - self._km_up[index + 1])
        place = self._start[index] + share[:, None] * (self._end[index] - self._start[index])
        lons, lats = self._plane(place[:, 0], place[:, 1], inverse=True)
        return np.asarray(lons), np.asarray(lats)

    def locate(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> RiverPlace | None:
        """Return the river address of a place; None beyond 5 km of the line.

        Args:
            lon: Longitude, degrees.
            lat: Latitude, degrees.
            accuracy_m: How wrong the position itself may be, metres.

        >>> place = load_mekong().locate(lon=100.41, lat=20.266)
        >>> round(place.km), place.bank, round(place.km_below_golden_triangle)
        (2356, None, 68)
        >>> load_mekong().locate(lon=100.43, lat=20.27).bank
        'left'
        >>> load_mekong().locate(lon=0.0, lat=0.0) is None
        True
        """
        found = self.locate_many([lon], [lat], accuracy_m=accuracy_m)
        km = float(found.km[0])
        if math.isnan(km):
            return None
        reach = int(found.reach[0])
        bank: Bank | None = "mid" if found.mid[0] else _BANKS[int(found.side[0])]
        mark = self.golden_triangle_km
        return RiverPlace(
            km=km,
            offset_m=float(found.offset_m[0]),
            bank=bank,
            error_m=float(found.error_m[0]),
            reach=self.reaches[reach],
            km_error_share=float(self._km_error_share[reach]),
            km_below_golden_triangle=None if mark is None else mark - km,
        )

    def locate_many(
        self, lons: ArrayLike, lats: ArrayLike, *, accuracy_m: ArrayLike = 0.0
    ) -> RiverPlaces:
        """Return the river addresses of places given as two arrays of degrees.

        A coordinate that is NaN or no place on Earth has none.

        >>> places = load_mekong().locate_many([100.41, 0.0], [20.266, 0.0])
        >>> places.km.round(), places.side
        (array([2356.,   nan]), array([0, 0], dtype=int8))
        """
        lon, lat = np.broadcast_arrays(
            np.atleast_1d(np.asarray(lons, dtype=np.float64)),
            np.atleast_1d(np.asarray(lats, dtype=np.float64)),
        )
        near = np.flatnonzero(self._in_reach(lon, lat))
        km, offset, error = (np.full(lon.shape, np.nan) for _ in range(3))
        reach = np.full(lon.shape, -1, dtype=np.intp)
        if near.size:
            x, y = self._plane(lon[near], lat[near])
            found, segment = self._tree.query_nearest(
                shapely.points(x, y), max_distance=REACH_OF_RIVER_M * 1.01, all_matches=False
            )
            place = np.column_stack([x[found], y[found]])
            at = near[found]
            km[at], offset[at] = self._measure(place, segment)
            reach[at] = self._reach_of_segment[segment]
            far = np.abs(offset) > REACH_OF_RIVER_M
            km[far], offset[far], reach[far] = np.nan, np.nan, -1
            known = reach >= 0
            error[known] = self._error_m[reach[known]]
        reached = np.abs(offset)
        wrong = error + np.broadcast_to(np.asarray(accuracy_m, dtype=np.float64), lon.shape)
        width = np.where(reach >= 0, self._width_m[reach], np.nan)
        return RiverPlaces(
            km=km,
            offset_m=offset,
            side=np.where(reached > wrong, np.sign(np.nan_to_num(offset)), 0.0).astype(np.int8),
            mid=reached + wrong <= width / 2.0,
            error_m=error,
            reach=reach,
        )

    def between(self, km_a: float, km_b: float, *, step_m: float) -> list[tuple[float, float]]:
        """Return (lon, lat) along the centreline from one kilometre to another, ends included.

        Steps are equal and at most `step_m` long; the order is from `km_a` to `km_b`.

        Raises:
            PositionError: If the river has not one of the kilometres.
            ValueError: If `step_m` is not above 0.

        >>> way = load_mekong().between(2360.0, 2350.0, step_m=500.0)
        >>> len(way)
        21
        """
        if not step_m > 0.0:
            raise ValueError(f"step_m must be above 0, not {step_m}")
        steps = max(1, math.ceil(round(abs(km_a - km_b) * 1000.0 / step_m, 6)))
        lons, lats = self.at_kms(np.linspace(km_a, km_b, steps + 1))
        return list(zip(lons.tolist(), lats.tolist(), strict=True))

    def _in_reach(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        west, south, east, north = self._bounds
        high = REACH_OF_RIVER_M / 110_000.0
        wide = high / max(0.01, math.cos(math.radians(max(abs(south), abs(north)))))
        inside = (lon >= west - wide) & (lon <= east + wide)
        return np.asarray(inside & (lat >= south - high) & (lat <= north + high))

    def _measure(self, place: Floats, segment: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return km and signed offset of plane points from their nearest segments."""
        start, along, length = self._start[segment], self._along[segment], self._length[segment]
        away = place - start
        reached = np.clip((away * along).sum(axis=1), 0.0, length)
        upper, lower = self._km_up[segment], self._km_up[segment + 1]
        km = upper - (upper - lower) * reached / length
        rest = away - along * reached[:, None]
        # At a corner the two segments that meet there decide together; one alone is wrong on the
        # outside of a sharp bend.
        before = np.where(reached <= 0.0, np.maximum(segment - 1, 0), segment)
        after = np.where(reached >= length, segment + 1, segment)
        after = np.minimum(after, len(self._length) - 1)
        heading = self._along[before] + self._along[after]
        left = np.sign(heading[:, 0] * rest[:, 1] - heading[:, 1] * rest[:, 0])
        scale = 1.0 + (place[:, 0] / MEAN_RADIUS_M) ** 2 / 2.0  # of the projection
        return km, left * np.hypot(rest[:, 0], rest[:, 1]) / scale


_BANKS: dict[int, Bank | None] = {1: "left", -1: "right", 0: None}


@functools.cache
def load_mekong() -> River:
    """Return the Mekong of the shipped centreline, Jinghong to the sea; loaded once.

    >>> load_mekong() is load_mekong()
    True
    >>> [round(km) for km in load_mekong().km_range]
    [0, 2755]
    """
    return River(read_shipped("mekong"), file="mekong.geojson")


def kilometre_marks(river: River, *, step_km: int = 1) -> gpd.GeoDataFrame:
    """Return points at whole kilometres, upstream from the sea.

    Columns: `km`, `km_below_golden_triangle` (to 0.1) and `every`, the coarsest of 50, 10 and
    `step_km` kilometres that the mark belongs to, so that a map thins them as it zooms out.

    >>> marks = kilometre_marks(load_mekong(), step_km=50)
    >>> len(marks), marks["every"].unique().tolist()
    (56, [50])
    """
    low, high = river.km_range
    kms = np.arange(math.ceil(low / step_km) * step_km, math.floor(high) + 1, step_km)
    lons, lats = river.at_kms(kms)
    every = np.select([kms % 50 == 0, kms % 10 == 0], [50, 10], step_km)
    columns: dict[str, object] = {"km": kms, "every": every}
    if river.golden_triangle_km is not None:
        columns["km_below_golden_triangle"] = (river.golden_triangle_km - kms).round(1)
    return gpd.GeoDataFrame(columns, geometry=shapely.points(lons, lats), crs="EPSG:4326")


def _check_joined(centreline: gpd.GeoDataFrame, file: str) -> None:
    if len(centreline) == 0:
        raise LayerError(file, "has no reach")
    for column in ("reach", "error_m"):
        if column not in centreline.columns:
            raise LayerError(file, f"has no column {column}")
    last: tuple[float, float] | None = None
    for number, line in enumerate(centreline.geometry):
        if line is None or line.geom_type != "LineString" or line.is_empty:
            raise LayerError(file, "is not one line", feature=number)
        first = line.coords[0]
        if last is not None:
            gap = distance_m(lon1=last[0], lat1=last[1], lon2=first[0], lat2=first[1])
            if gap > JOIN_M:
                fault = f"begins {gap:.0f} m from where the reach before it ends"
                raise LayerError(file, fault, feature=number)
        last = line.coords[-1]


def _column(frame: gpd.GeoDataFrame, name: str, default: float) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), default)
    values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), default, values)
