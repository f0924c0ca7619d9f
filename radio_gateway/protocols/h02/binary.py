"""H02's binary report; `h02` has its layout."""

from __future__ import annotations

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import KNOT, TrackerReport, degrees, moment
from radio_gateway.protocols.h02.status import read_status

MARK = b"$"
SHORT = 32

_EAST, _NORTH, _FIX = 8, 4, 2


def read_binary(payload: bytes) -> TrackerReport:
    """Return what a binary report says.

    Raises:
        FrameError: `truncated`, `bad_bcd` or `minutes_range`.
    """
    if len(payload) < SHORT:
        raise FrameError("truncated", payload, f"{len(payload)} bytes, at least {SHORT}")
    end = id_end(payload)
    if end is None:
        raise FrameError("bad_bcd", payload, "no id, time and date behind the mark")
    sender, rest = payload[1:end].hex()[:15], payload[end:]
    digits, flags = rest[:16].hex() + rest[16:19].hex(), rest[15] & 0xF
    number = digits[:20] + digits[22:31] + digits[32:38]  # all but the battery and the flags
    if not number.isdecimal():
        raise FrameError("bad_bcd", payload, "a digit above 9")
    report = TrackerReport(device=sender)
    read_status(int.from_bytes(rest[19:23], "big"), report)
    report.fix = bool(flags & _FIX)
    north, east = "N" if flags & _NORTH else "S", "E" if flags & _EAST else "W"
    try:
        report.lat = degrees(f"{digits[12:16]}.{digits[16:20]}", north, payload)
        report.lon = degrees(f"{digits[22:27]}.{digits[27:31]}", east, payload)
    except FrameError as fault:
        if not report.distress:
            raise
        report.lat = report.lon = None
        report.flags.add(fault.reason)
    report.speed_mps = int(digits[32:35]) * KNOT
    report.course_deg = float(digits[35:38])
    hour, minute, second, day, month, year = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    report.time = moment(2000 + year, month, day, hour, minute, second)
    if report.time is None:
        report.flags.add("bad_date")
    battery = _battery_pct(rest[10])
    if battery is not None:
        report.facts["battery_pct"] = battery
    return report


def id_end(payload: bytes) -> int | None:
    """Return where a binary message's id ends: behind 5 bytes, or 8 when only that fits.

    Args:
        payload: At least 32 bytes from the mark on.

    Returns:
        The offset of the time; None when no time and date stand at either place.
    """
    for end in (6, 9):
        sender, stamp = payload[1:end].hex(), payload[end : end + 6].hex()
        if end == 9:
            sender = sender[:15]
        if not (sender.isdecimal() and stamp.isdecimal()):
            continue
        hour, minute, second, day, month = (int(stamp[at : at + 2]) for at in range(0, 10, 2))
        if hour < 24 and minute < 60 and second < 60 and 1 <= day <= 31 and 1 <= month <= 12:
            return end
    return None


def _battery_pct(value: int) -> int | None:
    """Return per cent: steps 1-3 are tens, 4-6 twenties, 7-100 itself; None otherwise."""
    if 1 <= value <= 3:
        return (value - 1) * 10
    if 4 <= value <= 6:
        return (value - 1) * 20
    return value if 7 <= value <= 100 else None
