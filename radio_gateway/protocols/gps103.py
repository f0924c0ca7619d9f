"""GPS103 (Coban and its many copies): a tracker's text lines over TCP or UDP.

    ##,imei:<15 digits>,A;                            log-in; answered `LOAD`
    <15 digits>;                                      heartbeat; answered `ON`
    imei:<id>,<event>,<stamp>,<phone>,F,<UTC>,A,ddmm.mmmm,N,dddmm.mmmm,E,<knots>[,<course>
        [,<altitude>[,<ignition>[,<door>[,<fuel 1>%[,<fuel 2>%[,<temperature>]]]]]]];
    imei:<id>,<event>,<stamp>,<phone>,L,,,<LAC hex>,,<cell hex>,,,;          no fix
    imei:<id>,OBD,<stamp>,<odometer>,…;                                      engine figures
    imei:<id>,<name>,<event>,<sensor>,<volt>,<hhmmss>,<ddmmyy>,<signal>,<fix 0|1>,<degrees>,
        <degrees>,<km/h>,<course>,<altitude>,<HDOP>,<satellites>,<ignition>,<charge>,<error>,*

`stamp` is LOCAL time, yymmddHHMM[SS] or `yy/mm/dd HH:MM`; its zone is said nowhere. `UTC` is
hhmmss[.sss]: the date is the stamp's, or the day before or after, so that both are less than 12
hours apart. Where there is no UTC time the stamp is taken, to the minute, and flagged
`local_time`. The hemisphere letters may stand before or after their numbers, or (`no_hemisphere`)
be missing: north or east then. The event `help me` is a call for help, with or without a fix; it
is repeated until `**,imei:<id>,E;` answers it. A log-in or heartbeat says nothing of its own: it
is laid to the link.

Source: what Traccar's published test inputs for `gps103` show; Coban GPRS protocol for the answers
and for `**,imei:<id>,B;`, which asks for one position.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.tracker_report import (
    KMH,
    KNOT,
    TrackerReport,
    day_near,
    degrees,
    moment,
    number,
    tolerated,
)
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

MAX_BYTES = 4096  # one packet of a picture is about 2,100

ORDERS: frozenset[OrderKind] = frozenset({"poll"})

_HELP = "help me"
_TRUNCATED = "truncated"
_ALARMS = {
    _HELP: "sos",
    "low battery": "lowBattery",
    "stockade": "geofence",
    "move": "movement",
    "speed": "overspeed",
    "door alarm": "door",
    "ac alarm": "powerCut",
    "accident alarm": "accident",
    "sensor alarm": "vibration",
    "bonnet alarm": "bonnet",
    "footbrake alarm": "footBrake",
    "DTC": "fault",
}

_ID = r"[0-9A-Za-z_-]{1,20}"
_STAMP = re.compile(r"(\d\d)/?(\d\d)/?(\d\d) ?(\d\d):?(\d\d)(?:\d\d)?", re.ASCII)
_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.\d{1,6})?", re.ASCII)
_LOGIN = re.compile(rf"##,imei:({_ID}),A")
_BARE = re.compile(r"\d{10,20}", re.ASCII)
_START = re.compile(rb"(?:##,)?imei:")
_ENDS = re.compile(rb"[;*\r\n]+")


class Gps103Framer:
    """Cuts messages that end with `;`, `*` or a line end out of a byte stream.

    A message cut short by the start of another one (`imei:`) costs only itself. Bytes that are no
    printable text are junk where they stand alone.

    Attributes:
        junk_bytes: Bytes so far that belonged to no payload, ends of messages not counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        *whole, rest = _ENDS.split(self._rest + data)
        self._rest = self._newest(rest)
        return self._payloads(whole)

    def close(self) -> list[bytes]:
        """Return what the unfinished message holds, and forget it."""
        rest, self._rest = self._rest, b""
        return self._payloads([rest])

    def _payloads(self, whole: list[bytes]) -> list[bytes]:
        payloads: list[bytes] = []
        for message in whole:
            start = 0
            message = self._newest(message)
            for end in (*_starts(message), len(message)):
                part = message[start:end]
                if b"imei" in part or _BARE.fullmatch(part.decode("latin-1")):
                    payloads.append(part)
                elif part.strip(b" \0"):
                    if part.isascii() and part.decode().isprintable():
                        payloads.append(part)
                    else:
                        self.junk_bytes += len(part)
                start = end
        return payloads

    def _newest(self, message: bytes) -> bytes:
        if len(message) <= MAX_BYTES:
            return message
        self.junk_bytes += len(message) - MAX_BYTES
        return message[-MAX_BYTES:]


