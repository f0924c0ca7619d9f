"""The layers that ship."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.border.blo_checks import OFFICES, counterparts
from gis.catalogue import layer_catalogue as layers
from gis.catalogue.site_layers import check_layer
from gis.errors.errors import GisError, LayerError
from gis.layers.layer_file import check_features
from gis.layers.reference_layers import FOLDER

COUNTS = {
    "countries": 7,
    "borders": 19,
    "border_doubts": 466,
    "outlines": 8,
    "territories": 6,
    "mekong": 28,
    "centrelines": 14,
    "gauges": 21,
    "river_km": 2755,
    "rivers": 653,
    "river_areas": 111,
    "lakes": 903,
    "places": 1470,
    "blos": 70,
    "crossings": 41,
}
SCRIPTS = {"th": "[ก-๛]", "lo": "[ກ-ໟ]", "my": "[က-႟]", "km": "[ក-៹]", "zh": "[一-鿿]"}


def test_the_layers_are_those_the_table_names() -> None:
    assert set(layers.names()) == set(COUNTS)
    files = {path.stem for path in FOLDER.glob("*.geojson")}
    assert files == {name for name in COUNTS if layers.info(name).computed is None}


@pytest.mark.parametrize("name", COUNTS)
def test_a_shipped_layer_is_whole_and_as_described(name: str) -> None:
    frame = layers.load(name)
    about = layers.info(name)
    assert len(frame) == COUNTS[name]
    assert frame.crs == "EPSG:4326"
    check_features(name, None, frame)
    check_layer(frame, about, file=name)
    assert set(about.map) <= set(frame.columns)
    west, south, east, north = frame.total_bounds
    assert west >= 91.9
    assert east <= 110.1
    assert south >= 7.9
    assert north <= 27.1
    assert about.title
    assert about.source
    assert about.licence
    assert about.attribution
    assert about.error


def test_the_folder_stays_small_enough_for_a_wheel() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 4_000_000


def test_every_file_is_named_in_the_notices() -> None:
    notices = (FOLDER / "NOTICES.md").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.geojson"):
        assert f"`{path.name}`" in notices


def test_the_caller_may_change_what_it_loads() -> None:
    first = layers.load("blos")
    first["name"] = "changed"
    assert layers.load("blos")["name"].iloc[0] != "changed"


def test_an_unknown_layer_is_refused_with_the_names_there_are() -> None:
    for ask in (layers.load, layers.info, layers.as_geojson):
        with pytest.raises(GisError, match="no layer roads; there are countries, borders"):
            ask("roads")


def test_there_are_seventy_offices_by_country() -> None:
    offices = layers.load("blos")
    assert offices["country"].value_counts().to_dict() == OFFICES
    assert sum(OFFICES.values()) == 70
    layers.validate_blos(offices)


def test_only_the_two_inland_chinese_ports_have_no_counterpart() -> None:
    offices = layers.load("blos")
    alone = [row.id for row in offices.itertuples() if not counterparts(row.counterparts)]
    assert alone == ["CN-JHG", "CN-GLI"]


def test_houay_xai_and_chiang_khong_face_each_other() -> None:
    offices = layers.load("blos").set_index("id")
    assert offices["counterparts"]["LA-HXI"] == "TH-CKG"
    assert offices["counterparts"]["TH-CKG"] == "LA-HXI"
    assert offices["name_in_booklet"]["LA-HXI"] == "Houay Xai"
    assert offices["name_local"]["TH-CKG"] == "เชียงของ"


def test_offices_and_crossings_name_each_other() -> None:
    offices = layers.load("blos").set_index("id")
    crossings = layers.load("crossings").set_index("id")
    from_offices = {(o, c) for o, cell in offices["crossings"].items() for c in counterparts(cell)}
    from_crossings = {(o, c) for c, cell in crossings["blos"].items() for o in counterparts(cell)}
    assert from_offices == from_crossings


@pytest.mark.parametrize("name", ["blos", "places", "countries"])
def test_names_are_in_the_script_of_their_language(name: str) -> None:
    frame = layers.load(name)
    for language, script in SCRIPTS.items():
        for text in frame[f"name_{language}"].dropna():
            assert re.search(script, text), (language, text)


def test_every_office_has_its_name_in_its_own_script_and_in_english() -> None:
    offices = layers.load("blos")
    assert offices["name_local"].notna().all()
    assert offices["name_en"].notna().all()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda o: o.head(69), "has offices"),
        (lambda o: o.drop(columns="counterparts"), "has no column counterparts"),
        (lambda o: _with(o, "LA-HXI", "id", "TH-CKG"), "feature TH-CKG: stands twice"),
        (
            lambda o: _with(o, "LA-HXI", "counterparts", "TH-NIL"),
            "feature LA-HXI: has an unknown counterpart TH-NIL",
        ),
        (
            lambda o: _with(o, "LA-HXI", "counterparts", None),
            "feature TH-CKG: names LA-HXI its counterpart, which does not name it back",
        ),
        (
            lambda o: _with(o, "LA-HXI", "geometry", shapely.Point(100.40461, 20.26125)),
            "feature LA-HXI: lies outside LA",
        ),
    ],
)
def test_offices_that_are_not_the_seventy_are_refused(change: object, fault: str) -> None:
    with pytest.raises(LayerError, match=re.escape(fault)):
        layers.validate_blos(change(layers.load("blos")))  # type: ignore[operator]


def test_geojson_for_the_map_is_compact_and_rounded() -> None:
    content = layers.as_geojson("blos")
    assert content is layers.as_geojson("blos")
    collection = json.loads(content)
    assert len(collection["features"]) == 70
    for feature in collection["features"]:
        assert set(feature["properties"]) <= set(layers.info("blos").map)
        assert all(value is not None for value in feature["properties"].values())
        lon, lat = feature["geometry"]["coordinates"]
        assert lon == round(lon, 5)
        assert 92.0 <= lon <= 110.0
        assert 8.0 <= lat <= 27.0
    assert b'": ' not in content


def test_geojson_is_what_gdal_reads_back(tmp_path: Path) -> None:
    for name in ("crossings", "countries", "mekong"):
        file = tmp_path / f"{name}.geojson"
        file.write_bytes(layers.as_geojson(name))
        again = layers.read_layer(file)
        shipped = layers.load(name)
        assert len(again) == len(shipped)
        gap = shapely.hausdorff_distance(
            np.asarray(again.geometry.values), np.asarray(shipped.geometry.values)
        )
        assert gap.max() < 1e-5


def test_geojson_of_a_frame_keeps_the_columns_asked_for() -> None:
    frame = gpd.GeoDataFrame(
        {"a": [1, 2], "b": [0.5, float("nan")], "c": ["x", None]},
        geometry=[shapely.Point(100.123456789, 20.0), None],
        crs="EPSG:4326",
    )
    first, second = json.loads(layers.as_geojson(frame, columns=["b", "c", "z"]))["features"]
    assert first["properties"] == {"b": 0.5, "c": "x"}
    assert first["geometry"]["coordinates"] == [100.12346, 20.0]
    assert second == {"type": "Feature", "properties": {}, "geometry": None}
    empty = frame.head(0)
    assert json.loads(layers.as_geojson(empty))["features"] == []


def _with(frame: gpd.GeoDataFrame, office: str, column: str, value: object) -> gpd.GeoDataFrame:
    frame.loc[frame["id"] == office, column] = value
    return frame
