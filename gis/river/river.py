"""The river as an address: kilometre along the centreline, distance off it, bank.

Kilometres count up from the sea along geodesics of the centreline; they are measured, not fitted
to published figures, unless a site's own centreline says which kilometres its reaches have. "Left"
and "right" look downstream. Nearest points are found in a transverse Mercator plane through the
river's middle, lengths are exact on WGS 84.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.errors.errors import PositionError
from gis.geometry.features import Features, features_of
from gis.geometry.geodesy import Floats, as_columns
from gis.layers.reference_layers import shipped_features
from gis.river.centreline import column, measured
from gis.river.projected_centreline import Course

if TYPE_CHECKING:
    import geopandas as gpd

    from gis.geometry.features import Table

Bank: TypeAlias = Literal["left", "right", "mid"]

REACH_OF_RIVER_M = 5000.0  # farther than this from the line, a place has no river address
GREAT_DOUBT_M = 500.0  # unless it may itself be wrong by more than this: so much farther,
MOST_DOUBT_M = 5000.0  # by this at most
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

    def __init__(
        self, centreline: Table, *, file: str = "centreline", name: str = "Mekong"
    ) -> None:
        """Measure a centreline.

        Args:
            centreline: One LineString a reach (EPSG:4326), in order, each running downstream to
                where the next begins. Columns: `reach` (name) and `error_m`; optionally
                `km_error_share` (0.04 if absent), `width_m` (of the river), `km_start` and
                `km_end`. Where a reach has both, its kilometres run from the one to the other in
                proportion to its length; else they are its length, and the last `km_end` says
                how far from the sea the line ends (0 if absent).
            file: Name for error messages.
            name: The river's.

        Raises:
            LayerError: If a reach is no line, or does not begin where the one before ends.
        """
        self.name = name
        reaches = features_of(centreline)
        self.course = Course(measured(reaches, file=file))
        self.reaches: tuple[str, ...] = tuple(str(each) for each in reaches["reach"])
        # One more each, for what is on no reach.
        self._error_m = np.append(column(reaches, "error_m", math.nan), math.nan)
        self._width_m = np.append(column(reaches, "width_m", math.nan), math.nan)
        self._km_error_share = column(reaches, "km_error_share", 0.04)
        self.golden_triangle_km: float | None = None
        mark = self.locate(lon=GOLDEN_TRIANGLE[0], lat=GOLDEN_TRIANGLE[1])
        low, high = self.km_range
        # What ends there is another river.
        inside = mark is not None and low + 1.0 < mark.km < high - 1.0
        if mark is not None and inside and abs(mark.offset_m) < GOLDEN_TRIANGLE_M:
            self.golden_triangle_km = mark.km

    @property
    def km_range(self) -> tuple[float, float]:
        """Kilometres of the lower and the upper end of the line.

        >>> [round(km, 1) for km in load_mekong().km_range]
        [0.0, 2754.5]
        """
        return float(self.course.km[-1]), float(self.course.km[0])

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
        chainages_km = np.atleast_1d(np.asarray(kms, dtype=np.float64))
        low, high = self.km_range
        for km in chainages_km[~((chainages_km >= low) & (chainages_km <= high))][:1]:
            raise PositionError(f"km {km} is not on the river (km {low:.1f} to {high:.1f})")
        if chainages_km.size == 0:
            return np.empty(0), np.empty(0)
        return self.course.at(chainages_km)

    def locate(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> RiverPlace | None:
        """Return the river address of a place; None beyond 5 km of the line.

        Args:
            lon: Longitude, degrees.
            lat: Latitude, degrees.
            accuracy_m: How wrong the position itself may be, metres.

        >>> place = load_mekong().locate(lon=100.41, lat=20.266)
        >>> round(place.km), place.bank, round(place.km_below_golden_triangle), place.reach
        (2356, None, 69, 'Houay Xai')
        >>> load_mekong().locate(lon=100.43, lat=20.27).bank
        'left'
        >>> load_mekong().locate(lon=0.0, lat=0.0) is None
        True
        """
        found = self.locate_many([lon], [lat], accuracy_m=accuracy_m)
        km, reach, mark = float(found.km[0]), int(found.reach[0]), self.golden_triangle_km
        if reach < 0:
            return None
        return RiverPlace(
            km=km,
            offset_m=float(found.offset_m[0]),
            bank="mid" if found.mid[0] else _BANKS[int(found.side[0])],
            error_m=float(found.error_m[0]),
            reach=self.reaches[reach],
            km_error_share=float(self._km_error_share[reach]),
            km_below_golden_triangle=None if mark is None else mark - km,
        )

    def locate_many(
        self, lons: ArrayLike, lats: ArrayLike, *, accuracy_m: ArrayLike = 0.0
    ) -> RiverPlaces:
        """Return the river addresses of places given as two arrays of degrees.

        A coordinate that is NaN or no place on Earth has none. A place that may itself be wrong by
        kilometres, as that of an office known by its town, is looked for so much farther off.

        >>> places = load_mekong().locate_many([100.41, 0.0], [20.266, 0.0])
        >>> places.km.round(), places.side
        (array([2356.,   nan]), array([0, 0], dtype=int8))
        """
        lon, lat = as_columns(lons, lats)
        return self.locate_columns(lon, lat, accuracy_m=np.asarray(accuracy_m, dtype=np.float64))

    def locate_columns(self, lon: Floats, lat: Floats, *, accuracy_m: Floats) -> RiverPlaces:
        """Return the same of two arrays of one length."""
        doubtful = accuracy_m > GREAT_DOUBT_M
        if not np.count_nonzero(doubtful):
            km, offset, reach = self.course.nearest(lon, lat, within_m=REACH_OF_RIVER_M)
        else:
            doubt_m = np.where(doubtful, np.minimum(accuracy_m, MOST_DOUBT_M), 0.0)
            reach_m = REACH_OF_RIVER_M + doubt_m
            km, offset, reach = self.course.nearest(lon, lat, within_m=float(np.max(reach_m)))
            far = np.abs(offset) > reach_m
            km[far], offset[far], reach[far] = np.nan, np.nan, -1
        error, width = self._error_m.take(reach), self._width_m.take(reach)
        reached, wrong = np.abs(offset), error + accuracy_m
        return RiverPlaces(
            km=km,
            offset_m=offset,
            side=np.where(reached > wrong, np.sign(offset), 0.0).astype(np.int8),
            mid=reached + wrong <= width / 2.0,
            error_m=error,
            reach=reach,
        )

    def km_error_share(self, reach: int) -> float:
        """Return the error of a distance along a reach, as a share of it.

        Args:
            reach: Index into `reaches`.

        >>> load_mekong().km_error_share(load_mekong().reaches.index("Houay Xai"))
        0.035
        """
        return float(self._km_error_share[reach])

    def length_error_km(self, km_a: float, km_b: float) -> float:
        """Return how wrong the distance from one kilometre to another may be, kilometres.

        Each reach's share of the part that is in it.

        Raises:
            PositionError: If the river has not one of the kilometres.

        >>> round(load_mekong().length_error_km(2356.0, 2306.0), 2)
        1.99
        """
        self.at_kms([km_a, km_b])
        low, high = min(km_a, km_b), max(km_a, km_b)
        inside = np.clip(self.course.km, low, high)
        share = self._km_error_share[self.course.reach]
        return float(((inside[:-1] - inside[1:]) * share).sum())

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


_BANKS: dict[int, Bank | None] = {1: "left", -1: "right", 0: None}


@functools.cache
def load_mekong() -> River:
    """Return the Mekong of the shipped centreline, Jinghong to the sea; loaded once.

    >>> load_mekong() is load_mekong()
    True
    >>> [round(km) for km in load_mekong().km_range]
    [0, 2755]
    """
    return River(shipped_features("mekong"), file="mekong.geojson")


def kilometre_marks(river: River, *, step_km: int = 1) -> gpd.GeoDataFrame:
    """Return points at whole kilometres, upstream from the sea, as a frame.

    >>> kilometre_marks(load_mekong(), step_km=50).crs.to_string()
    'EPSG:4326'
    """
    return kilometres(river, step_km=step_km).frame()


def kilometres(river: River, *, step_km: int = 1) -> Features:
    """Return points at whole kilometres, upstream from the sea.

    Columns: `km`, `km_below_golden_triangle` (to 0.1) and `every`, the coarsest of 50, 10 and
    `step_km` kilometres that the mark belongs to, so that a map thins them as it zooms out.

    >>> marks = kilometres(load_mekong(), step_km=50)
    >>> len(marks), set(marks["every"].tolist())
    (56, {50})
    """
    low, high = river.km_range
    kms = np.arange(math.ceil(low / step_km) * step_km, math.floor(high) + 1, step_km)
    lons, lats = river.at_kms(kms)
    every = np.select([kms % 50 == 0, kms % 10 == 0], [50, 10], step_km)
    columns = {"km": kms, "every": every}
    if river.golden_triangle_km is not None:
        columns["km_below_golden_triangle"] = (river.golden_triangle_km - kms).round(1)
    return Features(columns, shapely.points(lons, lats))