def _starts(message: bytes) -> list[int]:
    """Return where further messages start; digits before the first one belong to it."""
    starts = [match.start() for match in _START.finditer(message)]
    return [each for each in starts if each and not message[:each].isdigit()]


FRAMING = Gps103Framer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message of such a tracker."""
    start = frame.payload[:32]
    return b"imei:" in start or bool(_BARE.fullmatch(start.decode("latin-1").strip("; \r\n")))


def decoder(settings: DecoderSettings) -> Gps103Decoder:
    """Return a decoder for one connection."""
    return Gps103Decoder(settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return the request for one position; its answer is an ordinary report.

    Raises:
        OrderError: If the order is no poll of one tracker.
    """
    if order.kind != "poll":
        raise OrderError("not_possible", "GPS103 has words for a position request only")
    if order.device is None or not re.fullmatch(_ID, order.device):
        raise OrderError("no_device", "a GPS103 tracker is asked by its IMEI")
    return EncodedOrder(data=f"**,imei:{order.device},B;".encode(), answer=None)


class Gps103Decoder(SessionDecoder):
    """Decodes the messages of one connection; keeps only the answers it owes."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `control_byte`, `no_start`, `no_device`, `truncated`, `bad_status`,
                `bad_number`, `bad_time`, `minutes_range`, `lat_range`, `lon_range` or
                `null_island`.
        """
        payload = frame.payload
        try:
            text = payload.decode("ascii").strip("; *\r\n\0")
        except UnicodeDecodeError as fault:
            raise FrameError("control_byte", payload, f"byte {fault.start}") from None
        if not text.isprintable():
            raise FrameError("control_byte", payload, "a control byte inside the message")
        login = _LOGIN.fullmatch(text)
        if login is not None:
            return self._alive(frame, login[1], "login", b"LOAD")
        if _BARE.fullmatch(text):
            return self._alive(frame, text, "heartbeat", b"ON")
        before, colon, rest = text.partition("imei:")
        if not colon or (before and not before.isdigit()):
            raise FrameError("no_start", payload, "no imei: at its start")
        fields = rest.split(",")
        if not re.fullmatch(_ID, fields[0]):
            raise FrameError("no_device", payload, "no IMEI after imei:")
        if len(fields) < 4 and len(text) <= 30 and fields[1:2] != [_HELP]:
            return self._alive(frame, fields[0], "login", b"LOAD")
        report = _read(fields, frame, live=self._live)
        result = report.transmission("gps103", frame, live=self._live)
        if before:
            self._answers.append(b"ON")
        if report.distress:
            self._answers.append(f"**,imei:{fields[0]},E;".encode())
        return [result]

    def _alive(self, frame: Frame, sender: str, status: str, answer: bytes) -> list[Transmission]:
        report = TrackerReport(
            kind="status", status=status, facts={"kind": "none", "sender": sender}
        )
        self._answers.append(answer)
        return [report.transmission("gps103", frame, live=self._live)]


