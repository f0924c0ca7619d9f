"""FORMATS: what can be written, by name; a new format is a writer and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gis.exchange.gpx_file import write_gpx
from gis.exchange.kml_file import write_kml
from gis.exchange.material import Material
from gis.exchange.tables import ExportError, write_geojson, write_geopackage, write_geoparquet

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
    write: Callable[[Material], bytes]


FORMATS: Final[dict[str, Format]] = {
    "gpx": Format(title="GPX", ending=".gpx", media_type="application/gpx+xml", write=write_gpx),
    "kml": Format(
        title="KML",
        ending=".kml",
        media_type="application/vnd.google-earth.kml+xml",
        write=write_kml,
    ),
    "gpkg": Format(
        title="GeoPackage",
        ending=".gpkg",
        media_type="application/geopackage+sqlite3",
        write=write_geopackage,
    ),
    "geojson": Format(
        title="GeoJSON",
        ending=".geojson",
        media_type="application/geo+json",
        write=write_geojson,
    ),
    "parquet": Format(
        title="GeoParquet",
        ending=".parquet",
        media_type="application/vnd.apache.parquet",
        write=write_geoparquet,
    ),
}
