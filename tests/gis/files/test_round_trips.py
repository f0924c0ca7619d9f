"""What is written is read back by GDAL as it was: places, times, elevations, every script."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.files.export_content import ExportContent, ExportTrack, moment, time_of
from gis.files.formats import FORMATS, ExportError
from gis.files.import_file import ReadLayer, read_file
from tests.gis.files.samples import BEGIN, NAME, material, places, positions

GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"
TIMES = [moment(time_of(each)) for each in positions()]
PLACES = [(each.lon, each.lat) for each in positions()]
HEIGHTS = [each.altitude_m for each in positions()]


def there_and_back(
    name: str, folder: Path, made: ExportContent | None = None
) -> dict[str, ReadLayer]:
    """Write a format and read it again."""
    file = folder / f"export{FORMATS[name].ending}"
    file.write_bytes(FORMATS[name].write(made or material()))
    found = read_file(file)
    assert all(not each.faults for each in found)
    return {each.name: each for each in found}


def same_places(shape: shapely.Geometry) -> bool:
    return bool(np.allclose(shapely.get_coordinates(shape), PLACES, atol=1e-7, rtol=0))


def test_gpx(tmp_path: Path) -> None:
    found = there_and_back("gpx", tmp_path)
    tracks, waypoints = found["tracks"].frame, found["waypoints"].frame
    assert tracks["name"].tolist() == [NAME, "เชียงของ"]
    assert same_places(tracks.geometry[0])
    assert tracks["times"][0] == TIMES
    assert tracks["elevations_m"][0] == HEIGHTS
    assert tracks["times"][1] is None
    assert len(tracks.geometry[0].geoms) == 2, "two hours of silence begin a new segment"
    assert tracks.geometry[1].geoms[0].equals(places().geometry[0].exterior), "a sector's outline"
    assert len(tracks.geometry[1].geoms) == 2
    assert waypoints["name"].tolist() == ["ທ່າເຮືອ ຫ້ວຍຊາຍ"]
    assert waypoints["ele"].tolist() == [352.5]
    assert waypoints["time"][0].to_pydatetime() == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def test_gpx_keeps_the_order_that_chartplotters_insist_on() -> None:
    root = ET.fromstring(FORMATS["gpx"].write(material()))
    assert root.attrib["version"] == "1.1"
    kinds = [child.tag.removeprefix(GPX) for child in root]
    assert kinds == ["metadata", "wpt", "trk", "trk"]
    point = root.find(f".//{GPX}trkpt")
    assert point is not None
    assert [child.tag.removeprefix(GPX) for child in point] == ["ele", "time", "extensions"]
    assert point.attrib == {"lat": "20.27", "lon": "100.41"}
    speed = point.find(".//{http://www.garmin.com/xmlschemas/TrackPointExtension/v2}speed")
    assert speed is not None
    assert speed.text == "3.25"
    waypoint = root.find(f"{GPX}wpt")
    assert waypoint is not None
    assert [child.tag.removeprefix(GPX) for child in waypoint] == ["ele", "time", "name"]


def test_kml(tmp_path: Path) -> None:
    found = there_and_back("kml", tmp_path)
    stamped = found[f"{NAME}: positions"].frame
    assert [moment(each.to_pydatetime()) for each in stamped["timestamp"]] == TIMES
    assert [(each.x, each.y) for each in stamped.geometry] == PLACES
    assert [each.z for each in stamped.geometry] == HEIGHTS
    line = found[NAME].frame
    assert line["name"].tolist() == [NAME, NAME]
    assert line["begin"][0].to_pydatetime() == BEGIN
    layer = found["places"].frame
    assert layer["name"].tolist() == ["เชียงของ", "ທ່າເຮືອ ຫ້ວຍຊາຍ"]
    assert layer.geometry[0].equals(places().geometry[0]), "the hole is kept"
    assert layer.geometry[1].z == 352.5
    assert layer["grade"].tolist() == ["1", "2"]


def test_kml_stamps_each_position_for_the_time_slider() -> None:
    root = ET.fromstring(FORMATS["kml"].write(material(layers=False)))
    stamps = [each.text for each in root.iterfind(f".//{KML}TimeStamp/{KML}when")]
    assert stamps == TIMES
    spans = root.findall(f".//{KML}TimeSpan")
    assert [each.findtext(f"{KML}end") for each in spans] == [TIMES[2], TIMES[5]]


def test_geopackage(tmp_path: Path) -> None:
    found = there_and_back("gpkg", tmp_path)
    points = found["track_points"].frame
    assert [moment(each.to_pydatetime()) for each in points["time"]] == TIMES
    assert points["altitude_m"].tolist() == HEIGHTS
    assert [each.z for each in points.geometry] == HEIGHTS
    assert points["speed_mps"].tolist() == [3.25] * 6
    assert same_places(found["tracks"].frame.geometry[0])
    assert found["tracks"].frame["name"].tolist() == [NAME]
    layer = found["places"].frame
    assert layer.geometry[0].equals(places().geometry[0])
    assert layer["time"][1].to_pydatetime() == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    assert layer["grade"].tolist() == [1, 2]


def test_geojson(tmp_path: Path) -> None:
    made = FORMATS["geojson"].write(material())
    answer = json.loads(made)["features"]
    assert answer[0]["properties"]["times"] == TIMES
    assert answer[0]["properties"]["layer"] == "tracks"
    assert answer[0]["geometry"]["coordinates"][0][0] == [100.41, 20.27, 350.25]
    found = there_and_back("geojson", tmp_path)["export"].frame
    assert found["name"].tolist() == [NAME, "เชียงของ", "ທ່າເຮືອ ຫ້ວຍຊາຍ"]
    assert same_places(found.geometry[0])
    assert found.geometry[1].equals(places().geometry[0])


def test_geoparquet_out() -> None:
    pytest.importorskip("pyarrow")
    made = FORMATS["parquet"].write(material(layers=False))
    frame = gpd.read_parquet(io.BytesIO(made))
    assert frame.crs == "EPSG:4326" or frame.crs.to_epsg() == 4326
    assert [moment(each.to_pydatetime()) for each in frame["time"]] == TIMES
    assert frame["name"].tolist() == [NAME] * 6
    assert [(each.x, each.y, each.z) for each in frame.geometry] == [
        (*place, height) for place, height in zip(PLACES, HEIGHTS, strict=True)
    ]
    with pytest.raises(ExportError, match="holds one table; there are 2"):
        FORMATS["parquet"].write(material())


def test_without_pyarrow_geoparquet_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'pyarrow' else found(name, *a)\n"
        "from gis.files.formats import FORMATS\n"
        "from tests.gis.files.samples import material\n"
        "FORMATS['gpkg'].write(material())\n"
        "FORMATS['parquet'].write(material(layers=False))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ExportError: GeoParquet needs pyarrow: pip install" in done.stderr


@pytest.mark.parametrize("name", ["gpx", "kml", "gpkg", "geojson"])
def test_an_unknown_altitude_is_not_made_zero(name: str, tmp_path: Path) -> None:
    found = there_and_back(name, tmp_path, material(layers=False, high=False))
    if name == "gpx":
        assert "elevations_m" not in found["tracks"].frame.columns
        root = ET.fromstring(FORMATS["gpx"].write(material(layers=False, high=False)))
        assert len(root.findall(f".//{GPX}ele")) == 3
    for each in found.values():
        heights = shapely.get_coordinates(each.frame.geometry.values, include_z=True)[:, 2]
        assert not (heights == 0).any()


@pytest.mark.parametrize("name", FORMATS)
def test_a_track_of_one_position_and_of_none(name: str, tmp_path: Path) -> None:
    one = ExportTrack(id="a", name="a", positions=positions()[:1])
    none = ExportTrack(id="b", name="b", positions=())
    made = FORMATS[name].write(ExportContent(title="t", made_at=BEGIN, tracks=(one, none)))
    assert made
    if name == "gpkg":
        (tmp_path / "a.gpkg").write_bytes(made)
        assert {each.name for each in read_file(tmp_path / "a.gpkg")} == {"track_points"}


def test_nothing_to_write_is_reported() -> None:
    with pytest.raises(ExportError, match="nothing to write"):
        FORMATS["gpkg"].write(ExportContent(title="t", made_at=BEGIN))