def _read(fields: list[str], frame: Frame, *, live: bool) -> TrackerReport:
    payload = frame.payload
    report = TrackerReport(device=fields[0])
    event = fields[1] if len(fields) > 1 else ""
    if event.startswith("vr"):
        report.kind, report.status = "other", "picture"
        return report
    if event == _HELP:
        _read_event(event, report)
        # One that is cut short is none: the whole one comes again, until it is answered.
        with tolerated(report, but=_TRUNCATED):
            _read_plain(fields, report, frame, live=live)
        if report.lat is None:
            report.fix = False
        return report
    if len(fields) < 5:
        raise _truncated(fields, payload)
    if event == "OBD":
        return _read_engine(fields, report)
    if _CLOCK.fullmatch(fields[5] if len(fields) > 5 else "") and fields[4] not in ("F", "L"):
        return _read_named(fields, report, payload)
    _read_event(event, report)
    if event == "rfid" and fields[3]:
        report.facts["driver"] = fields[3][:40]
    _read_plain(fields, report, frame, live=live)
    return report


def _truncated(fields: list[str], payload: bytes) -> FrameError:
    return FrameError(_TRUNCATED, payload, f"{len(fields)} fields, at least 5")


def _read_plain(fields: list[str], report: TrackerReport, frame: Frame, *, live: bool) -> None:
    """Read what stands behind the event of a report with or without a fix."""
    if len(fields) < 5:
        raise _truncated(fields, frame.payload)
    if fields[4] == "L":
        report.fix = False
        local = _local(fields[2])
        if local is not None:
            report.facts["local_time"] = f"{local:%Y-%m-%d %H:%M}"
        if len(fields) > 9 and fields[7] and fields[9]:
            report.facts |= {"cell_lac": fields[7][:8], "cell_id": fields[9][:8]}
        return
    if fields[4] != "F":
        raise FrameError("bad_status", frame.payload, f"neither F nor L: {fields[4][:20]!r}")
    with tolerated(report, but=_TRUNCATED):
        _read_fix(fields[5:], report, frame.payload)
    _read_time(fields[2], fields[5], report, frame, live=live)


def _read_event(event: str, report: TrackerReport) -> None:
    alarm = _ALARMS.get(event)
    if event.startswith("T:"):
        alarm = "temperature"
    elif event.startswith("oil"):
        alarm = "fuelLeak"
    if alarm is not None:
        report.facts["alarm"] = alarm
    elif event in ("acc on", "acc off"):
        report.facts["ignition"] = event == "acc on"
    if event and event != "tracker":
        report.facts["event"] = event[:40]
    report.distress = event == _HELP


def _read_fix(fields: list[str], report: TrackerReport, payload: bytes) -> None:
    """Read from the UTC time on; letters may stand before or after their numbers."""
    if len(fields) < 5:
        raise FrameError("truncated", payload, "it ends before the longitude")
    if fields[1] not in ("A", "V"):
        raise FrameError("bad_status", payload, f"neither A nor V: {fields[1][:20]!r}")
    report.fix = fields[1] == "A"
    rest = fields[2:]
    places: list[float] = []
    for letters in ("NS", "EW"):
        letter = rest.pop(0) if rest and rest[0] and rest[0] in letters else ""
        if not rest:
            raise FrameError("truncated", payload, "it ends before the longitude")
        value = rest.pop(0)
        if not letter:
            if not rest:
                raise FrameError("truncated", payload, f"no {letters[0]} or {letters[1]}")
            letter = rest.pop(0)
        if letter and letter not in letters:
            raise FrameError("bad_hemisphere", payload, f"{letter[:20]!r} is not of {letters}")
        if not letter:
            report.flags.add("no_hemisphere")
        places.append(degrees(value, letter, payload))
    report.lat, report.lon = places
    values = (rest + [""] * 8)[:8]
    knots = number(values[0], "speed", payload)
    report.speed_mps = None if knots is None else knots * KNOT
    report.course_deg = number(values[1], "course", payload)
    report.altitude_m = _loose(values[2])
    for name, value in (("ignition", values[3]), ("door", values[4])):
        if value in ("0", "1"):
            report.facts[name] = value == "1"
    for name, value in (("fuel_1_pct", values[5]), ("fuel_2_pct", values[6])):
        level = _loose(value.removesuffix("%")) if value.endswith("%") else None
        if level is not None:
            report.facts[name] = level
    temperature = _loose(values[7])
    if temperature is not None:
        report.facts["temperature_c"] = temperature


