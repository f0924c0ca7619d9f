"""Photo cleaning: a photo as sent becomes a picture without metadata; pure.

JPEG, PNG or WebP in, JPEG out. The picture is decoded and encoded anew, so nothing of the file is
kept but its pixels: no EXIF, XMP, IPTC, ICC profile, comment or thumbnail, and nothing that was
hidden behind its end. Size in bytes and in pixels is bounded before anything is decoded.

Source: JFIF 1.02; PNG (W3C, third edition), 11.2.1; WebP container (RFC 9649), 2.7; EXIF 2.32
(CIPA DC-008), 4.6.
"""

from __future__ import annotations

import hashlib
import math
import struct
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from PIL import ExifTags, Image, UnidentifiedImageError

from patrol.errors.errors import BadPhoto
from patrol.incidents.photo import LONGEST_FILE, LONGEST_ORIGINAL, LONGEST_SIDE, CameraNote, Photo

MOST_PIXELS: Final = 50_000_000
"""Of a JPEG, which can be decoded at a fraction of its size: what the cameras of phones make."""

MOST_PIXELS_WHOLE: Final = 16_000_000
"""Of a PNG or WebP, which must be decoded whole: 250 MB while that is done."""

QUALITY: Final = 85

_HEIF: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"hevc"})
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow raises for a file that is none, cut off, or made to harm.
_BROKEN: Final = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
)


def cleaned(file: bytes) -> Photo:
    """Return the picture in a file, without anything else that is in it.

    Position and time come with it, for the one who sent it; they are no part of `body`.

    Raises:
        BadPhoto: If it is no JPEG, PNG or WebP, is too large in bytes or pixels, or is damaged.
    """
    kind = _kind(file)
    _check_size(_header_size(kind, file), kind)
    try:
        with Image.open(BytesIO(file), formats=[kind]) as image:
            _check_size(image.size, kind)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # only a JPEG can
            image.load()
            exif = _exif(image)
            picture = _upright(_small(_plain(image)), exif)
            body = _encoded(picture)
    except _BROKEN as error:
        raise BadPhoto(f"the file is damaged or no picture ({type(error).__name__})") from error
    lon, lat = _place(exif)
    taken_at, taken_local = _time(exif)
    return Photo(
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        width_px=picture.width,
        height_px=picture.height,
        lon=lon,
        lat=lat,
        taken_at=taken_at,
        taken_local=taken_local,
    )


def camera_note(file: bytes) -> CameraNote:
    """Return place and time from a camera's file; no picture is decoded.

    HEIF (ISO/IEC 23008-12), which iPhones may hand over, is taken as it is: nothing of it is read.

    Raises:
        BadPhoto: If it is no JPEG, PNG, WebP or HEIF, is too large, or its head is damaged.
    """
    exif: dict[str, Any] = {}
    if not (file[4:8] == b"ftyp" and file[8:12] in _HEIF and len(file) <= LONGEST_ORIGINAL):
        kind = _kind(file, LONGEST_ORIGINAL)
        _check_size(_header_size(kind, file), kind)
        try:
            with Image.open(BytesIO(file), formats=[kind]) as image:
                _check_size(image.size, kind)
                exif = _exif(image)
        except _BROKEN as error:
            raise BadPhoto(f"the file is damaged or no picture ({type(error).__name__})") from error
    lon, lat = _place(exif)
    taken_at, taken_local = _time(exif)
    return CameraNote(lon=lon, lat=lat, taken_at=taken_at, taken_local=taken_local)


# -- before anything is decoded


def _kind(file: bytes, longest: int = LONGEST_FILE) -> str:
    """Return the file's type by its first bytes; its name and the sender's claim do not count."""
    if not file:
        raise BadPhoto("the file is empty")
    if len(file) > longest:
        raise BadPhoto(f"the file has more than {longest // 1_000_000} MB")
    if file.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if file.startswith(_PNG):
        return "PNG"
    if file[:4] == b"RIFF" and file[8:12] == b"WEBP":
        return "WEBP"
    raise BadPhoto("the file is no JPEG, PNG or WebP")


