"""H02 (Sinotrack and its many copies): a tracker's text or binary reports over TCP or UDP.

    *<maker>,<id>,V1,hhmmss,A|V|B,ddmm.mmmm,N|S,dddmm.mmmm,E|W,<knots>,<course>[,<battery>],
        ddmmyy[,<SIM: 3 fields>],<status, 8 hex>[,more]#
    V1 V2 V5 V6 V8 V19 VI1 …: reports.  V4: the same behind an answer to a command
    HTBT,<battery %>  V0: heartbeats.  LINK: signal, satellites, battery.  NBR, V3: cells only
    VP1: a short report.  SMS: words.

    binary, 32 or more bytes: `$`, then in BCD
      1  5 id (or 8, of which 15 digits count, and the rest 3 bytes later)
      6  3 hhmmss   9  3 ddmmyy   12  4 ddmm.mmmm   16  1 battery
     17  5 dddmm.mmmm and 4 bits: 8 east, 4 north, 2 fix
     22  3 knots and course, 3 digits each
     25  4 status, and more that is not known

Status bits count from the lowest and are ALARMS WHEN CLEARED: 0 vibration, 1 and 18 call for help,
2 overspeed, 19 power cut; bit 10 set: ignition. A coding number (`0`) may stand where A or V
does: a fix. Some write `-23-3.3408,S`: minus signs between, the letter says the same. A number
without a point is ddmmmmmm. An empty status is no fix. A message with no place, time or alarm at
all is laid to the link.

`V1` is answered `*HQ,<id>,V4,V1,<yyyymmddhhmmss>#`, `NBR` likewise, heartbeats with their own
start. The clock in these answers is the moment the message was heard.

Source: what Traccar's published test inputs for `h02` show; H02 protocol, "platform answers".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.tracker_report import (
    KNOT,
    TrackerReport,
    degrees,
    moment,
    number,
    tolerated,
)
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.h02.binary import MARK, read_binary
from radio_gateway.protocols.h02.framer import H02Framer
from radio_gateway.protocols.h02.status import read_status

FRAMING = H02Framer

_START = re.compile(r"\*([A-Za-z0-9]{2}),([0-9A-Za-z]{0,20})(?:,([A-Za-z0-9]{1,8}))?(?:,(.*))?#",
                    re.ASCII | re.DOTALL)  # fmt: skip
_CLOCK = re.compile(r"\d{6}", re.ASCII)
_STATUS = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_SIGNED = re.compile(r"-(\d+)-(\d+\.\d+)", re.ASCII)
_PACKED = re.compile(r"(\d{2,3})(\d\d)(\d{4})", re.ASCII)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message of such a tracker."""
    payload = frame.payload
    if payload[:1] == b"*":
        return payload[3:4] == b"," and payload[1:3].isalnum()
    return payload[:1] == MARK and len(payload) >= 32 and payload[1:12].hex().isdigit()


def decoder(settings: DecoderSettings) -> H02Decoder:
    """Return a decoder for one connection."""
    return H02Decoder(settings)


class H02Decoder(SessionDecoder):
    """Decodes the messages of one connection; keeps only the answers it owes."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `no_start`, `control_byte`, `empty`, `truncated`, `bad_status`,
                `bad_hemisphere`, `bad_number`, `bad_bcd`, `bad_time`, `minutes_range`,
                `lat_range`, `lon_range` or `null_island`.
        """
        if frame.payload[:1] == MARK:
            report = read_binary(frame.payload)
            return [report.transmission("h02", frame, live=self._live)]
        text = _text(frame.payload)
        match = _START.fullmatch(text)
        if match is None:
            raise FrameError("truncated", frame.payload, "not *maker,id,command,…#")
        maker, sender, command, rest = match.groups()
        if not command:
            raise FrameError("empty", frame.payload, "no command behind the id")
        fields = [] if rest is None else rest.split(",")
        report = TrackerReport(device=sender or None, facts={"command": command})
        _read(command, fields, rest or "", report, frame, live=self._live)
        result = report.transmission("h02", frame, live=self._live)
        self._answer(maker, sender, command, frame.heard_at)
        return [result]

    def _answer(self, maker: str, sender: str, command: str, now: datetime) -> None:
        if not sender:
            return
        if command in ("HTBT", "V0"):
            self._answers.append(f"*{maker},{sender},{command}#".encode())
        elif command in ("V1", "NBR"):
            self._answers.append(f"*HQ,{sender},V4,{command},{now:%Y%m%d%H%M%S}#".encode())


