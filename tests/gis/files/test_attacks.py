"""Files made to read, fill or break more than themselves are refused, each by what it tries."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gis.catalogue.layer_catalogue import load
from gis.errors.errors import LayerError
from gis.files import import_file as reading
from gis.files import shapefile_zip as archive
from gis.files.formats import FORMATS
from gis.files.import_file import read_file
from gis.files.preview import preview
from tests.gis.files.samples import material

SECRET = "the secret of this machine"


def shapefile(folder: Path) -> dict[str, bytes]:
    """Return the parts of a Shapefile of the crossings."""
    folder.mkdir(exist_ok=True)
    frame = load("crossings")[["id", "name", "geometry"]]
    frame.to_file(folder / "crossings.shp", engine="pyogrio", encoding="UTF-8")
    return {part.name: part.read_bytes() for part in folder.iterdir()}


def zipped(file: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file


def refused(file: Path, fault: str) -> None:
    """Reading `file` is refused for `fault`, names the file, and nothing is left behind it."""
    with pytest.raises(LayerError) as caught:
        read_file(file)
    assert fault in str(caught.value)
    assert str(file) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_zipped_shapefile_is_read(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts")
    inside = {f"crossings/{name}": content for name, content in parts.items()}
    found = read_file(zipped(tmp_path / "a.zip", inside | {"crossings/readme.txt": b"hello"}))
    assert [(each.name, each.count) for each in found] == [("crossings", 41)]
    assert found[0].frame["name"].tolist() == [
        name[:80] for name in load("crossings")["name"].tolist()
    ]


def test_a_zip_with_two_shapefiles_gives_two_layers(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts")
    more = {name.replace("crossings", "gates"): content for name, content in parts.items()}
    found = read_file(zipped(tmp_path / "a.zip", parts | more))
    assert sorted(each.name for each in found) == ["crossings", "gates"]


@pytest.mark.parametrize(
    "name",
    ["../../evil.shp", "/tmp/evil.shp", "a/../../evil.shp", "..\\evil.shp", "C:evil.shp"],
)
def test_a_path_that_leaves_the_archive(name: str, tmp_path: Path) -> None:
    refused(
        zipped(tmp_path / "a.zip", shapefile(tmp_path / "p") | {name: b"x"}),
        "a path that leaves the archive",
    )
    assert not (tmp_path.parent / "evil.shp").exists()


def test_a_link_in_an_archive(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    target = tmp_path / "secret"
    target.write_text(SECRET)
    link = zipfile.ZipInfo("crossings.cpg")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in shapefile(tmp_path / "p").items():
            if not name.endswith(".cpg"):
                packed.writestr(name, content)
        packed.writestr(link, str(target))
    refused(file, "'crossings.cpg', a link or device")


def test_a_zip_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "p") | {"crossings.dbf": bytes(60 * 2**20)}
    refused(zipped(tmp_path / "a.zip", parts), "packed more than 200 to 1")


def test_an_archive_that_unpacks_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = zipped(tmp_path / "a.zip", shapefile(tmp_path / "p"))
    monkeypatch.setattr(archive, "MAX_BYTES", 4000)
    refused(file, "unpacks to more than")


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", {"a.shp": b"x" * 5000})
    content = bytearray(file.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    file.write_bytes(content)
    refused(file, "is a damaged or unknown zip")


def test_too_many_entries(tmp_path: Path) -> None:
    parts = {f"{number}.txt": b"" for number in range(65)}
    refused(zipped(tmp_path / "a.zip", parts), "holds 65 entries; at most 64")


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"doc.kml": b"<kml/>"}, "holds no .shp file"),
        ({"a.zip": b"PK"}, "an archive in the archive"),
        ({"x/a.shp": b"1", "y/a.shp": b"2"}, "holds a.shp twice"),
        ({"a.shp": b"x" * 200}, "layer a: is no Shapefile"),
        ({"a.shp": b"<OGRVRTDataSource/>"}, "layer a: is no Shapefile"),
    ],
)
def test_other_archives(parts: dict[str, bytes], fault: str, tmp_path: Path) -> None:
    refused(zipped(tmp_path / "a.zip", parts), fault)


def test_a_zip_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"PK\x03\x04 and no more")
    refused(file, "is a damaged or unknown zip")


@pytest.mark.parametrize(
    "path",
    ["/vsizip/a.zip", "/vsicurl/http://127.0.0.1/a.geojson", "http://127.0.0.1/a.zip",
     "/vsizip/x.zip/a.shp.zip", "<OGRVRTDataSource/>", "PG:dbname=patrol"],
)  # fmt: skip
def test_what_is_no_file_of_this_machine(path: str) -> None:
    with pytest.raises(LayerError):
        read_file(path)


def vrt(folder: Path) -> str:
    secret = folder / "secret.geojson"
    secret.write_text(
        json.dumps(
            {
                "type": "Feature",
                "properties": {"name": SECRET},
                "geometry": {"type": "Point", "coordinates": [100, 20]},
            }
        )
    )
    return (
        '<OGRVRTDataSource><OGRVRTLayer name="secret">'
        f"<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )


@pytest.mark.parametrize("ending", [".kml", ".gpx", ".geojson", ".json", ".gpkg", ".shp", ".vrt"])
def test_a_virtual_dataset_by_any_name(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"innocent{ending}"
    file.write_text(vrt(tmp_path))
    with pytest.raises(LayerError):
        read_file(file)
    told = preview(file)
    assert told.fault
    assert not told.layers


@pytest.mark.parametrize(("ending", "root"), [(".kml", "kml"), (".gpx", "gpx")])
def test_entities_of_a_dtd(ending: str, root: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    file = tmp_path / f"a{ending}"
    file.write_text(
        f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]><{root}><name>&s;</name></{root}>'
    )
    refused(file, "has a DTD")
    bomb = '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    file.write_text(f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{bomb}]><{root}>&b;</{root}>')
    refused(file, "has a DTD")


def test_a_link_of_a_kml_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other.kml"
    other.write_text(
        f"<kml><Placemark><name>{SECRET}</name>"
        "<Point><coordinates>100,20</coordinates></Point></Placemark></kml>"
    )
    file = tmp_path / "a.kml"
    file.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<NetworkLink><Link><href>{other.as_uri()}</href></Link></NetworkLink>"
        "<Placemark><name>own</name><Point><coordinates>100,20</coordinates></Point></Placemark>"
        "</Document></kml>"
    )
    (layer,) = read_file(file)
    assert layer.frame["name"].tolist() == ["own"]


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("CREATE VIEW v AS SELECT ogr_geocode('x')", "calls ogr_geocode"),
        ("CREATE VIEW v AS SELECT GDAL_Get_Pixel_Value('/etc/hosts', 1)", "calls GDAL_Get"),
        ("CREATE VIEW v AS SELECT load_extension('/tmp/x')", "calls load_extension"),
    ],
)
def test_a_geopackage_that_reaches_out(sql: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    file.write_bytes(FORMATS["gpkg"].write(material()))
    with closing(sqlite3.connect(file)) as db:
        db.execute(sql)
        db.commit()
    refused(file, fault)


def test_too_many_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.gpkg"
    file.write_bytes(FORMATS["gpkg"].write(material()))
    monkeypatch.setattr(reading, "MOST_LAYERS", 2)
    refused(file, "has 3 layers; at most 2")


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gpx": (lambda good: good.replace(b"</trkpt>", b"</trkpoint>", 1), "mismatched tag: line 7"),
    "kml": (lambda good: good[: len(good) // 2], "is no whole XML"),
    "geojson": (lambda good: good.replace(b'"name":', b'"name"', 1), "is no whole JSON"),
    "gpkg": (lambda good: good[: len(good) // 2], "is a damaged GeoPackage"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_of_each_kind_is_named_with_its_fault(name: str, tmp_path: Path) -> None:
    spoil, fault = BROKEN[name]
    file = tmp_path / f"patrol{FORMATS[name].ending}"
    file.write_bytes(spoil(FORMATS[name].write(material())))
    refused(file, fault)
    told = preview(file)
    assert told.fault is not None
    assert fault in told.fault


def test_a_broken_shapefile_is_named_with_its_fault(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "p")
    cut = parts | {"crossings.shp": parts["crossings.shp"][:500]}
    refused(zipped(tmp_path / "a.zip", cut), "layer crossings: is cut off: 500 of")
    del parts["crossings.dbf"]
    refused(zipped(tmp_path / "b.zip", parts), "layer crossings: comes without its crossings.dbf")


def test_a_bad_feature_is_named_and_the_good_ones_are_shown(tmp_path: Path) -> None:
    def gpx(*places: tuple[str, str]) -> str:
        points = "".join(
            f'<wpt lat="{lat}" lon="{lon}"><name>p</name></wpt>' for lon, lat in places
        )
        return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{points}</gpx>'

    file = tmp_path / "a.gpx"
    file.write_text(gpx(("100.4", "20.2"), ("20.2", "100.4"), ("100.5", "20.3"), ("nan", "20")))
    told = preview(file)
    assert told.fault is None
    (layer,) = told.layers
    assert (layer.name, layer.features) == ("waypoints", 4)
    swapped, nowhere = layer.faults
    assert (swapped.feature, nowhere.feature) == (1, 3)
    assert swapped.fault == (
        "lies at longitude 20.2, latitude 100.4: longitude and latitude look swapped"
    )
    assert nowhere.fault == "has a coordinate that is no finite number"
    good = json.loads(bytes(layer.collection))["features"]
    assert [each["geometry"]["coordinates"] for each in good][:2] == [[100.4, 20.2], [100.5, 20.3]]


def test_the_preview_of_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    file.write_bytes(FORMATS["gpkg"].write(material()))
    command = [sys.executable, "-m", "gis.files.preview", str(file)]
    done = subprocess.run(command, capture_output=True, check=True)
    answer = json.loads(done.stdout)
    assert {each["name"] for each in answer["layers"]} == {"places", "tracks", "track_points"}
