"""Where a ship is, out of its sentence straight into a transmission, as nearly all sentences are.

One match checks the whole form, envelope included, of a message of type 1, 2, 3 or 18 in one
sentence. Whatever must be refused, flagged or thought about is left to `sentence`, `messages` and
`report`. Both give the same.

Source: as for `report`, which has the bits.
"""

from __future__ import annotations

import re
import struct

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.formats.nmea.fields import KNOT_MPS, Facts
from radio_gateway.formats.nmea.sentence import CHECKSUMS, checksum
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.ais.armour import as_bytes
from radio_gateway.protocols.ais.report import BEACON_STATUS, STATUS_WORDS

DUPLICATE_WINDOW_S = 3.0

# 28 characters are the 168 bits of these types.
_SENTENCE = re.compile(r"![A-Z]{2}VDM,1,1,\d?,[AB]?,([123B][0-W`-w]{27}),0\*..", re.ASCII)
_CLASS_B = 18
_TYPES = {"1": 1, "2": 2, "3": 3, "B": _CLASS_B}
_LONG, _SHORT = struct.Struct(">Q").unpack_from, struct.Struct(">I").unpack_from
_DEGREE = 600_000  # of latitude and longitude


def read_fix(frame: Frame) -> Transmission | None:
    """Read one sentence; None when it is anything but the plain word of a ship where it is."""
    payload = frame.payload
    if not (payload.startswith(b"!") and payload.isascii()):
        return None
    text = payload.decode("ascii")
    match = _SENTENCE.fullmatch(text)
    if match is None or checksum(payload[1:-3]) != CHECKSUMS.get(text[-2:]):
        return None
    armoured = match[1]
    packed = as_bytes(armoured.encode())
    # bits 8 to 71, 56 to 119 and 112 to 143
    (head,), (place,), (tail,) = _LONG(packed, 1), _LONG(packed, 7), _SHORT(packed, 14)
    type_, mmsi = _TYPES[armoured[0]], head >> 34
    status: str | None = None
    facts: Facts
    if type_ == _CLASS_B:  # the same fields, four bits earlier, and no status
        facts = {"msg_type": type_}
        lon, lat = place >> 35 & 0xFFFFFFF, place >> 8 & 0x7FFFFFF
        speed = head >> 16 & 0x3FF
        course, heading, second = tail >> 20 & 0xFFF, tail >> 11 & 0x1FF, tail >> 5 & 0x3F
    else:
        nav_status = head >> 30 & 0xF
        if nav_status >= BEACON_STATUS:
            return None
        facts, status = {"msg_type": type_, "nav_status": nav_status}, STATUS_WORDS[nav_status]
        lon, lat = place >> 31 & 0xFFFFFFF, place >> 4 & 0x7FFFFFF
        speed = head >> 12 & 0x3FF
        course, heading, second = tail >> 16 & 0xFFF, tail >> 7 & 0x1FF, tail >> 1 & 0x3F
    if second < 60:
        facts["utc_second"] = second
    if lon > 0x7FFFFFF:
        lon -= 0x10000000
    if lat > 0x3FFFFFF:
        lat -= 0x8000000
    if (
        mmsi > 999_999_999
        or second > 60  # no second, but how the position came about
        or not -180 * _DEGREE <= lon <= 180 * _DEGREE
        or not -90 * _DEGREE <= lat < 90 * _DEGREE  # 90 may mean that none was set
        or lon == lat == 0
    ):
        return None
    return Transmission(
        protocol="ais",
        kind="position",
        heard_at=frame.heard_at,
        device=f"{mmsi:09}",
        position=Position(
            lon=lon / _DEGREE,
            lat=lat / _DEGREE,
            speed_mps=speed * 0.1 * KNOT_MPS if speed != 1023 else None,
            course_deg=course / 10.0 if course < 3600 else None,
            heading_deg=float(heading) if heading < 360 else None,
        ),
        fix=True,
        status=status,
        facts=facts,
        raw=payload,
        duplicate_key=armoured,
        duplicate_window_s=DUPLICATE_WINDOW_S,
        resent=frame.resent,
    )