def _text(payload: bytes) -> str:
    try:
        text = payload.decode("ascii").strip()
    except UnicodeDecodeError as fault:
        raise FrameError("control_byte", payload, f"byte {fault.start}") from None
    if not text.startswith("*"):
        raise FrameError("no_start", payload, "no * at its start")
    if not text.endswith("#"):
        raise FrameError("truncated", payload, "no # at its end")
    return text


def _read(
    command: str, fields: list[str], rest: str, report: TrackerReport, frame: Frame, *, live: bool
) -> None:
    facts = report.facts
    if command in ("HTBT", "V0"):
        report.kind, report.status = "status", "heartbeat"
        _battery(fields[0] if fields else "", report)
        if "battery_pct" in facts:
            facts["kind"] = "no_position"
        else:
            _lay_to_the_link(report)
    elif command == "SMS":
        report.kind, report.text, facts["kind"] = "answer", rest[:2000], "no_position"
    elif command in ("NBR", "V3", "LINK"):
        _read_cells(command, fields, report, frame, live=live)
    elif command == "VP1":
        _read_short(fields, report, frame)
    elif command.startswith("V"):
        _read_report(command, fields, report, frame, live=live)
    else:
        report.kind, facts["kind"] = "other", "no_position"


def _read_report(
    command: str, fields: list[str], report: TrackerReport, frame: Frame, *, live: bool
) -> None:
    payload = frame.payload
    if command == "V4":  # what was answered stands before the report
        start = next((at for at, each in enumerate(fields[2:], 2) if each in ("A", "V", "B")), 0)
        report.kind = "answer" if start < 1 else "position"
        report.facts["answered"] = ",".join(fields[: max(start - 2, 1)])[:200]
        if start < 1:
            report.facts["kind"] = "no_position"
            return
        fields = fields[start - 1 :]
    if len(fields) < 9:
        raise FrameError("truncated", payload, f"{len(fields)} fields, at least 9")
    clock, valid, lat, ns, lon, ew, speed, course = fields[:8]
    tail = fields[8:]
    if len(tail) > 1 and len(tail[0]) < 6 and _CLOCK.fullmatch(tail[1]):
        tail = tail[1:]  # a battery figure before the date
    status = next((each for each in tail[1:] if _STATUS.fullmatch(each)), None)
    if status is not None:
        read_status(int(status, 16), report)
    date = tail[0]
    if not _is_place(lat) and not _is_place(lon):
        report.fix = False
        silent = not report.distress and not date.strip("0") and not clock.strip("0")
        if valid != "A" and silent:
            report.kind = "empty"
            _lay_to_the_link(report)
            return
    else:
        with tolerated(report):
            if valid not in ("A", "V", "B", "") and not valid.isdigit():
                raise FrameError("bad_status", payload, f"neither A nor V: {valid[:20]!r}")
        report.fix = valid == "A" or valid.isdigit()
        report.lat, report.lon = (
            _coordinate(lat, ns, "NS", report, payload),
            _coordinate(lon, ew, "EW", report, payload),
        )
    with tolerated(report):
        knots = number(speed, "speed", payload)
        report.speed_mps = None if knots is None else knots * KNOT
        report.course_deg = number(course, "course", payload)
    with tolerated(report):
        _read_time(date, clock, report, frame, live=live)


def _is_place(value: str) -> bool:
    return bool(value.strip("0. "))


