"""A feature that is no shape is told by its number, and everything else of its file is taken."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.files.formats import FORMATS
from gis.files.import_file import ReadLayer, read_file
from gis.files.preview import preview
from gis.files.shapefile_zip import MOST_IN_KMZ
from gis.layers.text_encoding import EncodingNeeded
from tests.gis.files.samples import BOW_TIE, LONELY, OPEN, PIER, features, material
from tests.gis.files.test_attacks import refused, zipped

THAI = "ท่าเรือเชียงของ"
CHINESE = "景洪港"


def one(file: Path) -> ReadLayer:
    (layer,) = read_file(file)
    return layer


def told(layer: ReadLayer) -> list[tuple[int, str]]:
    return [(each.feature, each.fault.partition(":")[0]) for each in layer.faults]


def test_degenerate_shapes_of_geojson(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_bytes(features(LONELY, PIER, BOW_TIE, OPEN, None, PIER))
    layer = one(file)
    assert layer.frame["name"].tolist() == ["1", "5"]
    assert told(layer) == [
        (0, "has a line of a single point"),
        (2, "has an invalid geometry"),
        (3, "has a ring that is not closed"),
        (4, "has no geometry"),
    ]
    repaired = layer.repaired
    assert repaired.index.tolist() == [2, 3]
    assert repaired["name"].tolist() == ["2", "3"]
    assert [shape.is_valid for shape in repaired.geometry] == [True, True]
    assert repaired.geometry[3].equals(
        shapely.Polygon([*OPEN["coordinates"][0], OPEN["coordinates"][0][0]])
    )
    assert len(layer.with_repairs()) == 4


@pytest.mark.parametrize("kind", ["gpx", "kml", "kmz", "gpkg"])
def test_a_line_of_one_point_in_each_format(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"a.{kind}"
    point, line = "100.41,20.27", "100.41,20.27 100.42,20.28"
    placemarks = "".join(
        f"<Placemark><name>{name}</name><LineString><coordinates>{where}</coordinates></LineString>"
        "</Placemark>"
        for name, where in (("a", point), ("b", line))
    )
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{placemarks}</Document></kml>'
    if kind == "gpx":
        one_point = '<trkseg><trkpt lat="20.27" lon="100.41"/></trkseg>'
        two = one_point.replace("/></trkseg>", '/><trkpt lat="20.28" lon="100.42"/></trkseg>')
        file.write_text(
            '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
            f"<trk><name>a</name>{one_point}</trk><trk><name>b</name>{two}{one_point}</trk></gpx>"
        )
    elif kind == "kml":
        file.write_text(kml)
    elif kind == "kmz":
        zipped(file, {"files/icon.png": b"x", "doc.kml": kml.encode()})
    else:
        made = gpd.read_file(features(PIER, PIER).decode())
        made.to_file(file, driver="GPKG", layer="tracks")
        lonely = bytes.fromhex("0102000000010000009a99999999195940e17a14ae47213440")
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(file)) as db:
            db.create_function("ST_IsEmpty", 1, lambda _: 0)
            for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                db.create_function(name, 1, lambda _: 0.0)
            head = b"GP\0\1" + (4326).to_bytes(4, "little")
            db.execute("UPDATE tracks SET geom = ? WHERE fid = 1", (head + lonely,))
            db.execute("UPDATE tracks SET name = 'b' WHERE fid = 2")
            db.commit()
    layer = one(file)
    assert layer.frame["name"].tolist() == ["b"]
    assert layer.faults[0].feature == 0
    assert layer.faults[0].fault == "has a line of a single point"
    if kind == "gpx":
        assert layer.faults[1].fault.endswith("1 of its 2 parts left out")
        assert not layer.faults[1].is_left_out
        assert len(shapely.get_parts(layer.frame.geometry[0])) == 1


def test_what_is_wrong_is_shown_with_the_mended_feature(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_bytes(features(BOW_TIE, LONELY))
    (layer,) = preview(file).layers
    assert layer.bounds is None
    mended = layer.faults[0].repair
    assert mended is not None
    assert mended["geometry"]["type"] == "MultiPolygon"
    assert mended["properties"]["name"] == "0"
    assert layer.faults[1].repair is None


def test_a_kmz_is_read_as_its_kml(tmp_path: Path) -> None:
    kml = FORMATS["kml"].write(material())
    (tmp_path / "a.kml").write_bytes(kml)
    zipped(tmp_path / "b.kmz", {"other.kml": b"<kml/>", "doc.kml": kml, "i/a.png": b"x"})
    plain, packed = read_file(tmp_path / "a.kml"), read_file(tmp_path / "b.kmz")
    assert [each.name for each in plain] == [each.name for each in packed]
    assert [len(each.frame) for each in plain] == [len(each.frame) for each in packed]


def test_a_kmz_that_is_none_or_means_harm_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.kmz").write_bytes(b"PK\3\4 no zip")
    refused(tmp_path / "a.kmz", "is a damaged or unknown zip")
    refused(zipped(tmp_path / "b.kmz", {"icon.png": b"x"}), "holds no .kml file at its top")
    many = {f"{number}.png": b"" for number in range(MOST_IN_KMZ + 1)}
    refused(zipped(tmp_path / "c.kmz", many), f"at most {MOST_IN_KMZ} are looked through")
    bomb = b"<kml>" + b" " * (70 * 2**20) + b"</kml>"
    refused(zipped(tmp_path / "d.kmz", {"doc.kml": bomb}), "packed more than 200 to 1")
    dtd = b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>'
    refused(zipped(tmp_path / "e.kmz", {"doc.kml": dtd}), "has a DTD")
    refused(zipped(tmp_path / "f.kmz", {"../doc.kml": b"<kml/>"}), "holds no .kml file at its top")


def shapefile(folder: Path, text: str, encoding: str, **more: str) -> dict[str, bytes]:
    """Return the parts of a Shapefile with one name, without a .cpg."""
    folder.mkdir()
    frame = gpd.GeoDataFrame({"name": [text, "plain"]}, geometry=[shapely.Point(100, 20)] * 2,
                             crs="EPSG:4326")  # fmt: skip
    frame.to_file(folder / "piers.shp", engine="pyogrio", encoding=encoding)
    parts = {part.name: part.read_bytes() for part in folder.iterdir() if part.suffix != ".cpg"}
    return parts | {name: content.encode() for name, content in more.items()}


@pytest.mark.parametrize(("text", "encoding"), [(THAI, "cp874"), (CHINESE, "gbk")])
def test_a_shapefile_asks_how_its_text_is_encoded(tmp_path: Path, text: str, encoding: str) -> None:
    parts = shapefile(tmp_path / "parts", text, encoding)
    file = zipped(tmp_path / "a.zip", parts)
    right = "gb18030" if encoding == "gbk" else encoding
    with pytest.raises(EncodingNeeded) as asked:
        read_file(file)
    assert asked.value.samples[right] == text
    assert "utf-8" not in asked.value.samples
    (layer,) = read_file(file, encoding=right)
    assert layer.frame["name"].tolist() == [text, "plain"]
    (layer,) = read_file(zipped(tmp_path / "b.zip", parts | {"piers.cpg": right.encode()}))
    assert layer.frame["name"].tolist() == [text, "plain"]
    page = "936" if encoding == "gbk" else "ANSI 874"
    (layer,) = read_file(zipped(tmp_path / "c.zip", parts | {"piers.cpg": page.encode()}))
    assert layer.frame["name"].tolist() == [text, "plain"]
    assert preview(file).encodings[right] == text


def test_a_shapefile_in_utf_8_needs_no_answer(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts", "ທ່າເຮືອ ຫ້ວຍຊາຍ", "utf-8")
    (layer,) = read_file(zipped(tmp_path / "a.zip", parts))
    assert layer.frame["name"].tolist() == ["ທ່າເຮືອ ຫ້ວຍຊາຍ", "plain"]


def test_a_name_in_a_zip_is_not_read_as_that_of_an_ibm_pc(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts", "plain", "utf-8")
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in parts.items():
            entry = zipfile.ZipInfo("x" * len(THAI) + Path(name).suffix)
            packed.writestr(entry, content)
    # As Windows packs it: the bytes of its own encoding, and no word that they are.
    file.write_bytes(file.read_bytes().replace(b"x" * len(THAI), THAI.encode("cp874")))
    with pytest.raises(EncodingNeeded) as asked:
        read_file(file)
    assert THAI in asked.value.samples["cp874"]
    (layer,) = read_file(file, encoding="cp874")
    assert layer.name == THAI
