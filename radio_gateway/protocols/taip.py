"""TAIP (Trimble ASCII Interface Protocol) and the trackers that speak it, over UDP, TCP, serial.

    >R<type><data>;ID=<id>;[#<number>;][*hh]<       hh: XOR of all from `>` to `*`, both included
                                                    (some leave the `*` out)

    PV  seconds of the day 5, place, mph 3, course 3, source 1, age 1
    EV  event 2, GPS week 4, day of the week 1, then as PV; event 01 is a call for help
    GP CQ CV BR PI US00  [event] ddmmyy hhmmss, place, mph 3, course 3, then mode 1 (0 none),
        age 2 (hex), inputs 2 (hex)[, event 2, HDOP 2]
    UVnn<event>,<model>,ddmmyyhhmmss, place, km/h 3, course 3, mode 1 …      (Akroz)
    place: ±dd ddddd ±ddd ddddd, degrees with five decimals; or ±ddmm.mmmm±dddmm.mmmm

Source 9 and age 0 mean no fix, age 1 older than 10 s. A week and a second of it are GPS time,
taken as UTC (it is up to 18 s ahead). Any other message (altitude, long navigation) is laid to
the link. Behind a number the tracker waits for `>ACK;ID=<id>;#<number>;*hh<`, or for a number that
starts with IP or LOG `>SAK;ID=<id>;#<number><`, and forgets what is acknowledged.

Once a source has sent a checksum, messages without one are refused.

Source: Trimble TAIP manual (Placer GPS 450/455), appendix "TAIP"; what Traccar's published test
inputs for `taip` show for GP, CQ, CV, BR, PI, US and UV.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.junk_bytes import MarkedFramer
from radio_gateway.formats.nmea.sentence import CHECKSUMS, checksum
from radio_gateway.formats.tracker_report import KMH, MPH, TrackerReport, degrees, moment
from radio_gateway.messages.transmission import Transmission

MAX_BYTES = 1024

_GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
_EVENTS = {1: "sos", 2: "powerCut"}
_UV_EVENTS = {
    104: "overspeed",
    106: "overspeed",
    109: "highRpm",
    111: "idle",
    119: "temperature",
    120: "hardAcceleration",
    121: "hardBraking",
    122: "hardCornering",
    127: "powerCut",
    128: "powerRestored",
    129: "lowBattery",
}
_MARK = re.compile(rb"[<>\r\n]")
_PLACE = (
    r"(?:(?P<lat>[-+]\d{7})(?P<lon>[-+]\d{8})|(?P<lat_m>[-+]\d{4}\.\d{4})"
    r"(?P<lon_m>[-+]\d{5}\.\d{4}))(?P<speed>\d{3})(?P<course>\d{3})"
)
_SHORT = re.compile(
    rf"R[EP]V(?:(?P<event>\d\d)(?P<week>\d{{4}})(?P<day>[0-6]))?(?P<seconds>\d{{5}}){_PLACE}"
    r"(?P<source>\d)?(?P<age>\d)?.*",
    re.ASCII,
)
_DATED = re.compile(
    rf"(?P<type>RGP|RCQ|RCV|RBR|RUS00|RPI|RUV\d\d),?(?P<event>\d+?)?,?(?:[A-Z][A-Z0-9]*,)?"
    rf"(?P<date>\d{{6}})(?P<clock>\d{{6}}){_PLACE}"
    r"(?:(?P<mode>\d)[0-9A-F]{2}(?P<inputs>[0-9A-F]{2})"
    r"(?:(?P<event_2>\d\d)(?P<hdop>\d\d)(?![0-9A-F]))?)?.*",
    re.ASCII,
)
_CAMERA = frozenset(("RCQ", "RCV", "RBR", "RPI"))  # what follows their place is other than in RGP
_TYPE = re.compile(r"R[A-Z]{2}")


class TaipFramer(MarkedFramer):
    """Cuts messages from `>` to `<` out of a byte stream; the marks stay.

    A line end or another `>` ends a message too.
    """

    def __init__(self) -> None:
        super().__init__(b">", MAX_BYTES, _end)


def _end(data: bytes, start: int) -> int | None:
    """Return where the message that starts there ends; None when that is not known yet."""
    mark = _MARK.search(data, start + 1, start + MAX_BYTES)
    if mark is None:
        return None
    return mark.end() if mark[0] == b"<" else mark.start()


FRAMING = TaipFramer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a TAIP message."""
    return frame.payload[:2] == b">R"


