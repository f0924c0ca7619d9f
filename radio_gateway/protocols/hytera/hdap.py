"""HDAP: the messages of Hytera's services, their checks, and the GPS block inside them.

    service (1) | opcode (2) | length (2) | payload | checksum (1) | 03
    service     08 location (LP), 11 registration (RRS), 02 radio control (RCP), 09 text, 12
                telemetry, 13 data, 14 delivery states; the top bit wants a reliable delivery
    opcode, length   big endian, but little endian in RCP
    checksum    (sum of opcode to payload, inverted) + 33, one byte
    GPS block   40 characters: A/V  hhmmss  ddmmyy  N/S  ddmm.mmmm  E/W  dddmm.mmmm
                sss (knots, "0.1")  ddd (degrees true); NUL bytes: absent

Source: facts and published samples of ok-dmrlib's description and of the Kaitai definitions of
hyteratak; Hytera's own documents are given to partners only.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import full_year

LP, RRS, RCP, TMP = 0x08, 0x11, 0x02, 0x09
SERVICES = {
    LP: "lp",
    RRS: "rrs",
    RCP: "rcp",
    TMP: "text",
    0x12: "telemetry",
    0x13: "data",
    0x14: "delivery",
}
END = 0x03
AROUND = 7  # bytes around the payload
MAX_PAYLOAD = 1024
GPS_BYTES = 40
_KNOT_MPS = 1852 / 3600


class Hdap(msgspec.Struct, frozen=True):
    """One message whose checksum is right.

    Attributes:
        service: Without the bit for reliable delivery.
        opcode: What is meant.
        payload: What follows.
    """

    service: int
    opcode: int
    payload: bytes


class Gps(msgspec.Struct, kw_only=True):
    """One GPS block; None where it is absent.

    Attributes:
        current: A fix of now; False: the last one known, or none.
        time: Date and time of day, aware UTC.
        lon: Longitude, degrees east.
        lat: Latitude, degrees north.
        speed_mps: Speed over ground.
        course_deg: Course over ground, degrees true.
        odd: Something in it is not what it should be.
    """

    current: bool
    time: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    odd: bool = False


def checksum(body: bytes) -> int:
    """Return the checksum of opcode to payload.

    >>> f"{checksum(bytes.fromhex('00030004 0a000064')):02x}"
    'bd'
    """
    return (sum(body) & 0xFF ^ 0xFF) + 0x33 & 0xFF


def hdap_length(data: bytes) -> int | None:
    """Return how long the message at the start of `data` is; 0: none begins here; None: unknown."""
    if not data:
        return None
    service = data[0] & 0x7F
    if service not in SERVICES:
        return 0
    if len(data) < 5:
        return None
    length = int.from_bytes(data[3:5], "little" if service == RCP else "big")
    return length + AROUND if length <= MAX_PAYLOAD else 0


def read_hdap(data: bytes, frame: bytes) -> Hdap:
    """Read a message, the whole of `data`.

    Args:
        data: The message.
        frame: The frame it came in, for the error.

    Raises:
        FrameError: `unknown_service`, `truncated`, `bad_end` or `bad_checksum`.
    """
    length = hdap_length(data)
    if length == 0:
        raise FrameError("unknown_service", frame, f"no service {data[:1].hex()} of such a length")
    if length is None or len(data) < length:
        raise FrameError("truncated", frame, f"{len(data)} bytes of {length or 'a message'}")
    body = data[1 : length - 2]
    if data[length - 1] != END:
        raise FrameError("bad_end", frame, f"{data[length - 1]:02x} stands where 03 should")
    if data[length - 2] != checksum(body):
        detail = f"{data[length - 2]:02x}, should be {checksum(body):02x}"
        raise FrameError("bad_checksum", frame, detail)
    if len(data) > length:
        raise FrameError("bad_length", frame, f"{len(data) - length} bytes behind the message")
    service = data[0] & 0x7F
    opcode = int.from_bytes(data[1:3], "little" if service == RCP else "big")
    return Hdap(service, opcode, body[4:])


def write_hdap(service: int, opcode: int, payload: bytes) -> bytes:
    """Return a message of a service that is big endian.

    >>> write_hdap(RRS, 3, bytes.fromhex("0a000064")).hex()
    '11000300040a000064bd03'
    """
    body = opcode.to_bytes(2, "big") + len(payload).to_bytes(2, "big") + payload
    return bytes((service,)) + body + bytes((checksum(body), END))


def read_gps(block: bytes, frame: bytes) -> Gps:
    """Read a GPS block of 40 bytes.

    Args:
        block: The block.
        frame: The frame it came in, for the error.

    Raises:
        FrameError: `bad_status`, `bad_number`, `bad_hemisphere`, `lat_range`, `lon_range` or
            `null_island`.
    """
    status = block[:1]
    if status not in (b"A", b"V", b"\0"):
        raise FrameError("bad_status", frame, f"{status!r} is neither A nor V")
    gps = Gps(current=status == b"A")
    lat_text, lon_text = block[14:23], block[24:34]
    if any(lat_text) and any(lon_text):
        gps.lat = _angle(lat_text, 2, block[13:14], b"NS", frame)
        gps.lon = _angle(lon_text, 3, block[23:24], b"EW", frame)
        check_place(lon=gps.lon, lat=gps.lat, payload=frame)
    if any(block[1:13]):
        gps.time = _time(block[1:13])
        gps.odd |= gps.time is None
    for field, attribute, most, unit in (
        (block[34:37], "speed_mps", 999.0, _KNOT_MPS),
        (block[37:40], "course_deg", 360.0, 1.0),
    ):
        if any(field):
            number = _decimal(field.rstrip(b"\0 "))
            if number is None or number > most:
                gps.odd = True
            else:
                setattr(gps, attribute, number * unit)
    if gps.course_deg == 360.0:
        gps.course_deg = 0.0
    return gps


def _angle(text: bytes, digits: int, letter: bytes, letters: bytes, frame: bytes) -> float:
    """Return degrees of `ddmm.mmmm` and its hemisphere."""
    name = "lat" if digits == 2 else "lon"
    text = text.rstrip(b"\0 ")
    minutes = _decimal(text[digits:])
    if not text[:digits].isdigit() or minutes is None:
        raise FrameError("bad_number", frame, f"{name} {text!r} is no number")
    if letter not in (letters[:1], letters[1:]):
        raise FrameError("bad_hemisphere", frame, f"{name} has {letter!r}")
    if minutes >= 60.0:
        raise FrameError(f"{name}_range", frame, f"{name} has {minutes} minutes")
    degrees = int(text[:digits]) + minutes / 60.0
    return -degrees if letter == letters[1:] else degrees


def _decimal(text: bytes) -> float | None:
    """Return digits with at most one point; None for anything else."""
    if not text or text.count(b".") > 1 or not text.replace(b".", b"").isdigit():
        return None
    return float(text)


def _time(text: bytes) -> datetime | None:
    """Return the time of `hhmmssddmmyy`; None when it is none."""
    if not text.isdigit():
        return None
    hour, minute, second, day, month, year = (int(text[at : at + 2]) for at in range(0, 12, 2))
    try:
        return datetime(full_year(year), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
