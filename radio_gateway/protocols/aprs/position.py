r"""APRS: the position inside an information field, written out or compressed.

    written out (19 bytes)   ddmm.mmN T dddmm.mmE C
    compressed (13 bytes)    T yyyy xxxx C cs t

`T` is the symbol table (`/`, `\` or an overlay; `a` to `j` stand for digits when compressed), `C`
the symbol. Written out, blanks for the last 1 to 4 digits of the minutes (or of the tens of
minutes) hide the place on purpose: the middle of the box is taken, and `accuracy_m` is its size.

Compressed, `yyyy` and `xxxx` are numbers of base 91 (digit = byte - 33):

    latitude = 90 - yyyy / 380926        longitude = -180 + xxxx / 190463

    cs  blank + anything   nothing
        t says GGA         altitude, 1.002 ^ (c * 91 + s) feet
        c is {             radio range, 2 * 1.08 ^ s miles
        else               course c * 4 degrees, speed 1.08 ^ s - 1 knots
    t   bit 5  the fix is current, not the last known one
        bits 4-3  0 other, 1 GLL, 2 GGA, 3 RMC: what the place came from

Source: APRS Protocol Reference 1.0.1, chapters 6, 8 and 9.
"""

from __future__ import annotations

import re

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.nmea.fields import KNOT_MPS, Facts

FOOT_M = 0.3048
MILE_M = 1609.344
AMBIGUITY_M = (None, 185.2, 1852.0, 18_520.0, 111_120.0)
"""How far apart the places are that a position with so many hidden digits cannot tell, metres."""

# The part of a minute that is the middle of what the hidden digits leave open; with four hidden
# the box is a degree.
_MIDDLE = (0.0, 0.05, 0.5, 5.0, 30.0)
_LAT = re.compile(rb"(\d\d)([0-5 ])([\d ])\.([\d ])([\d ])([NSns])")
_LON = re.compile(rb"(\d\d\d)([\d ])([\d ])\.([\d ])([\d ])([EWew])")
_TABLE = re.compile(rb"[/\\A-Z0-9]")
_COMPRESSED = re.compile(rb"[/\\A-Za-j][!-{]{8}[!-~].{3}", re.DOTALL)
_MAX_FEET = 200_000.0


class AprsPosition(msgspec.Struct, kw_only=True, gc=False):
    """Where something is, and what else the same bytes tell.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
        symbol: Table and code.
        ambiguity: Digits hidden on purpose, 0 to 4.
        accuracy_m: Size of the box that they leave; None for none hidden.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        altitude_m: Height above mean sea level.
        stale: The sender says that the fix is not current.
        facts: Further fields.
    """

    lon: float
    lat: float
    symbol: str
    ambiguity: int = 0
    accuracy_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    stale: bool = False
    facts: Facts = {}


def read_place(body: bytes, payload: bytes) -> tuple[AprsPosition, bytes]:
    """Read a position, written out or compressed.

    Args:
        body: From the position to the end of the information field.
        payload: The frame, for errors.

    Returns:
        The position, and what follows it: extensions and comment.

    Raises:
        FrameError: `empty_position`, `packet_short`, `bad_position`, `sym_inv_table`,
            `minutes_range`, `lat_range`, `lon_range` or `null_island`.
    """
    if not body.strip():
        raise FrameError("empty_position", payload, "nothing where a position belongs")
    if body[:1].isdigit():
        place, rest = _uncompressed(body, payload), body[19:]
    else:
        place, rest = _compressed(body, payload), body[13:]
    check_place(lon=place.lon, lat=place.lat, payload=payload)
    return place, rest


