"""TETRA location reports (LIP), bit by bit, high bits first.

    2 PDU type: 0 short report, 1 with extension
    short    2 time elapsed, 25 longitude, 24 latitude, 3 position error, 7 velocity,
             4 direction (22.5 degrees each), 1 sort of the rest, 8 reason or user data
    extension  4: 1 request or response of an immediate report, 3 long report, 4 acknowledgement, …
    long     time: 2 type: 0 none, 1 elapsed (2), 2 of position (5 day, 5 hour, 6 minute, 6 second)
             place: 4 shape; all but 0 have longitude (25) and latitude (24), then
               2 circle 6 radius · 3 ellipse 6, 6, 8 angle, 3 confidence · 4 point 12 altitude
               5 circle 6, 12 · 6 ellipse 6, 6, 8, 12, 3 · 7 circle 6, 12, 3 altitude error
               8 ellipse 6, 6, 8, 12, 3, 3 · 9 arc 16 inner, 16 outer radius, 8, 8 angles, 3
               10 point 3 position error
             velocity: 3 type, then 7 horizontal, and by type 3 its uncertainty, 8 vertical,
               3 its uncertainty, 8 direction (360/256 degrees each), 3 its uncertainty
             1 acknowledgement wanted, 1 sort of the rest, 8 reason or user data

    longitude x 360/2^25, latitude x 180/2^24, both two's complement; velocity K km/h up to 28,
    then 16 x 1.038^(K-13), 127 unknown; position error 2 x 10^K m, 7 unknown; radius
    2 x 1.2^(K+5) - 4 m, 63 unknown; altitude: 1 bit sort, then 1..1201 is K - 201 m,
    ..1926 2K - 1402 m, above 75K - 142000 m

Source: ETSI TS 100 392-18-1, 6.2.1, 6.2.2, 6.3.
"""

from __future__ import annotations

import msgspec

REASON_EMERGENCY = 2
# The reasons that have a word of their own; others are given as their number.
REASONS = {
    0: "power_on",
    1: "power_off",
    2: "emergency",
    3: "ptt",
    4: "status",
    129: "max_interval",
    130: "max_distance",
}
REASON_MEANINGS = {
    5: "transmit inhibit on",
    6: "transmit inhibit off",
    7: "trunked mode on",
    8: "direct mode on",
    9: "entered service",
    10: "lost service",
    11: "changed cell",
    12: "low battery",
    13: "connected to a car kit",
    14: "disconnected from a car kit",
    15: "asks for its configuration",
    16: "arrived at destination",
    17: "arrived at a defined place",
    18: "approaches a defined place",
    19: "SDS type 1 entered",
    20: "user application",
    21: "lost its position",
    22: "regained its position",
    23: "left a defined place",
    24: "ambience listening",
    25: "temporary reporting began",
    26: "temporary reporting ended",
    32: "answers an immediate request",
}

Facts = dict[str, str | int | float | bool]


class TruncatedPdu(ValueError):
    """A report that ends before its last field."""


class LocationReport(msgspec.Struct, kw_only=True):
    """What a report says.

    Attributes:
        long: It is a long report.
        lon: Longitude, degrees; None when the report names no place.
        lat: Latitude, degrees.
        accuracy_m: Radius of the error, metres.
        altitude_m: Height, metres.
        speed_mps: Speed over ground, metres per second.
        course_deg: Course over ground, degrees.
        reason: Why it was sent, as a number; None for user data.
        elapsed: Code of its age: 0 below 5 s, 1 below 5 min, 2 below 30 min, 3 unknown.
        day: Day of the month of its time.
        time_of_day_s: Seconds since midnight UTC of its time.
        facts: Further fields by name.
        flags: Quality flags.
    """

    long: bool = False
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    reason: int | None = None
    elapsed: int | None = None
    day: int | None = None
    time_of_day_s: int | None = None
    facts: Facts = {}
    flags: list[str] = []


class _Bits:
    """Reads whole numbers off a row of bits."""

    def __init__(self, value: int, length: int) -> None:
        self._value, self._left = value, length

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number.

        Raises:
            TruncatedPdu: If there are not so many.
        """
        if count > self._left:
            raise TruncatedPdu(f"{count} more bits are needed, {self._left} are left")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def signed(self, count: int) -> int:
        """Return the next `count` bits as a two's complement number."""
        value = self.take(count)
        return value - (1 << count) if value >> count - 1 else value


def read_location(digits: str) -> LocationReport | str:
    """Read a location message.

    Args:
        digits: Hexadecimal digits after the protocol identifier; an odd number of them too.

    Returns:
        The report; the name of the message when it is no report.

    Raises:
        TruncatedPdu: If it ends before its last field.
        ValueError: For a shape or time type that is reserved.
    """
    if not digits:
        raise TruncatedPdu("nothing follows the protocol identifier")
    bits = _Bits(int(digits, 16), len(digits) * 4)
    type_ = bits.take(2)
    if type_ == 0:
        return _short(bits)
    if type_ != 1:
        return "reserved"
    extension = bits.take(4)
    return _long(bits) if extension == 3 else _MESSAGES.get(extension, "reserved")


