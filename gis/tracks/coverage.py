"""Coverage: which share of a sector, a reach or a range of kilometres was seen, when, how long.

A place is seen while a unit is within `radius_m` of it. The share of an area is that of the exact
shape: the tracks widened by the radius, cut with the area, both in a plane of equal area through
its middle (lengths there are right within 0.1 % over 1,000 km, the seen area within 0.2 %). When
and for how long is told for cells of the area, by their middles. Of a river, points of its
centreline are looked at every few metres; the centreline itself is off by `line_error_m`, so a
smaller radius says little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from gis.errors.errors import PositionError
from gis.geometry.geodesy import Floats
from gis.river.river import River
from gis.river.rivers import Rivers
from gis.tracks.chords import cartesian, places
from gis.tracks.legs import MAX_GAP_S, legs_of, pieces
from gis.tracks.sightings import Sightings, sightings, together_us
from gis.tracks.track import Track, from_us

if TYPE_CHECKING:
    import geopandas as gpd

MOST_CELLS = 10_000
MOST_STEPS = 60_000
_EDGE_DEG = 0.02  # edges of an area run straight in longitude and latitude: bent in the plane
_SHORT = 16  # legs of a line that is widened at once
_ROUND = 16  # corners of a quarter of a circle
# A circle of so many corners has the area of a true one if it is this much wider.
_WIDER = math.sqrt((math.pi / 2 / _ROUND) / math.sin(math.pi / 2 / _ROUND))


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of something was seen.

    Attributes:
        whole: How much there is: km2 of an area, km of a river.
        seen: How much of it was seen at least once.
        share: The second of the first, 0 to 1.
        first: First moment any of it was seen, aware UTC; None: never.
        last: Last moment any of it was seen.
        seen_hours: Time in which at least some of it was seen.
        unit_hours: The same of each unit, summed.
    """

    whole: float
    seen: float
    share: float
    first: datetime | None
    last: datetime | None
    seen_hours: float
    unit_hours: float


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a river, all of it seen or none.

    Attributes:
        km_from: Its lower end, kilometres from the sea.
        km_to: Its upper end.
        last: When the place of it that was not seen for longest was last seen; None: never seen.
        hours: How long a place of it was seen, on average.
    """

    km_from: float
    km_to: float
    last: datetime | None
    hours: float


class RiverCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a river was seen.

    Attributes:
        seen: In kilometres.
        stretches: Seen and unseen stretches in turn, from the lower end up.
        line_error_m: How far the centreline may be off along that way, metres, at most.
    """

    seen: Coverage
    stretches: tuple[Stretch, ...]
    line_error_m: float


def area_coverage(
    tracks: Iterable[Track],
    area: shapely.Geometry,
    *,
    radius_m: float,
    cell_m: float | None = None,
    max_gap_s: float = MAX_GAP_S,
    rivers: Rivers | None = None,
) -> tuple[Coverage, gpd.GeoDataFrame]:
    """Return how much of an area was seen, and the cells of it with when and for how long.

    Args:
        tracks: One a unit, cleaned.
        area: Polygon or MultiPolygon, EPSG:4326; cut where it crosses the antimeridian.
        radius_m: How far a unit sees, metres.
        cell_m: Edge of a cell, metres; None: half the radius, or what makes 10,000 cells if that
            is more.
        max_gap_s: A longer time without a position is no passage, seconds.
        rivers: What boats follow between sparse reports; None: every leg is straight.

    Returns:
        Its `seen` in km2, and one row a cell: `area_km2`, `last` (aware UTC; NaT never), `seen_s`,
        `visits` and its outline.

    Raises:
        PositionError: If the area is empty, flat or no polygon.
        ValueError: If `radius_m` or `cell_m` is not above 0.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.array([0, 200]) * 1_000_000
    >>> track = sorted_track(times, {"lon": np.array([99.99, 100.03]), "lat": np.zeros(2)})
    >>> sector = shapely.box(100.0, -0.01, 100.02, 0.01)
    >>> seen, cells = area_coverage([track], sector, radius_m=552.9)
    >>> round(seen.whole, 2), round(seen.share, 2), round(seen.seen_hours * 3600)
    (4.92, 0.5, 142)
    """
    import geopandas as gpd  # takes half a second to load
    import pandas as pd

    _check_above(radius_m=radius_m, cell_m=1.0 if cell_m is None else cell_m)
    shape, plane = _flat(area)
    given = [track for track in tracks if len(track)]
    widened = [_widened(track, plane, shape, radius_m, max_gap_s, rivers) for track in given]
    seen_m2 = float(shapely.intersection(shape, shapely.union_all(widened)).area)
    edge_m = cell_m or max(radius_m / 2.0, math.sqrt(shape.area / MOST_CELLS))
    cells = _cells(shape, edge_m)
    middles = shapely.get_coordinates(shapely.centroid(cells))
    lon, lat = plane(middles[:, 0], middles[:, 1], inverse=True)
    found = sightings(given, lon, lat, radius_m=radius_m, max_gap_s=max_gap_s, rivers=rivers)
    frame = gpd.GeoDataFrame(
        {
            "area_km2": shapely.area(cells) / 1e6,
            # NEVER is what numpy takes for no time.
            "last": pd.to_datetime(found.last_us.astype("datetime64[us]")).tz_localize("UTC"),
            "seen_s": found.seen_s,
            "visits": found.visits,
        },
        geometry=shapely.transform(
            cells, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1], inverse=True))
        ),
        crs="EPSG:4326",
    )
    return _coverage(shape.area / 1e6, seen_m2 / 1e6, found), frame


