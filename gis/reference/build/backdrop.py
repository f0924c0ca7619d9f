"""Land of the countries, simplified for drawing; neighbours still share one line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

SIMPLIFY_DEG = 0.004  # of Visvalingam and Whyatt: the root of the smallest triangle kept
ISLAND_DEG2 = 5e-5  # smaller islands (about 0.6 km²) are left out


def countries(areas: dict[str, BaseGeometry], land: Path, names: Path) -> gpd.GeoDataFrame:
    """Return the land of each country, and of countries around them under the code None.

    Args:
        areas: Country areas with their territorial sea, by code.
        land: `countries.gpkg`, whose layer `land_all` is the coast.
        names: `country_names.toml`.
    """
    coast = shapely.union_all(gpd.read_file(land, layer="land_all").geometry.values)
    codes = sorted(areas)
    parts = [areas[code].intersection(coast) for code in codes]
    parts.append(coast.difference(shapely.union_all(list(areas.values()))))
    tidy = shapely.coverage_clean(np.array([_polygons(part) for part in parts]), gap_width=1e-3)
    simple = shapely.coverage_simplify(tidy, SIMPLIFY_DEG)
    snapped = shapely.make_valid(shapely.set_precision(simple, 1e-5))
    words = tomllib.loads(names.read_text(encoding="utf-8"))
    rows = [
        {"code": code, "name": words[code]["en"]} | _name_columns(words[code]) for code in codes
    ]
    rows.append({"code": None, "name": "Other land"})
    return gpd.GeoDataFrame(rows, geometry=[_polygons(s) for s in snapped], crs="EPSG:4326")


def _name_columns(words: dict[str, str]) -> dict[str, str]:
    return {f"name_{language}": name for language, name in words.items()}


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    return shapely.MultiPolygon([p for p in parts if p.area > ISLAND_DEG2])
