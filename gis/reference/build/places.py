"""Towns for the backdrop, with names by language."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from gis.reference.build.names import LANGUAGES, LOCAL_LANGUAGE, by_language

BIG = 10_000  # people
NEAR_MEKONG_DEG = 0.15
NEAR_BORDER_DEG = 0.1


def places(
    path: Path,
    alternates: dict[int, list[str]],
    *,
    mekong: shapely.Geometry,
    borders: shapely.Geometry,
) -> gpd.GeoDataFrame:
    """Return towns of 10,000 people and more, and all near the Mekong or a border.

    Near is about 15 and 10 km.
    """
    every = gpd.read_file(path)
    points = every.geometry.values
    chosen = (
        (every["population"] >= BIG)
        | (shapely.distance(points, mekong) < NEAR_MEKONG_DEG)
        | (shapely.distance(points, borders) < NEAR_BORDER_DEG)
    )
    towns = every[chosen].sort_values("population", ascending=False, kind="stable")
    rows = []
    for town in towns.itertuples():
        names = by_language(alternates.get(int(town.geonameid), []))
        if town.country == "VN":
            names["vi"] = town.name
        local = names.get(LOCAL_LANGUAGE[town.country], "")
        rows.append(
            {"geonameid": int(town.geonameid), "name": town.name, "name_local": local}
            | {f"name_{code}": names.get(code, "") for code in LANGUAGES if code != "en"}
            | {"country": town.country, "population": int(town.population) or None}
        )
    frame = pd.DataFrame(rows)
    frame["population"] = frame["population"].astype("Int64")
    return gpd.GeoDataFrame(frame, geometry=towns.geometry.values, crs="EPSG:4326")