def river_coverage(
    tracks: Iterable[Track],
    river: River,
    *,
    km_from: float,
    km_to: float,
    radius_m: float,
    step_m: float | None = None,
    max_gap_s: float = MAX_GAP_S,
    rivers: Rivers | None = None,
) -> RiverCoverage:
    """Return how much of a river between two kilometres was seen.

    Args:
        tracks: One a unit, cleaned.
        river: Its centreline.
        km_from: One end, kilometres from the sea.
        km_to: The other end.
        radius_m: How far a unit sees, metres.
        step_m: The centreline is looked at every so many metres, and each end of what was seen is
            right within half of that; None: a tenth of the radius, 200 m at most, or what makes
            60,000 looks if that is more.
        max_gap_s: A longer time without a position is no passage, seconds.
        rivers: What boats follow between sparse reports; None: every leg is straight.

    Raises:
        PositionError: If the river has not one of the kilometres, or both are the same.
        ValueError: If `radius_m` or `step_m` is not above 0.

    >>> from gis.river.river import load_mekong
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_mekong().at_kms(np.arange(2355.0, 2345.0, -0.1))
    >>> track = sorted_track(np.arange(100) * 10_000_000, {"lon": lon, "lat": lat})
    >>> found = river_coverage([track], load_mekong(), km_from=2340.0, km_to=2360.0, radius_m=500.0)
    >>> round(found.seen.share, 1), [stretch.last is None for stretch in found.stretches]
    (0.5, [True, False, True])
    """
    _check_above(radius_m=radius_m, step_m=1.0 if step_m is None else step_m)
    low, high = sorted((km_from, km_to))
    if not high > low:
        raise PositionError(f"km {km_from} to {km_to} is no stretch of a river")
    river.at_kms([low, high])  # says so where there is no such kilometre
    whole_m = (high - low) * 1000.0
    step = step_m or max(min(radius_m / 10.0, 200.0), whole_m / MOST_STEPS)
    count = max(math.ceil(whole_m / step), 1)
    edges = np.linspace(low, high, count + 1)
    lon, lat = river.at_kms((edges[:-1] + edges[1:]) / 2.0)
    found = sightings(tracks, lon, lat, radius_m=radius_m, max_gap_s=max_gap_s, rivers=rivers)
    error = river.locate_many(lon, lat).error_m
    was = found.visits > 0
    changes = np.flatnonzero(np.diff(was)) + 1
    bounds = np.concatenate([[0], changes, [count]]).tolist()
    stretches = tuple(
        Stretch(
            km_from=float(edges[first]),
            km_to=float(edges[past]),
            last=from_us(int(found.last_us[first:past].min())) if was[first] else None,
            hours=float(found.seen_s[first:past].mean()) / 3600.0,
        )
        for first, past in pairwise(bounds)
    )
    return RiverCoverage(
        seen=_coverage(high - low, float(was.mean()) * (high - low), found),
        stretches=stretches,
        line_error_m=float(np.nanmax(error)) if np.isfinite(error).any() else math.nan,
    )


def reach_km(river: River, reach: str) -> tuple[float, float]:
    """Return the kilometres of the lower and the upper end of a reach, right within 0.1 km.

    Raises:
        PositionError: If the river has no reach of that name.

    >>> from gis.river.river import load_mekong
    >>> low, high = reach_km(load_mekong(), load_mekong().reaches[-1])
    >>> low, high > low
    (0.0, True)
    """
    low, high = river.km_range
    kms = np.linspace(low, high, max(math.ceil((high - low) / 0.1), 1) + 1)
    middles = (kms[:-1] + kms[1:]) / 2.0
    in_reach = np.array([name == reach for name in (*river.reaches, None)])
    at = np.flatnonzero(in_reach[river.locate_many(*river.at_kms(middles)).reach])
    if len(at) == 0:
        raise PositionError(f"the river has no reach {reach!r}; it has {', '.join(river.reaches)}")
    return float(kms[at[0]]), float(kms[at[-1] + 1])


