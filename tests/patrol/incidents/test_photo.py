"""Photos: real files, made to tell too much, to break things or to be something else."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from patrol.errors.errors import BadPhoto
from patrol.incidents.photo import LONGEST_FILE, LONGEST_SIDE
from patrol.incidents.photo_cleaning import cleaned
from tests.fixtures.examples import examples

# Pillow warns of what it then passes over; here that is the point.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

SECRET = b"informant Somsak"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Return a picture whose top left corner alone is red, so that one sees how it is turned."""
    image = Image.new("RGB", (width, height), "navy")
    image.paste("red", (0, 0, width // 2, height // 2))
    return image.convert(mode)


def exif(*, orientation: int = 1, offset: str | None = "+07:00") -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:24 09:30:15"
    if offset is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = offset
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (20.0, 16.0, 12.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (100.0, 25.0, 48.0),
        }
    )
    return exif


def file(kind: str = "JPEG", image: Image.Image | None = None, **more: Any) -> bytes:
    out = BytesIO()
    (image or picture()).save(out, kind, **more)
    return out.getvalue()


def segments(jpeg: bytes) -> Iterator[int]:
    """Yield the marker of each segment of a JPEG before its data."""
    at = 2
    while jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        yield marker
        if marker == 0xDA:
            return
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def bare(body: bytes) -> Image.Image:
    """Return the picture of a JPEG after checking that it has nothing beside it."""
    # APP0 (JFIF), quantisation, frame, Huffman tables, scan: no other APPn, no comment
    assert set(segments(body)) <= {0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDA}
    assert body.startswith(b"\xff\xd8\xff\xe0")
    assert body.endswith(b"\xff\xd9")
    assert SECRET not in body
    image = Image.open(BytesIO(body))
    image.load()
    assert image.format == "JPEG"
    assert not image.getexif()
    assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(image.info)
    return image


def corner(image: Image.Image) -> str:
    """Return which corner is red."""
    reds = image.convert("RGB").getchannel("R").resize((2, 2), Image.Resampling.BOX)
    corners = ((0, 0), (1, 0), (0, 1), (1, 1))
    (found,) = [at for at, red in zip(corners, reds.tobytes(), strict=True) if red > 150]
    return ("top", "bottom")[found[1]] + " " + ("left", "right")[found[0]]


def test_a_phones_photo_loses_its_metadata_and_the_sender_is_shown_it_once() -> None:
    profile = b"\0" * 12 + SECRET + b"\0" * 100
    sent = file(exif=exif(), icc_profile=profile, comment=SECRET, xmp=XMP, quality=95)
    assert sent.count(SECRET) == 4
    photo = cleaned(sent)
    image = bare(photo.body)
    assert image.size == (photo.width_px, photo.height_px) == (60, 40)
    assert photo.sha256 == hashlib.sha256(photo.body).hexdigest()
    assert (photo.lon, photo.lat) == (100.43, 20.27)
    assert photo.taken_at == datetime(2026, 11, 24, 2, 30, 15, tzinfo=UTC)
    assert photo.taken_local == "2026-11-24T09:30:15"


def test_the_same_file_always_has_the_same_name() -> None:
    assert cleaned(file(exif=exif())).sha256 == cleaned(file()).sha256


def test_iptc_goes_too() -> None:
    iptc = b"\x1c\x02\x78" + struct.pack(">H", len(SECRET)) + SECRET
    block = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    app13 = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    sent = file()
    sent = sent[:2] + app13 + sent[2:]
    assert Image.open(BytesIO(sent)).info.get("photoshop")
    bare(cleaned(sent).body)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_become_jpeg_and_lose_what_they_tell(kind: str) -> None:
    more: dict[str, Any] = {"exif": exif()}
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", SECRET.decode())
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more["pnginfo"] = notes
    else:
        more["xmp"] = XMP
    sent = file(kind, **more)
    assert SECRET in sent
    photo = cleaned(sent)
    bare(photo.body)
    assert (photo.lon, photo.lat) == (100.43, 20.27)


@pytest.mark.parametrize(
    ("orientation", "where", "size"),
    [
        (1, "top left", (60, 40)),
        (2, "top right", (60, 40)),
        (3, "bottom right", (60, 40)),
        (4, "bottom left", (60, 40)),
        (5, "top left", (40, 60)),
        (6, "top right", (40, 60)),
        (7, "bottom right", (40, 60)),
        (8, "bottom left", (40, 60)),
    ],
)
def test_the_picture_stands_upright(orientation: int, where: str, size: tuple[int, int]) -> None:
    image = bare(cleaned(file(exif=exif(orientation=orientation))).body)
    assert image.size == size
    assert corner(image) == where


def test_a_large_picture_is_made_smaller() -> None:
    photo = cleaned(file(image=picture(6000, 3000)))
    assert (photo.width_px, photo.height_px) == (LONGEST_SIDE, LONGEST_SIDE // 2)
    tall = cleaned(file("PNG", image=picture(10, 4096)))
    assert (tall.width_px, tall.height_px) == (5, LONGEST_SIDE)
    thin = cleaned(file("PNG", image=picture(1, 8000)))
    assert (thin.width_px, thin.height_px) == (1, LONGEST_SIDE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pictures_of_every_make_are_taken(mode: str) -> None:
    image = Image.new("I;16", (60, 40), 40_000) if mode == "I;16" else picture(mode=mode)
    kept = bare(cleaned(file("PNG", image=image)).body)
    assert kept.size == (60, 40)
    if mode == "I;16":
        assert abs(int(kept.convert("L").getpixel((5, 5))) - 40_000 // 256) < 4  # type: ignore[arg-type]


def test_a_picture_for_print_is_taken() -> None:
    assert bare(cleaned(file(image=picture(mode="CMYK"))).body).size == (60, 40)


def test_what_is_see_through_stands_on_white() -> None:
    image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
    kept = bare(cleaned(file("PNG", image=image)).body)
    assert min(kept.getpixel((30, 20))) > 250  # type: ignore[arg-type]


# -- what is no picture, or too much of one


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it is large, and could be inflated to that."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6)))


def webp_bomb(width: int, height: int) -> bytes:
    """Return a WebP whose canvas is said to be large."""
    small = file("WEBP")[12:]
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + small
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_bomb(width: int, height: int) -> bytes:
    """Return a JPEG whose frame header is said to be large."""
    sent = bytearray(file())
    at = sent.index(b"\xff\xc0")
    sent[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(sent)


@pytest.mark.parametrize(
    "bomb",
    [
        png_bomb(30_000, 30_000),
        png_bomb(2**31 - 1, 2**31 - 1),
        png_bomb(4001, 4000),
        webp_bomb(2**24, 255),
        webp_bomb(16_383, 16_383),
        jpeg_bomb(65_500, 65_500),
        jpeg_bomb(10_001, 5000),
        jpeg_bomb(12_000, 10_000),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(
    bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: Image.Image) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    monkeypatch.setattr("PIL.WebPImagePlugin.WebPImageFile.load", load)
    with pytest.raises(BadPhoto, match=r"pixels|no picture \(DecompressionBomb"):
        cleaned(bomb)


def test_text_that_inflates_without_end_is_refused() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    sent = file("PNG")
    with pytest.raises(BadPhoto):
        cleaned(sent[:33] + text + sent[33:])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_off_is_refused(kind: str) -> None:
    sent = file(kind, image=Image.effect_noise((300, 200), 60).convert("RGB"))
    for length in (4, 12, 20, 40, len(sent) // 2, len(sent) * 9 // 10):
        with pytest.raises(BadPhoto):
            cleaned(sent[:length])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7 " + bytes(100),
        b"\0\0\0\x18ftypheic" + bytes(100),
        b"BM" + bytes(100),
        file("TIFF"),
        b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 20,
        b"RIFF\x10\0\0\0WEBPJUNK" + bytes(40),
    ],
)
def test_what_is_no_jpeg_png_or_webp_is_refused_whatever_it_is_called(sent: bytes) -> None:
    with pytest.raises(BadPhoto):
        cleaned(sent)


def test_a_file_too_long_is_refused() -> None:
    with pytest.raises(BadPhoto, match="10 MB"):
        cleaned(file() + bytes(LONGEST_FILE))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hides_behind_a_picture_does_not_come_along(kind: str) -> None:
    tail = b"PK\x03\x04" + SECRET + b"<script>alert(1)</script>"
    assert b"script" not in cleaned(file(kind) + tail).body
    bare(cleaned(file(kind) + tail).body)


def test_what_hides_in_a_comment_that_is_also_a_script_does_not_come_along() -> None:
    """A JPEG that is JavaScript, too: its first segment's length reads as a comment."""
    script = b"*/=1;alert('" + SECRET + b"');/*"
    app0 = b"\xff\xe0" + struct.pack(">H", 0x2F2A) + script.ljust(0x2F2A - 2, b"\0")
    sent = file()
    data = cleaned(sent[:2] + app0 + sent[2:]).body
    bare(data)
    assert b"alert" not in data


# -- notes that are not good


@pytest.mark.parametrize(
    "spoil",
    [
        {ExifTags.GPS.GPSLatitude: (IFDRational(0, 0), 0.0, 0.0)},
        {ExifTags.GPS.GPSLatitude: (91.0, 0.0, 0.0)},
        {ExifTags.GPS.GPSLatitude: (20.0,)},
        {ExifTags.GPS.GPSLatitudeRef: "Q"},
        {ExifTags.GPS.GPSLongitude: (1e9, 0.0, 0.0)},
    ],
)
def test_a_place_that_cannot_be_is_none(spoil: dict[int, Any]) -> None:
    told = exif()
    told.get_ifd(ExifTags.IFD.GPSInfo).update(spoil)
    photo = cleaned(file(exif=told))
    assert (photo.lon, photo.lat) == (None, None)


def test_a_camera_without_an_offset_tells_its_own_time_only() -> None:
    photo = cleaned(file(exif=exif(offset=None)))
    assert (photo.taken_at, photo.taken_local) == (None, "2026-11-24T09:30:15")
    photo = cleaned(file(exif=exif(offset="nonsense")))
    assert (photo.taken_at, photo.taken_local) == (None, "2026-11-24T09:30:15")


def test_a_satellites_time_is_utc() -> None:
    told = exif(offset=None)
    told.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSDateStamp: "2026:11:24",
            ExifTags.GPS.GPSTimeStamp: (2.0, 30.0, 59.5),
        }
    )
    assert cleaned(file(exif=told)).taken_at == datetime(2026, 11, 24, 2, 30, 59, tzinfo=UTC)


def test_a_picture_with_a_broken_note_is_a_picture_still() -> None:
    for note in (b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        photo = cleaned(file(exif=note))
        bare(photo.body)
        assert (photo.lon, photo.taken_at, photo.taken_local) == (None, None, None)


GOOD = {kind: file(kind, exif=exif()) for kind in ("JPEG", "PNG", "WEBP")}


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_damaged_file_is_refused_or_comes_out_bare(kind: str, data: st.DataObject) -> None:
    sent = bytearray(GOOD[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        photo = cleaned(bytes(sent))
    except BadPhoto:
        return
    bare(photo.body)
    assert max(photo.width_px, photo.height_px) <= LONGEST_SIDE
