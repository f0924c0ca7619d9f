"""Border liaison offices and crossings, from the two hand-made tables."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis.reference.build.names import LANGUAGES, LOCAL_LANGUAGE, by_language

RENAMED = {
    "counterpart_ids": "counterparts",
    "crossing_id": "crossings",
    "name_in_seed": "name_in_booklet",
}
KEPT = [
    "id", "name", "name_local", *(f"name_{code}" for code in LANGUAGES), "name_in_booklet",
    "country", "admin1", "counterparts", "crossings", "border_with", "border_kind", "river",
    "siting", "uncertainty_m", "confidence", "dist_border_m", "source", "note",
]  # fmt: skip


def offices(table: Path, alternates: dict[int, list[str]]) -> gpd.GeoDataFrame:
    """Return the offices with names by language and counterparts that name each other.

    Args:
        table: `blos.csv`; lists inside a cell are separated by `;`.
        alternates: GeoNames id → alternate names.
    """
    rows = pd.read_csv(table, dtype=str, keep_default_na=False).rename(columns=RENAMED)
    for code in LANGUAGES:
        rows[f"name_{code}"] = ""
    for index, row in rows.iterrows():
        cited = re.search(r"id (\d+)", row["source"])
        known = by_language(alternates.get(int(cited[1]), [])) if cited else {}
        local = LOCAL_LANGUAGE[row["country"]]
        known |= {"en": row["name"]} | ({local: row["name_local"]} if row["name_local"] else {})
        for code, name in known.items():
            rows.loc[index, f"name_{code}"] = name
    rows["uncertainty_m"] = rows["uncertainty_m"].astype(int)
    rows["dist_border_m"] = pd.to_numeric(rows["dist_border_m"]).astype("Int64")
    return _points(rows)[[*KEPT, "geometry"]]


def crossings(table: Path) -> gpd.GeoDataFrame:
    """Return the crossings of `crossings.csv`, with the columns `blos` and `countries`."""
    rows = pd.read_csv(table, dtype=str, keep_default_na=False).rename(columns={"blo_ids": "blos"})
    rows["opened"] = pd.to_numeric(rows["opened"]).astype("Int64")
    return _points(rows)[
        ["id", "name", "kind", "countries", "blos", "opened", "source", "geometry"]
    ]


def gauges(table: Path) -> gpd.GeoDataFrame:
    """Return the river gauges of `mekong_chainage.csv` whose position has a source.

    `zero_m` is the height of the gauge's zero above mean sea level, metres, where published.
    """
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    rows = rows[(rows["kind"] == "gauge") & ~rows["coord_source"].str.contains("memory")]
    rows = rows.reset_index(drop=True)
    rows["id"] = "G-" + rows["name"].str.upper().str.replace(r"[^A-Z0-9]+", "-", regex=True)
    rows["id"] = rows["id"].str.strip("-")
    rows["river"] = "Mekong"
    rows["zero_m"] = pd.to_numeric(rows["zero_gauge_m_msl"])
    rows["source"] = rows["coord_source"]
    return _points(rows)[["id", "name", "river", "zero_m", "source", "geometry"]]


def _points(rows: pd.DataFrame) -> gpd.GeoDataFrame:
    where = gpd.points_from_xy(rows["lon"].astype(float), rows["lat"].astype(float))
    return gpd.GeoDataFrame(rows, geometry=where, crs="EPSG:4326")
