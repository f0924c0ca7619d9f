"""Readings: what the object that a payload's codec made says, by the names that codecs use.

Every device has its codec, and every codec its own words; so each is looked for under all the
names that are in use, whatever their capitals, `_` and `-`, and however deep they lie:

    place     latitude and longitude (lat; lon, lng, long; with gps before them) in one object; a
              GeoJSON point; `gps_1` of Cayenne LPP; SenseCAP's rows of type and measurementValue
    altitude, accuracy (m); heading, course (degrees); hdop; satellites, sats; fix, valid
    speed     only under a name with its unit (speed_kmh, speed_mps, speed_kn); else it is a fact as
              it was said, `speed_raw`
    time      ISO 8601 or UNIX seconds or milliseconds
    battery   percent or volts, where name or figure tell which
    sos, panic, emergency, man_down, alarm, alarm_status   true or 1: a call for help; so is an
              event or alarm named SOS

What lies under the name of a gateway is no word of the device.

Source: the codecs in TheThingsNetwork/lorawan-devices and of SenseCAP, Dragino, Abeeway and Browan
trackers, for the names only.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from radio_gateway.formats.tracker_report import KMH, KNOT, TrackerReport

MAX_OBJECTS = 200
MAX_FIELDS = 1000

_LAT = ("latitude", "lat", "gpslatitude", "gpslat")
_LON = ("longitude", "lon", "lng", "long", "gpslongitude", "gpslon", "gpslng", "gpslong")
_ALTITUDE = ("altitude", "alt", "gpsaltitude", "gpsalt", "altitudem")
_ACCURACY = ("accuracy", "horizontalaccuracy", "positionaccuracy", "gpsaccuracy", "acc", "ehpe")
_COURSE = ("heading", "course", "bearing", "cog", "headingdeg", "coursedeg", "direction")
_SPEEDS = {
    **dict.fromkeys(("speedkmh", "speedkph", "kmh", "gpsspeedkmh"), KMH),
    **dict.fromkeys(("speedms", "speedmps", "gpsspeedms"), 1.0),
    **dict.fromkeys(("speedkn", "speedknots", "sog"), KNOT),
}
_SATELLITES = ("satellites", "sats", "numsats", "gpssats", "satellitesinview")
_FIX = ("fix", "gpsfix", "hasfix", "valid", "gpsvalid", "positionvalid", "fixvalid", "fixstatus")
_TIME = ("time", "timestamp", "gpstime", "gnsstime", "fixtime", "utc", "datetime")
_PERCENT = ("batterypct", "batterypercent", "batterypercentage", "batterylevel", "batlevel")
_VOLTS = ("batv", "vbat", "batteryv", "batteryvoltage", "batvoltage", "batmv", "batterymv")
_BATTERY = ("battery", "batt", "bat")
_CALLS = (
    *("sos", "sosmode", "sosevent", "soswarning", "sosstatus", "sosbutton", "panic", "panicbutton"),
    *("emergency", "alarm", "alarmstatus", "mandown", "falldown", "falldetected"),
)
_CALL_WORDS = ("alarm", "alarmtype", "event", "eventname", "eventtype", "status", "mode")
# Not the words for it that somebody lies still: trackers say so of a boat at its pier.
_CALLED = re.compile(r"\bsos\b|\bpanic\b|\bman[ _-]?down\b|\bfall[ _-]?detected\b")
_GATEWAY = re.compile("gateway|gw|rxinfo|rxmetadata|basestation")
_NUMBER = re.compile(r"[-+]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})", re.ASCII)
_PLAIN = str.maketrans("", "", "_- ")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0", "")
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000 to 2100

Fields = dict[str, Any]


def read_readings(decoded: Any, report: TrackerReport, *, calls: Collection[str] = ()) -> None:
    """Add what a decoded payload says to `report`.

    Args:
        decoded: What the codec made of it.
        report: What is added to.
        calls: Further words that mean a call for help in this fleet, `name=value`; the name as the
            codec writes it, or with those of the objects around it (`digitalInput.3=1`).
    """
    objects = list(_objects(decoded))
    place = next((each for _, each in objects if _has_place(each)), None)
    if place is not None:
        _read_place(place, report)
    for path, fields in objects:
        _read_calls(path, fields, report, calls)
        plain = _plain(fields)
        if report.time is None and (place is None or _has_place(fields) or not path):
            report.time = _time(plain)
        _read_state(plain, report)


def _objects(decoded: Any) -> Iterator[tuple[str, Fields]]:
    """Yield the objects inside `decoded`, the outermost first, each with its path."""
    waiting: deque[tuple[str, Any]] = deque([("", decoded)])
    left, fields_left = MAX_OBJECTS, MAX_FIELDS
    while waiting and left and fields_left > 0:
        path, value = waiting.popleft()
        left -= 1
        if isinstance(value, list):
            rows = _rows(value)
            if rows:
                yield path, rows
            waiting.extend((path, each) for each in value[:left] if isinstance(each, dict | list))
        elif isinstance(value, dict):
            fields_left -= len(value)
            yield path, value
            for name, inner in value.items():
                if isinstance(inner, dict | list) and not _GATEWAY.search(_key(name)):
                    waiting.append((f"{path}.{name}" if path else name, inner))


def _rows(values: list[Any]) -> Fields:
    """Return rows of `type` and `measurementValue` as one object."""
    rows: Fields = {}
    for row in values[:MAX_FIELDS]:
        if isinstance(row, dict) and isinstance(row.get("type"), str):
            value = row.get("measurementValue")
            if value is not None:
                rows.setdefault(row["type"], value)
                rows.setdefault("timestamp", row.get("timestamp"))
    return rows


def _has_place(fields: Fields) -> bool:
    if fields.get("type") == "Point" and isinstance(fields.get("coordinates"), list):
        return True
    plain = _plain(fields)
    return _number(plain, _LAT) is not None and _number(plain, _LON) is not None


def _read_place(fields: Fields, report: TrackerReport) -> None:
    plain = _plain(fields)
    report.lat, report.lon = _number(plain, _LAT), _number(plain, _LON)
    if report.lat is None or report.lon is None:
        point = [_figure(each) for each in fields["coordinates"][:3]]
        if len(point) >= 2:
            report.lon, report.lat = point[:2]
    report.altitude_m = _number(plain, _ALTITUDE)
    # a codec that has no fix leaves zeros
    report.fix = not (report.lat == 0.0 and report.lon == 0.0)


def _read_state(plain: Fields, report: TrackerReport) -> None:
    facts = report.facts
    if report.lat is not None:
        if report.altitude_m is None:
            report.altitude_m = _number(plain, _ALTITUDE)
        if report.accuracy_m is None:
            report.accuracy_m = _number(plain, _ACCURACY)
        if report.course_deg is None:
            report.course_deg = _number(plain, _COURSE)
        for name, factor in _SPEEDS.items():
            speed = _figure(plain.get(name))
            if speed is not None and report.speed_mps is None:
                report.speed_mps = speed * factor
        if any(_truth(plain.get(name)) is False for name in _FIX if name in plain):
            report.fix = False
    speed = _figure(plain.get("speed"))
    if speed is not None and report.speed_mps is None:
        facts.setdefault("speed_raw", speed)
    for fact, names in (("hdop", ("hdop",)), ("satellites", _SATELLITES)):
        number = _number(plain, names)
        if number is not None:
            facts.setdefault(fact, number)
    _read_battery(plain, report)


def _read_battery(plain: Fields, report: TrackerReport) -> None:
    percent, volts = _number(plain, _PERCENT), _number(plain, _VOLTS)
    either = _number(plain, _BATTERY)
    if either is not None and percent is None and volts is None:
        if 5 < either <= 100:
            percent = either
        elif 1.5 <= either <= 5 and either != int(either):
            volts = either
    if percent is not None and 0 <= percent <= 100:
        report.facts.setdefault("battery_pct", percent)
    if volts is not None and volts > 0:
        report.facts.setdefault("battery_v", volts / 1000 if volts > 100 else volts)


def _read_calls(path: str, fields: Fields, report: TrackerReport, calls: Collection[str]) -> None:
    for name, value in fields.items():
        if isinstance(value, dict | list) or value is None:
            continue
        key, words = _key(name), str(value).strip().lower()[:100]
        if isinstance(value, float) and value == int(value):
            words = str(int(value))  # protobuf's JSON knows floats only
        called = f"{name}={words}"
        is_call = called in calls or (path != "" and f"{path}.{called}" in calls)
        if is_call or (key in _CALLS and words in _TRUE):
            report.distress = True
            report.facts.setdefault("alarm", name[:40])
        elif key in _CALL_WORDS and _CALLED.search(words.replace("_", " ")):
            report.distress = True
            report.facts.setdefault("alarm", words[:40])


def _time(plain: Fields) -> datetime | None:
    for name in _TIME:
        value = plain.get(name)
        seconds = _figure(value)
        if seconds is not None:
            seconds = seconds / 1000 if seconds > _LAST_S else seconds
            if _FIRST_S <= seconds <= _LAST_S:
                return _UNIX_EPOCH + timedelta(milliseconds=round(seconds * 1000))
        elif isinstance(value, str):
            time = iso_time(value)
            if time is not None:
                return time
    return None


def iso_time(value: Any) -> datetime | None:
    """Return an ISO 8601 time as aware UTC, one without a zone as UTC; None when it is none.

    >>> iso_time("2022-07-18T09:34:15.775023242+00:00")
    datetime.datetime(2022, 7, 18, 9, 34, 15, 775023, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str) or len(value) > 40 or "T" not in value:
        return None
    try:
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time


def _plain(fields: Fields) -> Fields:
    return {_key(name): value for name, value in fields.items()}


def _key(name: str) -> str:
    return name.lower().translate(_PLAIN)[:60]


def _number(plain: Fields, names: Collection[str]) -> float | None:
    return next((n for each in names if (n := _figure(plain.get(each))) is not None), None)


def _figure(value: Any) -> float | None:
    """Return a number, also one written as text; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    words = value.strip().lower() if isinstance(value, str) else ""
    return True if words in _TRUE else False if words in _FALSE else None