def decoder(settings: DecoderSettings) -> TaipDecoder:
    """Return a decoder for one connection."""
    return TaipDecoder(settings)


class TaipDecoder(SessionDecoder):
    """Decodes the messages of one connection; keeps whether it sends checksums."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live
        self._checksum_seen = settings.checksum_required

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `control_byte`, `no_start`, `bad_checksum`, `no_checksum`, `truncated`,
                `bad_fields`, `bad_time`, `minutes_range`, `lat_range`, `lon_range` or
                `null_island`.
        """
        payload = frame.payload
        text, checked, star = _opened(payload)
        if self._checksum_seen and not checked:
            raise FrameError("no_checksum", payload, "this source sends checksums; one is missing")
        data, *attributes = text.split(";")
        device, number, number_first = _attributes(attributes)
        report = TrackerReport(device=device)
        _read(data, report, frame, live=self._live)
        for attribute in attributes:
            name, _, value = attribute.partition("=")
            if name == "SV" and value.isdigit() and len(value) < 3:
                report.facts["satellites"] = int(value)
            elif name == "BL" and value.isdigit() and len(value) < 6:
                report.facts["battery_v"] = int(value) / 1000
        result = report.transmission("taip", frame, live=self._live)
        self._checksum_seen |= checked
        if device is not None and number is not None:
            self._acknowledge(device, number, number_first=number_first, star=star)
        return [result]

    def _acknowledge(self, device: str, number: str, *, number_first: bool, star: str) -> None:
        if number.startswith(("#IP", "#LOG")):
            self._answers.append(f">SAK;ID={device};{number}<".encode())
            return
        parts = f"{number};ID={device}" if number_first else f"ID={device};{number}"
        body = f">ACK;{parts};"
        sum_ = checksum(f"{body}{star}".encode())
        self._answers.append(f"{body}*{sum_:02X}<".encode())


def _opened(payload: bytes) -> tuple[str, bool, str]:
    """Return what stands between the marks, whether a checksum did, and what it counts in last."""
    try:
        text = payload.decode("ascii").strip()
    except UnicodeDecodeError as fault:
        raise FrameError("control_byte", payload, f"byte {fault.start}") from None
    if not text.isprintable():
        raise FrameError("control_byte", payload, "a control byte inside the message")
    if not text.startswith(">"):
        raise FrameError("no_start", payload, "no > at its start")
    body, star, digits = text.removesuffix("<").rpartition("*")
    # a star near the end is a checksum's too when what stands around it was damaged
    if not star or (len(digits) > 2 and not body.endswith(";")):
        return text.removesuffix("<")[1:], False, "*"
    right = checksum(f"{body}*".encode())
    body = body.removesuffix(";")
    checksum_sent = CHECKSUMS.get(digits)
    if checksum_sent == right ^ ord("*"):
        return body[1:], True, ""
    if checksum_sent != right:
        detail = f"computed {right:02X}, received {digits[:20] or 'none'}"
        raise FrameError("bad_checksum", payload, detail)
    return body[1:], True, "*"


def _attributes(attributes: list[str]) -> tuple[str | None, str | None, bool]:
    """Return the id, the number, and whether the number stands first."""
    device = number = None
    number_first = True
    for attribute in attributes:
        if attribute[:3].upper() == "ID=":
            device = attribute[3:43] or None
            number_first = number is not None
        elif attribute.startswith("#"):
            number = attribute[:40]
    return device, number, number_first


