"""Tile archives: PMTiles and MBTiles, opened with care, tile by tile.

Sources: PMTiles version 3 (github.com/protomaps/PMTiles); MBTiles 1.3, whose rows count from the
south (github.com/mapbox/mbtiles-spec).
"""

from __future__ import annotations

import json
import mmap
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from pmtiles.tile import (
    Compression,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    zxy_to_tileid,
)

from maps.errors.errors import MapsError

DEEPEST: Final = 22
"""Highest zoom of an archive."""

MOST_UNPACKED: Final = 16 * 2**20
"""Most bytes that a packed tile or its metadata may unpack to."""

DAMAGE: Final = (OSError, EOFError, ValueError, zlib.error, IndexError, OverflowError)
"""What damaged bytes raise."""

_HEADER_BYTES: Final = 127


class BasemapError(MapsError):
    """A basemap file that cannot be used.

    Args:
        file: The file.
        fault: What is wrong.
    """

    def __init__(self, file: Path, fault: str) -> None:
        self.file, self.fault = file, fault
        super().__init__(f"{file}: {fault}")


class TileArchive(Protocol):
    """Tiles in a file."""

    ending: str
    metadata: dict[str, Any]

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile as it stands in the file."""

    def some_tile(self) -> bytes | None:
        """Return the first tile there is."""

    def close(self) -> None:
        """Close the file."""


class PmTiles:
    def __init__(self, file: Path) -> None:
        with file.open("rb") as stream:
            size = file.stat().st_size
            if size < _HEADER_BYTES:
                raise BasemapError(file, f"is cut off: a PMTiles file has more than {size} bytes")
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._read(file, size)
        except BasemapError:
            self._map.close()
            raise
        self._directory = lru_cache(maxsize=256)(self._unpack)

    def _read(self, file: Path, size: int) -> None:
        try:
            head = deserialize_header(self._map[:_HEADER_BYTES])
        except MagicNumberNotFound:
            raise BasemapError(file, "is no PMTiles: it does not begin with PMTiles") from None
        except (SpecVersionUnsupported, ValueError):
            fault = f"is PMTiles of version {self._map[7]}, or damaged; version 3 is read"
            raise BasemapError(file, fault) from None
        self._head = head
        end = max(
            head[f"{part}_offset"] + head[f"{part}_length"]  # type: ignore[literal-required]
            for part in ("root", "metadata", "leaf_directory", "tile_data")
        )
        if end > size:
            raise BasemapError(file, f"is cut off: {size} of {end} bytes")
        for part in ("internal", "tile"):
            packing = head[f"{part}_compression"]  # type: ignore[literal-required]
            good = (
                {Compression.GZIP} if part == "internal" else {Compression.GZIP, Compression.NONE}
            )
            if packing not in good:
                raise BasemapError(
                    file, f"is packed by {packing.name.lower()}, which is not read; pack it by gzip"
                )
        kinds = {
            TileType.MVT: "pbf",
            TileType.PNG: "png",
            TileType.JPEG: "jpg",
            TileType.WEBP: "webp",
            TileType.AVIF: "avif",
        }
        self.ending = kinds.get(head["tile_type"], head["tile_type"].name.lower())
        start, length = head["metadata_offset"], head["metadata_length"]
        try:
            deserialize_directory(self._part(head["root_offset"], head["root_length"]))
            metadata = json.loads(unpack(self._part(start, length)))
        except DAMAGE as error:
            raise BasemapError(file, f"is damaged: {error}") from None
        if (
            not isinstance(metadata, dict)
            or not 0 <= head["min_zoom"] <= head["max_zoom"] <= DEEPEST
        ):
            raise BasemapError(file, "is damaged: its metadata make no sense")
        box = tuple(
            head[f"{edge}_e7"] / 1e7  # type: ignore[literal-required]
            for edge in ("min_lon", "min_lat", "max_lon", "max_lat")
        )
        self.metadata = _with_json(metadata) | {
            "minzoom": head["min_zoom"],
            "maxzoom": head["max_zoom"],
            "bounds": _box(box),
        }

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        tile_id = zxy_to_tileid(z, x, y)
        offset, length = self._head["root_offset"], self._head["root_length"]
        with suppress(*DAMAGE):
            for _ in range(4):
                entry = find_tile(self._directory(offset, length), tile_id)
                if entry is None:
                    return None
                if entry.run_length:
                    return self._part(self._head["tile_data_offset"] + entry.offset, entry.length)
                offset = self._head["leaf_directory_offset"] + entry.offset
                length = entry.length
        return None

    def some_tile(self) -> bytes | None:
        offset, length = self._head["root_offset"], self._head["root_length"]
        with suppress(*DAMAGE):
            for _ in range(4):
                entries = self._directory(offset, length)
                if not entries:
                    return None
                if entries[0].run_length:
                    at = self._head["tile_data_offset"] + entries[0].offset
                    return self._part(at, entries[0].length)
                offset = self._head["leaf_directory_offset"] + entries[0].offset
                length = entries[0].length
        return None

    def close(self) -> None:
        self._map.close()

    def _part(self, offset: int, length: int) -> bytes:
        return self._map[offset : offset + length]

    def _unpack(self, offset: int, length: int) -> list[Any]:
        found: list[Any] = deserialize_directory(self._part(offset, length))
        return found


class MbTiles:
    def __init__(self, file: Path) -> None:
        with file.open("rb") as stream:
            if stream.read(16) != b"SQLite format 3\0":
                raise BasemapError(file, "is no MBTiles: it is no SQLite database")
        self._lock = threading.Lock()
        # Read only: the file may lie on a medium that cannot be written.
        self._db = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        try:
            rows = dict(self._db.execute("SELECT name, value FROM metadata").fetchall())
            zooms = self._db.execute(
                "SELECT min(zoom_level), max(zoom_level) FROM tiles"
            ).fetchone()
        except sqlite3.Error as error:
            self._db.close()
            raise BasemapError(file, f"is no whole MBTiles: {error}") from None
        metadata: dict[str, Any] = {str(name): value for name, value in rows.items()}
        metadata = _with_json(metadata)
        try:
            metadata["minzoom"] = int(metadata.get("minzoom") or zooms[0] or 0)
            metadata["maxzoom"] = int(metadata.get("maxzoom") or zooms[1] or 0)
            box = tuple(float(each) for each in str(metadata["bounds"]).split(","))
        except (KeyError, ValueError, TypeError):
            box = ()
        metadata["bounds"] = _box(box)
        ending = str(metadata.get("format") or "").lower()
        self.ending = {"jpeg": "jpg", "mvt": "pbf"}.get(ending, ending)
        self.metadata = metadata

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        query = (
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        )
        return self._blob(query, (z, x, 2**z - 1 - y))

    def some_tile(self) -> bytes | None:
        return self._blob("SELECT tile_data FROM tiles LIMIT 1", ())

    def close(self) -> None:
        self._db.close()

    def _blob(self, query: str, values: Iterable[int]) -> bytes | None:
        with self._lock:
            try:
                row = self._db.execute(query, tuple(values)).fetchone()
            except sqlite3.Error:
                return None
        return row[0] if row is not None and isinstance(row[0], bytes) else None


_KINDS: Final[dict[str, Callable[[Path], TileArchive]]] = {
    ".pmtiles": PmTiles,
    ".mbtiles": MbTiles,
}


def open_archive(file: Path) -> TileArchive:
    kind = _KINDS.get(file.suffix.lower())
    if kind is None:
        raise BasemapError(file, f"has none of the endings {', '.join(_KINDS)}")
    if not file.is_file():
        raise BasemapError(file, "does not exist")
    try:
        return kind(file)
    except OSError as error:
        raise BasemapError(file, error.strerror or str(error)) from None


def _with_json(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata with what stands in their entry `json`, MBTiles' place for layers."""
    with suppress(ValueError, TypeError):
        more = json.loads(metadata.get("json", "{}"))
        return metadata | more if isinstance(more, dict) else metadata
    return metadata


def _box(bounds: tuple[float, ...]) -> tuple[float, float, float, float]:
    """Return what a file says of its bounds; the whole grid where that makes no sense."""
    if len(bounds) == 4:
        west, south, east, north = bounds
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:
            return west, south, east, north
    return -180.0, -85.05, 180.0, 85.05


def unpack(packed: bytes) -> bytes:
    """Return what gzip packed, at most `MOST_UNPACKED` bytes.

    Raises:
        ValueError: If it is more.
    """
    unpacking = zlib.decompressobj(wbits=31)
    plain = unpacking.decompress(packed, MOST_UNPACKED)
    if unpacking.unconsumed_tail:
        raise ValueError("it unpacks to too much")
    if not unpacking.eof:
        raise ValueError("it ends too early")
    return plain
