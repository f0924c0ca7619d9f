"""GpsGate (Franson): what phones, routers and boat trackers send to a GpsGate server.

    $FRLIN,IMEI,356406061385182,*hh      log-in; `$FRLIN,,user,password` by name
    $FRVER,1,1,name 1.0*hh               version of the protocol
    $FRCMD,id,_SendMessage,,ddmm.mmmm,N,dddmm.mmmm,E,alt,knots,course,ddmmyy,hhmmss.sss,valid*hh
           1                5         6 7          8 9   10    11     12     13         14
    $FRCMD,id,_SendMessage,…,1,SosButton=0,voltage=4*hh      further fields by name
    $FRCMD,id,_Ping,voltage=4*hh         still there
    $GPRMC,…                             position of the one who logged in

Altitude in metres; course and altitude 0 are what trackers without one send; valid 0 is a last
known position. A log-in is answered by `$FRSES,name`, a version by our own. `SosButton` other than
0 is a call for help.

Source: Franson Technology, GpsGate Server Protocol Specification 1.0, 1.1 and 2.0 (2009); GpsGate
TrackerOne Reference Design (2009).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import date_of, read_part
from radio_gateway.formats.nmea.sentence import Sentence, checksum, read_sentence
from radio_gateway.formats.tracker_report import KNOT, TrackerReport, degrees, number
from radio_gateway.messages.transmission import Transmission

FRAMING = LineFramer
MAX_NAMED = 24  # further fields of one message
_OURS = ("FRCMD", "FRLIN", "FRVER", "FRPOS", "FRRET", "FRWDT", "FRVAL", "FRERR", "FRSES")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:\.(\d{0,9}))?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.@+-]{1,40}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}", re.ASCII)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a sentence of GpsGate."""
    return b"$FR" in frame.payload


def decoder(settings: DecoderSettings) -> GpsGateDecoder:
    """Return a decoder for one connection."""
    return GpsGateDecoder(settings)


class GpsGateDecoder(SessionDecoder):
    """Decodes the sentences of one connection; keeps who logged in."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live
        self._required = settings.checksum_required
        self._device: str | None = None

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Raises:
            FrameError: `unknown_sentence`, `truncated`, `no_device`, `bad_number`, `bad_status`,
                `bad_hemisphere`, `bad_time`, `minutes_range`, `lat_range`,
                `lon_range`, `null_island`, or what is wrong with envelope or checksum.
        """
        sentence = read_sentence(frame.payload)
        if not sentence.checked and self._required:
            raise FrameError("no_checksum", frame.payload, "a sentence without its checksum")
        self._required |= sentence.checked
        fields = sentence.fields()
        name = fields[0]
        if name == "FRCMD":
            report = self._command(fields, frame)
        elif name == "FRLIN":
            report = self._log_in(fields, frame)
        elif name == "FRVER":
            self._answers.append(_sentence("FRVER,1,1,joint-patrol"))
            report = _nothing(fields)
        elif name[2:] == "RMC":
            report = self._rmc(sentence, frame)
        elif name in _OURS:
            report = _nothing(fields)
        else:
            raise FrameError("unknown_sentence", frame.payload, f"{name[:20]!r}")
        if not sentence.checked:
            report.flags.add("no_checksum")
        return [report.transmission("gpsgate", frame, live=self._live)]

    def _log_in(self, fields: list[str], frame: Frame) -> TrackerReport:
        if len(fields) < 3 or not _ID.fullmatch(fields[2]):
            raise FrameError("no_device", frame.payload, "a log-in names no one")
        self._device = fields[2]
        self._answers.append(_sentence(f"FRSES,{self._device}"))
        report = _nothing(fields)
        report.facts["login"] = self._device
        return report

    def _command(self, fields: list[str], frame: Frame) -> TrackerReport:
        payload = frame.payload
        if len(fields) < 3:
            raise FrameError("truncated", payload, "a command of no name")
        if fields[2] != "_SendMessage":
            report = _nothing(fields)
            if _ID.fullmatch(fields[1]):
                report.facts["id"] = fields[1]
            report.facts["command"] = fields[2][:40]
            report.facts |= _named_fields(fields[3:])
            return report
        device = fields[1] or self._device
        if device is None or not _ID.fullmatch(device):
            raise FrameError("no_device", payload, f"{fields[1][:20]!r} is no identifier")
        if len(fields) < 14:
            raise FrameError("truncated", payload, f"_SendMessage of {len(fields)} fields")
        parameters = _named_fields(fields[14:])
        distress = parameters.get("SosButton", "0") not in ("0", "", "false", "False")
        report = TrackerReport(device=device, distress=distress, facts=dict(parameters))
        try:
            _read_place(report, fields, payload)
            report.time = _time(fields[11], fields[12], payload, report)
        except FrameError as fault:
            if not distress:
                raise
            report.flags.add(fault.reason)
        return report

    def _rmc(self, sentence: Sentence, frame: Frame) -> TrackerReport:
        part = read_part("RMC", sentence.text, frame.payload, checked=sentence.checked)
        report = TrackerReport(
            device=self._device,
            lon=part.lon,
            lat=part.lat,
            fix=part.fix,
            speed_mps=part.speed_mps,
            course_deg=part.course_deg,
        )
        if part.flag is not None and part.fix is not False:
            report.flags.add(part.flag)
        if part.clock_is_wrong:
            report.flags.add("bad_date")
        elif part.date is not None and part.time_of_day is not None:
            report.time = part.date + part.time_of_day
        return report


def _nothing(fields: list[str]) -> TrackerReport:
    """Return the report of a sentence of the link itself: nobody said anything."""
    return TrackerReport(kind="empty", facts={"kind": "none", "sentence": fields[0]})


def _read_place(report: TrackerReport, fields: list[str], payload: bytes) -> None:
    valid = fields[13]
    if valid not in ("0", "1"):
        raise FrameError("bad_status", payload, f"validity {valid[:20]!r}")
    report.fix = valid == "1"
    lat, north, lon, east = fields[4:8]
    if lat or lon:
        if north not in ("N", "S") or east not in ("E", "W"):
            raise FrameError("bad_hemisphere", payload, f"{north[:9]!r} {east[:9]!r}")
        report.lat, report.lon = degrees(lat, north, payload), degrees(lon, east, payload)
    elif report.fix:
        raise FrameError("missing_lat", payload, "a fix without its position")
    report.altitude_m = number(fields[8], "altitude", payload)
    knots = number(fields[9], "speed", payload)
    report.speed_mps = None if knots is None else knots * KNOT
    report.course_deg = number(fields[10], "course", payload)


def _time(date: str, time: str, payload: bytes, report: TrackerReport) -> datetime | None:
    if not date and not time:
        return None
    day, match = date_of(date), _TIME.fullmatch(time)
    if match is None:
        raise FrameError("bad_time", payload, f"no such time: {time[:20]!r}")
    if day is None:
        report.flags.add("bad_date")
        return None
    hours, minutes, seconds, fraction = match.groups()
    return day + timedelta(
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int((fraction or "0")[:6].ljust(6, "0")),
    )


def _named_fields(fields: list[str]) -> dict[str, str | int | float | bool]:
    """Return the fields that are `name=value`."""
    parameters: dict[str, str | int | float | bool] = {}
    for field in fields[:MAX_NAMED]:
        name, equals, value = field.partition("=")
        if equals and _NAME.fullmatch(name) and name not in ("kind", "status"):
            parameters[name] = value[:100]
    return parameters


def _sentence(body: str) -> bytes:
    return f"${body}*{checksum(body.encode()):02X}\r\n".encode()
