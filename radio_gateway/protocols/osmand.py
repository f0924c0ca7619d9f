"""OsmAnd's live tracking and the Traccar Client: a phone's position in an HTTP request.

    GET /?id=<device>&lat=<degrees>&lon=<degrees>&timestamp=<when>&speed=<KNOTS>&bearing=<degrees>
        &altitude=<m>&accuracy=<m>&batt=<%>&hdop=…&charge=true&driverUniqueId=…&alarm=sos&valid=1
    POST {"device_id": …, "location": {"timestamp": ISO, "coords": {"latitude", "longitude",
        "accuracy" m, "speed" M/S, "heading", "altitude"}, "battery": {"level" 0-1, "is_charging"},
        "event", "is_moving", "odometer", "activity": {"type"}, "mock", "alarm", "extras"}}

The payload is the request's target, the body of a form, or the JSON body; `location` may be a list.
Aliases: deviceid, heading, location=<lat>,<lon>. timestamp: UNIX seconds or (from 2^31 on)
milliseconds, ISO 8601, or `Y-M-D H:M:S`, taken as UTC. In the query a bearing and an altitude of 0
are not known; in JSON they are said, and -1 is not known. `mock`: an app made the place up
(`mock_location`). A request without a device says nothing.

What is answered in the body of the response is a command for the app that asks.

Source: Traccar, "OsmAnd" protocol page and its published test inputs; OsmAnd, "Online tracking".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.formats.tracker_report import KNOT, TrackerReport, tolerated
from radio_gateway.messages.distress_words import calls_for_help
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

FRAMING = MessageFramer
MAX_BYTES = 256 * 1024
MAX_PARAMETERS = 100
MAX_LOCATIONS = 1000

ORDERS: frozenset[OrderKind] = frozenset({"alert", "text"})

_NUMBER = re.compile(r"[-+]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][-+]?\d{1,2})?", re.ASCII)
_ZONE_WITHOUT_COLON = re.compile(r"[+-]\d{4}$", re.ASCII)
_MAX_SECONDS = 2**31
_MAX_UNIX_S = 253_402_300_799
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = frozenset(("true", "1", "True"))


def speaks(frame: Frame) -> bool:
    """Return whether this looks like such a request: a query with a device or place, or JSON."""
    start = frame.payload[:4096]
    if start.lstrip()[:1] == b"{":
        return b'"location"' in frame.payload and b'"device_id"' in frame.payload
    return bool(re.search(rb"(?:^|[?&])(?:id|deviceid|lat|location)=", start))


def decoder(settings: DecoderSettings) -> OsmAndDecoder:
    """Return a decoder."""
    return OsmAndDecoder(settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return an order as the body of the response to the device's next request.

    Raises:
        OrderError: If it is not a text for one device.
    """
    if order.kind not in ORDERS or not order.text:
        raise OrderError("not_possible", "only words can be put into a response")
    if order.device is None:
        raise OrderError("no_device", "only the device that asks can be answered")
    return EncodedOrder(data=order.text[:2000].encode(), answer=None)


