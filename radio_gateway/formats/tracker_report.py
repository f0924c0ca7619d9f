"""What the boat trackers (GPS103, TK103, H02, GT06, TAIP, OsmAnd) have in common.

Each has its own words for the same report. What is done with it is the same for all:

- `V` or its like is no fix: the place is the last known one (`stale_position`), or none (`no_fix`)
  where it is 0/0;
- course 0 and altitude 0 mean "not known" in these devices' firmware, so neither is kept; speed 0
  is;
- a call for help is told even when its place or time cannot be believed, or anything else in it
  cannot be read (`tolerated`);
- the same fix sent again (a tracker empties its buffer after a gap) is one report; an alarm that
  comes with the fix of the report before is another. A call for help without a current fix says
  the last place and time it knew, whenever it is made: so it is the same only for half a minute.

Source: what Traccar's published test inputs show; the rest is our policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.messages.transmission import Kind, Transmission

Facts = dict[str, str | int | float | bool]

KMH = 1 / 3.6  # m/s
KNOT = 1852 / 3600  # m/s
MPH = 1609.344 / 3600  # m/s
MAX_SPEED_MPS = 1000.0  # beyond, a field is broken
STALE_CALL_WINDOW_S = 30.0

_MINUTES = re.compile(r" *(\d{0,3}?)(\d\d?\.\d{1,10}|\d\d)")


class TrackerReport(msgspec.Struct, kw_only=True):
    """What one message of a tracker said; a field that is None was not said.

    Attributes:
        kind: What sort of message, when it is no call for help.
        device: Its sender.
        lon: Degrees east.
        lat: Degrees north.
        fix: The message calls its place a current fix; False: an old one or none.
        time: When the device says it was there, aware UTC.
        speed_mps: Speed over ground.
        course_deg: Course over ground, from true north.
        altitude_m: Above mean sea level.
        accuracy_m: Radius that holds the true place.
        distress: Someone needs help now.
        text: Words for people.
        status: Code or state.
        flags: Quality flags.
        facts: Further fields.
        zero_is_unknown: Course 0 and altitude 0 mean that they are not known.
        can_repeat: The device may send the same fix again, and says when it was.
    """

    kind: Kind = "position"
    device: str | None = None
    lon: float | None = None
    lat: float | None = None
    fix: bool | None = None
    time: datetime | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    accuracy_m: float | None = None
    distress: bool = False
    text: str | None = None
    status: str | None = None
    flags: set[str] = msgspec.field(default_factory=set)
    facts: Facts = msgspec.field(default_factory=dict)
    zero_is_unknown: bool = True
    can_repeat: bool = True

    def transmission(self, protocol: str, frame: Frame, *, live: bool) -> Transmission:
        """Return it as a transmission.

        Args:
            protocol: Name in `PROTOCOLS`.
            frame: Where it was said.
            live: As `DecoderSettings.live`.

        Raises:
            FrameError: `lat_range`, `lon_range` or `null_island` when its place is none on Earth;
                not from a call for help, which loses its place instead.
        """
        flags = self.flags
        position = self._position(frame.payload)
        time = self.time
        if time is not None:
            time, doubt = corrected(time, frame.heard_at, live=live)
            if doubt is not None:
                flags.add(doubt)
        kind, key, window_s = self.kind, None, None
        facts = self.facts
        if position is None:
            if kind == "position":
                facts.setdefault("kind", "no_position")
            if self.distress:
                kind = "distress"
            if self.speed_mps is not None:
                facts["speed_mps"] = round(self.speed_mps, 4)
        elif time is not None and self.can_repeat:
            alarm = facts.get("alarm", "")
            key = f"{time.isoformat()}|{position.lon}|{position.lat}|{alarm}|{self.distress}"
            if self.distress and self.fix is False:
                window_s = STALE_CALL_WINDOW_S
        return Transmission(
            protocol=protocol,
            kind=kind,
            heard_at=frame.heard_at,
            device=self.device,
            position=position,
            fix=self.fix,
            device_time=time,
            distress=self.distress,
            text=self.text,
            status=self.status,
            flags=tuple(sorted(flags)),
            facts=facts,
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=window_s,
            resent=frame.resent,
        )

    def _position(self, payload: bytes) -> Position | None:
        lon, lat = self.lon, self.lat
        if lon is None or lat is None:
            if self.fix is False:
                self.flags.add("no_fix")
            return None
        if self.fix is False and lon == 0.0 and lat == 0.0:
            self.flags.add("no_fix")
            return None
        try:
            check_place(lon=lon, lat=lat, payload=payload)
        except FrameError as fault:
            if not self.distress:
                raise
            self.flags.add(fault.reason)
            self.fix = False
            return None
        if self.fix is False:
            self.flags.add("stale_position")
        speed, course, altitude = self.speed_mps, self.course_deg, self.altitude_m
        if course is not None:
            course = course % 360.0 if 0.0 <= course <= 360.0 else None
            if course == 0.0 and self.zero_is_unknown:
                course = None
        if altitude is not None:
            zero = altitude == 0.0 and self.zero_is_unknown
            altitude = None if zero or not -12_000 <= altitude <= 100_000 else altitude
        accuracy = self.accuracy_m
        return Position(
            lon=lon,
            lat=lat,
            altitude_m=altitude,
            accuracy_m=accuracy if accuracy is not None and 0 <= accuracy <= 1e7 else None,
            speed_mps=speed if speed is not None and 0 <= speed <= MAX_SPEED_MPS else None,
            course_deg=course,
        )


@contextmanager
def tolerated(report: TrackerReport, *, but: str | None = None) -> Iterator[None]:
    """Leave out what cannot be read inside, with its reason as a flag, of a call for help.

    Args:
        report: It, or any other report.
        but: A reason that is not tolerated.

    Raises:
        FrameError: As inside, of any other report.
    """
    try:
        yield
    except FrameError as fault:
        if not report.distress or fault.reason == but:
            raise
        report.flags.add(fault.reason)


def degrees(value: str, letter: str, payload: bytes) -> float:
    """Return signed degrees of `dddmm.mmmm` and its letter.

    Args:
        value: Degrees (none to three digits) and minutes, for example `02512.9071`; blanks before
            it are no part of it, and `38.6508` is minutes only.
        letter: `N`, `S`, `E` or `W`; empty for none.
        payload: The frame, for the error.

    Raises:
        FrameError: `bad_number` or `minutes_range`.

    >>> round(degrees("14546.6722", "E", b""), 6), round(degrees("38.6508", "W", b""), 5)
    (145.77787, -0.64418)
    """
    match = _MINUTES.fullmatch(value) if value.isascii() else None
    if match is None:
        raise FrameError("bad_number", payload, f"{value[:20]!r} is no dddmm.mmmm")
    minutes = float(match[2])
    if minutes >= 60.0:
        raise FrameError("minutes_range", payload, f"{match[2]} minutes in {value}")
    whole = float(match[1] or 0) + minutes / 60.0
    return -whole if letter in ("S", "W") else whole


def number(value: str, name: str, payload: bytes) -> float | None:
    """Return a decimal number; None for none.

    Raises:
        FrameError: `bad_number`.
    """
    value = value.strip()
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        raise FrameError("bad_number", payload, f"{name} {value[:20]!r} is no number")
    return float(value)


_NUMBER = re.compile(r"[-+]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)


def moment(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime | None:
    """Return aware UTC of a calendar date; None when there is no such date or time.

    >>> moment(2021, 2, 30) is None
    True
    """
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def day_near(date: datetime, time_of_day: timedelta, offset: timedelta) -> datetime:
    """Return a UTC time of day on the day that a local date and time mean.

    Args:
        date: Midnight of the local date.
        time_of_day: UTC time since midnight.
        offset: Local time since local midnight.

    Returns:
        The moment less than or exactly 12 hours away from the local stamp read as if it were UTC.
    """
    ahead = offset - time_of_day
    half, day = timedelta(hours=12), timedelta(days=1)
    if ahead > half:
        return date + day + time_of_day
    if ahead <= -half:
        return date - day + time_of_day
    return date + time_of_day
