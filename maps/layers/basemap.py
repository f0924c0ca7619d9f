"""Basemap: detailed tiles from one file on this machine, PMTiles or MBTiles, vector or raster.

Nothing is asked of the internet: whoever sets the office up brings the file. Its tiles are handed
out as they stand in it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from maps.layers.tile_archive import DAMAGE, DEEPEST, BasemapError, open_archive, unpack

__all__ = ["Basemap", "BasemapError", "BasemapInfo", "unpacked"]

Schema = Literal["protomaps", "openmaptiles", "unknown"]

_MEDIA: Final = {
    "pbf": "application/vnd.mapbox-vector-tile",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
_MAGIC: Final = {
    "png": b"\x89PNG",
    "jpg": b"\xff\xd8\xff",
    "webp": b"RIFF",
}
_GZIP: Final = b"\x1f\x8b"
# Layers that only one of the schemas has.
_SIGNS: Final[tuple[tuple[Schema, frozenset[str]], ...]] = (
    ("protomaps", frozenset({"earth", "roads"})),
    ("openmaptiles", frozenset({"transportation", "landcover"})),
)


class BasemapInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a basemap is.

    Attributes:
        title: Name for people.
        kind: Its tiles are vector or raster.
        schema: Which names its vector layers go by; `unknown` is drawn without a style of its own.
        min_zoom: Lowest zoom.
        max_zoom: Highest zoom; nearer, its tiles are stretched.
        bounds: West, south, east, north, degrees.
        attribution: What the map must show.
        layers: Its vector layers.
        version: Changes with the file.
    """

    title: str
    kind: Literal["vector", "raster"]
    schema: Schema
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    attribution: str
    layers: tuple[str, ...]
    version: str


class Basemap:
    """An open basemap.

    Args:
        file: The file.
        title: Name for people; the file's own when None.
        attribution: What the map must show; the file's own when None.

    Raises:
        BasemapError: If the file cannot be used; says what is wrong with it.

    Attributes:
        info: What it is.
        media_type: Of its tiles.
    """

    def __init__(
        self, file: Path, *, title: str | None = None, attribution: str | None = None
    ) -> None:
        self._archive = open_archive(file)
        try:
            ending = self._archive.ending
            if ending not in _MEDIA:
                raise BasemapError(file, f"holds tiles of kind {ending!r}, which no browser draws")
            self.media_type = _MEDIA[ending]
            metadata = self._archive.metadata
            some = self._archive.some_tile()
            if some is None:
                raise BasemapError(file, "holds no tile")
            plain = _plain(some) if ending == "pbf" else some
            sign = _MAGIC.get(ending)
            if plain is None or (sign is not None and not plain.startswith(sign)):
                raise BasemapError(file, f"holds tiles that are no {ending}, as it says they are")
            if ending == "pbf" and not plain.startswith(b"\x1a"):
                raise BasemapError(file, "holds tiles that are no vector tiles, as it says")
        except BasemapError:
            self._archive.close()
            raise
        layers = tuple(
            str(each["id"])
            for each in metadata.get("vector_layers") or ()
            if isinstance(each, dict) and "id" in each
        )
        stamp = file.stat()
        self.info = BasemapInfo(
            title=title or str(metadata.get("name") or file.stem),
            kind="vector" if ending == "pbf" else "raster",
            schema=_schema(layers),
            min_zoom=metadata["minzoom"],
            max_zoom=metadata["maxzoom"],
            bounds=metadata["bounds"],
            attribution=attribution or str(metadata.get("attribution") or ""),
            layers=layers,
            version=f"{stamp.st_mtime_ns:x}-{stamp.st_size:x}",
        )

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, bool] | None:
        """Return a tile and whether it is packed by gzip; None where there is none.

        Args:
            z: Zoom.
            x: Column from the west.
            y: Row from the north.
        """
        if not 0 <= z <= DEEPEST or not 0 <= x < 2**z or not 0 <= y < 2**z:
            return None
        found = self._archive.tile(z, x, y)
        return None if found is None else (found, found.startswith(_GZIP))

    def close(self) -> None:
        """Close the file."""
        self._archive.close()


def _schema(layers: Iterable[str]) -> Schema:
    """Return which names the layers go by.

    >>> _schema(["earth", "water", "roads"]), _schema(["tracks"])
    ('protomaps', 'unknown')
    """
    known = set(layers)
    return next((name for name, signs in _SIGNS if signs <= known), "unknown")


def _plain(tile: bytes) -> bytes | None:
    """Return a tile unpacked; None if it cannot be."""
    try:
        return unpack(tile) if tile.startswith(_GZIP) else tile
    except DAMAGE:
        return None


def unpacked(tile: bytes) -> bytes:
    """Return a tile that gzip packed, for a client that cannot unpack it."""
    return gzip.decompress(tile)
