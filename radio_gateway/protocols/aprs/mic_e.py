"""APRS Mic-E: half of the position is in the destination address, the rest in nine bytes.

    destination  6 characters   latitude ddmmhh, a digit each, and one more bit each:
                 0-9 digit, bit 0      A-J digit, bit 1 (custom)      P-Y digit, bit 1
                 L   hidden, bit 0     K   hidden, bit 1 (custom)     Z   hidden, bit 1
                 bits of 1-3  message; all 0 is EMERGENCY
                 bit of 4     1 north, 0 south
                 bit of 5     1 longitude + 100 degrees
                 bit of 6     1 west, 0 east
    information  0 type   ` current or ' old (but Kenwood's current); 1C and 1D in the first radios
                 1 d+28   degrees of longitude; + 100 as above; 180-189 are 80 less, 190-199 are
                          190 less
                 2 m+28   minutes; 60 and more are 60 less
                 3 h+28   hundredths of a minute
                 4 SP+28  speed, tens of knots          speed 800 and more are 800 less
                 5 DC+28  units of knots * 10 + hundreds of degrees
                 6 SE+28  units of degrees              course 400 and more are 400 less; 0 unknown
                 7, 8     symbol code and table
                 9…       comment

Source: APRS Protocol Reference 1.0.1, chapter 10.
"""

from __future__ import annotations

import re

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.nmea.fields import KNOT_MPS
from radio_gateway.protocols.aprs.position import AMBIGUITY_M, AprsPosition

TYPES = b"`'\x1c\x1d"
EMERGENCY = "emergency"

_DESTINATION = re.compile(r"[0-9A-LP-Z]{3}[0-9LP-Z]{3}(?:-[0-9]{1,2})?", re.ASCII)
_BODY = re.compile(rb"[\x26-\x7f][\x26-\x61][\x1c-\x7f]{2}[\x1c-\x7d][\x1c-\x7f]", re.DOTALL)
_SYMBOL = re.compile(rb"[!-~][/\\A-Z0-9]")
# By the three message bits as a number; custom ones have no words.
_MESSAGES = (
    *(EMERGENCY, "priority", "special", "committed"),
    *("returning", "in_service", "en_route", "off_duty"),
)
_MIDDLE = {1: 0.05, 2: 0.5, 3: 5.0, 4: 30.0}


def read_mic_e(destination: str, info: bytes, payload: bytes) -> tuple[AprsPosition, str, bytes]:
    """Read a Mic-E position.

    Args:
        destination: Address the packet was sent to, with or without SSID.
        info: Information field, type first.
        payload: The frame, for errors.

    Returns:
        The position; the message (`emergency`, `priority`, … `off_duty`, `custom_0` to `custom_6`
        or `unknown` when standard and custom bits are mixed); what follows: the comment.

    Raises:
        FrameError: `mic_e_destination`, `packet_short`, `mic_e_info`, `sym_inv_table`,
            `minutes_range`, `lat_range`, `lon_range` or `null_island`.
    """
    if not _DESTINATION.fullmatch(destination):
        raise FrameError("mic_e_destination", payload, f"{destination!r} holds no latitude")
    if len(info) < 9:
        raise FrameError("packet_short", payload, f"{len(info)} bytes of a Mic-E report of 9")
    if not _BODY.match(info, 1):
        raise FrameError("mic_e_info", payload, f"{info[1:7]!r} is no Mic-E report")
    if not _SYMBOL.match(info, 7):
        raise FrameError("sym_inv_table", payload, f"symbol table {info[8:9]!r}")
    digits, ambiguity = _digits(destination[:6], payload)
    lat = int(digits[:2]) + _minutes(digits[2:], ambiguity, payload) / 60.0
    lon = _longitude(info, plus_100=destination[4] >= "P", ambiguity=ambiguity, payload=payload)
    place = AprsPosition(
        lon=-lon if destination[5] >= "P" else lon,
        lat=lat if destination[3] >= "P" else -lat,
        symbol=(info[8:9] + info[7:8]).decode("latin-1"),
        ambiguity=ambiguity,
        accuracy_m=AMBIGUITY_M[ambiguity],
    )
    check_place(lon=place.lon, lat=place.lat, payload=payload)
    tens, both, units = (byte - 28 for byte in info[4:7])
    speed = tens * 10 + both // 10
    course = both % 10 * 100 + units
    speed -= 800 if speed >= 800 else 0
    course -= 400 if course >= 400 else 0
    place.speed_mps = speed * KNOT_MPS
    if 1 <= course <= 360:
        place.course_deg = course % 360.0
    return place, _message(destination[:3]), info[9:]


def mic_e_message(destination: str) -> str:
    """Return the message alone, of a report whose place is none on Earth.

    >>> mic_e_message("000PP0")
    'emergency'
    """
    return _message(destination[:3])


def _digits(destination: str, payload: bytes) -> tuple[str, int]:
    """Return the six digits of the latitude, `0` for hidden ones, and how many are hidden."""
    digits = "".join(_DIGIT[character] for character in destination)
    known = digits.rstrip(" ")
    if " " in known or len(known) < 2:
        raise FrameError("mic_e_destination", payload, f"hidden digits in {destination!r}")
    return known.ljust(6, "0"), 6 - len(known)


_DIGIT = dict.fromkeys("KLZ", " ")
_DIGIT |= {str(digit): str(digit) for digit in range(10)}
_DIGIT |= {chr(ord(first) + digit): str(digit) for first in "AP" for digit in range(10)}


def _minutes(digits: str, ambiguity: int, payload: bytes) -> float:
    minutes = int(digits) / 100.0
    if minutes >= 60.0:
        raise FrameError("minutes_range", payload, f"{minutes:g} minutes")
    return minutes + _MIDDLE.get(ambiguity, 0.0)


def _longitude(info: bytes, *, plus_100: bool, ambiguity: int, payload: bytes) -> float:
    """Return degrees without sign, in the middle of the box that as many hidden digits leave."""
    degrees, minutes, hundredths = (byte - 28 for byte in info[1:4])
    degrees += 100 if plus_100 else 0
    if 180 <= degrees <= 189:
        degrees -= 80
    elif 190 <= degrees <= 199:
        degrees -= 190
    minutes -= 60 if minutes >= 60 else 0
    if hundredths > 99:
        raise FrameError("mic_e_info", payload, f"{hundredths} hundredths of a minute")
    step = 10**ambiguity if ambiguity < 4 else 6000  # hundredths of a minute
    of_degree = (minutes * 100 + hundredths) // step * step
    return degrees + (of_degree / 100.0 + _MIDDLE.get(ambiguity, 0.0)) / 60.0


def _message(bits: str) -> str:
    number = sum(4 >> at for at, character in enumerate(bits) if not _is_zero(character))
    if number == 0:
        return EMERGENCY
    kinds = {character >= "P" for character in bits if not _is_zero(character)}
    if len(kinds) == 2:
        return "unknown"
    return _MESSAGES[number] if kinds == {True} else f"custom_{7 - number}"


def _is_zero(character: str) -> bool:
    return character.isdigit() or character == "L"
