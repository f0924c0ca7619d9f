"""Nothing, no geometry, one place, the antimeridian, the poles, and every character there is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.files.export_content import GAP, ExportContent, ExportTrack
from gis.files.formats import FORMATS
from gis.files.gpx_file import write_gpx
from gis.files.import_file import read_file
from gis.files.kml_file import write_kml
from gis.files.track_tables import track_lines, track_points
from gis.position.position import Position

AT = datetime(2026, 11, 24, tzinfo=UTC)
EDGES = [
    shapely.Point(180, 90),
    shapely.Point(-180, -90),
    shapely.LineString([(179.9, 0), (180, 0)]),
    shapely.MultiPoint([(0, 0), (1, 1)]),
    shapely.Polygon([(-180, -90), (180, -90), (180, 90), (-180, 90)]),
]


def layer(*shapes: shapely.Geometry | None) -> ExportContent:
    frame = gpd.GeoDataFrame(
        {"name": [str(number) for number in range(len(shapes))]}, geometry=list(shapes),
        crs="EPSG:4326",
    )  # fmt: skip
    return ExportContent(title="edges", made_at=AT, layers={"edges": frame})


@pytest.mark.parametrize("name", ["gpx", "kml", "gpkg", "geojson"])
def test_places_at_the_edges_of_the_world_come_back(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{FORMATS[name].ending}"
    file.write_bytes(FORMATS[name].write(layer(*EDGES)))
    found = read_file(file)
    assert all(not each.faults for each in found)
    answers = [shape for each in found for shape in each.frame.geometry]
    assert shapely.total_bounds(answers).tolist() == [-180, -90, 180, 90]
    count = sum(len(shapely.get_coordinates(shape)) for shape in EDGES)
    assert sum(len(shapely.get_coordinates(shape)) for shape in answers) == count


@pytest.mark.parametrize("name", FORMATS)
def test_a_feature_without_geometry_or_with_an_empty_one_harms_nobody(name: str) -> None:
    assert FORMATS[name].write(layer(None, shapely.Point(), shapely.Point(100, 20)))


@pytest.mark.parametrize("name", ["gpx", "kml", "geojson"])
def test_an_export_of_nothing_is_a_file_of_nothing(name: str) -> None:
    made = FORMATS[name].write(ExportContent(title="", made_at=AT))
    assert made.strip().endswith((b"</gpx>", b"</kml>", b"]}"))


def test_a_track_over_the_antimeridian_keeps_its_places() -> None:
    places = [
        Position(lon=lon, lat=0.0, time=AT + timedelta(minutes=number))
        for number, lon in enumerate((179.9, 180.0, -179.9))
    ]
    track = ExportTrack(id="a", name="a", positions=tuple(places))
    assert track_points([track]).geometry.x.tolist() == [179.9, 180.0, -179.9]
    assert b'lon="-179.9"' in write_gpx(ExportContent(title="t", made_at=AT, tracks=(track,)))


@given(st.lists(st.integers(0, 7200), max_size=30))
def test_parts_are_the_track_cut_at_every_silence(steps: list[int]) -> None:
    times = [AT + timedelta(seconds=sum(steps[:number])) for number in range(1, len(steps) + 1)]
    positions = tuple(Position(lon=0, lat=0, time=time) for time in times)
    parts = list(ExportTrack(id="a", name="a", positions=positions).parts())
    assert tuple(each for part in parts for each in part) == positions
    silences = sum(step > GAP.total_seconds() for step in steps[1:])
    assert len(parts) == (silences + 1 if positions else 0)
    assert len(track_lines([ExportTrack(id="a", name="a", positions=positions)])) <= 1


@given(st.text())
def test_any_name_at_all_leaves_whole_xml(name: str) -> None:
    place = Position(lon=100, lat=20, time=AT)
    made = ExportContent(
        title=name, made_at=AT, tracks=(ExportTrack(id=name, name=name, positions=(place,)),)
    )
    for write in (write_gpx, write_kml):
        ET.fromstring(write(made))
