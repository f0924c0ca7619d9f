"""Rivers other than the Mekong as a backdrop, river areas and lakes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

OSM, WDBII = "ODbL-1.0", "LGPL-3.0-or-later"
GENERIC = {"River", "Krong"}  # words for "river", not names
NEAR_DEG = 0.03
MEKONG_BAND_DEG = 0.02
CONTINUOUS_BELOW_LAT = 14.0
LAKE_KM2 = 3.0


def rivers(path: Path, centreline: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the other rivers as lines, named where a named drawing runs beside them.

    The line work is WDBII (about 500 m); names come from Natural Earth, whose own lines are two to
    three times as far off and are not drawn. The Mekong itself is left to its own layer.
    """
    lines = gpd.read_file(path, layer="river_lines_wdbii").geometry
    with_names = gpd.read_file(path, layer="rivers_named_ne10m")
    with_names = with_names[~with_names["name"].isin(GENERIC)].dissolve("name").geometry
    band = shapely.buffer(shapely.union_all(centreline.geometry.values), NEAR_DEG)
    lines = lines[shapely.length(lines.intersection(band).values) < 0.6 * lines.length]
    corridors = {name: shape.buffer(NEAR_DEG) for name, shape in with_names.items()}
    names = [_name_beside(line, corridors) for line in lines]
    return gpd.GeoDataFrame(
        {"name": names},
        geometry=[_tidy_line(shapely.line_merge(line)) for line in lines],
        crs="EPSG:4326",
    ).sort_values("name", na_position="last", kind="stable", ignore_index=True)


def river_areas(path: Path, centreline: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the water surface along the Mekong below the falls of Khone.

    Farther up the source is a row of blocks two to three times as wide as the river: no picture
    of it at all.
    """
    every = gpd.read_file(path, layer="river_polygons")
    band = shapely.buffer(shapely.union_all(centreline.geometry.values), MEKONG_BAND_DEG)
    whole = every.bounds["maxy"] < CONTINUOUS_BELOW_LAT
    return _areas(every[every.intersects(band) & whole], tolerance_deg=0.0)


def lakes(path: Path) -> gpd.GeoDataFrame:
    """Return lakes and reservoirs of at least 3 km², simplified to about 100 m."""
    every = gpd.read_file(path, layer="lakes")
    return _areas(every[every["km2"] >= LAKE_KM2], tolerance_deg=0.001)


def _areas(frame: gpd.GeoDataFrame, *, tolerance_deg: float) -> gpd.GeoDataFrame:
    shapes = frame.geometry.simplify(tolerance_deg) if tolerance_deg else frame.geometry
    snapped = shapely.make_valid(shapely.set_precision(shapes.values, 1e-5))
    result = gpd.GeoDataFrame({"km2": frame["km2"].round(1).values}, geometry=snapped, crs=4326)
    result = result[~result.geometry.is_empty & result.geom_type.isin(["Polygon", "MultiPolygon"])]
    return result.sort_values("km2", ascending=False, kind="stable", ignore_index=True)


def _tidy_line(line: shapely.LineString) -> shapely.LineString:
    points = np.round(shapely.get_coordinates(line), 5)
    moved = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    return shapely.LineString(points[moved])


def _name_beside(line: shapely.LineString, corridors: dict[str, shapely.Geometry]) -> str | None:
    shares = {name: line.intersection(c).length / line.length for name, c in corridors.items()}
    name = max(shares, key=lambda key: shares[key])
    return name if shares[name] > 0.5 else None
