"""The basemap: PMTiles and MBTiles, vector and raster, read; a bad file named with its fault."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pytest
from pmtiles.tile import Compression

from maps.layers.basemap import Basemap, BasemapError
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import more, run, small
from tests.maps.layers.basemaps import (
    ZOOM,
    X,
    Y,
    many_tiles,
    one_layer,
    png,
    raster_file,
    vector_file,
)
from tests.maps.servers.running import Running, running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one basemap of each kind."""
    folder = tmp_path_factory.mktemp("basemaps")
    vector_file(folder / "hx.mbtiles")
    raster_file(folder / "survey.pmtiles")
    return folder


@pytest.mark.parametrize("name", ["hx.pmtiles", "hx.mbtiles"])
def test_vector_tiles_are_those_of_the_file(made: Path, name: str, tmp_path: Path) -> None:
    basemap = Basemap(made / name)
    assert basemap.info.kind == "vector"
    assert basemap.info.schema == "protomaps"
    assert set(basemap.info.layers) == {"earth", "water", "roads", "places"}
    assert (basemap.info.min_zoom, basemap.info.max_zoom) == (5, 12)
    west, south, east, north = basemap.info.bounds
    assert west == pytest.approx(99.5, abs=0.01)
    assert north == pytest.approx(21.0, abs=0.01)
    assert (south, east) == pytest.approx((19.5, 101.5), abs=0.01)
    found = basemap.tile(ZOOM, X, Y)
    assert found is not None
    body, packed = found
    assert packed
    file = tmp_path / f"{Y}.mvt"
    file.write_bytes(gzip.decompress(body))
    frame = gpd.read_file(
        file, layer="places", engine="pyogrio", X=str(X), Y=str(Y), Z=str(ZOOM)
    ).to_crs("EPSG:4326")
    assert frame["name"].tolist() == ["ຫ້ວຍຊາຍ"]
    assert frame.geometry.x[0] == pytest.approx(100.414, abs=1e-3)
    assert frame.geometry.y[0] == pytest.approx(20.274, abs=1e-3)
    assert basemap.tile(ZOOM, 0, 0) is None
    for bad in ((-1, 0, 0), (3, 8, 0), (3, 0, -1), (40, 0, 0)):
        assert basemap.tile(*bad) is None
    basemap.close()


def test_a_file_as_gdal_writes_it(tmp_path: Path) -> None:
    for name in ("water.pmtiles", "water.mbtiles"):
        basemap = Basemap(one_layer(tmp_path / name, "water"))
        assert (basemap.info.title, basemap.info.layers) == ("Houay Xai", ("water",))
        assert basemap.info.schema == "unknown"
        assert basemap.tile(ZOOM, X, Y) is not None
        basemap.close()


def test_a_file_of_many_tiles_is_read_by_its_leaves(tmp_path: Path) -> None:
    file = many_tiles(tmp_path / "many.pmtiles", 7)
    assert int.from_bytes(file.read_bytes()[48:56], "little") > 0, "bytes of leaves: PMTiles 3, 3"
    basemap = Basemap(file)
    for number, at in ((0, (0, 0, 0)), (5461, (7, 0, 0)), (21844, (7, 127, 0))):
        found = basemap.tile(*at)
        assert found is not None
        assert int.from_bytes(found[0][16:20], "big") == number
    assert basemap.tile(8, 0, 0) is None
    assert basemap.info.bounds == (-180.0, -85.05, 180.0, 85.05), "it says of none"
    basemap.close()


def test_raster_tiles_and_what_the_map_must_show(made: Path) -> None:
    basemap = Basemap(made / "survey.pmtiles", title="Our survey")
    assert basemap.info.kind == "raster"
    assert basemap.info.title == "Our survey"
    assert basemap.info.attribution == "© survey of 2026"
    assert basemap.tile(ZOOM, X, Y) == (png(120, 160, 200), False)
    basemap.close()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def spoil(at: int, content: bytes) -> Callable[[Path], None]:
    def spoiled(file: Path) -> None:
        whole = bytearray(file.read_bytes())
        whole[at : at + len(content)] = content
        file.write_bytes(whole)

    return spoiled


