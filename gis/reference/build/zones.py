"""Ground that a newer drawing of the borders gives to another country: the outlines of time zones.

The outlines are those of OpenStreetMap of 2026 as PyPI `timezonefinder-data` has them, and follow
the borders of the six countries. Beside each stretch of border, places farther off than its error
are looked up in both; where they disagree, the ground out to the farthest such place is in doubt.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Geod

from gis.border.border import Border
from gis.geometry.geodesy import destinations

WGS84: Final = Geod(ellps="WGS84")
STEP_M: Final = 150.0  # along a border, from one look to the next
BEYOND_M: Final = (15.0, 100.0, 300.0, 700.0, 1500.0)  # the error of the line
HALF_M: Final = 120.0  # to both sides of a look, what it stands for
DEG_M: Final = 111_000.0
COUNTRIES: Final = {
    "Asia/Bangkok": {"TH", "VN"},  # the north of Viet Nam keeps it, too
    "Asia/Vientiane": {"LA"},
    "Asia/Phnom_Penh": {"KH"},
    "Asia/Ho_Chi_Minh": {"VN"},
    "Asia/Yangon": {"MM"},
    "Asia/Shanghai": {"CN"},
    "Asia/Urumqi": {"CN"},
}


def doubts(
    borders: gpd.GeoDataFrame, border: Border, zone_at: Callable[[float, float], str | None]
) -> gpd.GeoDataFrame:
    """Return the ground on which the zones contradict a side that `border` is sure of.

    Args:
        borders: The layer `borders`; stretches at sea are left out.
        border: Made from it.
        zone_at: Time zone of a longitude and latitude.
    """
    looks = np.vstack(
        [
            _looks(shapely.get_coordinates(line), error_m)
            for kind, error_m, shape in zip(
                borders["kind"], borders["error_m"], borders.geometry, strict=True
            )
            if kind != "sea"
            for line in shapely.get_parts(shape)
        ]
    )
    side = border.sides(looks[:, 0], looks[:, 1])
    lines: dict[str, list[shapely.Geometry]] = {}
    for n in np.flatnonzero(side.sure).tolist():
        lon, lat, foot_lon, foot_lat = looks[n].tolist()
        zone = COUNTRIES.get(zone_at(lon, lat) or "", set())
        here, there = side.country[n], side.neighbour[n]
        if there in zone and here not in zone:
            line = shapely.LineString([(foot_lon, foot_lat), (lon, lat)])
            lines.setdefault(";".join(sorted((here, there))), []).append(line)
    rows, shapes = [], []
    for pair, some in sorted(lines.items()):
        whole = shapely.union_all(shapely.buffer(some, HALF_M / DEG_M, quad_segs=2))
        for part in shapely.get_parts(shapely.simplify(whole, HALF_M / 3.0 / DEG_M)):
            shape = shapely.set_precision(part, 1e-4)
            km2 = abs(WGS84.geometry_area_perimeter(shape)[0]) / 1e6
            rows.append({"countries": pair, "km2": round(km2, 3)})
            shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")


def reported(borders: gpd.GeoDataFrame, border: Border, file: Path) -> gpd.GeoDataFrame:
    """Return the ground between a border and each place whose side somebody found contradicted.

    Args:
        borders: The layer `borders`.
        border: Made from it.
        file: TOML with a table `place` for each: `lon` and `lat` in degrees, `source`.
    """
    lines = shapely.union_all(borders.geometry.values)
    rows, shapes = [], []
    for place in tomllib.loads(file.read_text(encoding="utf-8"))["place"]:
        side = border.side(lon=place["lon"], lat=place["lat"])
        if not side.sure:
            continue  # as after the first time
        way = shapely.shortest_line(shapely.Point(place["lon"], place["lat"]), lines)
        shape = shapely.set_precision(shapely.buffer(way, HALF_M / DEG_M, quad_segs=2), 1e-4)
        km2 = abs(WGS84.geometry_area_perimeter(shape)[0]) / 1e6
        pair = ";".join(sorted((side.country or "", side.neighbour or "")))
        rows.append({"countries": pair, "km2": round(km2, 3)})
        shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")


def _looks(points: np.ndarray, error_m: float) -> np.ndarray:
    """Return rows of lon and lat of a place beside a line, and of the line abreast of it."""
    bearing, _, length_m = WGS84.inv(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
    along_m = np.append(0.0, np.cumsum(length_m))
    at = np.arange(STEP_M / 2.0, along_m[-1], STEP_M)
    lon, lat = (np.interp(at, along_m, points[:, axis]) for axis in (0, 1))
    course = np.asarray(bearing)[np.clip(np.searchsorted(along_m, at) - 1, 0, len(length_m) - 1)]
    rows = [np.empty((0, 4))]
    for beyond_m in BEYOND_M:
        for turn in (-90.0, 90.0):
            away = np.full(len(at), error_m + beyond_m)
            place = destinations(lon=lon, lat=lat, bearing_deg=course + turn, distance_m=away)
            rows.append(np.column_stack([*place, lon, lat]))
    return np.vstack(rows)