def _coverage(whole: float, covered: float, found: Sightings) -> Coverage:
    ever = found.visits > 0
    return Coverage(
        whole=whole,
        seen=min(covered, whole),
        share=min(covered / whole, 1.0),
        first=from_us(int(found.first_us[ever].min())) if ever.any() else None,
        last=from_us(int(found.last_us[ever].max())) if ever.any() else None,
        seen_hours=together_us(found.visit_start_us, found.visit_end_us) / 3.6e9,
        unit_hours=found.near_s / 3600.0,
    )


def _flat(area: shapely.Geometry) -> tuple[shapely.Geometry, Proj]:
    """Return the area in metres, and the plane of equal area through its middle."""
    if area is None or area.is_empty or area.geom_type not in ("Polygon", "MultiPolygon"):
        raise PositionError("the area is empty or no polygon")
    corners = shapely.get_coordinates(area)
    (lon,), (lat,) = places(cartesian(corners[:, 0], corners[:, 1]).mean(axis=0)[None, :])
    plane = Proj(proj="laea", lon_0=lon, lat_0=lat, ellps="WGS84")
    flat = shapely.transform(
        shapely.segmentize(area, _EDGE_DEG), lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1]))
    )
    if not flat.is_valid:  # halves on both sides of the antimeridian touch; a pole is a point
        flat = shapely.buffer(shapely.make_valid(flat), 0.0)
    whole = shapely.union_all(shapely.get_parts(flat))
    if not whole.area > 0.0:
        raise PositionError("the area has no extent")
    return whole, plane


def _widened(
    track: Track,
    plane: Proj,
    shape: shapely.Geometry,
    radius_m: float,
    max_gap_s: float,
    rivers: Rivers | None,
) -> shapely.Geometry:
    """Return the ground that a unit saw, as far as it is near the shape, in metres."""
    cut = pieces(track, piece_m=2000.0, max_gap_s=max_gap_s, rivers=rivers)
    start = np.column_stack(plane(*places(cut.start)))
    end = np.column_stack(plane(*places(cut.end)))
    legs = legs_of(track, max_gap_s=max_gap_s)
    lone = np.ones(len(track), dtype=np.bool_)
    lone[legs] = lone[legs + 1] = False
    points = np.column_stack(plane(track.lon[lone], track.lat[lone]))
    west, south, east, north = shape.bounds
    reach = radius_m * 1.1

    def near(low: Floats, high: Floats) -> NDArray[np.bool_]:
        lower, upper = low.T, high.T
        return np.asarray(
            (lower[0] <= east + reach)
            & (upper[0] >= west - reach)
            & (lower[1] <= north + reach)
            & (upper[1] >= south - reach)
        )

    some = np.flatnonzero(near(np.minimum(start, end), np.maximum(start, end)))
    follows = (np.diff(some) == 1) & (start[some[1:]] == end[some[:-1]]).all(axis=1)
    lines = list(shapely.points(points[near(points, points)]))
    for run in np.split(some, np.flatnonzero(~follows) + 1):
        if len(run):
            line = shapely.linestrings(np.vstack([start[run], end[run[-1:]]]))
            # Noise at a berth is costly to widen, and a fiftieth of the radius is not seen.
            line = shapely.simplify(line, radius_m / 50.0, preserve_topology=False)
            corners = shapely.get_coordinates(line)
            # Widening a line that crosses itself takes the square of its corners: hence short ones.
            lines += [
                shapely.linestrings(corners[n : n + _SHORT + 1])
                for n in range(0, len(corners) - 1, _SHORT)
            ]
    return shapely.union_all(shapely.buffer(lines, radius_m * _WIDER, quad_segs=_ROUND))


def _cells(shape: shapely.Geometry, edge_m: float) -> NDArray[np.object_]:
    """Return the squares of a grid, cut with the shape."""
    west, south, east, north = shape.bounds
    columns = max(math.ceil((east - west) / edge_m), 1)
    rows = max(math.ceil((north - south) / edge_m), 1)
    x, y = np.meshgrid(west + edge_m * np.arange(columns), south + edge_m * np.arange(rows))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + edge_m, y.ravel() + edge_m)
    shapely.prepare(shape)  # noqa: TID251
    squares = squares[shapely.intersects(shape, squares)]
    within = shapely.contains_properly(shape, squares)
    squares[~within] = shapely.intersection(shape, squares[~within])
    return np.asarray(squares[shapely.area(squares) > 0.0])


def _check_above(**values: float) -> None:
    for name, value in values.items():
        if not value > 0.0:
            raise ValueError(f"{name} must be above 0, not {value}")
