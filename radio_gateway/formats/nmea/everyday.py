"""The everyday RMC: the sentence of a receiver that has a fix, as nearly all sentences are.

One match checks its whole form, envelope included, and cuts it into fields; so it is read in half
the time that the general readers take. Whatever is not everyday in any way is left to those, which
also say what is wrong with it. Both give the same.

Source: as for `nmea_fields` and `sentence`.
"""

from __future__ import annotations

import functools
import re
from datetime import timedelta

from radio_gateway.formats.nmea.fields import KNOT_MPS, Part, date_of, micros
from radio_gateway.formats.nmea.sentence import CHECKSUMS, Sentence, checksum

# Nothing that a part takes could belong to the next: no part gives anything back (`+`).
_RMC = re.compile(
    r"(?:([A-Za-z0-9_.:-]{1,40}+),?)?\$([A-Z]{2}RMC,(\d{4}[0-5]\d(?:\.\d*+)?),A"
    r",(\d\d[0-5]\d\.\d*+),([NS]),(\d{3}[0-5]\d\.\d*+),([EW]),([\d.]*+),([\d.]*+),(\d{6})"
    r"(?:,[\d.]*+,[EW]?(?:,[ADFPR](?:,[A-Z])?)?)?)\*..",
    re.ASCII,
)
# hhmm of every minute of a day -> seconds since midnight
_SECONDS = {f"{at // 60:02}{at % 60:02}": at * 60 for at in range(24 * 60)}


_MAX_CHARACTERS = 160  # the standard's 82, and a name; numbers cannot become endless


def read_everyday(payload: bytes) -> tuple[Sentence, Part] | None:
    """Read an everyday RMC with a good checksum, with or without a device's name before it.

    Args:
        payload: One frame.

    Returns:
        The sentence and what its fields say; None when it is anything else.
    """
    try:
        text = payload.decode("ascii")
        match = _RMC.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
        if match is None or checksum(payload[match.start(2) : -3]) != CHECKSUMS.get(text[-2:]):
            return None
        device, body, clock, lat, north, lon, east, knots, course, day = match.groups()
        ddmm, dddmm = float(lat), float(lon)
        part = Part(
            "RMC",
            _time_of_day(clock),
            date_of(day),
            # dd * 100 + mm are dd * 60 + mm minutes
            (dddmm - dddmm // 100.0 * 40.0) / (60.0 if east == "E" else -60.0),
            (ddmm - ddmm // 100.0 * 40.0) / (60.0 if north == "N" else -60.0),
            True,
            float(knots) * KNOT_MPS if knots else None,
            float(course) if course else None,
        )
    except (ValueError, KeyError):  # no ASCII, no number, no such minute
        return None
    if (
        part.date is None
        or ddmm > 9000.0
        or dddmm > 18000.0
        or ddmm == dddmm == 0.0
        or (course and part.course_deg >= 360.0)  # type: ignore[operator]
    ):
        return None
    return Sentence("$", body, True, device), part


@functools.lru_cache(maxsize=256)
def _time_of_day(clock: str) -> timedelta:
    """Return the time since midnight: a fleet says the same second many times over."""
    return timedelta(0, _SECONDS[clock[:4]] + int(clock[4:6]), micros(clock[7:]))
