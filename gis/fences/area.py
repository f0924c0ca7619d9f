"""Areas that boats enter and leave.

An area is named by its maker: a polygon, a corridor along a river between two kilometres, or all
that lies within some metres of a place. Longitudes may go on beyond 180 or
jump there; an edge always takes the shorter way round the Earth, so that no edge may be longer than
180 degrees of longitude.
"""

from __future__ import annotations

import functools

import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from gis.errors.errors import AreaError, PositionError
from gis.fences.plane import POLAR_LAT, Plane, plane_about, wrap_deg
from gis.geometry.geodesy import Floats, destinations
from gis.geometry.prepared_geometry import prepare_for_points
from gis.position.position import check_place
from gis.river.river import River

CIRCLE_POINTS = 90  # a circle drawn so is at most 0.06 % of its radius inside the true one
CORRIDOR_STEP_M = 50.0
POLAR_STEP_DEG = 1.0


class Area(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An area, ready to be asked about.

    Attributes:
        id: What rules call it.
        plane: The plane that `shape` lies in.
        shape: Polygon or MultiPolygon in metres of `plane`; prepared, so threads may ask it
            together about points alone.
    """

    id: str
    plane: Plane
    shape: BaseGeometry

    def __post_init__(self) -> None:
        prepare_for_points(self.shape)

    @functools.cached_property
    def edge(self) -> BaseGeometry:
        """Its outline."""
        return shapely.boundary(self.shape)

    @property
    def geometry(self) -> BaseGeometry:
        """The area in degrees, longitudes going on beyond 180 where it reaches across.

        >>> around("blo", lon=179.999, lat=0.0, radius_m=1000.0).geometry.bounds[2] > 180.0
        True
        """

        def places(points: Floats) -> Floats:
            lon, lat = self.plane.places(x_m=points[:, 0], y_m=points[:, 1])
            if not self.plane.polar:
                lon = self.plane.lon + wrap_deg(lon - self.plane.lon)
            return np.column_stack([lon, lat])

        return shapely.transform(self.shape, places)


def polygon(id: str, geometry: BaseGeometry) -> Area:
    """Return the area of a Polygon or MultiPolygon in degrees.

    A polygon that is split at the antimeridian, as GeoJSON asks, is joined again.

    Raises:
        AreaError: If it is empty, of another kind, crosses itself or has coordinates that are no
            place. `gis.drawing.drawing` says more exactly what is wrong, and how to mend it.

    >>> area = polygon("lima-2", shapely.box(100.0, 20.0, 100.1, 20.1))
    >>> round(area.shape.area / 1e6)
    116
    >>> polygon("fiji", shapely.box(179.0, -18.0, 181.0, -17.0)).geometry.bounds
    (-181.0, -18.0, -179.0, -17.0)
    >>> polygon("nothing", shapely.Polygon())
    Traceback (most recent call last):
    ...
    gis.errors.errors.AreaError: area nothing: is empty
    """
    _check(id, geometry, ("Polygon", "MultiPolygon"))
    parts = [[_unwrapped(ring) for ring in _rings(part)] for part in shapely.get_parts(geometry)]
    plane = _plane_of([part[0] for part in parts])
    flat = [
        shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))
        for rings in ([_flat(plane, ring) for ring in part] for part in parts)
    ]
    shape = shapely.union_all(flat)
    solid = [p for p in shapely.get_parts(shape) if p.geom_type in ("Polygon", "MultiPolygon")]
    shape = shapely.union_all(solid)
    if shape.is_empty or shape.area <= 0.0:
        raise AreaError(id, "encloses nothing")
    return Area(id=id, plane=plane, shape=shape)


def corridor(id: str, river: River, *, km_from: float, km_to: float, width_m: float) -> Area:
    """Return the area along a river between two kilometres, `width_m` wide in all.

    Raises:
        PositionError: If the river has not one of the kilometres.
        AreaError: If it has no length or no width.

    >>> from gis.river.river import load_mekong
    >>> reach = corridor("reach 4", load_mekong(), km_from=2350.0, km_to=2360.0, width_m=2000.0)
    >>> 18 < reach.shape.area / 1e6 < 21
    True
    """
    if not width_m > 0.0 or km_from == km_to:
        raise AreaError(id, "has no width or no length")
    points = np.array(river.between(km_from, km_to, step_m=CORRIDOR_STEP_M))
    plane = plane_about(lon=float(points[len(points) // 2, 0]), lat=float(points[:, 1].mean()))
    line = shapely.LineString(_flat(plane, points))
    shape = line.buffer(width_m / 2.0, cap_style="flat", quad_segs=4).simplify(width_m / 500.0)
    return Area(id=id, plane=plane, shape=shape.buffer(0))


def around(id: str, *, lon: float, lat: float, radius_m: float) -> Area:
    """Return all that lies within `radius_m` of a place: an office, a crossing.

    Raises:
        AreaError: If the place is none, or the radius is not above 0 or above 1,000 km.

    >>> blo = around("blo houay xai", lon=100.4178, lat=20.27, radius_m=500.0)
    >>> round(blo.shape.area)
    784760
    >>> around("pole", lon=0.0, lat=90.0, radius_m=1000.0).plane.polar
    True
    """
    _check_places(id, [(lon, lat)])
    if not 0.0 < radius_m <= 1e6:
        raise AreaError(id, f"has a radius of {radius_m} m")
    bearings = np.arange(CIRCLE_POINTS) * (360.0 / CIRCLE_POINTS)
    lons, lats = destinations(lon=lon, lat=lat, bearing_deg=bearings, distance_m=radius_m)
    plane = plane_about(lon=lon, lat=lat)
    x, y = plane.metres(lon=lons, lat=lats)
    shape = shapely.Polygon(np.column_stack([x, y])).buffer(0)
    return Area(id=id, plane=plane, shape=shape)


def _check(id: str, geometry: BaseGeometry | None, kinds: tuple[str, ...]) -> None:
    if geometry is None or geometry.is_empty:
        raise AreaError(id, "is empty")
    if geometry.geom_type not in kinds:
        raise AreaError(id, f"is a {geometry.geom_type}")
    _check_places(id, shapely.get_coordinates(geometry))
    if not geometry.is_valid:
        raise AreaError(id, shapely.is_valid_reason(geometry).lower())


def _check_places(id: str, places: ArrayLike) -> None:
    at = np.asarray(places, dtype=np.float64)
    # Up to 360 a drawing may have gone on across the antimeridian.
    lon_fits = np.abs(at[:, 0]) <= 360.0
    for lon, lat in at[~(lon_fits & (np.abs(at[:, 1]) <= 90.0))].tolist():
        try:
            check_place(lon=lon if not abs(lon) <= 360.0 else 0.0, lat=lat)
        except PositionError as fault:
            raise AreaError(id, str(fault)) from fault


def _rings(part: BaseGeometry) -> list[Floats]:
    return [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]


def _unwrapped(points: Floats) -> Floats:
    steps = wrap_deg(np.diff(points[:, 0]))
    out = points.copy()
    # A step that is no jump keeps its longitude to the last bit.
    jumped = np.abs(np.diff(points[:, 0])) > 180.0
    if jumped.any():
        out[1:, 0] = points[0, 0] + np.cumsum(steps)
    return out


def _plane_of(rings: list[Floats]) -> Plane:
    first = (rings[0][:, 0].min() + rings[0][:, 0].max()) / 2.0
    lows, highs = [], []
    for ring in rings:
        middle = (ring[:, 0].min() + ring[:, 0].max()) / 2.0
        turn = 360.0 * round((first - middle) / 360.0)
        lows.append(ring[:, 0].min() + turn)
        highs.append(ring[:, 0].max() + turn)
    lats = np.concatenate([ring[:, 1] for ring in rings])
    furthest = lats.max() if lats.max() > -lats.min() else lats.min()
    lat = furthest if abs(furthest) > POLAR_LAT else (lats.min() + lats.max()) / 2.0
    return plane_about(
        lon=float(wrap_deg(np.array((min(lows) + max(highs)) / 2.0))), lat=float(lat)
    )


def _flat(plane: Plane, points: Floats) -> Floats:
    if plane.polar:
        # A parallel is straight on the drawing and round in the plane.
        steps = np.ceil(np.abs(np.diff(points[:, 0])) / POLAR_STEP_DEG).clip(1)
        at = np.concatenate([[0.0], *(n + np.arange(1, s + 1) / s for n, s in enumerate(steps))])
        index = np.arange(len(points))
        points = np.column_stack([np.interp(at, index, points[:, c]) for c in (0, 1)])
        x, y = plane.metres(lon=points[:, 0], lat=points[:, 1])
        return np.column_stack([x, y])
    # One turn for all of it: an edge must not be torn where the plane ends.
    middle = (points[:, 0].min() + points[:, 0].max()) / 2.0
    turn = 360.0 * round((plane.lon - middle) / 360.0)
    x = (points[:, 0] + turn - plane.lon) * plane.lon_m
    return np.column_stack([x, (points[:, 1] - plane.lat) * plane.lat_m])
