"""GT06's content: place, cell, status and alarm inside a frame; `gt06` has the layout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import KMH, TrackerReport, moment
from radio_gateway.messages.distress_words import calls_for_help
from radio_gateway.protocols.gt06.frame import PLACE_BYTES, Gt06Frame

_PLACES = frozenset(
    (0x10, 0x11, 0x12, 0x16, 0x1A, 0x1E, 0x22, 0x25, 0x26, 0x27, 0x2D, 0x31, 0x32, 0x37, 0x38)
) | {0x39, 0xA0, 0xA3, 0xA4}
# Where the status stands: behind the place and a cell that says its own length.
_WITH_STATUS = frozenset((0x16, 0x26, 0x27, 0xA4))
_CELL_BYTES = 8
_UNITS_PER_DEGREE = 1_800_000  # minutes in ten-thousandths of three

_ALARMS = {
    0x01: "sos",
    0x02: "powerCut",
    0x03: "vibration",
    0x04: "geofenceEnter",
    0x05: "geofenceExit",
    0x06: "overspeed",
    0x09: "vibration",
    0x0C: "tampering",
    0x0E: "lowBattery",
    0x0F: "lowBattery",
    0x11: "powerOff",
    0x13: "tampering",
    0x14: "door",
    0x18: "removing",
    0x19: "lowBattery",
    0x1A: "hardBraking",
    0x1B: "hardCornering",
    0x23: "fallDown",
    0x25: "tampering",
    0x26: "hardAcceleration",
    0x27: "hardBraking",
    0x2C: "accident",
    0x32: "tampering",
    0x53: "fuelLeak",
}
_STATUS_ALARMS = {
    1: "vibration",
    2: "powerCut",
    3: "lowBattery",
    4: "sos",
    6: "geofence",
    7: "removing",
}
_EVENTS = {
    0x01: "sos",
    0x0E: "lowPower",
    0x76: "temperature",
    0x80: "vibration",
    0x87: "overspeed",
    0x88: "powerCut",
    0x90: "hardAcceleration",
    0x91: "hardBraking",
    0x92: "hardCornering",
    0x93: "accident",
}

# frames of modules (type 70): a place, an event, the battery
_MODULE_PLACE, _MODULE_EVENT, _MODULE_BATTERY = 0x33, 0x34, 0x18
_MODULE_EVENTS = {
    0x10: "door",
    0x12: "removing",
    0x14: "geofenceEnter",
    0x15: "geofenceExit",
    0x16: "temperature",
    0x1A: "lowBattery",
    0x1B: "overspeed",
    0x1C: "powerOn",
    0x1D: "powerOff",
    0x20: "vibration",
    0x21: "powerCut",
    0x23: "tampering",
}
_LONG_ALARMS = {0xA2: "lowBattery", 0xA3: "lowBattery", 0xA4: "general", 0xA5: "door"}


def read_report(frame: Gt06Frame, payload: bytes, *, zone: timedelta) -> TrackerReport | None:
    """Return what a frame with a place or a status says; None when it is of another type.

    Args:
        frame: The frame out of its envelope.
        payload: The whole of it, for errors.
        zone: How far the tracker's clock is ahead of UTC.

    Raises:
        FrameError: `truncated` when the place is not whole.
    """
    type_, content = frame.type, frame.content
    report = TrackerReport(facts={"type": type_}, can_repeat=frame.serial is not None)
    if type_ in (0x13, 0x23) and not frame.extended:
        _read_heartbeat(type_, content, report)
    elif type_ in (0x19, 0xA5) and not frame.extended:
        report.kind, report.status, report.facts["kind"] = "status", "cell", "no_position"
        _read_status(content[8 if type_ == 0x19 else 15 :], report)
    elif type_ == 0x95:
        _read_event(content, report, payload, zone)
    elif type_ == 0x34 and not frame.extended and len(content) != 0x32:
        _read_place(content[4:], report, payload, zone)
    elif (type_, len(content)) in _ODD_PLACES:
        _read_place(content, report, payload, zone)
    elif type_ == 0x61:
        _read_place(content[8:], report, payload, zone)
    elif type_ == 0x70:
        _read_modules(content, report, payload)
    elif frame.extended and type_ in (0x32, 0x33):
        _read_long_place(type_, content, report, payload, zone)
    elif type_ in _PLACES and content:
        if type_ == 0xA3 and len(content) in (0x0C - 5, 0x18 - 5):
            return None
        content = _without_imei(content, report)
        _read_place(content, report, payload, zone)
        _read_behind_place(type_, content[PLACE_BYTES:], report)
    else:
        return None
    return report


# types that hold a place only when they are as long as this
_ODD_PLACES = {(0x24, 0x2E - 5), (0x17, 0x28 - 5), (0x36, 0x35 - 5), (0xA2, 0x40 - 5)}


def _read_place(content: bytes, report: TrackerReport, payload: bytes, zone: timedelta) -> None:
    if len(content) < PLACE_BYTES:
        raise FrameError("truncated", payload, f"{len(content)} of {PLACE_BYTES} bytes of a place")
    report.time = _time(content, zone)
    if report.time is None:
        report.flags.add("bad_date")
    report.facts["satellites"] = content[6] & 0xF
    report.speed_mps = content[15] * KMH
    _read_coordinates(content[7:15], int.from_bytes(content[16:18], "big"), report)


def _read_modules(content: bytes, report: TrackerReport, payload: bytes) -> None:
    """Read what a modular tracker says: module after module, each with type and length."""
    report.facts["kind"] = "no_position"
    at = 0
    while at + 4 <= len(content):
        module, length = (int.from_bytes(content[i : i + 2], "big") for i in (at, at + 2))
        data, at = content[at + 4 : at + 4 + length], at + 4 + length
        if len(data) < length:
            raise FrameError("truncated", payload, f"{len(data)} of {length} bytes of a module")
        if module == _MODULE_PLACE and length >= 18:
            del report.facts["kind"]
            report.time = datetime.fromtimestamp(int.from_bytes(data[:4], "big"), UTC)
            report.facts["satellites"] = data[4]
            report.altitude_m = float(int.from_bytes(data[5:7], "big", signed=True))
            report.speed_mps = data[15] * KMH
            _read_coordinates(data[7:15], int.from_bytes(data[16:18], "big"), report)
        elif module == _MODULE_EVENT and length >= 1:
            report.facts["event"] = data[0]
            if data[0] in _MODULE_EVENTS:
                report.facts["alarm"] = _MODULE_EVENTS[data[0]]
        elif module == _MODULE_BATTERY and length == 2:
            report.facts["battery_v"] = int.from_bytes(data, "big") / 100
    if report.lat is None:
        report.kind = "status"


def _read_long_place(
    type_: int, content: bytes, report: TrackerReport, payload: bytes, zone: timedelta
) -> None:
    """Read a place behind its length, 0 for none, then cells, networks and the state."""
    if len(content) < 7 or 0 < content[6] < 12 or len(content) < 7 + content[6]:
        raise FrameError("truncated", payload, f"{len(content)} bytes of a place with its length")
    if content[6]:
        _read_place(content[:6] + content[7:19], report, payload, zone)
    else:
        report.time, report.fix = _time(content, zone), False
        if report.time is None:
            report.flags.add("bad_date")
    at = 7 + content[6]
    for _ in range(3):  # the cell with its signal strength, more cells, networks
        at += 1 + content[at] if at < len(content) else 0
    state = content[at] if at < len(content) else None
    if type_ == 0x33 and state in _LONG_ALARMS:
        report.facts["alarm"] = _LONG_ALARMS[state]


def _without_imei(content: bytes, report: TrackerReport) -> bytes:
    """Return the content from the place on; some models write their IMEI (and more) before it."""
    if len(content) < 8 + PLACE_BYTES:
        return content
    year, month, day = content[:3]
    is_date = year >= 10 and 1 <= month <= 12 and 1 <= day <= 31
    for start, end in ((1, 15), (0, 8)):
        imei = content[start : start + 8].hex()
        is_imei = imei.isdecimal() and imei[0] == "0" and (start == 0 or content[0] <= 5)
        if is_imei and not is_date and len(content) >= end + PLACE_BYTES:
            report.device = imei[1:]
            return content[end:]
    return content


def _read_coordinates(place: bytes, flags: int, report: TrackerReport) -> None:
    lat = int.from_bytes(place[:4], "big") / _UNITS_PER_DEGREE
    lon = int.from_bytes(place[4:8], "big") / _UNITS_PER_DEGREE
    report.lat = lat if flags & 0x0400 else -lat
    report.lon = -lon if flags & 0x0800 else lon
    report.fix = bool(flags & 0x1000)
    report.course_deg = float(flags & 0x03FF)
    if flags & 0x4000:
        report.facts["ignition"] = bool(flags & 0x8000)


def _time(content: bytes, zone: timedelta) -> datetime | None:
    year, month, day, hour, minute, second = content[:6]
    time = moment(2000 + year, month, day, hour, minute, second)
    return None if time is None else time - zone


def _read_behind_place(type_: int, rest: bytes, report: TrackerReport) -> None:
    if type_ in _WITH_STATUS and rest:
        if type_ == 0x16 and len(rest) == 0x24 - 5 - PLACE_BYTES:
            _read_status(rest[_CELL_BYTES:], report)  # a clone that leaves the length out
            return
        cell = _CELL_BYTES + max(rest[0] - 9, 0)
        if rest[0] <= 9:
            cell += rest[1:2] >= b"\x80"
            cell += type_ == 0x16 and len(rest) == 0x26 - 5 - PLACE_BYTES
        if rest[0] == 0:
            cell = 0 if any(rest[1:6]) else len(rest) - 6
        _read_status(rest[1 + cell :], report)
    elif type_ in (0x12, 0x22, 0x2D, 0x31) and len(rest) in (_CELL_BYTES + 3, _CELL_BYTES + 7):
        report.facts["ignition"] = rest[_CELL_BYTES] > 0
        if rest[_CELL_BYTES + 2]:
            report.facts["from_buffer"] = True


def _read_heartbeat(type_: int, content: bytes, report: TrackerReport) -> None:
    report.kind, report.status, report.facts["kind"] = "status", "heartbeat", "no_position"
    if type_ == 0x13 and len(content) == 5:
        _read_status(content, report)
    elif content:
        _read_state(content[0], report)
        if type_ == 0x23 and len(content) >= 3:
            report.facts["battery_v"] = int.from_bytes(content[1:3], "big") / 100


def _read_status(status: bytes, report: TrackerReport) -> None:
    """Read state, battery, signal, alarm and language."""
    if len(status) < 4:
        return
    _read_state(status[0], report)
    level = status[1]
    if level <= 6:
        report.facts["battery_pct"] = round(level * 100 / 6)
    elif level <= 100:
        report.facts["battery_pct"] = level
    report.facts["signal"] = status[2]
    alarm = _ALARMS.get(status[3])
    if alarm is not None and not report.distress:
        report.facts["alarm"] = alarm
        report.distress = calls_for_help(alarm)


def _read_state(state: int, report: TrackerReport) -> None:
    report.facts |= {"ignition": bool(state & 2), "charging": bool(state & 4)}
    alarm = _STATUS_ALARMS.get(state >> 3 & 7)
    if alarm is not None:
        report.facts["alarm"] = alarm
        report.distress = alarm == "sos"


def _read_event(content: bytes, report: TrackerReport, payload: bytes, zone: timedelta) -> None:
    """Read an event with its date, and a place when there is room for one."""
    if content[:2] == b"\xff\xff" and len(content) >= 27:  # a camera: speed behind the flags
        report.time = _time(content[3:], zone)
        report.facts["satellites"] = content[9] & 0xF
        _read_coordinates(content[10:18], int.from_bytes(content[18:20], "big"), report)
        report.speed_mps = int.from_bytes(content[20:22], "big") * KMH
        event = content[24]
    elif len(content) >= 19:
        report.time = _time(content, zone)
        _read_coordinates(content[6:14], int.from_bytes(content[14:16], "big"), report)
        event = content[16]
    elif len(content) >= 7:
        report.kind, report.facts["kind"] = "status", "no_position"
        report.time = _time(content, zone)
        event = content[6]
    else:
        raise FrameError("truncated", payload, f"{len(content)} bytes of an event")
    report.facts["event"] = event
    alarm = _EVENTS.get(event)
    if event == 0x01 and report.kind == "status":
        alarm = "general"
    if alarm is not None:
        report.facts["alarm"] = alarm
    report.distress = alarm == "sos"
