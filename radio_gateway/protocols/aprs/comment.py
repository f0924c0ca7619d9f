r"""APRS: what stands behind a position: a data extension, values inside the comment, the comment.

    extension (7 bytes, first)   ccc/sss   course (001-360; 000 unknown), speed in knots
                                 and /bbb/nrq: bearing and quality of a direction finder
                                 PHGphgd   power, height, gain, directivity of an antenna
                                 RNGrrrr   radio range, miles;  DFSshgd  signal strength
    anywhere                     /A=ffffff   altitude, feet
                                 !Wnn!  !wnn!   the next digit of both coordinates: decimal
                                        (thousandths of a minute), or base 91 (91sts of a
                                        hundredth); W is WGS 84
                                 |ssvv…|   telemetry of base 91
                                 !EMERGENCY!   a call for help
    Mic-E only                   aaa}   altitude above -10,000 m, base 91
                                 ` or ' and 4 or 10 hex digits: telemetry, right behind the symbol

With the weather symbol (`_`), `ccc/sss` and what follows is wind and weather, no motion. Text is
UTF-8 by now and was anything before: then it is given as Latin-1.

Source: APRS Protocol Reference 1.0.1, chapters 6, 7, 10 and 12; APRS 1.2 addenda (DAO; UTF-8;
emergency); "Base91 comment telemetry" by H. Hannikainen.
"""

from __future__ import annotations

import math
import re

from radio_gateway.formats.nmea.fields import KNOT_MPS, Facts
from radio_gateway.protocols.aprs.position import FOOT_M, MILE_M, AprsPosition, base91

_MOTION = re.compile(rb"([\d. ]{3})/([\d. ]{3})")
_DIRECTION = re.compile(rb"/(\d{3})/(\d{3})")
_ANTENNA = re.compile(rb"(PHG|DFS)(\d[\x30-\x7e]\d\d)[\d/]?")
_RANGE = re.compile(rb"RNG(\d{4})")
_ALTITUDE = re.compile(rb"/A=(-\d{5}|\d{6})")
_MIC_E_ALTITUDE = re.compile(rb"([!-{]{3})\}")
_MIC_E_TELEMETRY = re.compile(rb"`[0-9A-Fa-f]{4}|'[0-9A-Fa-f]{10}")
_TELEMETRY = re.compile(rb"\|((?:[!-{]{2}){2,7})\|")
_DAO = re.compile(rb"!(?:W(\d\d|  )|w([!-{]{2}|  ))!")
_EMERGENCY = b"!EMERGENCY!"
_MIC_E_DATUM_M = 10_000.0


def read_extension(rest: bytes, place: AprsPosition) -> bytes:
    """Put the data extension at the start of `rest` into `place`.

    Args:
        rest: What follows a written-out position.
        place: The position; speed, course and facts are added.

    Returns:
        What follows the extension; all of `rest` when there is none.
    """
    if place.symbol[1] == "_":
        return rest
    motion = _MOTION.match(rest)
    if motion is not None:
        course, speed = motion[1], motion[2]
        # 000 is what trackers send that know neither
        if course.isdigit() and 1 <= int(course) <= 360:
            place.course_deg = int(course) % 360.0
        if speed.isdigit():
            if int(speed):
                place.speed_mps = int(speed) * KNOT_MPS
            else:
                place.facts = {**place.facts, "speed_raw": 0}
        direction = _DIRECTION.match(rest, 7)
        if direction is None:
            return rest[7:]
        bearing = {"bearing_deg": int(direction[1]), "nrq": direction[2].decode()}
        place.facts = {**place.facts, **bearing}
        return rest[15:]
    antenna = _ANTENNA.match(rest)
    if antenna is not None:
        place.facts = {**place.facts, antenna[1].decode().lower(): antenna[2].decode()}
        return rest[antenna.end() :]
    reach = _RANGE.match(rest)
    if reach is not None:
        place.facts = {**place.facts, "range_m": round(int(reach[1]) * MILE_M)}
        return rest[7:]
    return rest


def read_comment(rest: bytes, place: AprsPosition, *, mic_e: bool = False) -> bytes:
    """Put the values inside a comment into `place`.

    Args:
        rest: What follows position and extension.
        place: The position; altitude, finer digits and facts are added.
        mic_e: It follows a Mic-E position, which has ways of its own for altitude and telemetry.

    Returns:
        The words of the comment, without blanks around them.
    """
    facts: Facts = dict(place.facts)
    if place.symbol[1] == "_" and not mic_e:
        facts["weather"] = rest[:80].decode("latin-1").strip()
    if mic_e:
        readings = _MIC_E_TELEMETRY.match(rest)
        if readings is not None:
            facts["telemetry"] = readings[0][1:].decode()
            rest = rest[readings.end() :]
        height = _MIC_E_ALTITUDE.search(rest)
        if height is not None:
            place.altitude_m = base91(height[1]) - _MIC_E_DATUM_M
            rest = _cut_out(rest, height)
    height = _ALTITUDE.search(rest)
    if height is not None:
        place.altitude_m = int(height[1]) * FOOT_M
        rest = _cut_out(rest, height)
    telemetry = _TELEMETRY.search(rest)
    if telemetry is not None:
        facts["telemetry"] = telemetry[1].decode()
        rest = _cut_out(rest, telemetry)
    finer = _DAO.search(rest)
    if finer is not None:
        _refine(place, finer)
        rest = _cut_out(rest, finer)
    place.facts = facts
    return rest.strip()


def calls_for_help(comment: bytes) -> bool:
    """Return whether the words are the ones agreed on for an emergency."""
    return _EMERGENCY in comment


def words(text: bytes, name: str) -> Facts:
    """Return text under `name`; as Latin-1 under `name_latin1` when it is not UTF-8.

    >>> words("แม่น้ำโขง".encode(), "comment"), words(b"20 \\xb0C", "comment"), words(b"", "comment")
    ({'comment': 'แม่น้ำโขง'}, {'comment_latin1': '20 °C'}, {})
    """
    if not text:
        return {}
    try:
        return {name: text.decode()}
    except UnicodeDecodeError:
        return {f"{name}_latin1": text.decode("latin-1")}


def _refine(place: AprsPosition, finer: re.Match[bytes]) -> None:
    """Add the digits beyond the hundredth of a minute; both coordinates grow away from 0/0."""
    decimal, base = finer[1], finer[2]
    digits = decimal or base
    if place.ambiguity or not digits.strip():
        return
    if decimal:
        lat, lon = (int(digits[at : at + 1]) / 1000.0 for at in (0, 1))
    else:
        lat, lon = ((digit - 33) / 9100.0 for digit in digits)
    place.lat += math.copysign(lat, place.lat) / 60.0
    place.lon += math.copysign(lon, place.lon) / 60.0


def _cut_out(text: bytes, match: re.Match[bytes]) -> bytes:
    return text[: match.start()] + text[match.end() :]