def sql(*statements: str) -> Callable[[Path], None]:
    def changed(file: Path) -> None:
        with closing(sqlite3.connect(file)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    return changed


@pytest.mark.parametrize(
    ("name", "spoiling", "fault"),
    [
        ("hx.pmtiles", cut, "is cut off: "),
        ("hx.pmtiles", lambda file: file.write_bytes(b"PMTiles"), "is cut off"),
        ("hx.pmtiles", spoil(0, b"XX"), "is no PMTiles"),
        ("hx.pmtiles", spoil(7, b"\x02"), "is PMTiles of version 2, or damaged"),
        ("hx.pmtiles", spoil(97, b"\x04"), "is packed by zstd, which is not read"),
        ("hx.pmtiles", spoil(98, b"\x03"), "is packed by brotli, which is not read"),
        ("hx.pmtiles", spoil(99, b"\x06"), "holds tiles of kind 'mlt', which no browser draws"),
        ("hx.pmtiles", spoil(99, b"\x02"), "holds tiles that are no png"),
        ("hx.pmtiles", spoil(99, b"\x63"), "is PMTiles of version 3, or damaged"),
        ("hx.pmtiles", spoil(100, b"\x0d"), "is damaged: its metadata make no sense"),
        ("hx.pmtiles", spoil(130, b"\xff" * 40), "is damaged"),
        ("survey.pmtiles", spoil(99, b"\x01"), "holds tiles that are no vector tiles"),
        ("hx.mbtiles", spoil(0, b"XX"), "is no MBTiles: it is no SQLite database"),
        ("hx.mbtiles", spoil(4096, b"\xff" * 4096), "is no whole MBTiles"),
        ("hx.mbtiles", sql("DROP TABLE metadata"), "is no whole MBTiles: no such table"),
        ("hx.mbtiles", sql("DELETE FROM tiles"), "holds no tile"),
        (
            "hx.mbtiles",
            sql("UPDATE metadata SET value = 'tiff' WHERE name = 'format'"),
            "holds tiles of kind 'tiff'",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_fault(
    made: Path, tmp_path: Path, name: str, spoiling: Callable[[Path], None], fault: str
) -> None:
    file = tmp_path / name
    shutil.copy(made / name, file)
    spoiling(file)
    with pytest.raises(BasemapError) as caught:
        Basemap(file).close()
    assert str(caught.value).startswith(f"{file}: ")
    assert fault in str(caught.value)


def test_what_is_no_file_of_these_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "folder.mbtiles").mkdir()
    for name, fault in (
        ("a.tif", "has none of the endings .pmtiles, .mbtiles"),
        ("none.pmtiles", "does not exist"),
        ("folder.mbtiles", "does not exist"),
    ):
        with pytest.raises(BasemapError, match=fault):
            Basemap(tmp_path / name)
    with pytest.raises(BasemapError, match="packed by unknown"):
        Basemap(raster_file(tmp_path / "odd.pmtiles", packing=Compression.UNKNOWN))


async def test_tiles_are_served_as_they_stand(made: Path, tmp_path: Path) -> None:
    basemap = {"file": str(made / "hx.pmtiles"), "attribution": "© ours"}
    async with running(tmp_path, basemap=basemap) as server:
        async with server.stranger() as stranger:
            assert (await stranger.get(f"/basemap/{ZOOM}/{X}/{Y}")).status_code == 401
        async with server.signed_in("crew") as client:
            body = (await client.get("/api/basemap")).json()
            assert (body["kind"], body["attribution"]) == ("vector", "© ours")
            plain = await client.get(
                f"/basemap/{ZOOM}/{X}/{Y}", headers={"accept-encoding": "identity"}
            )
            packed = await client.get(f"/basemap/{ZOOM}/{X}/{Y}")
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["content-type"] == "application/vnd.mapbox-vector-tile"
            assert packed.content == plain.content
            assert plain.content[:1] == b"\x1a"
            assert (await client.get(f"/basemap/{ZOOM}/0/0")).status_code == 204
            assert (await client.get("/basemap/3/9/0")).status_code == 204
            assert (await client.get("/basemap/x/0/0")).status_code == 422


async def test_without_a_basemap_there_is_none(server: Running) -> None:
    async with server.signed_in() as client:
        answer = await client.get("/api/basemap")
        assert (answer.status_code, answer.json()) == (200, None)
        assert (await client.get("/basemap/0/0/0")).status_code == 404


def test_check_and_serve_name_a_bad_basemap(made: Path, tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    shutil.copy(made / "hx.pmtiles", tmp_path / "hx.pmtiles")
    more(tmp_path, '\n[basemap]\nfile = "hx.pmtiles"\n')
    out, _ = run("check", folder=tmp_path)
    assert "can be served" in out
    cut(tmp_path / "hx.pmtiles")
    out, _ = run("check", folder=tmp_path, good=False)
    assert "fault: patrol.toml: basemap.file: " in out
    assert "hx.pmtiles: is cut off" in out
    _, complaint = run("serve", folder=tmp_path, good=False)
    assert "hx.pmtiles: is cut off" in complaint