def _short(bits: _Bits) -> LocationReport:
    report = LocationReport(elapsed=bits.take(2))
    _point(report, bits)
    _position_error(report, bits.take(3))
    report.speed_mps = _velocity_mps(bits.take(7))
    direction = bits.take(4)
    if report.speed_mps is not None:
        report.course_deg = direction * 22.5
    _reason(report, bits)
    return report


def _long(bits: _Bits) -> LocationReport:
    report = LocationReport(long=True)
    time_type = bits.take(2)
    if time_type == 1:
        report.elapsed = bits.take(2)
    elif time_type == 2:
        day, hour, minute, second = bits.take(5), bits.take(5), bits.take(6), bits.take(6)
        if day and hour < 24 and minute < 60 and second < 60:
            report.day, report.time_of_day_s = day, hour * 3600 + minute * 60 + second
    elif time_type == 3:
        raise ValueError("time type 3 is reserved")
    _place(report, bits)
    _velocity(report, bits)
    if bits.take(1):
        report.facts["acknowledgement_wanted"] = True
    _reason(report, bits)
    return report


def _place(report: LocationReport, bits: _Bits) -> None:
    shape = bits.take(4)
    report.facts["shape"] = shape
    if shape == 0:
        return
    if shape > 10:
        raise ValueError(f"shape {shape} is reserved")
    _point(report, bits)
    if shape in (2, 5, 7):
        report.accuracy_m = _radius_m(bits.take(6))
    elif shape in (3, 6, 8):
        major, minor = _radius_m(bits.take(6)), _radius_m(bits.take(6))
        report.accuracy_m = major
        if minor is not None:
            report.facts["minor_axis_m"] = round(minor, 1)
        report.facts["axis_deg"] = bits.take(8) * 180 / 256
    elif shape == 9:
        # of an arc only the radii are known: the place given is its centre
        inner, outer = bits.take(16), bits.take(16)
        start, stop = bits.take(8), bits.take(8)
        report.facts |= {"inner_radius": inner, "outer_radius": outer}
        report.facts |= {"start_deg": start * 360 / 256, "stop_deg": stop * 360 / 256}
        report.flags.append("place_is_centre_of_arc")
    elif shape == 10:
        _position_error(report, bits.take(3))
    if shape in (4, 5, 6, 7, 8):
        _altitude(report, bits)
    if shape in (7, 8):
        report.facts["altitude_error_code"] = bits.take(3)
    if shape in (3, 6, 8, 9):
        report.facts["confidence_code"] = bits.take(3)


def _velocity(report: LocationReport, bits: _Bits) -> None:
    type_ = bits.take(3)
    if type_ == 0:
        return
    report.speed_mps = _velocity_mps(bits.take(7))
    if type_ in (2, 4, 6, 7):
        report.facts["speed_error_code"] = bits.take(3)
    if type_ in (3, 4, 7):
        downward, code = bits.take(1), bits.take(7)
        climb = _velocity_mps(code)
        if climb is not None:
            report.facts["climb_mps"] = round(-climb if downward else climb, 3)
        if type_ in (4, 7):
            report.facts["climb_error_code"] = bits.take(3)
    if type_ in (5, 6, 7):
        report.course_deg = bits.take(8) * 360 / 256
        if type_ in (6, 7):
            report.facts["course_error_code"] = bits.take(3)


def _point(report: LocationReport, bits: _Bits) -> None:
    report.lon = bits.signed(25) * 360 / (1 << 25)
    report.lat = bits.signed(24) * 180 / (1 << 24)


def _position_error(report: LocationReport, code: int) -> None:
    if code == 7:
        report.flags.append("accuracy_unknown")
    else:
        report.accuracy_m = 2.0 * 10**code


def _velocity_mps(code: int) -> float | None:
    if code == 127:
        return None
    return (code if code <= 28 else 16 * 1.038 ** (code - 13)) / 3.6


def _radius_m(code: int) -> float | None:
    return None if code == 63 else 2 * 1.2 ** (code + 5) - 4


def _altitude(report: LocationReport, bits: _Bits) -> None:
    of_user, code = bits.take(1), bits.take(11)
    if code == 0:
        return
    if code <= 1201:
        height_m = code - 201
    elif code <= 1926:
        height_m = 2 * code - 1402
    else:
        height_m = 75 * code - 142_000
    if of_user:
        report.altitude_m = float(height_m)
    else:
        report.facts["ellipsoid_altitude_m"] = height_m


def _reason(report: LocationReport, bits: _Bits) -> None:
    user_data, value = bits.take(1), bits.take(8)
    if user_data:
        report.facts["user_data"] = value
    else:
        report.reason = value


_MESSAGES = {
    1: "immediate_report",
    4: "report_acknowledgement",
    5: "basic_parameters",
    6: "add_trigger",
    7: "remove_trigger",
    8: "report_trigger",
    9: "report_basic_parameters",
    10: "reporting_enabled",
    11: "temporary_control",
    12: "backlog",
}