def _coordinate(
    value: str, letter: str, letters: str, report: TrackerReport, payload: bytes
) -> float | None:
    try:
        if letter not in letters or not letter:
            raise FrameError("bad_hemisphere", payload, f"{letter[:20]!r} is not of {letters}")
        signed, packed = _SIGNED.fullmatch(value), _PACKED.fullmatch(value)
        if signed is not None:
            whole, point, rest = signed[2].partition(".")
            value = f"{signed[1]}{whole:0>2}{point}{rest}"
        elif packed is not None:
            value = f"{packed[1]}{packed[2]}.{packed[3]}"
        return degrees(value, letter, payload)
    except FrameError as fault:
        if not report.distress:
            raise
        report.flags.add(fault.reason)
        report.fix = False
        return None


def _read_time(date: str, clock: str, report: TrackerReport, frame: Frame, *, live: bool) -> None:
    if not _CLOCK.fullmatch(clock):
        if clock.strip():
            raise FrameError("bad_time", frame.payload, f"no such time of day: {clock[:20]!r}")
        return
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:])
    if hour > 23 or minute > 59 or second > 59:
        report.flags.add("bad_time")
        return
    if _CLOCK.fullmatch(date):
        day = moment(2000 + int(date[4:]), int(date[2:4]), int(date[:2]))
        if day is not None:
            report.time = day + timedelta(hours=hour, minutes=minute, seconds=second)
            return
        report.flags.add("bad_date")
    report.facts["time_of_day"] = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    if live:
        time_of_day = timedelta(hours=hour, minutes=minute, seconds=second)
        report.time = nearest_day(time_of_day, frame.heard_at)


def _read_cells(
    command: str, fields: list[str], report: TrackerReport, frame: Frame, *, live: bool
) -> None:
    """Read a message that has a date and a status behind figures of its own, and no place."""
    facts = report.facts
    report.kind, report.status, facts["kind"] = "status", command, "no_position"
    at = next((at for at in range(len(fields) - 1, 0, -1) if _STATUS.fullmatch(fields[at])), 0)
    if at < 2:
        raise FrameError("truncated", frame.payload, f"{command} without a status")
    read_status(int(fields[at], 16), report)
    if command == "LINK" and at >= 7:
        for name, value in (("signal", fields[1]), ("satellites", fields[2])):
            if value.isdigit() and len(value) < 4:
                facts[name] = int(value)
        _battery(fields[3], report)
    else:
        facts["cells"] = ",".join(fields[1 : at - 1])[:400]
    with tolerated(report):
        _read_time(fields[at - 1], fields[0], report, frame, live=live)


def _read_short(fields: list[str], report: TrackerReport, frame: Frame) -> None:
    """Read a report with a date and no time of day, or cells."""
    if fields[:1] == ["V"]:
        report.fix, report.facts["kind"] = False, "no_position"
        report.facts["cells"] = ",".join(fields[1:])[:400]
        return
    if len(fields) < 8 or fields[0] not in ("A", "B"):
        raise FrameError("truncated", frame.payload, "no short report")
    valid, lat, ns, lon, ew, speed, course, date = fields[:8]
    report.fix = valid == "A"
    report.lat = _coordinate(lat, ns, "NS", report, frame.payload)
    report.lon = _coordinate(lon, ew, "EW", report, frame.payload)
    knots = number(speed, "speed", frame.payload)
    report.speed_mps = None if knots is None else knots * KNOT
    report.course_deg = number(course, "course", frame.payload)
    report.facts["date"] = date[:20]  # a day without a time is no moment


def _battery(value: str, report: TrackerReport) -> None:
    if value.isdigit() and len(value) < 4 and int(value) <= 100:
        report.facts["battery_pct"] = int(value)


def _lay_to_the_link(report: TrackerReport) -> None:
    if report.device is not None:
        report.facts["sender"] = report.device
    report.device, report.facts["kind"] = None, "none"
