"""NMEA 0183: the fields of one position sentence in, a `SentencePart` of an epoch out.

    RMC  1 hhmmss.s  2 A/V  3-4 ddmm.m N/S  5-6 dddmm.m E/W  7 knots  8 course  9 ddmmyy
         10-11 magnetic variation  12 mode (NMEA 2.3)  13 navigational status (NMEA 4.1)
    GGA  1 hhmmss.s  2-3 lat  4-5 lon  6 quality 0-8  7 satellites  8 HDOP  9-10 altitude M
         11-12 geoid separation M  13 age of differential data  14 reference station
    GLL  1-2 lat  3-4 lon  5 hhmmss.s  6 A/V  7 mode
    GNS  1 hhmmss.s  2-3 lat  4-5 lon  6 a mode letter for each system  7 satellites  8 HDOP
         9 altitude (m)  10 geoid separation (m)
    VTG  1-2 course T  3-4 magnetic course M  5-6 knots N  7-8 km/h K  9 mode
    ZDA  1 hhmmss.s  2 day  3 month  4 year  5-6 local zone, which does not change the UTC before it

Mode letters: A autonomous, D differential, P precise, R and F RTK, E estimated, M manual,
S simulator, N none. An empty field was not said. Status A counts whatever the navigational status
of NMEA 4.1 says: Furuno sends A with V there.

Source: NMEA 0183 v4.11, 8.3; gpsd, "NMEA Revealed"; what real receivers send, by the logs of gpsd.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import full_year

KNOT_MPS = 1852.0 / 3600.0
Facts = dict[str, str | int | float | bool]


class SentencePart(msgspec.Struct, gc=False):
    """What one sentence adds to its epoch. A field that is None was not said.

    Attributes:
        name: Sentence type, for example `RMC`.
        time_of_day: Time since midnight UTC.
        date: Midnight UTC of the sentence's own date.
        lon: Degrees east.
        lat: Degrees north.
        fix: Whether the receiver has a current fix of its own.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        altitude_m: Above mean sea level.
        flag: Quality flag.
        facts: Further fields.
        empty: Every field was empty.
        bad_date: It gives a date that is none.
    """

    name: str
    time_of_day: timedelta | None = None
    date: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    fix: bool | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    flag: str | None = None
    facts: Facts | None = None
    empty: bool = False
    bad_date: bool = False

    @property
    def clock_is_wrong(self) -> bool:
        """Whether a date was given that is none, and no other sentence gave a right one."""
        return self.bad_date and self.date is None


class SentenceFields(NamedTuple):
    """The fields of one sentence on their way into a part.

    Attributes:
        fields: The first is talker and type.
        payload: The frame, for errors.
        checked: A checksum vouches for the fields.
    """

    fields: list[str]
    payload: bytes
    checked: bool

    def error(self, reason: str, detail: str) -> FrameError:
        """Return the error for this frame."""
        return FrameError(reason, self.payload, detail)


def read_part(name: str, text: str, payload: bytes, *, checked: bool) -> SentencePart:
    """Read the fields of a sentence.

    Args:
        name: Sentence type, a key of `READERS`.
        text: The sentence from talker and type to its last field.
        payload: The frame, for errors.
        checked: A checksum vouches for the sentence. Without one, all fields must be there.

    Raises:
        FrameError: `truncated`, `bad_number`, `bad_time`, `bad_date` (of a ZDA, or of an RMC that
            no checksum vouches for), `bad_hemisphere`, `bad_status`, `minutes_range`, `lat_range`,
            `lon_range`, `course_range`, `missing_lat`, `missing_lon` or `null_island`.
    """
    reader, least, least_unchecked = READERS[name]
    line = SentenceFields(text.split(","), payload, checked)
    count = len(line.fields)
    if count < (least if checked else least_unchecked):
        raise line.error("truncated", f"{name} has only {count} fields")
    if not any(line.fields[1:]):
        return SentencePart(name=name, empty=True)
    try:
        return reader(line)
    except ValueError as fault:
        raise FrameError("bad_number", payload, str(fault)) from None


def _rmc(line: SentenceFields) -> SentencePart:
    fields = line.fields
    status = fields[2]
    mode = fields[12] if len(fields) > 12 else ""
    if status == "A":
        fix, flag = _MODE_FIX.get(mode, _GOOD)
    elif status in ("V", ""):
        fix, flag = False, "simulator" if mode == "S" else "no_fix"
    else:
        raise line.error("bad_status", f"RMC status {status!r}")
    part = SentencePart(name="RMC", fix=fix, flag=flag)
    if fields[1]:
        part.time_of_day = read_time_of_day(fields[1], line)
    read_place(part, line, 3)
    if fields[7]:
        part.speed_mps = plain_number(fields[7]) * KNOT_MPS
    if fields[8]:
        part.course_deg = read_course(fields[8], line)
    if fields[9]:
        part.date = date_of(fields[9])
        if part.date is None and status == "A":
            if not line.checked:
                raise line.error("bad_date", f"no such day: {fields[9]!r}")
            part.bad_date = True
    return part


def _gga(line: SentenceFields) -> SentencePart:
    fields = line.fields
    fix, flag = _QUALITY.get(fields[6], (None, None))
    if flag is None and fix is None and fields[6]:
        raise line.error("bad_status", f"GGA quality {fields[6]!r}")
    part = SentencePart(name="GGA", fix=fix, flag=flag)
    if fields[1]:
        part.time_of_day = read_time_of_day(fields[1], line)
    read_place(part, line, 2)
    _receiver(part, fields)
    return part


def _gns(line: SentenceFields) -> SentencePart:
    fields = line.fields
    modes = fields[6]
    if modes and not (modes.isalpha() and modes.isupper()):
        raise line.error("bad_status", f"GNS mode {modes!r}")
    part = SentencePart(name="GNS")
    if modes:
        # Any letter but N is a fix; the worst of them says what kind.
        part.fix, part.flag = next(
            (_MODE_FIX[letter] for letter in "SME" if letter in modes),
            _GOOD if modes.strip("N") else _MODE_FIX["N"],
        )
    if fields[1]:
        part.time_of_day = read_time_of_day(fields[1], line)
    read_place(part, line, 2)
    _receiver(part, fields)
    return part


def _gll(line: SentenceFields) -> SentencePart:
    fields = line.fields
    status = fields[6] if len(fields) > 6 else ""
    mode = fields[7] if len(fields) > 7 else ""
    if status == "A":
        fix, flag = _MODE_FIX.get(mode, _GOOD)
    elif status == "V":
        fix, flag = False, "simulator" if mode == "S" else "no_fix"
    elif status:
        raise line.error("bad_status", f"GLL status {status!r}")
    else:  # before NMEA 2.0 GLL had no status
        fix, flag = None, None
    part = SentencePart(name="GLL", fix=fix, flag=flag)
    if len(fields) > 5 and fields[5]:
        part.time_of_day = read_time_of_day(fields[5], line)
    read_place(part, line, 1)
    return part


def _vtg(line: SentenceFields) -> SentencePart:
    fields = line.fields
    if len(fields) == 5:  # before NMEA 2.0 no letters stood between the numbers
        course, knots, kmh = fields[1], fields[3], fields[4]
    elif len(fields) > 6 and fields[2] in ("T", ""):
        course, knots, kmh = fields[1], fields[5], fields[7] if len(fields) > 7 else ""
    else:
        raise line.error("truncated", f"VTG of {len(fields)} fields")
    part = SentencePart(name="VTG")
    if course:
        part.course_deg = read_course(course, line)
    if knots:
        part.speed_mps = plain_number(knots) * KNOT_MPS
    elif kmh:
        part.speed_mps = plain_number(kmh) / 3.6
    if len(fields) > 9:
        part.fix, part.flag = _MODE_FIX.get(fields[9], (None, None))
    return part


def _zda(line: SentenceFields) -> SentencePart:
    fields = line.fields
    part = SentencePart(name="ZDA")
    if fields[1]:
        part.time_of_day = read_time_of_day(fields[1], line)
    day, month, year = fields[2:5]
    if day or month or year:
        if all(_digits(each) and len(each) <= 4 for each in (day, month, year)):
            part.date = _day(int(year), int(month), int(day))
        if part.date is None:
            raise line.error("bad_date", f"no such day: {day}.{month}.{year}")
    return part


# Sentence type -> reader, least number of fields with a checksum, and without one.
READERS: dict[str, tuple[Callable[[SentenceFields], SentencePart], int, int]] = {
    "RMC": (_rmc, 10, 12),
    "GGA": (_gga, 10, 15),
    "GLL": (_gll, 5, 7),
    "GNS": (_gns, 10, 13),
    "VTG": (_vtg, 5, 9),
    "ZDA": (_zda, 5, 7),
}

_GOOD: tuple[bool, str | None] = (True, None)
_MODE_FIX: dict[str, tuple[bool, str | None]] = {
    "N": (False, "no_fix"),
    "S": (False, "simulator"),
    "M": (False, "manual_input"),
    "E": (True, "estimated"),
}
_QUALITY: dict[str, tuple[bool, str | None]] = {
    "0": (False, "no_fix"),
    "1": _GOOD,
    "2": _GOOD,
    "3": _GOOD,
    "4": _GOOD,
    "5": _GOOD,
    "6": _MODE_FIX["E"],
    "7": _MODE_FIX["M"],
    "8": _MODE_FIX["S"],
    "9": _GOOD,  # some receivers: fix with satellite augmentation
}


def read_place(part: SentencePart, line: SentenceFields, at: int) -> None:
    """Put the four fields from `at` on into `part`; an old place makes the flag say so.

    Raises:
        FrameError: `missing_lat`, `missing_lon`, `bad_number`, `minutes_range`, `bad_hemisphere`,
            `lat_range`, `lon_range` or `null_island`.
    """
    lat_text, north, lon_text, east = line.fields[at : at + 4]
    if not lat_text or not lon_text:
        if lat_text or lon_text:
            raise line.error("missing_lon" if lat_text else "missing_lat", "half a position")
        part.fix = False if part.fix is not None else None
        part.flag = part.flag or "no_fix"
        return
    lat = _degrees(lat_text, 2, line)
    lon = _degrees(lon_text, 3, line)
    if north == "S":
        lat = -lat
    elif north != "N":
        raise line.error("bad_hemisphere", f"{north!r} instead of N or S")
    if east == "W":
        lon = -lon
    elif east != "E":
        raise line.error("bad_hemisphere", f"{east!r} instead of E or W")
    if part.flag == "no_fix":
        if lat == 0.0 and lon == 0.0:
            return  # a receiver without a fix has to write something
        part.flag = "stale_position"
    check_place(lon=lon, lat=lat, payload=line.payload)
    part.lat, part.lon = lat, lon


def _degrees(text: str, digits: int, line: SentenceFields) -> float:
    """Return ddmm.m or dddmm.m as degrees.

    Some trackers leave out leading zeros; that is believed only under a checksum, since a digit
    that got lost looks the same.
    """
    whole = text.find(".") if "." in text else len(text)
    if whole != digits + 2 and not (line.checked and 3 <= whole < digits + 2):
        raise line.error("bad_number", f"{text!r} is not {'d' * digits}mm.m")
    minutes = plain_number(text[whole - 2 :])
    if minutes >= 60.0:
        raise line.error("minutes_range", f"minutes of {text}")
    return _whole(text[: whole - 2]) + minutes / 60.0


def _receiver(part: SentencePart, fields: list[str]) -> None:
    """Put satellites, HDOP and altitude (same fields in GGA and GNS) into `part`."""
    facts: Facts = {}
    if part.name == "GGA" and fields[6]:
        facts["quality"] = int(fields[6])
    if fields[7]:
        facts["sats"] = _whole(fields[7])
    if fields[8]:
        facts["hdop"] = plain_number(fields[8])
    if fields[9] and part.lat is not None:
        part.altitude_m = signed_number(fields[9])
    if facts:
        part.facts = facts


def plain_number(text: str) -> float:
    """Return a plain decimal number without sign; no exponent, underscore, `nan` or blank."""
    if len(text) > 20 or not _digits(text.replace(".", "", 1)):
        raise ValueError(f"{text[:40]!r} is no number")
    return float(text)


def signed_number(text: str) -> float:
    """Return a plain decimal number with or without a minus sign."""
    return -plain_number(text[1:]) if text[0] == "-" else plain_number(text)


def _whole(text: str) -> int:
    if not _digits(text) or len(text) > 9:
        raise ValueError(f"{text[:20]!r} is no whole number")
    return int(text)


_digits = str.isdigit  # sentences are ASCII: only 0 to 9 count


def read_course(text: str, line: SentenceFields) -> float:
    """Return a course, 0 to below 360 degrees."""
    course = plain_number(text)
    if course >= 360.0:
        if course > 360.0:
            raise line.error("course_range", f"course {text}")
        return 0.0
    return course


def read_time_of_day(text: str, line: SentenceFields) -> timedelta:
    """Return hhmmss.s as time since midnight; a leap second joins the second before."""
    time = _whole(text[:6])
    hours, minutes, seconds = time // 10_000, time // 100 % 100, time % 100
    fraction = text[6:]
    if (
        len(text) < 6
        or hours > 23
        or minutes > 59
        or seconds > 60
        or fraction[:1] not in (".", "")
        or not (fraction[1:].isdigit() or len(fraction) < 2)
    ):
        raise line.error("bad_time", f"no such time: {text!r}")
    whole = hours * 3600 + minutes * 60 + min(seconds, 59)
    return timedelta(0, whole, micros(fraction[1:]))


def micros(fraction: str) -> int:
    """Return the digits of a fraction of a second as microseconds, cut, not rounded.

    >>> micros("02"), micros("")
    (20000, 0)
    """
    return int(fraction[:6].ljust(6, "0")) if fraction.strip("0") else 0


@functools.lru_cache(maxsize=64)
def date_of(text: str) -> datetime | None:
    """Return midnight UTC of a ddmmyy date; None when there is no such day.

    >>> date_of("310226") is None
    True
    """
    if len(text) != 6 or not _digits(text):
        return None
    return _day(full_year(int(text[4:])), int(text[2:4]), int(text[:2]))


@functools.lru_cache(maxsize=64)
def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
