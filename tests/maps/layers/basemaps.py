"""Tiny basemaps of Houay Xai, made by GDAL and by the pmtiles library."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
from pmtiles import convert, writer
from pmtiles.tile import Compression, TileType, zxy_to_tileid

mbtiles_to_pmtiles: Any = convert.mbtiles_to_pmtiles  # the library says no types
Writer: Any = writer.Writer
WHERE = (100.35, 20.2, 100.5, 20.35)
ZOOM, X, Y = 10, 797, 453
"""The tile of Houay Xai at zoom 10."""

EARTH = shapely.box(99.5, 19.5, 101.5, 21.0)
RIVER = shapely.LineString([(100.35, 20.35), (100.41, 20.27), (100.45, 20.22)]).buffer(0.004)
ROAD = shapely.LineString([(100.36, 20.21), (100.42, 20.3), (100.48, 20.33)])


LAYERS: dict[str, tuple[dict[str, list[str]], shapely.Geometry]] = {
    "earth": ({"kind": ["earth"]}, EARTH),
    "water": ({"kind": ["river"]}, RIVER),
    "roads": ({"kind": ["highway"]}, ROAD),
    "places": ({"kind": ["locality"], "name": ["ຫ້ວຍຊາຍ"]}, shapely.Point(100.414, 20.274)),
}


def one_layer(file: Path, name: str) -> Path:
    """Let GDAL write one of the layers, PMTiles or MBTiles by the ending."""
    columns, shape = LAYERS[name]
    frame = gpd.GeoDataFrame(columns, geometry=[shape], crs="EPSG:4326")
    options = {"MINZOOM": "5", "MAXZOOM": "12", "NAME": "Houay Xai"}
    driver = {".pmtiles": "PMTiles", ".mbtiles": "MBTiles"}[file.suffix]
    pyogrio.write_dataframe(frame, file, layer=name, driver=driver, dataset_options=options)
    return file


def vector_file(file: Path) -> Path:
    """Write a vector MBTiles, and the same as PMTiles beside it, and return the MBTiles.

    A tile is the layers it has one after another, so those that GDAL wrote one at a time are put
    together by putting their bytes together (MVT 2.1, 4.1).
    """
    tiles: dict[tuple[int, int, int], bytes] = {}
    told: list[object] = []
    for name in LAYERS:
        single = one_layer(file.with_name(f"{name}.mbtiles"), name)
        with closing(sqlite3.connect(single)) as db:
            for z, x, y, body in db.execute("SELECT * FROM tiles"):
                tiles[z, x, y] = tiles.get((z, x, y), b"") + gzip.decompress(body)
            (about,) = db.execute("SELECT value FROM metadata WHERE name = 'json'").fetchone()
            told += json.loads(about)["vector_layers"]
        single.unlink()
    metadata = {
        "name": "Houay Xai",
        "format": "pbf",
        "minzoom": "5",
        "maxzoom": "12",
        "bounds": ",".join(str(each) for each in EARTH.bounds),
        "json": json.dumps({"vector_layers": told}),
    }
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE metadata (name text, value text)")
        db.execute(
            "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer,"
            " tile_data blob, PRIMARY KEY (zoom_level, tile_column, tile_row))"
        )
        db.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        db.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)",
            [(*at, gzip.compress(body, mtime=0)) for at, body in tiles.items()],
        )
        db.commit()
    mbtiles_to_pmtiles(str(file), str(file.with_suffix(".pmtiles")), None)
    return file


def png(red: int, green: int, blue: int) -> bytes:
    """Return a picture of 256 by 256 of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        summed = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", summed)

    rows = (b"\0" + bytes((red, green, blue)) * 256) * 256
    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def raster_file(file: Path, *, packing: Compression = Compression.NONE) -> Path:
    """Write a raster PMTiles with a tile for each of zooms 0 to 10 at Houay Xai."""
    with file.open("wb") as stream:
        written = Writer(stream)
        for z in range(ZOOM + 1):
            at = zxy_to_tileid(z, X >> (ZOOM - z), Y >> (ZOOM - z))
            written.write_tile(at, png(120, 160, 20 * z))
        west, south, east, north = (round(each * 1e7) for each in WHERE)
        written.finalize(
            {
                "tile_type": TileType.PNG,
                "tile_compression": packing,
                "min_zoom": 0,
                "max_zoom": ZOOM,
                "min_lon_e7": west,
                "min_lat_e7": south,
                "max_lon_e7": east,
                "max_lat_e7": north,
                "center_zoom": 8,
                "center_lon_e7": west,
                "center_lat_e7": south,
            },
            {"name": "Survey", "attribution": "© survey of 2026"},
        )
    return file


def many_tiles(file: Path, zoom: int) -> Path:
    """Write a raster PMTiles with all tiles to `zoom`; at 7 they are more than its root lists.

    Each is the head of a picture, its own number and more of no regular length: a list of what is
    all alike would be packed into the root.
    """
    more = random.Random(7)
    head = png(0, 0, 0)[:16]
    with file.open("wb") as stream:
        written = Writer(stream)
        for number in range((4 ** (zoom + 1) - 1) // 3):
            written.write_tile(
                number, head + struct.pack(">I", number) + bytes(more.randrange(250))
            )
        written.finalize(
            {
                "tile_type": TileType.PNG,
                "tile_compression": Compression.NONE,
                "min_zoom": 0,
                "max_zoom": zoom,
                "min_lon_e7": 0,
                "min_lat_e7": 0,
                "max_lon_e7": 0,
                "max_lat_e7": 0,
                "center_zoom": 0,
                "center_lon_e7": 0,
                "center_lat_e7": 0,
            },
            {},
        )
    return file