def _uncompressed(body: bytes, payload: bytes) -> AprsPosition:
    if len(body) < 19:
        raise FrameError("packet_short", payload, f"{len(body)} bytes of a position of 19")
    north, east = _LAT.fullmatch(body[:8]), _LON.fullmatch(body[9:18])
    if east is None or north is None:
        if _LAT.fullmatch(body[:8]) and not _TABLE.fullmatch(body[8:9]):
            raise FrameError("sym_inv_table", payload, f"symbol table {body[8:9]!r}")
        if body[2:3] in b"6789":
            raise FrameError("minutes_range", payload, f"minutes of {body[:8]!r}")
        raise FrameError("bad_position", payload, f"{body[:18]!r} is no position")
    if not _TABLE.fullmatch(body[8:9]):
        raise FrameError("sym_inv_table", payload, f"symbol table {body[8:9]!r}")
    # The latitude says how much is hidden; the longitude's digits beyond that count for nothing.
    ambiguity = _hidden(b"".join(north.groups()[1:5]), payload)
    lat = int(north[1]) + _minutes(north.groups()[1:5], ambiguity, payload) / 60.0
    lon = int(east[1]) + _minutes(east.groups()[1:5], ambiguity, payload) / 60.0
    return AprsPosition(
        lon=-lon if east[6] in b"Ww" else lon,
        lat=-lat if north[6] in b"Ss" else lat,
        symbol=(body[8:9] + body[18:19]).decode("latin-1"),
        ambiguity=ambiguity,
        accuracy_m=AMBIGUITY_M[ambiguity],
    )


def _hidden(digits: bytes, payload: bytes) -> int:
    """Return how many of the four digits of the minutes are blanks, which must be the last."""
    known = digits.rstrip(b" ")
    if b" " in known:
        raise FrameError("bad_position", payload, "a digit after a hidden one")
    return len(digits) - len(known)


def _minutes(digits: tuple[bytes, ...], ambiguity: int, payload: bytes) -> float:
    """Return minutes, those that are hidden in the middle of what they may be."""
    known = b"".join(digits)[: 4 - ambiguity]
    if not known.isdigit() and known:
        raise FrameError("bad_position", payload, "a digit is missing")
    minutes = int(known.ljust(4, b"0")) / 100.0 if known else 0.0
    if minutes >= 60.0:
        raise FrameError("minutes_range", payload, f"{minutes:g} minutes")
    return minutes + _MIDDLE[ambiguity]


def _compressed(body: bytes, payload: bytes) -> AprsPosition:
    if not _TABLE.fullmatch(body[:1]) and not b"a" <= body[:1] <= b"j":
        raise FrameError("bad_position", payload, f"{body[:13]!r} is no position")
    if len(body) < 13:
        raise FrameError("packet_short", payload, f"{len(body)} bytes of a position of 13")
    if not _COMPRESSED.fullmatch(body[:13]):
        raise FrameError("bad_position", payload, f"{body[:13]!r} is no position")
    table = body[:1]
    if b"a" <= table <= b"j":
        table = bytes([table[0] - ord("a") + ord("0")])
    place = AprsPosition(
        lon=-180.0 + base91(body[5:9]) / 190_463.0,
        lat=90.0 - base91(body[1:5]) / 380_926.0,
        symbol=(table + body[9:10]).decode("latin-1"),
    )
    course, speed, origin = (byte - 33 for byte in body[10:13])
    if not (0 <= course <= 90 and 0 <= speed <= 90):
        return place
    source = origin >> 3 & 3 if origin >= 0 else 0
    # Only what says that it came from a receiver can say that the receiver lost its fix: home
    # stations leave these bits at zero.
    place.stale = source != 0 and not origin & 0x20
    if source == 2:
        feet = 1.002 ** (course * 91 + speed)
        if feet <= _MAX_FEET:
            place.altitude_m = feet * FOOT_M
    elif course == 90:
        place.facts = {"range_m": round(2.0 * 1.08**speed * MILE_M)}
    elif place.symbol[1] != "_":  # a weather station says the wind there
        place.course_deg = course * 4.0 % 360.0
        place.speed_mps = (1.08**speed - 1.0) * KNOT_MPS
    return place


def base91(digits: bytes) -> int:
    """Return the number that base-91 digits stand for.

    >>> base91(b"5L!!")
    15427503
    """
    number = 0
    for digit in digits:
        number = number * 91 + digit - 33
    return number