class OsmAndDecoder(SessionDecoder):
    """Decodes requests; keeps nothing between them but what the last one's list held badly."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one request.

        Raises:
            FrameError: `empty`, `too_long`, `too_many`, `json`, `bad_field`, `bad_number`,
                `bad_time`, `missing_lat`, `missing_lon`, `lat_range`, `lon_range` or
                `null_island`, when nothing in it is good.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload)
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        if payload.lstrip()[:1] != b"{":
            report = _read_query(payload)
            return [report.transmission("osmand", frame, live=self._live)]
        device, locations = _locations(payload)
        transmissions: list[Transmission] = []
        for location in locations:
            # of a list each keeps its own part only
            own = payload if len(locations) == 1 else msgspec.json.encode(location)
            try:
                report = _read_location(device, location, own)
                part = msgspec.structs.replace(frame, payload=own)
                transmissions.append(report.transmission("osmand", part, live=self._live))
            except FrameError as error:
                self._rejected.append(error)
        return self._unless_all_bad(transmissions)


def _read_query(payload: bytes) -> TrackerReport:
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise FrameError("bad_field", payload, f"byte {fault.start} is not UTF-8") from None
    query = text.partition("?")[2] if "?" in text else text.lstrip("/")
    try:
        pairs = parse_qsl(query.strip(), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as fault:
        raise FrameError("too_many", payload, str(fault)) from None
    values = dict(pairs)
    device = (values.get("id") or values.get("deviceid") or "").strip()
    if not pairs or not device:
        if not ({"id", "deviceid", "lat", "lon", "location", "timestamp"} & values.keys()):
            raise FrameError("bad_field", payload, "no parameter of a position report")
        return TrackerReport(kind="empty", facts={"kind": "none"})
    if not is_device_name(device):
        raise FrameError("bad_field", payload, "a control byte in the device's name")
    report = TrackerReport(device=device[:128].rstrip(), fix=True)
    _read_alarm(values.get("alarm"), report)
    when = values.get("timestamp", "")
    if when:
        report.time = _time(when, report, payload)
    else:
        report.facts["time_source"] = "receive"
    lat, lon = values.get("lat"), values.get("lon")
    if lat is None and lon is None and "location" in values:
        lat, _, lon = values["location"].partition(",")
    _read_degrees(lat, lon, report, payload)
    if "valid" in values and values["valid"] not in _TRUE:
        report.fix = False
    _read_figures(values, report, payload)
    cells = [value for name, value in pairs if name in ("cell", "wifi")]
    if report.lat is None:
        report.fix = None
        if cells:
            report.facts["cells"] = " ".join(cells)[:400]
    return report


def _read_figures(values: dict[str, str], report: TrackerReport, payload: bytes) -> None:
    """Read what a query says beside place and time."""

    def figure(*names: str) -> float | None:
        with tolerated(report):
            value = next((values[name] for name in names if name in values), None)
            return _number(value, names[0], payload)
        return None

    knots = figure("speed")
    report.speed_mps = None if knots is None or knots < 0 else knots * KNOT
    report.course_deg = figure("bearing", "heading")
    report.altitude_m = figure("altitude")
    accuracy = figure("accuracy")
    report.accuracy_m = accuracy if accuracy is not None and accuracy > 0 else None
    battery = figure("batt")
    if battery is not None and 0 <= battery <= 100:
        report.facts["battery_pct"] = battery
    hdop = figure("hdop")
    if hdop:
        report.facts["hdop"] = hdop
    for name, fact in (("charge", "charging"), ("ignition", "ignition")):
        if name in values:
            report.facts[fact] = values[name] in _TRUE
    for name, fact in (("driverUniqueId", "driver"), ("event", "event")):
        if values.get(name):
            report.facts[fact] = values[name][:100]
    if values.get("mock") in _TRUE:
        report.flags.add("mock_location")


def _read_degrees(lat: str | None, lon: str | None, report: TrackerReport, payload: bytes) -> None:
    try:
        report.lat = _number(lat, "lat", payload)
        report.lon = _number(lon, "lon", payload)
        if report.lat is None and report.lon is not None:
            raise FrameError("missing_lat", payload)
        if report.lon is None and report.lat is not None:
            raise FrameError("missing_lon", payload)
    except FrameError as fault:
        if not report.distress:
            raise
        report.lat = report.lon = None
        report.flags.add(fault.reason)


def _number(value: str | None, name: str, payload: bytes) -> float | None:
    value = (value or "").strip()
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        raise FrameError("bad_number", payload, f"{name} {value[:20]!r} is no number")
    return float(value)


def _time(value: str, report: TrackerReport, payload: bytes) -> datetime | None:
    """Return a moment; a call for help is not lost for a bad one."""
    value = value.strip()
    try:
        if _NUMBER.fullmatch(value):
            return _unix(float(value))
        if _ZONE_WITHOUT_COLON.search(value) and "T" in value:
            value = f"{value[:-2]}:{value[-2:]}"
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        if not report.distress:
            raise FrameError("bad_time", payload, f"timestamp {value[:40]!r}") from None
        report.flags.add("bad_time")
        return None


def _unix(value: float) -> datetime:
    seconds = value if value < _MAX_SECONDS else value / 1000
    if not 0 <= seconds <= _MAX_UNIX_S:
        raise ValueError(value)
    return _UNIX_EPOCH + timedelta(milliseconds=round(seconds * 1000))


def _read_alarm(alarm: object, report: TrackerReport) -> None:
    if isinstance(alarm, str) and alarm:
        report.facts["alarm"] = alarm[:40]
        report.distress = calls_for_help(alarm)


def _locations(payload: bytes) -> tuple[str | None, list[Any]]:
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise FrameError("json", payload, str(fault)) from None
    device = message.get("device_id")
    if isinstance(device, int) and not isinstance(device, bool):
        device = str(device)
    if not isinstance(device, str) or not device.strip():
        device = None
    elif not is_device_name(device.strip()):
        raise FrameError("bad_field", payload, "a control byte in the device's name")
    locations = message.get("location")
    if not isinstance(locations, list):
        locations = [locations]
    if len(locations) > MAX_LOCATIONS:
        raise FrameError("too_many", payload, f"{len(locations)} places, at most {MAX_LOCATIONS}")
    return (None if device is None else device.strip()[:128].rstrip()), locations


def _read_location(device: str | None, location: object, payload: bytes) -> TrackerReport:
    if not isinstance(location, dict):
        raise FrameError("bad_field", payload, "location is no object")
    if device is None:
        return TrackerReport(kind="empty", facts={"kind": "none"})
    report = TrackerReport(device=device, zero_is_unknown=False)
    extras = _object(location, "extras")
    _read_alarm(location.get("alarm") or extras.get("alarm"), report)
    when = location.get("timestamp")
    if isinstance(when, str) or (isinstance(when, int | float) and not isinstance(when, bool)):
        report.time = _time(str(when), report, payload)
    elif when is None:
        report.facts["time_source"] = "receive"
    else:
        with tolerated(report):
            raise FrameError("bad_time", payload, "timestamp is neither text nor number")
    coords = _object(location, "coords")
    if coords:
        report.fix = True
        lat, lon = (_figure(coords, name) for name in ("latitude", "longitude"))
        if not report.distress and (lat is None or lon is None):
            raise FrameError("missing_lat" if lat is None else "missing_lon", payload)
        report.lat, report.lon = lat, lon
        report.altitude_m = _figure(coords, "altitude")
        report.speed_mps, report.course_deg, report.accuracy_m = (
            value if value is not None and value >= 0 else None
            for value in (_figure(coords, name) for name in ("speed", "heading", "accuracy"))
        )
    if location.get("mock") is True:
        report.flags.add("mock_location")
    _read_phone(location, report)
    return report


def _read_phone(location: dict[str, Any], report: TrackerReport) -> None:
    """Read what JSON says about the phone itself."""
    battery = _object(location, "battery")
    level = _figure(battery, "level")
    if level is not None and 0 <= level <= 1:
        report.facts["battery_pct"] = round(level * 100)
    if isinstance(battery.get("is_charging"), bool):
        report.facts["charging"] = battery["is_charging"]
    if isinstance(location.get("is_moving"), bool):
        report.facts["moving"] = location["is_moving"]
    odometer = _figure(location, "odometer")
    if odometer is not None:
        report.facts["odometer_m"] = odometer
    activity = _object(location, "activity").get("type")
    for name, value in (("event", location.get("event")), ("activity", activity)):
        if isinstance(value, str) and value:
            report.facts[name] = value[:100]


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _figure(parent: dict[str, Any], name: str) -> float | None:
    value = parent.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None
