"""Border lines cut into stretches with a stated error each, and the ground that is in doubt."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Geod
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from gis.reference.build import edges

WGS84 = Geod(ellps="WGS84")
MEKONG_DEG = 0.01  # the border lies in the Mekong when it is this near its centreline
SHORT_DEG = 0.02  # a stretch of land or sea shorter than this belongs to its neighbours' kind
# How far the true line may be, metres. On the Mekong the drawn line leaves mid-channel by about
# 300 m; on land OSM is good to tens of metres as a drawing; at sea and between Cambodia and
# Thailand, whose line is contested, nothing better than 1 km is claimed.
ERROR_M = {"mekong": 300, "land": 100, "sea": 1000}
CONTESTED = {("KH", "TH"): 1000}
OUTER_ERROR_M = 250
SOURCE = "npm @osm_borders/maritime_10m 1.1.0 (OpenStreetMap, simplified to 10 m)"


def borders(
    shared: dict[tuple[str, str], BaseGeometry], mekong: BaseGeometry, coast: BaseGeometry
) -> gpd.GeoDataFrame:
    """Return the border lines, one feature per pair of countries and kind of stretch."""
    river, land = shapely.buffer(mekong, MEKONG_DEG), shapely.buffer(coast, MEKONG_DEG)
    shapely.prepare([river, land])
    rows, shapes = [], []
    for pair, line in shared.items():
        stretches: dict[str, list[LineString]] = {}
        for part in shapely.get_parts(line):
            for kind, stretch in _stretches(part, river, land):
                stretches.setdefault(kind, []).append(stretch)
        for kind, lines in stretches.items():
            shape = shapely.line_merge(shapely.MultiLineString(lines))
            rows.append(
                {
                    "id": f"{pair[0]}-{pair[1]}-{kind}",
                    "countries": ";".join(pair),
                    "kind": kind,
                    "error_m": max(ERROR_M[kind], CONTESTED.get(pair, 0)),
                    "contested": pair in CONTESTED,
                    "km": round(WGS84.geometry_length(shape) / 1000.0, 1),
                    "source": SOURCE,
                }
            )
            shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")


def outlines(
    areas: dict[str, BaseGeometry], shared: dict[tuple[str, str], BaseGeometry]
) -> gpd.GeoDataFrame:
    """Return per country the outline toward the sea and countries outside the six.

    `kind` is "outer", or "cut" where the data end: that is no border and has no error.
    """
    lines = shapely.union_all(list(shared.values()))
    rows, shapes = [], []
    for code, area in areas.items():
        real, cut = edges.outer_edge(area, lines)
        for kind, error_m, shape in (("outer", OUTER_ERROR_M, real), ("cut", None, cut)):
            if not shape.is_empty:
                rows.append({"country": code, "kind": kind, "error_m": error_m})
                shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")


def doubts(
    shared: dict[tuple[str, str], BaseGeometry],
    countries: gpd.GeoDataFrame,
    other: Path,
) -> gpd.GeoDataFrame:
    """Return the ground that two drawings of the border give to different countries.

    Args:
        shared: Borders as shipped.
        countries: The country polygons they came from, which overlap off Kawthaung.
        other: `borders.gpkg`, an older drawing of the same pairs.
    """
    rivals = {tuple(row.pair.split("-")): row.geometry for row in gpd.read_file(other).itertuples()}
    raw = dict(zip(countries["iso2"], countries.geometry, strict=True))
    overlaps = {
        pair: shapely.MultiPolygon(
            [p for p in shapely.get_parts(raw[pair[0]].intersection(raw[pair[1]])) if p.area > 0]
        )
        for pair in shared
    }
    found = edges.contested(shared, rivals, overlaps)
    shapes = shapely.set_precision([shape for *_, shape in found], edges.GRID_DEG)
    rows = [{"countries": f"{first};{second}"} for first, second, _ in found]
    frame = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    frame = frame[~frame.geometry.is_empty]
    areas_m2 = [abs(WGS84.geometry_area_perimeter(shape)[0]) for shape in frame.geometry]
    frame["km2"] = (np.array(areas_m2) / 1e6).round(3)
    return frame.sort_values("km2", ascending=False, ignore_index=True)


def _stretches(
    line: LineString, river: BaseGeometry, land: BaseGeometry
) -> list[tuple[str, LineString]]:
    """Cut a line at its own vertices into stretches of one kind; a short one joins the last."""
    points = shapely.get_coordinates(line)
    middles = (points[1:] + points[:-1]) / 2
    wet = shapely.contains_xy(river, middles[:, 0], middles[:, 1])
    dry = shapely.contains_xy(land, middles[:, 0], middles[:, 1])
    kinds = np.where(wet, "mekong", np.where(dry, "land", "sea"))
    cuts = [0, *(np.flatnonzero(kinds[1:] != kinds[:-1]) + 1), len(kinds)]
    found: list[tuple[str, np.ndarray]] = []
    for start, end in pairwise(cuts):
        piece = points[start : end + 1]
        if found and (LineString(piece).length < SHORT_DEG or kinds[start] == found[-1][0]):
            found[-1] = (found[-1][0], np.vstack([found[-1][1], piece[1:]]))
        else:
            found.append((str(kinds[start]), piece))
    return [(kind, LineString(piece)) for kind, piece in found]
