"""Whether a file is what its name says, before GDAL is let near it.

GDAL picks a driver by content, not by name: a "KML" that holds a virtual dataset (VRT) would make
it open other files of this machine. So only five formats are read, each is known by its own
signature, sizes are bounded, and archives, DTDs, virtual tables and remote paths are refused.

Sources: RFC 7946 (GeoJSON); OGC 12-128r18 clause 1.1.1 (GeoPackage application id); OGC 12-007r2
(KML); GPX 1.1 schema (Topografix); ESRI Shapefile Technical Description, July 1998, page 4 (file
code 9994).
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.parsers import expat

import msgspec

from gis.errors.errors import LayerError

MAX_BYTES = 64 * 1024 * 1024
SHAPEFILE_PARTS = (".shx", ".dbf", ".prj", ".cpg")
VIRTUAL = re.compile(rb"OGRVRT|VRTDataset|GDALTileIndexDataset|OGRVRTDataSource", re.IGNORECASE)
SHAPEFILE_CODE = (9994).to_bytes(4, "big")
GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")
MAX_DEPTH = 64  # of nested elements: libraries below recurse
# Functions that GDAL or SQLite may know and that read, write or ask something else.
REACHING = re.compile(
    r"\b(ogr_\w+|gdal_\w+|load_extension|readfile|writefile|edit|fts3_tokenizer|hstore_\w+)\s*\(",
    re.IGNORECASE,
)


def recognise(path: str | os.PathLike[str]) -> tuple[Path, tuple[str, ...]]:
    """Return the real path of a layer file and the GDAL drivers that may open it.

    Args:
        path: A file on this machine: .geojson, .json, .gpkg, .kml, .gpx or .shp.

    Raises:
        LayerError: If it is missing, too large, none of the formats, or not what its name says.
    """
    name = os.fspath(path)
    if name.startswith("/vsi") or "://" in name or name.lstrip().startswith("<"):
        raise LayerError(name, "is no file on this machine; give the path of a file")
    file = Path(name)
    kind = FORMATS.get(file.suffix.lower())
    if kind is None:
        known = ", ".join(FORMATS)
        raise LayerError(name, f"has none of the endings {known}; unpack an archive first")
    if not file.is_file():
        raise LayerError(name, "does not exist")
    check, drivers = kind
    real = file.resolve()
    parts = [real, *(real.with_suffix(end) for end in SHAPEFILE_PARTS if check is _shapefile)]
    size = sum(part.stat().st_size for part in parts if part.is_file())
    if size > MAX_BYTES:
        raise LayerError(name, f"has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read")
    if size == 0:
        raise LayerError(name, "is empty")
    check(name, real)
    return real, drivers


def _geojson(name: str, file: Path) -> None:
    content = file.read_bytes()
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise LayerError(name, "is no GeoJSON: it does not begin with {")
    if VIRTUAL.search(content):
        raise LayerError(name, "holds a virtual dataset, which could read other files")
    start = content.find(b"{")
    try:
        msgspec.json.Decoder(msgspec.Raw).decode(memoryview(content)[start:])
    except msgspec.DecodeError as error:
        position = re.search(r"\(byte (\d+)\)", str(error))
        at = start + int(position[1]) if position else len(content)
        if content[at : at + 3] in (b"NaN", b"Inf", b"-In"):
            return  # GDAL reads them; the feature they stand in is named later
        words = re.sub(r"\s*\(byte \d+\)", "", str(error)).removeprefix("JSON is malformed: ")
        line = content.count(b"\n", 0, at) + 1
        raise LayerError(name, f"is no whole JSON: {words}, line {line}") from error


def _geopackage(name: str, file: Path) -> None:
    with file.open("rb") as stream:
        head = stream.read(100)
    if not head.startswith(b"SQLite format 3\0") or head[68:72] not in GEOPACKAGE_IDS:
        raise LayerError(name, "is no GeoPackage: its first 100 bytes are not those of one")
    try:
        # Immutable: the file is not ours, so no journal may appear beside it.
        address = f"{file.as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as db:
            (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
            made = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master") if sql]
    except sqlite3.Error as error:
        raise LayerError(name, f"is a damaged GeoPackage: {error}") from error
    if state != "ok":
        raise LayerError(name, f"is a damaged GeoPackage: {state}")
    for sql in made:
        if re.match(r"\s*CREATE\s+VIRTUAL\s+TABLE", sql, re.IGNORECASE) and not re.search(
            r"\bUSING\s+rtree\b", sql, re.IGNORECASE
        ):
            raise LayerError(name, "holds a virtual table, which could read other files")
        if reaching := REACHING.search(sql):
            fault = f"calls {reaching[1]} in its tables or views, which could reach elsewhere"
            raise LayerError(name, fault)


def _kml(name: str, file: Path) -> None:
    _xml(name, file, "kml")


def _gpx(name: str, file: Path) -> None:
    _xml(name, file, "gpx")


def _xml(name: str, file: Path, kind: str) -> None:
    content = file.read_bytes()
    if VIRTUAL.search(content):
        raise LayerError(name, "holds a virtual dataset, which could read other files")
    roots: list[str] = []
    depth = 0

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        if not roots:
            roots.append(tag.rpartition(":")[2])
        depth += 1
        if depth > MAX_DEPTH:
            where = f"line {parser.CurrentLineNumber}"
            raise LayerError(name, f"is nested more than {MAX_DEPTH} elements deep, {where}")

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        fault = f"has a DTD, which {kind.upper()} does not need and could read other files"
        raise LayerError(name, fault)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise LayerError(name, f"is no whole XML: {error}") from error
    if roots != [kind]:
        raise LayerError(name, f"is no {kind.upper()}: its outermost element is {roots[0]}")


def _shapefile(name: str, file: Path) -> None:
    with file.open("rb") as stream:
        if stream.read(4) != SHAPEFILE_CODE:
            raise LayerError(name, "is no Shapefile: it does not begin with file code 9994")
        stream.seek(24)
        length = int.from_bytes(stream.read(4), "big") * 2
    size = file.stat().st_size
    if size < length:
        raise LayerError(name, f"is cut off: {size} of {length} bytes")
    for end in (".shx", ".dbf"):
        if not file.with_suffix(end).is_file():
            raise LayerError(name, f"comes without its {file.with_suffix(end).name}")


FORMATS: dict[str, tuple[Callable[[str, Path], None], tuple[str, ...]]] = {
    ".geojson": (_geojson, ("GeoJSON",)),
    ".json": (_geojson, ("GeoJSON",)),
    ".gpkg": (_geopackage, ("GPKG",)),
    ".kml": (_kml, ("LIBKML", "KML")),
    ".gpx": (_gpx, ("GPX",)),
    ".shp": (_shapefile, ("ESRI Shapefile",)),
}
