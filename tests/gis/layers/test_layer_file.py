"""Layers that a site brings: each format read, each broken file refused by name."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from gis.catalogue.layer_catalogue import load, read_layer
from gis.errors.errors import LayerError
from gis.layers import layer_file, layer_format

POINT = {"type": "Point", "coordinates": [100.4, 20.3]}
BOW = {"type": "Polygon", "coordinates": [[[100, 20], [101, 21], [101, 20], [100, 21], [100, 20]]]}
VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/hostname</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
WRITERS = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GPKG",
    ".kml": "LIBKML",
    ".shp": "ESRI Shapefile",
}


def collection(*shapes: object) -> str:
    """Return a GeoJSON text with a feature per geometry."""
    features = [
        {"type": "Feature", "properties": {"number": n}, "geometry": shape}
        for n, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def written(folder: Path, ending: str, *, crs: str = "EPSG:4326") -> Path:
    """Return a file of the crossings in the format of `ending`."""
    file = folder / f"crossings{ending}"
    frame = load("crossings")[["id", "name", "kind", "geometry"]].to_crs(crs)
    frame.to_file(file, driver=WRITERS[ending], engine="pyogrio")
    return file


@pytest.mark.parametrize("ending", WRITERS)
def test_each_format_is_read_alike(ending: str, tmp_path: Path) -> None:
    frame = read_layer(written(tmp_path, ending))
    assert frame.crs == "EPSG:4326"
    assert len(frame) == 41
    assert {"id", "name", "geometry"} <= set(frame.columns)
    assert frame["id"].iloc[0] == "X-CNMM-LWEJE"
    assert frame.geometry.iloc[0].distance(Point(97.7263, 24.2014)) < 1e-6


@pytest.mark.parametrize("ending", [".gpkg", ".shp"])
def test_another_coordinate_system_becomes_degrees(ending: str, tmp_path: Path) -> None:
    frame = read_layer(written(tmp_path, ending, crs="EPSG:32647"))
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.iloc[0].distance(Point(97.7263, 24.2014)) < 1e-6


def test_degrees_are_assumed_where_no_system_is_stated(tmp_path: Path) -> None:
    file = written(tmp_path, ".shp")
    file.with_suffix(".prj").unlink()
    assert read_layer(file).crs == "EPSG:4326"


def test_metres_without_a_system_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path, ".shp", crs="EPSG:32647")
    file.with_suffix(".prj").unlink()
    refused(file, "states no coordinate system and is not in degrees")


def test_height_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "high.geojson"
    file.write_text(collection({"type": "Point", "coordinates": [100.0, 20.0, 350.0]}))
    assert not read_layer(file).geometry.iloc[0].has_z


def test_column_names_become_lower_case_and_the_first_of_two_stays(tmp_path: Path) -> None:
    file = tmp_path / "names.geojson"
    feature = {"type": "Feature", "properties": {"NAME": "a", "Name": "b"}, "geometry": POINT}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    frame = read_layer(file)
    assert frame.columns.tolist() == ["name", "geometry"]
    assert frame["name"].tolist() == ["a"]


def test_one_of_several_layers_must_be_named(tmp_path: Path) -> None:
    file = tmp_path / "two.gpkg"
    for name in ("upper", "lower"):
        load("crossings")[["id", "geometry"]].to_file(file, driver="GPKG", layer=name)
    assert len(read_layer(file, "lower")) == 41
    refused(file, "has several layers, name one of upper, lower")
    with pytest.raises(LayerError, match="has no such layer, only upper, lower") as caught:
        read_layer(file, "middle")
    assert caught.value.layer == "middle"


@pytest.mark.parametrize(
    ("text", "feature", "fault"),
    [
        (collection(POINT, POINT, POINT, None, POINT), 3, "has no geometry"),
        (
            collection(POINT, {"type": "LineString", "coordinates": []}),
            1,
            "has an empty geometry",
        ),
        (
            collection(POINT, POINT).replace("20.3", "NaN"),
            0,
            "has a coordinate that is no finite number",
        ),
        (
            collection(POINT, {"type": "Point", "coordinates": [20.3, 100.4]}),
            1,
            "lies at longitude 20.3, latitude 100.4: longitude and latitude look swapped",
        ),
        (
            collection(POINT, {"type": "Point", "coordinates": [600000, 2240000]}),
            1,
            "lies at longitude 600000, latitude 2.24e+06, no place on Earth",
        ),
        (
            collection(POINT, BOW),
            1,
            "has an invalid geometry: self-intersection at longitude 100.5, latitude 20.5",
        ),
    ],
)
def test_a_feature_at_fault_is_named(text: str, feature: int, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "sector.geojson"
    file.write_text(text)
    error = refused(file, fault)
    assert error.feature == feature
    assert f"sector.geojson, feature {feature}: " in str(error)


def test_a_null_geometry_is_named_with_its_layer(tmp_path: Path) -> None:
    file = tmp_path / "site.gpkg"
    frame = load("crossings")[["id", "geometry"]]
    frame.loc[3, "geometry"] = None
    frame.to_file(file, driver="GPKG", layer="gates")
    error = refused(file, "has no geometry")
    assert (error.layer, error.feature) == ("gates", 3)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        (
            "cut.geojson",
            collection(POINT, POINT)[:90].replace('"features"', '\n"features"'),
            "is no whole JSON: Input data was truncated, line 2",
        ),
        ("comma.geojson", '{\n"a": 1,,\n}', "is no whole JSON: expected '\"', line 2"),
        ("huge.geojson", collection(POINT).replace("20.3", "1e999"), "cannot be read"),
        ("none.geojson", collection(), "has no feature"),
        ("empty.geojson", "", "is empty"),
        ("text.geojson", "lon,lat\n100,20\n", "is no GeoJSON: it does not begin with {"),
        ("vrt.geojson", VRT, "is no GeoJSON: it does not begin with {"),
        ("vrt2.geojson", '{"a":"' + VRT.replace('"', "'") + '"}', "holds a virtual dataset"),
        (
            "topo.json",
            '{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[9,9]}},"arcs":[]}',
            "is read as TopoJSON, not GeoJSON",
        ),
        ("vrt.kml", VRT, "holds a virtual dataset"),
        ("hidden.kml", f"<kml><!-- {VRT} --></kml>", "holds a virtual dataset"),
        (
            "dtd.kml",
            '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]><kml><Document/></kml>',
            "has a DTD",
        ),
        ("gpx.kml", "<gpx/>", "is no KML: its outermost element is gpx"),
        ("cut.kml", "<kml>\n<Placemark>", "is no whole XML: no element found: line 2"),
        ("cut.gpx", "<gpx>\n<wpt lat=", "is no whole XML: unclosed token: line 2"),
        ("kml.gpx", "<kml/>", "is no GPX: its outermost element is kml"),
        ("deep.gpx", "<gpx>" + "<a>" * 9999 + "</a>" * 9999 + "</gpx>", "is nested more than 64"),
        (
            "dtd.gpx",
            '<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/hostname">]><gpx/>',
            "has a DTD, which GPX does not need",
        ),
        ("vrt.gpx", f"<gpx><!-- {VRT} --></gpx>", "holds a virtual dataset"),
        ("fake.gpkg", "SQLite format 3\0" + "x" * 200, "is no GeoPackage"),
        ("fake.shp", "x" * 200, "is no Shapefile"),
        ("table.csv", "a,b", "has none of the endings"),
        ("many.kmz", "PK", "has none of the endings"),
        ("outer.vrt", VRT, "has none of the endings"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    name: str, content: str, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    refused(file, fault)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_geopackage_is_refused(share: float, tmp_path: Path) -> None:
    whole = written(tmp_path, ".gpkg").read_bytes()
    file = tmp_path / "cut.gpkg"
    file.write_bytes(whole[: int(len(whole) * share)])
    refused(file, "is a damaged GeoPackage")


def test_a_geopackage_with_a_virtual_table_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, ".gpkg")
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA writable_schema=1")
        sql = "CREATE VIRTUAL TABLE evil USING VirtualOGR('/etc/hostname')"
        db.execute("INSERT INTO sqlite_master VALUES ('table', 'evil', 'evil', 0, ?)", (sql,))
    db.close()
    refused(file, "holds a virtual table")


def test_reading_a_geopackage_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = written(tmp_path, ".gpkg")
    before = file.read_bytes()
    read_layer(file)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_bytes() == before


@pytest.mark.parametrize("missing", [".shx", ".dbf"])
def test_a_shapefile_without_one_of_its_files_is_refused(missing: str, tmp_path: Path) -> None:
    file = written(tmp_path, ".shp")
    file.with_suffix(missing).unlink()
    refused(file, f"comes without its crossings{missing}")


def test_a_shapefile_without_its_shapes_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, ".shp")
    file.unlink()
    refused(file, "does not exist")


def test_a_truncated_shapefile_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, ".shp")
    file.write_bytes(file.read_bytes()[:400])
    refused(file, "is cut off: 400 of")


@pytest.mark.parametrize(
    "path",
    ["/vsicurl/http://localhost/a.geojson", "/vsizip/a.zip/a.shp", "http://localhost/a.kml", VRT],
)
def test_what_is_no_file_of_this_machine_is_refused(path: str) -> None:
    with pytest.raises(LayerError, match="is no file on this machine"):
        read_layer(path)


def test_a_folder_is_no_layer(tmp_path: Path) -> None:
    folder = tmp_path / "a.geojson"
    folder.mkdir()
    refused(folder, "does not exist")


def test_a_table_without_geometry_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.gpkg"
    frame = load("crossings")[["id", "geometry"]]
    frame.to_file(file, driver="GPKG", layer="gates")
    with sqlite3.connect(file) as db:
        db.execute("UPDATE gpkg_contents SET data_type='attributes'")
        db.execute("DELETE FROM gpkg_geometry_columns")
    db.close()
    refused(file, "has no layer with geometry")


@pytest.mark.parametrize(
    ("place", "bound", "fault"),
    [
        (layer_format, "MAX_BYTES", "at most 0 are read"),
        (layer_file, "MAX_FEATURES", "has 41 features; at most 40 are read"),
    ],
)
def test_size_and_number_are_bounded(
    place: object, bound: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, bound, 40)
    refused(written(tmp_path, ".geojson"), fault)


def test_a_link_is_followed_but_named_as_given(tmp_path: Path) -> None:
    link = tmp_path / "link.geojson"
    link.symlink_to(written(tmp_path, ".geojson"))
    assert len(read_layer(link)) == 41


@pytest.mark.parametrize("ending", WRITERS)
def test_damage_anywhere_is_an_error_of_the_layer_or_none(
    ending: str, tmp_path: Path, copies: Callable[[Path], list[Path]]
) -> None:
    for file in copies(written(tmp_path, ending)):
        with contextlib.suppress(LayerError):
            assert isinstance(read_layer(file), gpd.GeoDataFrame)


@pytest.fixture
def copies(tmp_path: Path) -> Callable[[Path], list[Path]]:
    """Make twelve copies of a file, each with one byte changed."""

    def make(file: Path) -> list[Path]:
        content = file.read_bytes()
        made = []
        for number in range(12):
            spot = len(content) * (number * 2 + 1) // 24
            folder = tmp_path / f"copy{number}"
            folder.mkdir()
            for part in file.parent.glob(f"{file.stem}.*"):
                shutil.copy(part, folder / part.name)
            changed = folder / file.name
            changed.write_bytes(content[:spot] + b"\xff" + content[spot + 1 :])
            made.append(changed)
        return made

    return make


def refused(file: Path, fault: str) -> LayerError:
    """Return the error that reading `file` raises, after a look at what it says."""
    with pytest.raises(LayerError, match=re.escape(fault)) as caught:
        read_layer(file)
    assert caught.value.file == str(file)
    return caught.value
