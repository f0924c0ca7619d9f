"""A Shapefile in a zip, unpacked without trust: only its parts, only so many, only so large.

What is written is bounded while it is written, so that what the archive says of itself need not be
believed. Names of the archive are never paths: every part goes into one folder under its base name.

Source: PKWARE APPNOTE 6.3.10, 4.3 to 4.4 (external attributes: 4.4.15); ESRI Shapefile Technical
Description, July 1998.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from gis.errors import LayerError
from gis.layer_format import MAX_BYTES, SHAPEFILE_PARTS

MOST_ENTRIES: Final = 64
HIGHEST_RATIO: Final = 200
"""How many times larger than packed a part may become; Shapefiles reach 20."""

_FREE_BYTES: Final = 1024 * 1024  # a small file may be as well packed as it likes
_CHUNK: Final = 64 * 1024


def unpack_shapefiles(archive: Path, folder: Path, *, name: str) -> list[Path]:
    """Unpack the Shapefiles in `archive` into the empty `folder` and return their .shp files.

    Args:
        archive: A zip file.
        folder: Where the parts go.
        name: The archive, as the user gave it, for errors.

    Raises:
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
    gis.errors.LayerError: a.zip: holds '../evil.shp', a path that leaves the archive
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
                base = _safe_name(entry, name)
                if base is None:
                    continue
                target = folder / base
                if target.exists():
                    raise LayerError(name, f"holds {base} twice")
                left -= _unpack(packed, entry, target, left, name)
                if target.suffix == ".shp":
                    found.append(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise LayerError(name, f"is a damaged or unknown zip: {error}") from error
    if not found:
        raise LayerError(name, "holds no .shp file; of archives only zipped Shapefiles are read")
    return sorted(found)


def _safe_name(entry: zipfile.ZipInfo, name: str) -> str | None:
    """Return the base name of a part in lower case; None for what is not needed.

    Raises:
        LayerError: For what no honest archive holds.
    """
    said = entry.filename
    path = PurePosixPath(said)
    if said.startswith("/") or "\\" in said or ":" in said or ".." in path.parts or "\0" in said:
        raise LayerError(name, f"holds {said!r}, a path that leaves the archive")
    kind = entry.external_attr >> 16
    if kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise LayerError(name, f"holds {said!r}, a link or device")
    if entry.is_dir():
        return None
    if entry.flag_bits & 0x1:
        raise LayerError(name, f"holds {said!r} encrypted")
    ending = path.suffix.lower()
    if ending in (".zip", ".kmz", ".gz", ".tar", ".7z", ".rar"):
        raise LayerError(name, f"holds {said!r}, an archive in the archive")
    if ending != ".shp" and ending not in SHAPEFILE_PARTS:
        return None  # indexes and descriptions, and what macOS adds
    if path.name.startswith("._"):
        return None
    return path.stem + ending


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
