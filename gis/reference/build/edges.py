"""Country outlines: one set of border lines, the areas between them, and what is contested.

The input polygons were simplified each on its own, so neighbours overlap or gape by metres. Here
they become one coverage whose shared edges are the same line, so that a drawn border and a side
test can never disagree.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

CLIP = (92.0, 8.0, 110.0, 27.0)  # lon, lat, lon, lat: as far as the coast line goes
GRID_DEG = 1e-5  # about a metre, a tenth of what the source was simplified to
METRE_DEG = 1 / 111_000
OUTER_DEG = 0.002  # limits toward the sea and other countries decide nothing: 200 m will do
CONTESTED_M = 60.0  # two drawings closer than this tell of simplification, not of a dispute
FAR_DEG = 0.1  # no face between two drawings of a border reaches farther from either


def coverage(countries: gpd.GeoDataFrame) -> dict[str, BaseGeometry]:
    """Return the polygons by country code, with overlaps and slivers given to one neighbour."""
    clipped = shapely.clip_by_rect(np.asarray(countries.geometry.values), *CLIP)
    cleaned = shapely.coverage_clean(clipped, gap_width=3e-3)
    snapped = shapely.set_precision(cleaned, GRID_DEG)
    again = shapely.coverage_clean(snapped, gap_width=3e-3)
    return dict(zip(countries["iso2"], again, strict=True))


def borders(areas: dict[str, BaseGeometry]) -> dict[tuple[str, str], BaseGeometry]:
    """Return the line that each pair of countries shares, pairs in alphabetical order."""
    lines = {}
    for first, second in combinations(sorted(areas), 2):
        shared = areas[first].boundary.intersection(areas[second].boundary)
        parts = [p for p in shapely.get_parts(shared) if p.length > 0]
        if parts:
            lines[first, second] = shapely.line_merge(MultiLineString(parts))
    return lines


def outer_edge(area: BaseGeometry, shared: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """Return the outline of `area` that is in none of the `shared` borders, in two parts.

    Returns:
        What is really an outline, thinned to 200 m, and what is only the edge of the data. Their
        ends stay where they are, so that all lines together still close.
    """
    rest = area.boundary.difference(shared)
    real: list[LineString] = []
    cut: list[LineString] = []
    for line in shapely.get_parts(shapely.line_merge(rest)) if not rest.is_empty else []:
        points = shapely.get_coordinates(line)
        on_edge = _on_edge(points[:-1]) & _on_edge(points[1:])
        turns = [0, *(np.flatnonzero(on_edge[1:] != on_edge[:-1]) + 1), len(on_edge)]
        for start, end in pairwise(turns):
            piece = LineString(points[start : end + 1]).simplify(OUTER_DEG)
            (cut if on_edge[start] else real).append(piece)
    return MultiLineString(real), MultiLineString(cut)


def _on_edge(points: np.ndarray) -> np.ndarray:
    west, south, east, north = CLIP
    return np.isin(points[:, 0], (west, east)) | np.isin(points[:, 1], (south, north))


def contested(
    ours: dict[tuple[str, str], BaseGeometry],
    other: dict[tuple[str, str], BaseGeometry],
    overlaps: dict[tuple[str, str], BaseGeometry],
) -> list[tuple[str, str, BaseGeometry]]:
    """Return the ground between two drawings of a border, where they lie apart by over 60 m.

    Args:
        ours: Borders by pair, as shipped.
        other: The same pairs from another source.
        overlaps: Ground the source of `ours` gave to both countries, by pair.
    """
    found = []
    for pair, line in ours.items():
        rival = other.get(pair)
        faces = [] if rival is None else _between(line, rival)
        faces += [] if pair not in overlaps else list(shapely.get_parts(overlaps[pair]))
        wide = [face for face in faces if _wide(face)]
        found += [(*pair, face) for face in shapely.get_parts(shapely.union_all(wide))]
    return found


def _between(line: BaseGeometry, rival: BaseGeometry) -> list[BaseGeometry]:
    noded = shapely.union_all([line, rival], grid_size=GRID_DEG)
    shapely.prepare([line, rival])
    faces = []
    for face in shapely.get_parts(shapely.polygonize(list(shapely.get_parts(noded)))):
        if not _wide(face):
            continue
        corners = shapely.points(shapely.get_coordinates(face))
        to_ours = shapely.distance(line, corners)
        to_theirs = shapely.distance(rival, corners)
        near = max(to_ours.max(), to_theirs.max()) < FAR_DEG
        between = (to_ours > GRID_DEG * 5).any() and (to_theirs > GRID_DEG * 5).any()
        if near and between:
            faces.append(face)
    return faces


def _wide(face: BaseGeometry) -> bool:
    return not face.buffer(-CONTESTED_M / 2 * METRE_DEG).is_empty
