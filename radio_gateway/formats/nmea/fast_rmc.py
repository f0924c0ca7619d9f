"""The everyday RMC: the sentence of a receiver that has a fix, as nearly all sentences are.

One match checks its whole form, envelope included, and cuts it into fields; so it is read in half
the time that the general readers take. Whatever is not everyday in any way is left to those, which
also say what is wrong with it. Both give the same.

Source: as for `nmea_fields` and `sentence`.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta

import msgspec

from radio_gateway.formats.nmea.fields import KNOT_MPS, SentencePart, date_of, micros
from radio_gateway.formats.nmea.sentence import CHECKSUMS, Sentence, checksum

# Nothing that a part takes could belong to the next: no part gives anything back (`+`).
RMC = re.compile(
    r"(?:([A-Za-z0-9_.:-]{1,40}+),?+)?+\$([A-Z]{2})RMC,(\d{4}[0-5]\d(?:\.\d*+)?+),A"
    r",(\d\d[0-5]\d\.\d*+),([NS]),(\d{3}[0-5]\d\.\d*+),([EW]),([\d.]*+),([\d.]*+),(\d{6})"
    r"(?:,[\d.]*+,[EW]?+(?:,[ADFPR](?:,[A-Z])?+)?+)?+\*..",
    re.ASCII,
)
# hhmm of every minute of a day -> time since midnight; ss -> time since the minute began
_MINUTES = {f"{at // 60:02}{at % 60:02}": timedelta(minutes=at) for at in range(24 * 60)}
_SECONDS = {f"{at:02}": timedelta(seconds=at) for at in range(60)}

MAX_CHARACTERS = 160  # the standard's 82, and a name; numbers cannot become endless


class EverydayRmc(msgspec.Struct, frozen=True, gc=False):
    """What an everyday RMC says.

    Attributes:
        device: Name before the sentence.
        talker: Its first two letters.
        clock: When it was said.
        lon: Degrees east.
        lat: Degrees north.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        payload: The frame.
        place: Longitude and latitude as `show_place` shows them; None while nobody has.
    """

    device: str | None
    talker: str
    clock: ReceiverTime
    lon: float
    lat: float
    speed_mps: float | None
    course_deg: float | None
    payload: bytes
    place: str | None = None

    def sentence(self) -> Sentence:
        """Return it out of its envelope, as `read_sentence` does."""
        text = self.payload.decode("ascii")
        return Sentence("$", text[text.index("$") + 1 : -3], True, self.device)

    def part(self) -> SentencePart:
        """Return what its fields say, as `read_part` does."""
        clock = self.clock
        return SentencePart(
            "RMC",
            clock.time_of_day,
            clock.date,
            self.lon,
            self.lat,
            True,
            self.speed_mps,
            self.course_deg,
        )


class ReceiverTime(msgspec.Struct, gc=False):
    """A moment as a receiver says it.

    Attributes:
        time_of_day: Time since midnight UTC.
        date: Midnight UTC.
        moment: Both, aware UTC.
        written: The same as text; None while nobody has written it.
    """

    time_of_day: timedelta
    date: datetime
    moment: datetime
    written: str | None = None

    def write(self) -> str:
        """Return the moment as text, and keep that."""
        self.written = str(self.moment)
        return self.written


def read_everyday(payload: bytes) -> EverydayRmc | None:
    """Read an everyday RMC with a good checksum, with or without a device's name before it.

    Args:
        payload: One frame.

    Returns:
        What it says; None when it is anything else.
    """
    try:
        text = payload.decode("ascii")
        match = RMC.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
        if match is None or checksum(payload[match.start(2) : -3]) != CHECKSUMS[text[-2:]]:
            return None
        device, talker, time, lat, north, lon, east, knots, course, day = match.groups()
        clock = read_clock(time, day)
        ddmm, dddmm = float(lat), float(lon)
        course_deg = read_number(course)
        if (
            clock is None
            or ddmm > 9000.0
            or dddmm > 18000.0
            or ddmm == dddmm == 0.0
            or (course_deg is not None and course_deg >= 360.0)
        ):
            return None
        return EverydayRmc(
            device,
            talker,
            clock,
            # dd * 100 + mm are dd * 60 + mm minutes
            (dddmm - dddmm // 100.0 * 40.0) / (60.0 if east == "E" else -60.0),
            (ddmm - ddmm // 100.0 * 40.0) / (60.0 if north == "N" else -60.0),
            None if (speed := read_number(knots)) is None else speed * KNOT_MPS,
            course_deg,
            payload,
        )
    except (ValueError, KeyError):  # no ASCII, number, minute, checksum
        return None


@functools.lru_cache(maxsize=4096)
def read_number(text: str) -> float | None:
    """Return a number of few digits; None where there is none. Most are said many times over."""
    return float(text) if text else None


@functools.lru_cache(maxsize=256)
def read_clock(time: str, day: str) -> ReceiverTime | None:
    """Return the moment; None for no such day. A fleet says the same one many times over.

    Raises:
        KeyError: For no such minute.
    """
    # looked up and added, for that takes half the time of making it of numbers
    time_of_day = _MINUTES[time[:4]] + _SECONDS[time[4:6]] + _fraction(time[7:])
    date = date_of(day)
    return None if date is None else ReceiverTime(time_of_day, date, date + time_of_day)


@functools.lru_cache(maxsize=1024)
def _fraction(digits: str) -> timedelta:
    """Return a fraction of a second; most receivers ever say one or a few."""
    return timedelta(0, 0, micros(digits))