def _read_time(stamp: str, clock: str, report: TrackerReport, frame: Frame, *, live: bool) -> None:
    local = _local(stamp)
    utc = _CLOCK.fullmatch(clock)
    if local is None and stamp.strip("0-"):
        report.flags.add("bad_date")
    if utc is None:
        report.time = local
        if local is not None:
            report.flags.add("local_time")
        return
    hour, minute, second = int(utc[1]), int(utc[2]), int(utc[3])
    if hour > 23 or minute > 59 or second > 59:
        raise FrameError("bad_time", frame.payload, f"no such time of day: {clock}")
    to_minute, rest = timedelta(hours=hour, minutes=minute), timedelta(seconds=second)
    if local is not None:
        midnight = local.replace(hour=0, minute=0)
        report.time = day_near(midnight, to_minute, local - midnight) + rest
        return
    report.facts["time_of_day"] = f"{utc[1]}:{utc[2]}:{utc[3]}"
    if live:
        report.time = nearest_day(to_minute + rest, frame.heard_at)


def _local(stamp: str) -> datetime | None:
    """Return the stamp, to the minute, as if it were UTC."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups())
    return moment(2000 + year, month, day, hour, minute)


def _read_engine(fields: list[str], report: TrackerReport) -> TrackerReport:
    """Read engine figures."""
    report.kind, report.status = "status", "OBD"
    report.facts["kind"] = "no_position"
    local = _local(fields[2])
    if local is not None:
        report.facts["local_time"] = f"{local:%Y-%m-%d %H:%M}"
    names = {3: "odometer_km", 7: "engine_speed_kmh", 11: "engine_rpm", 12: "battery_v"}
    for place, name in names.items():
        value = _loose(fields[place]) if len(fields) > place else None
        if value is not None:
            report.facts[name] = value
    return report


def _read_named(fields: list[str], report: TrackerReport, payload: bytes) -> TrackerReport:
    """Read the variant with signed degrees."""
    if len(fields) < 18:
        raise FrameError("truncated", payload, f"{len(fields)} fields, at least 18")
    report.facts["name"] = fields[1][:40]
    if fields[2].strip("-"):
        _read_event(fields[2], report)
    time, date = fields[5], fields[6]
    if len(time) == len(date) == 6 and (time + date).isdigit():
        day, month, year = int(date[:2]), int(date[2:4]), int(date[4:])
        clock = (int(time[:2]), int(time[2:4]), int(time[4:]))
        report.time = moment(2000 + year, month, day, *clock)
    if report.time is None:
        report.flags.add("bad_date")
    report.fix = fields[8] not in ("", "0")
    with tolerated(report):
        lat, lon = number(fields[9], "lat", payload), number(fields[10], "lon", payload)
        report.lat, report.lon = lat, lon
        speed = number(fields[11], "speed", payload)
        report.speed_mps = None if speed is None else speed * KMH
        report.course_deg = number(fields[12], "course", payload)
        report.altitude_m = number(fields[13], "altitude", payload)
    for name, value in (("hdop", fields[14]), ("satellites", fields[15])):
        figure = _loose(value)
        if figure is not None:
            report.facts[name] = figure
    report.facts |= {"ignition": fields[16] == "1", "charging": fields[17] == "1"}
    return report


def _loose(value: str) -> float | None:
    """Return a number that is not worth losing the message for."""
    try:
        return number(value, "", b"")
    except FrameError:
        return None
