"""FORMATS: what can be written, by name; a new format is a writer and one line here.

A writer is loaded when it first writes: geopandas comes with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gis.errors.errors import ExportError
from gis.files.export_content import ExportContent

__all__ = ["FORMATS", "ExportError", "Format"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format to write.

    Attributes:
        title: Name for people.
        ending: How files of it end, with the dot.
        media_type: What HTTP calls it.
        write: Makes the file.
    """

    title: str
    ending: str
    media_type: str
    write: Callable[[ExportContent], bytes]


def _gpx(material: ExportContent) -> bytes:
    from gis.files.gpx_file import write_gpx

    return write_gpx(material)


def _kml(material: ExportContent) -> bytes:
    from gis.files.kml_file import write_kml

    return write_kml(material)


def _geopackage(material: ExportContent) -> bytes:
    from gis.files.table_files import write_geopackage

    return write_geopackage(material)


def _geojson(material: ExportContent) -> bytes:
    from gis.files.table_files import write_geojson

    return write_geojson(material)


def _geoparquet(material: ExportContent) -> bytes:
    from gis.files.table_files import write_geoparquet

    return write_geoparquet(material)


FORMATS: Final[dict[str, Format]] = {
    "gpx": Format(title="GPX", ending=".gpx", media_type="application/gpx+xml", write=_gpx),
    "kml": Format(
        title="KML",
        ending=".kml",
        media_type="application/vnd.google-earth.kml+xml",
        write=_kml,
    ),
    "gpkg": Format(
        title="GeoPackage",
        ending=".gpkg",
        media_type="application/geopackage+sqlite3",
        write=_geopackage,
    ),
    "geojson": Format(
        title="GeoJSON",
        ending=".geojson",
        media_type="application/geo+json",
        write=_geojson,
    ),
    "parquet": Format(
        title="GeoParquet",
        ending=".parquet",
        media_type="application/vnd.apache.parquet",
        write=_geoparquet,
    ),
}