def _read(data: str, report: TrackerReport, frame: Frame, *, live: bool) -> None:
    short, dated = _SHORT.fullmatch(data), _DATED.fullmatch(data)
    if short is not None:
        _read_short(short, report, frame, live=live)
    elif dated is not None:
        _read_dated(dated, report, frame)
    elif data[:3] in ("RPV", "REV", "RGP"):
        raise FrameError("truncated" if len(data) < 33 else "bad_fields", frame.payload, data[:3])
    elif data.startswith(("RUS", "RUV")):
        report.kind, report.facts["kind"] = "status", "no_position"
        report.status = data[:5]
    elif _TYPE.match(data):
        if report.device is not None:
            report.facts["sender"] = report.device
        report.kind, report.device = "other", None
        report.facts |= {"kind": "none", "type": data[:3]}
    else:
        raise FrameError("bad_fields", frame.payload, "no report")


def _read_place(match: re.Match[str], report: TrackerReport, frame: Frame, unit: float) -> None:
    if match["lat"] is not None:
        report.lat, report.lon = int(match["lat"]) / 1e5, int(match["lon"]) / 1e5
    else:
        for name, letters in (("lat", "NS"), ("lon", "EW")):
            value = match[f"{name}_m"]
            letter = letters[value[0] == "-"]
            try:
                setattr(report, name, degrees(value[1:], letter, frame.payload))
            except FrameError as fault:
                if not report.distress:
                    raise
                report.flags.add(fault.reason)
    report.speed_mps = int(match["speed"]) * unit
    report.course_deg = float(match["course"])


def _read_short(match: re.Match[str], report: TrackerReport, frame: Frame, *, live: bool) -> None:
    report.fix = match["source"] != "9" and match["age"] not in ("0", "1")
    if match["event"] is not None:
        _read_event(int(match["event"]), _EVENTS, report)
    _read_place(match, report, frame, MPH)
    seconds = int(match["seconds"])
    if seconds >= 86_400:
        if not report.distress:
            raise FrameError("bad_time", frame.payload, f"second {seconds} of the day")
        report.flags.add("bad_time")
        return
    time_of_day = timedelta(seconds=seconds)
    if match["week"] is not None:
        days = int(match["week"]) * 7 + int(match["day"])
        report.time = _GPS_EPOCH + timedelta(days=days) + time_of_day
        return
    minutes, second = divmod(seconds, 60)
    report.facts["time_of_day"] = f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
    if live:
        report.time = nearest_day(time_of_day, frame.heard_at)


def _read_dated(match: re.Match[str], report: TrackerReport, frame: Frame) -> None:
    type_ = match["type"]
    akroz = type_.startswith("RUV")
    report.fix = True
    if match["mode"] is not None and type_ not in _CAMERA:
        report.fix = match["mode"] not in ("0", "9") and not (akroz and match["mode"] == "1")
        report.facts["inputs"] = match["inputs"]
    event = match["event_2"] if type_ == "RGP" else match["event"]
    if event is not None and len(event) < 5:
        table = {} if type_ == "RUS00" else _UV_EVENTS if akroz else _EVENTS
        _read_event(int(event), table, report)
    if type_ == "RGP" and match["hdop"] is not None:
        report.facts["hdop"] = int(match["hdop"])
    _read_place(match, report, frame, KMH if akroz else MPH)
    if type_ == "RUS00" and report.lat == report.lon == 0.0:
        report.fix = False  # its other figures are worth hearing without a place
    date, clock = match["date"], match["clock"]
    day, month, year = (int(date[at : at + 2]) for at in (0, 2, 4))
    hour, minute, second = (int(clock[at : at + 2]) for at in (0, 2, 4))
    report.time = moment(2000 + year, month, day, hour, minute, second)
    if report.time is None:
        report.flags.add("bad_date")


def _read_event(event: int, table: dict[int, str], report: TrackerReport) -> None:
    report.facts["event"] = event
    alarm = table.get(event)
    if alarm is not None:
        report.facts["alarm"] = alarm
    report.distress = alarm == "sos"
