"""Which country a place is in, how far the border is, and how sure that is.

The line is that of OpenStreetMap: a drawing, not a legal line. Each stretch states its error
(300 m on the Mekong). An answer is sure only when the border is farther away than the line and the
position may be wrong together, and not where two drawings of the line disagree. At sea a country
reaches to the limit of its territorial sea.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.geometry.features import Features, features_of
from gis.geometry.geodesy import Floats, as_columns, distances_m
from gis.geometry.prepared_geometry import prepare_for_points
from gis.layers.reference_layers import shipped_features

if TYPE_CHECKING:
    import geopandas as gpd

    from gis.geometry.features import Table

MERCATOR_LAT = 85.0
SEGMENTS = 8  # of a line, in one stretch of the index
NODE = 4  # shapes in one: the nearest is found in little more than half the time of ten


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """On which side of a border a place is.

    Attributes:
        country: ISO 3166-1 alpha-2 code of the country drawn there; None outside the six.
        neighbour: Country across the nearest line; None when that is the sea or a country
            outside the six.
        distance_to_border_m: Distance to the nearest border or limit of the territorial sea,
            metres; NaN without one, and where the place is no place.
        error_m: How far that stretch of line may be off, metres.
        unsure_within_m: How far from the line a place must be to be on a side for sure: the
            errors of line and position together, metres.
        sure: Whether the place is on that side beyond the errors, and no other drawing of the
            border gives it to another country.
        disputed: Whether two drawings of the border give the place to different countries.
    """

    country: str | None
    neighbour: str | None
    distance_to_border_m: float
    error_m: float
    unsure_within_m: float
    sure: bool
    disputed: bool = False


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """On which side many places are: arrays of one length, as the fields of `Side`.

    `country` and `neighbour` hold codes or None.
    """

    country: NDArray[np.object_]
    neighbour: NDArray[np.object_]
    distance_to_border_m: Floats
    error_m: Floats
    unsure_within_m: Floats
    sure: NDArray[np.bool_]
    disputed: NDArray[np.bool_]


class Border:
    """Border lines and the areas between them, indexed."""

    def __init__(
        self,
        borders: Table,
        territories: Table,
        *,
        outlines: Table | None = None,
        doubts: Table | None = None,
    ) -> None:
        """Index the layers (all EPSG:4326).

        Args:
            borders: Lines with `countries` ("LA;TH") and `error_m`.
            territories: Areas with `country`, divided by those lines.
            outlines: Lines with `country` and `error_m` toward the sea and other countries; a
                line without an error is an edge of the data and no border.
            doubts: Areas that may belong to either country.
        """
        drawn, areas = features_of(borders), features_of(territories)
        pairs: list[tuple[str | None, ...]] = [
            tuple(str(text).split(";")) for text in drawn["countries"]
        ]
        shapes, errors = list(drawn.geometry), list(drawn["error_m"])
        if outlines is not None and "error_m" in outlines.columns:
            edges = features_of(outlines)
            real = edges.take(np.array([each is not None for each in edges["error_m"]], dtype=bool))
            pairs += [(str(country), None) for country in real["country"]]
            shapes, errors = shapes + list(real.geometry), errors + list(real["error_m"])
        # One more row, for what has no line near it.
        self._first = np.array([*(pair[0] for pair in pairs), None], dtype=object)
        self._second = np.array([*(pair[-1] for pair in pairs), None], dtype=object)
        self._error_m: Floats = np.array([*errors, np.nan], dtype=np.float64)
        lines, of_row = shapely.get_parts(np.array(shapes, dtype=object), return_index=True)
        degrees = [shapely.get_coordinates(line) for line in lines]
        self._middle_deg = _middle(np.vstack([np.empty((0, 2)), *degrees])[:, 0])
        points = [self._plane(*each.T) for each in degrees]
        self._points = np.vstack([np.empty((0, 2)), *points])
        lengths = [len(p) - 1 for p in points]
        # By segment: which point it begins at, the next one being its end; and its row.
        line = np.repeat(np.arange(len(points), dtype=np.int32), lengths)
        self._at = np.arange(len(line), dtype=np.int32) + line
        self._row = np.repeat(of_row.astype(np.int32), lengths)
        # A tree of stretches, not of segments: a geometry for each would take twenty megabytes.
        self._first_of, shapes_of = _stretches(points)
        self._tree = shapely.STRtree(shapes_of, node_capacity=NODE)
        self._codes = np.array([*(str(code) for code in areas["country"]), None], dtype=object)
        # Anew from their coordinates: what GEOS has put together holds half as much again.
        shapes = list(shapely.from_wkb(shapely.to_wkb(areas.geometry)))
        shapes.append(shapely.union_all([] if doubts is None else list(doubts.geometry)))
        # The areas and below them the doubts, a row each: one call asks all about all places.
        self._shapes = np.array(shapes, dtype=object)[:, None]
        prepare_for_points(self._shapes)

    def side(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> Side:
        """Return on which side of the border a place is.

        Args:
            lon: Longitude, degrees.
            lat: Latitude, degrees.
            accuracy_m: How wrong the position itself may be, metres.

        >>> chiang_khong = load_border().side(lon=100.40461, lat=20.26125)
        >>> chiang_khong.country, chiang_khong.neighbour, chiang_khong.sure
        ('TH', 'LA', True)
        >>> load_border().side(lon=100.4096, lat=20.2655).sure
        False
        >>> load_border().side(lon=0.0, lat=0.0).country is None
        True
        """
        found = self.sides([lon], [lat], accuracy_m=accuracy_m)
        return Side(
            country=found.country[0],
            neighbour=found.neighbour[0],
            distance_to_border_m=float(found.distance_to_border_m[0]),
            error_m=float(found.error_m[0]),
            unsure_within_m=float(found.unsure_within_m[0]),
            sure=bool(found.sure[0]),
            disputed=bool(found.disputed[0]),
        )

    def sides(self, lons: ArrayLike, lats: ArrayLike, *, accuracy_m: ArrayLike = 0.0) -> Sides:
        """Return on which side places are, given as two arrays of degrees.

        >>> found = load_border().sides([100.4178, 100.40461, float("nan")], [20.27, 20.26125, 0.0])
        >>> found.country.tolist()
        ['LA', 'TH', None]
        """
        lon, lat = as_columns(lons, lats)
        return self.sides_of_columns(lon, lat, accuracy_m=np.asarray(accuracy_m, dtype=np.float64))

    def sides_of_columns(self, lon: Floats, lat: Floats, *, accuracy_m: Floats) -> Sides:
        """Return the same of two arrays of one length."""
        inside = shapely.intersects_xy(self._shapes, lon, lat)
        disputed = inside[-1].copy()
        inside[-1] = True  # for what is in no area
        area = inside.argmax(axis=0)
        country = self._codes.take(area)
        distance, row = self._nearest(lon, lat)
        first, second = self._first.take(row), self._second.take(row)
        neighbour = np.where(first == country, second, first)
        error = self._error_m.take(row)
        within = error + accuracy_m
        clear = distance > within
        clear |= np.isnan(distance)  # no line anywhere: nothing to be unsure about
        return Sides(
            country=country,
            neighbour=neighbour,
            distance_to_border_m=distance,
            error_m=error,
            unsure_within_m=within,
            sure=(area < len(self._shapes) - 1) & clear & ~disputed,
            disputed=disputed,
        )

    def segments(self, *, west: float, south: float, east: float, north: float) -> Floats:
        """Return the straight parts of the border lines that touch a box in degrees.

        Returns:
            A row for each: lon and lat of its one end, lon and lat of the other.

        >>> load_border().segments(west=100.3, south=20.2, east=100.5, north=20.3).shape[1]
        4
        >>> len(load_border().segments(west=0.0, south=0.0, east=1.0, north=1.0))
        0
        """
        (low_x, low_y), (high_x, high_y) = self._plane(
            np.array([west, east]), np.clip(np.array([south, north]), -MERCATOR_LAT, MERCATOR_LAT)
        )
        stretches = np.sort(self._tree.query(shapely.box(low_x, low_y, high_x, high_y)))
        start, end = self._ends(self._segments_of(stretches))
        low, high = np.minimum(start, end), np.maximum(start, end)
        touches = (low <= (high_x, high_y)).all(axis=1) & (high >= (low_x, low_y)).all(axis=1)
        start_lon, start_lat = self._place(start[touches])
        end_lon, end_lat = self._place(end[touches])
        return np.column_stack([start_lon, start_lat, end_lon, end_lat])

    def _nearest(self, lon: Floats, lat: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Return distance (m) to the nearest line and its row; NaN and -1 where there is none."""
        real = (np.abs(lat) <= MERCATOR_LAT) & (np.abs(lon) <= 180.0)
        if len(self._row) == 0 or np.count_nonzero(real) < real.size:
            distance = np.full(lon.shape, np.nan)
            row = np.full(lon.shape, -1, dtype=np.intp)
            if len(self._row) and real.any():
                distance[real], row[real] = self._nearest(lon[real], lat[real])
            return distance, row
        place = self._plane(lon, lat)
        stretch = self._tree.query_nearest(shapely.points(place), all_matches=False)[1]
        # A row for each place, all as long: what a stretch is short of, its last segment fills.
        first, last = self._first_of.take(stretch), self._first_of.take(stretch + 1) - 1
        segment = np.minimum(first[:, None] + np.arange(SEGMENTS), last[:, None])
        start, end = self._ends(segment)
        along = end - start
        square = np.maximum(np.vecdot(along, along), 1e-30)
        from_start = place[:, None] - start
        share = np.vecdot(from_start, along) / square
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        away = from_start - share[..., None] * along
        best = np.arange(len(stretch)), np.vecdot(away, away).argmin(axis=1)
        foot_lon, foot_lat = self._place(place - away[best])
        distance = distances_m(lon1=lon, lat1=lat, lon2=foot_lon, lat2=foot_lat)
        return distance, self._row.take(segment[best])

    def _segments_of(self, stretches: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the segments of stretches, one after the other."""
        first = self._first_of[stretches]
        count = self._first_of[stretches + 1] - first
        of = np.repeat(np.arange(len(stretches)), count)
        found: NDArray[np.intp] = first[of] + np.arange(len(of)) - (np.cumsum(count) - count)[of]
        return found

    def _ends(self, segment: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return where segments begin and end, in the plane."""
        at = self._at.take(segment)
        return self._points.take(at, axis=0), self._points.take(at + 1, axis=0)

    def _plane(self, lon: Floats, lat: Floats) -> Floats:
        """Mercator on a sphere: conformal, so that the nearest on paper is the nearest on Earth.

        Over a distance d its scale changes by tan(latitude) d / R: 0.6 % over 100 km at 20
        degrees, by which the line found may be farther than the nearest one. The distance itself
        is geodesic.
        """
        off = (lon - self._middle_deg + 180.0) % 360.0 - 180.0
        return np.array((np.radians(off), np.arcsinh(np.tan(np.radians(lat))))).T

    def _place(self, plane: Floats) -> tuple[Floats, Floats]:
        lat = np.degrees(np.arctan(np.sinh(plane[:, 1])))
        return np.degrees(plane[:, 0]) + self._middle_deg, lat


def territories(borders: Table, outlines: Table) -> gpd.GeoDataFrame:
    """Return the areas that borders and outlines enclose, one feature a country, as a frame.

    >>> shore = shapely.LineString([(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)])
    >>> outline = Features({"country": ["AA"]}, [shore])
    >>> territories(Features({"countries": []}, []), outline).crs.to_string()
    'EPSG:4326'
    """
    return enclosed(borders, outlines).frame()


def enclosed(borders: Table, outlines: Table) -> Features:
    """Return the areas that borders and outlines enclose, one feature a country.

    Args:
        borders: Lines with `countries` ("LA;TH").
        outlines: Lines with `country`, which close what the borders leave open.

    Returns:
        Areas with the column `country`; a country whose lines do not close has an empty area.

    >>> shore = shapely.LineString([(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)])
    >>> outline = Features({"country": ["AA"]}, [shore])
    >>> enclosed(Features({"countries": []}, []), outline).geometry[0].area
    4.0
    """
    lines: dict[str, list[shapely.Geometry]] = {}
    for text, shape in zip(borders["countries"], borders.geometry, strict=True):
        for country in str(text).split(";"):
            lines.setdefault(country, []).append(shape)
    for country, shape in zip(outlines["country"], outlines.geometry, strict=True):
        lines.setdefault(str(country), []).append(shape)
    codes = sorted(lines)
    areas = [shapely.build_area(shapely.union_all(lines[code])) for code in codes]
    return Features({"country": codes}, areas)


@functools.cache
def load_border() -> Border:
    """Return the border of the shipped layers; loaded once (about two seconds).

    >>> load_border() is load_border()
    True
    """
    borders, outlines = shipped_features("borders"), shipped_features("outlines")
    return Border(
        borders,
        enclosed(borders, outlines),
        outlines=outlines,
        doubts=shipped_features("border_doubts"),
    )


def _stretches(lines: Sequence[Floats]) -> tuple[NDArray[np.intp], list[shapely.LineString]]:
    """Return lines in stretches of a few segments.

    Args:
        lines: Points of each, two or more.

    Returns:
        Number of the first segment of each stretch, and one more: of the segment after the last;
        the stretches.
    """
    first, shapes, count = [], [], 0
    for points in lines:
        for at in range(0, len(points) - 1, SEGMENTS):
            first.append(count + at)
            shapes.append(shapely.LineString(points[at : at + SEGMENTS + 1]))
        count += len(points) - 1
    return np.array([*first, count], dtype=np.intp), shapes


def _middle(lons: Floats) -> float:
    """Return the meridian that lines lie about, degrees: they may cross the antimeridian."""
    turn = np.radians(lons)
    return float(np.degrees(np.arctan2(np.sin(turn).sum(), np.cos(turn).sum())))
