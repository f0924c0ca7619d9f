"""A Shapefile in a zip, and a KMZ, unpacked without trust: only what is read, bounded in all.

What is written is bounded while it is written, so that what the archive says of itself need not be
believed. Names of the archive are never paths: every part goes into one folder under its base name.

Sources: PKWARE APPNOTE 6.3.10, 4.3 to 4.4 (external attributes: 4.4.15; names: appendix D); ESRI
Shapefile Technical Description, July 1998; OGC 12-007r2 (KML 2.3), 6.3 (KMZ).
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from gis.errors.errors import LayerError
from gis.layers.layer_format import MAX_BYTES, SHAPEFILE_PARTS
from gis.layers.text_encoding import encoding_of

MOST_ENTRIES: Final = 64
MOST_IN_KMZ: Final = 1000  # pictures come with it, which are left where they are
HIGHEST_RATIO: Final = 200
"""How many times larger than packed a part may become; Shapefiles reach 20."""

_FREE_BYTES: Final = 1024 * 1024  # a small file may be as well packed as it likes
_CHUNK: Final = 64 * 1024


def unpack_shapefiles(
    archive: Path, folder: Path, *, name: str, encoding: str | None = None
) -> list[Path]:
    """Unpack the Shapefiles in `archive` into the empty `folder` and return their .shp files.

    Args:
        archive: A zip file.
        folder: Where the parts go.
        name: The archive, as the user gave it, for errors.
        encoding: Of the names in it, where they are not in UTF-8; None to find out.

    Raises:
        EncodingNeeded: If a name could be read in several ways.
        LayerError: If it is no zip, is damaged or encrypted, has too many or too large parts,
            holds a link, a path that leaves it or another archive, or no Shapefile.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Path(folder, "a.zip")
    ...     with zipfile.ZipFile(archive, "w") as packed:
    ...         packed.writestr("../evil.shp", b"")
    ...     unpack_shapefiles(archive, Path(folder), name="a.zip")
    Traceback (most recent call last):
    ...
    gis.errors.errors.LayerError: a.zip: holds '../evil.shp', a path that leaves the archive
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if len(entries) > MOST_ENTRIES:
                fault = f"holds {len(entries)} entries; at most {MOST_ENTRIES} are unpacked"
                raise LayerError(name, fault)
            left = MAX_BYTES
            found: list[Path] = []
            for entry in entries:
                base = _safe_name(entry, name, encoding)
                if base is None:
                    continue
                target = folder / base
                if target.exists():
                    raise LayerError(name, f"holds {base} twice")
                left -= _unpack(packed, entry, target, left, name)
                if target.suffix == ".shp":
                    found.append(target)
    except _DAMAGE as error:
        raise LayerError(name, f"is a damaged or unknown zip: {error}") from error
    if not found:
        raise LayerError(name, "holds no .shp file; of archives only zipped Shapefiles are read")
    return sorted(found)


def unpack_kml(archive: Path, folder: Path, *, name: str) -> Path:
    """Unpack the KML of a KMZ into the empty `folder` and return it.

    It is `doc.kml`, or else the first KML at the top; what it refers to is not followed.

    Raises:
        LayerError: If it is no zip, is damaged or encrypted, has too many entries, or holds no KML,
            one under a path that leaves it, or one that is too large.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if len(entries) > MOST_IN_KMZ:
                fault = f"holds {len(entries)} entries; at most {MOST_IN_KMZ} are looked through"
                raise LayerError(name, fault)
            at_top = [
                each
                for each in entries
                if "/" not in each.filename and each.filename.lower().endswith(".kml")
            ]
            at_top.sort(key=lambda each: each.filename.lower() != "doc.kml")
            if not at_top:
                raise LayerError(name, "holds no .kml file at its top")
            _check(at_top[0], name)
            target = folder / "doc.kml"
            _unpack(packed, at_top[0], target, MAX_BYTES, name)
            return target
    except _DAMAGE as error:
        raise LayerError(name, f"is a damaged or unknown zip: {error}") from error


_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)


def _safe_name(entry: zipfile.ZipInfo, name: str, encoding: str | None) -> str | None:
    """Return the base name of a part in lower case; None for what is not needed.

    Raises:
        LayerError: For what no honest archive holds.
    """
    _check(entry, name)
    if entry.is_dir():
        return None
    name_in_file = entry.filename
    ending = PurePosixPath(name_in_file).suffix.lower()
    if ending in (".zip", ".kmz", ".gz", ".tar", ".7z", ".rar"):
        raise LayerError(name, f"holds {name_in_file!r}, an archive in the archive")
    if ending != ".shp" and ending not in SHAPEFILE_PARTS:
        return None  # indexes and descriptions, and what macOS adds
    if PurePosixPath(name_in_file).name.startswith("._"):
        return None
    if not name_in_file.isascii() and not entry.flag_bits & _NAMED_IN_UTF_8:
        # The library took bytes of nobody knows what for those of an IBM PC.
        plain = name_in_file.encode("cp437")
        name_in_file = plain.decode(encoding_of(name, [plain], encoding))
    return PurePosixPath(name_in_file).stem.replace("/", "_").replace("\\", "_") + ending


_NAMED_IN_UTF_8: Final = 0x800


def _check(entry: zipfile.ZipInfo, name: str) -> None:
    """Raise for what no honest archive holds.

    Raises:
        LayerError: Names it.
    """
    filename = entry.filename
    path = PurePosixPath(filename)
    if (
        filename.startswith("/")
        or "\\" in filename
        or ":" in filename
        or ".." in path.parts
        or "\0" in filename
    ):
        raise LayerError(name, f"holds {filename!r}, a path that leaves the archive")
    kind = entry.external_attr >> 16
    if kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise LayerError(name, f"holds {filename!r}, a link or device")
    if entry.flag_bits & 0x1:
        raise LayerError(name, f"holds {filename!r} encrypted")


def _unpack(
    packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int, name: str
) -> int:
    """Write one part and return its size."""
    size = 0
    most = max(_FREE_BYTES, entry.compress_size * HIGHEST_RATIO)
    with packed.open(entry) as source, target.open("xb") as written:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > left:
                raise LayerError(name, f"unpacks to more than {MAX_BYTES // 2**20} MiB")
            if size > most:
                fault = f"holds {entry.filename!r}, packed more than {HIGHEST_RATIO} to 1"
                raise LayerError(name, fault)
            written.write(chunk)
    return size