def _header_size(kind: str, file: bytes) -> tuple[int, int] | None:
    """Return width and height as the header has them; None where Pillow reads no more than that."""
    if kind == "PNG" and file[12:16] == b"IHDR" and len(file) >= 24:
        width, height = struct.unpack_from(">II", file, 16)
        return width, height
    if kind == "WEBP":
        # Pillow makes room for the whole canvas as soon as it opens one.
        if file[12:16] == b"VP8X" and len(file) >= 30:
            return (
                int.from_bytes(file[24:27], "little") + 1,
                int.from_bytes(file[27:30], "little") + 1,
            )
        if file[12:16] == b"VP8L" and len(file) >= 25:
            bits = int.from_bytes(file[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if file[12:16] == b"VP8 " and len(file) >= 30:
            width, height = struct.unpack_from("<HH", file, 26)
            return width & 0x3FFF, height & 0x3FFF
        raise BadPhoto("the file is damaged or no picture (no header)")
    return None


def _check_size(size: tuple[int, int] | None, kind: str) -> None:
    if size is None:
        return
    width, height = size
    most = MOST_PIXELS if kind == "JPEG" else MOST_PIXELS_WHOLE
    if width < 1 or height < 1:
        raise BadPhoto("the picture has no pixels")
    if width * height > most:
        raise BadPhoto(
            f"the picture has {width} x {height} pixels, at most {most // 1_000_000} million"
        )


# -- the picture


def _plain(image: Image.Image) -> Image.Image:
    """Return an image in grey or colours of 8 bits; what is see-through keeps its alpha."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("L", "RGB", "RGBA"):
        if image.mode != "RGBA" and "transparency" in image.info:
            return image.convert("RGBA")
        return image
    if image.mode == "1":
        return image.convert("L")
    see_through = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if see_through else "RGB")


def _small(image: Image.Image) -> Image.Image:
    """Return an image at most `LONGEST_SIDE` pixels long, on white where it is see-through."""
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _upright(image: Image.Image, exif: dict[str, Any]) -> Image.Image:
    turn = _TURNS.get(exif.get("orientation", 1))
    return image if turn is None else image.transpose(turn)


def _encoded(image: Image.Image) -> bytes:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)  # pixels only: an image remembers what stood in its file
    out = BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


# -- what the camera told


def _exif(image: Image.Image) -> dict[str, Any]:
    """Return orientation, position and time of the EXIF; empty where it has none that is good."""
    try:
        exif = image.getexif()
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        photo = exif.get_ifd(ExifTags.IFD.Exif)
        return {
            "orientation": exif.get(ExifTags.Base.Orientation, 1),
            "gps": dict(gps),
            "taken": photo.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime),
            "offset": photo.get(ExifTags.Base.OffsetTimeOriginal),
        }
    except _BROKEN:
        return {}  # a picture with a bad note on it is a picture still


def _place(exif: dict[str, Any]) -> tuple[float | None, float | None]:
    gps = exif.get("gps", {})
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW")
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS")
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90 or lon == lat == 0:
        return None, None
    return lon, lat


def _degrees(parts: Any, side: Any, sides: str) -> float | None:
    """Return degrees, to a metre or so, from degrees, minutes and seconds."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        found = degrees + minutes / 60 + seconds / 3600
    except _BROKEN:
        return None
    letter = side.strip("\0 ").upper() if isinstance(side, str) else ""
    if not math.isfinite(found) or found < 0 or letter not in tuple(sides):
        return None
    return round(-found if letter == sides[1] else found, 5)


def _time(exif: dict[str, Any]) -> tuple[datetime | None, str | None]:
    local = _read_time(exif.get("taken"))
    at = _satellite_time(exif.get("gps", {}))
    offset = exif.get("offset")
    if at is None and local is not None and isinstance(offset, str):
        try:
            at = datetime.fromisoformat(local.isoformat() + offset.strip("\0 ")).astimezone(UTC)
        except (ValueError, OverflowError):
            at = None
    return at, None if local is None else local.isoformat()


def _read_time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        # A camera's clock knows no zone: that is what is told.
        return datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None


def _satellite_time(gps: dict[Any, Any]) -> datetime | None:
    try:
        year, month, day = (
            int(part) for part in gps[ExifTags.GPS.GPSDateStamp].strip("\0 ").split(":")
        )
        hour, minute, second = (int(float(part)) for part in gps[ExifTags.GPS.GPSTimeStamp])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except _BROKEN:
        return None
