"""How a drawn area could be mended, without guessing what was meant."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.drawing.drawing_rings import EDGES_AT_ONCE, SPIKE_DEG, Ring, corners_deg
from gis.geometry.geodesy import WGS84

SPECK_SHARE = 1e-4  # a piece smaller than this of the whole is left over from mending
SIMPLER_DEG = 1e-5  # about a metre; doubled until few vertices are left
MOST_CROSSINGS = 100  # of one ring with itself: beyond, nobody could say what was meant
CLIP = shapely.box(-180.0, -90.0, 180.0, 90.0)


def mended(parts: list[list[Ring]], *, most_vertices: int) -> BaseGeometry | None:
    """Return one valid area of drawn rings; None if nothing is left.

    Rings are closed, points that repeat and spikes left out, loops cut where they cross, holes kept
    only inside, what overlaps joined; too many vertices are thinned, by a metre first. What goes
    beyond 180 degrees is split there. A ring that crosses itself again and again is left alone: it
    would be a guess, and its thousands of loops would take minutes.

    >>> bow = [(100.0, 20.0), (100.1, 20.1), (100.1, 20.0), (100.0, 20.1)]
    >>> shape = mended([[bow]], most_vertices=100)
    >>> shape.geom_type, shape.is_valid
    ('MultiPolygon', True)
    >>> mended([[[(0.0, 0.0), (1.0, 1.0)]]], most_vertices=100) is None
    True
    """
    polygons = []
    for rings in parts:
        clean = [_clean(ring) for ring in rings]
        if len(clean[0]) < 4:
            continue
        if any(_is_wild(ring) for ring in clean):
            return None
        turn = clean[0][:, 0].mean()
        shell = _solid(shapely.Polygon(clean[0]))
        for hole in clean[1:]:
            if len(hole) >= 4:
                hole[:, 0] -= 360.0 * round((hole[:, 0].mean() - turn) / 360.0)
                shell = _solid(shell.difference(_solid(shapely.Polygon(hole))))
        polygons.append(shell)
    shape = _solid(_split(polygons))
    if shape.is_empty or shape.area <= 0.0:
        return None
    pieces = [p for p in shapely.get_parts(shape) if p.area >= SPECK_SHARE * shape.area]
    shape = pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(pieces)
    tolerance = SIMPLER_DEG
    while shapely.count_coordinates(shape) > most_vertices and tolerance < 1.0:
        shape = _solid(shape.simplify(tolerance))
        tolerance *= 2.0
    return shape if shape.is_valid and not shape.is_empty else None


def areas_m2(shape: BaseGeometry) -> list[float]:
    """Return the area of each part on the ellipsoid, square metres, whichever way rings turn.

    >>> [round(each / 1e6) for each in areas_m2(shapely.box(100.0, 20.0, 100.1, 20.1))]
    [116]
    """
    return [
        abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(part))[0])
        for part in shapely.get_parts(shape)
    ]


def width_m(polygon: BaseGeometry, area: float) -> float:
    """Return how wide a polygon is about: that of a rectangle of its area (m²) and girth.

    >>> box = shapely.box(100.0, 20.0, 100.1, 20.0001)
    >>> round(width_m(box, areas_m2(box)[0]))
    11
    """
    half = WGS84.geometry_length(polygon.exterior) / 2.0
    # Sides a and b of a rectangle: a + b = half, a b = area.
    return half / 2.0 - float(np.sqrt(max(0.0, half * half / 4.0 - area)))


def _clean(ring: Ring) -> np.ndarray:
    """Return a ring closed, going on beyond 180, without repeated points and spikes."""
    points = [p for n, p in enumerate(ring) if n == 0 or p != ring[n - 1]]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    while len(points) > 2:
        sharp = np.flatnonzero(corners_deg(points) < SPIKE_DEG)
        if not sharp.size:
            break
        n = int(sharp[0])
        del points[n]
        if points[n - 1] == points[n % len(points)]:
            del points[n - 1]
    if len(points) < 3:
        return np.empty((0, 2))
    out = np.array([*points, points[0]], dtype=np.float64)
    steps = np.diff(out[:, 0])
    if (np.abs(steps) > 180.0).any():
        out[1:, 0] = out[0, 0] + np.cumsum((steps + 180.0) % 360.0 - 180.0)
    return out


def _is_wild(ring: np.ndarray) -> bool:
    """Return whether a closed ring crosses itself more than `MOST_CROSSINGS` times."""
    if len(ring) < 4:
        return False
    edges = shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1))
    tree, count = shapely.STRtree(edges), 0
    for start in range(0, len(edges), EDGES_AT_ONCE):
        some = edges[start : start + EDGES_AT_ONCE]
        first, second = tree.query(some, predicate="crosses")
        count += int((second > first + start).sum())
        if count > MOST_CROSSINGS:
            return True
    return False


def _solid(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shapely.make_valid(shape))
    solid = [
        piece
        for part in parts
        for piece in shapely.get_parts(part)
        if piece.geom_type in ("Polygon", "MultiPolygon")
    ]
    return shapely.union_all(solid)


def _split(polygons: list[BaseGeometry]) -> BaseGeometry:
    """Return all of them within -180 to 180, parts of one place joined."""
    pieces = []
    for polygon in polygons:
        for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
            west, _, east, _ = polygon.bounds if not polygon.is_empty else (0.0, 0.0, 0.0, 0.0)
            if east + turn > -180.0 and west + turn < 180.0:
                moved = shapely.transform(polygon, lambda p, by=turn: p + np.array([by, 0.0]))
                pieces.append(
                    moved.intersection(CLIP)
                    if (west + turn < -180.0 or east + turn > 180.0)
                    else moved
                )
    return shapely.union_all(pieces)
