"""TK103 and its relatives: a tracker's text in round brackets over TCP or UDP.

    (<id><command><data>)            glued: id of 12 characters (11 and 15 digits occur)
    (<id>,<command>,<data>)          with commas: id of up to 15 digits

    BP00  log-in: <IMEI>HSO          answered (<id>AP01HSO)
    BP05  log-in with a report: <IMEI> before the date; answered (<id>AP05)
    BR00  a report; BP04 the answer to AP00; BO01 an alarm: one digit before the date, 2 is a
          call for help; BQ81 ,ALARM,<code>,<value>, before the date
    ZC11 DW31 DW51 … alarms of the form with commas; ZC25, DW3E, DW5E are calls for help
    ZC20  ddmmyy,hhmmss,<battery 1-6>,<1/100 V>,<1/100 V outside>,…   ZC03  ddmmyy,hhmmss,$words$
    BZ00, {…}, DW5x  cells only, DW5x with ddmmyy,hhmmss at its end    BV00  vehicle number

    report, glued:   yymmdd A|V ddmm.mmmm N|S dddmm.mmmm E|W <km/h, 5> hhmmss <course, 6>
                     <charge><ignition><inputs, 3 hex><fuel, 3 hex> L <metres, hex>
    with commas:     ddmmyy,A|V,ddmm.mmmmN,dddmm.mmmmE,<km/h>,hhmmss,<course>,…

A glued id of 15 digits comes with both orders of the date: where both readings are dates in the
past the time is not given but flagged `ambiguous_date_order`. A log-in says nothing of its own:
it is laid to the link.

Source: what Traccar's published test inputs for `tk103` show; TK103 GPRS protocol for the answers
and for `(<id>AP00)`, which asks for one position.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.junk_bytes import MarkedFramer
from radio_gateway.formats.tracker_report import (
    KMH,
    TrackerReport,
    degrees,
    moment,
    number,
    tolerated,
)
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

MAX_BYTES = 2048  # free text and battery cells are the longest

ORDERS: frozenset[OrderKind] = frozenset({"poll"})

_BO01 = {
    "1": "accident",
    "2": "sos",
    "3": "vibration",
    "4": "lowspeed",
    "5": "overspeed",
    "6": "geofenceExit",
}
_BQ81 = {
    "0": "lowBattery",
    "1": "overspeed",
    "2": "idle",
    "3": "hardAcceleration",
    "4": "hardBraking",
    "5": "temperature",
}
_ALARMS = {
    **dict.fromkeys(("ZC11", "DW31", "DW51"), "movement"),
    **dict.fromkeys(("ZC12", "DW32", "DW52"), "lowBattery"),
    **dict.fromkeys(("ZC13", "DW33", "DW53"), "powerCut"),
    **dict.fromkeys(("ZC17", "DW37", "DW57"), "removing"),
    **dict.fromkeys(("ZC25", "DW3E", "DW5E"), "sos"),
    **dict.fromkeys(("ZC26", "DW3F", "DW5F"), "tampering"),
    **dict.fromkeys(("ZC27", "DW40", "DW60"), "lowPower"),
}
_IGNITION = {
    **dict.fromkeys(("ZC15", "DW35", "DW55", "ZC29", "DW42", "DW62"), True),
    **dict.fromkeys(("ZC16", "DW36", "DW56"), False),
}
_BATTERY_PCT = {"2": 10, "3": 20, "4": 50, "5": 80, "6": 100}
_REPORTS = re.compile(r"BR0\d|BP0[245]|BO0\d|BQ81|ZC(?:0[57]|[12]\d)|DW[34][0-9A-F]")
_NO_REPORTS = frozenset({"ZC20"})

_COMMA = re.compile(r"([0-9A-Za-z]{4,20}),([A-Z]{2}[0-9A-F]{2}),?(.*)", re.ASCII | re.DOTALL)
_GLUED = re.compile(r"(.{12}|\d{8,11}|\d{13,20})([A-Z]{2}[0-9A-F]{2})(.*)", re.ASCII | re.DOTALL)
_SENDER = re.compile(r"[0-9A-Za-z]{4,20}", re.ASCII)
_PLACE = re.compile(
    r"(.*?)(\d{6}),?([AV]),?( *\d*\.\d+)([NS]),?( *\d*\.\d+)([EW]),?(.*)", re.ASCII | re.DOTALL
)
_STATE = re.compile(r"([01])([01])([0-9A-Fa-f]{3})([0-9A-Fa-f]{3})L([0-9A-Fa-f]{1,8})")
# what has no place says when at its start, or at its end
_STAMP = re.compile(r"(\d{6}),(\d{6}),.*|.*,(\d{6}),(\d{6})", re.ASCII | re.DOTALL)
_MARK = re.compile(rb"[()$]")


class Tk103Framer(MarkedFramer):
    """Cuts messages in round brackets out of a byte stream; the brackets stay.

    A bracket within `$…$`, free text, is none. A message cut short by the start of another one is
    a payload too, without its closing bracket.
    """

    def __init__(self) -> None:
        super().__init__(b"(", MAX_BYTES, _end)


def _end(data: bytes, start: int) -> int | None:
    """Return where the message that starts there ends; None when that is not known yet."""
    text = False
    for mark in _MARK.finditer(data, start + 1, start + MAX_BYTES):
        if mark[0] == b"$":
            text = not text
        elif not text:
            return mark.end() if mark[0] == b")" else mark.start()
    return None


FRAMING = Tk103Framer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message of such a tracker."""
    return frame.payload[:1] == b"(" and frame.payload[1:5].isalnum()


def decoder(settings: DecoderSettings) -> Tk103Decoder:
    """Return a decoder for one connection."""
    return Tk103Decoder(settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return the request for one position; its answer is an ordinary report (BP04).

    Raises:
        OrderError: If the order is no poll of one tracker with an id of 12 characters.
    """
    if order.kind != "poll":
        raise OrderError("not_possible", "TK103 has words for a position request only")
    device = order.device or ""
    if len(device) != 12 or not _SENDER.fullmatch(device):
        raise OrderError("no_device", "a TK103 tracker is asked by its id of 12 characters")
    return EncodedOrder(data=f"({device}AP00)".encode(), answer=None)


class Tk103Decoder(SessionDecoder):
    """Decodes the messages of one connection; keeps only the answers it owes."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `control_byte`, `no_start`, `truncated`, `no_command`, `bad_fields`,
                `bad_time`, `bad_number`, `minutes_range`, `lat_range`, `lon_range` or
                `null_island`.
        """
        payload = frame.payload
        try:
            text = payload.decode("ascii")
        except UnicodeDecodeError as fault:
            raise FrameError("control_byte", payload, f"byte {fault.start}") from None
        if not text.startswith("("):
            raise FrameError("no_start", payload, "no bracket at its start")
        if not text.endswith(")"):
            raise FrameError("truncated", payload, "no bracket at its end")
        body = text[1:-1]
        match = _COMMA.fullmatch(body) or _GLUED.fullmatch(body)
        if match is None or not _SENDER.fullmatch(match[1]):
            raise FrameError("no_command", payload, "no id and command at its start")
        sender, command, data = match.groups()
        if command == "BP00":
            report = TrackerReport(kind="status", status="login")
            report.facts |= {"kind": "none", "sender": sender}
            result = report.transmission("tk103", frame, live=self._live)
            self._answers.append(f"({sender}AP01HSO)".encode())
            return [result]
        report = TrackerReport(device=sender, facts={"command": command})
        with_commas = body[len(sender)] == ","
        _read(command, data, report, frame, with_commas=with_commas, live=self._live)
        result = report.transmission("tk103", frame, live=self._live)
        if command == "BP05":
            self._answers.append(f"({sender}AP05)".encode())
        return [result]


def _read(
    command: str, data: str, report: TrackerReport, frame: Frame, *, with_commas: bool, live: bool
) -> None:
    match = None if command in _NO_REPORTS else _PLACE.fullmatch(data)
    _read_command(command, data, report)
    if match is None:
        if _REPORTS.fullmatch(command) and command not in _NO_REPORTS and "{" not in data:
            if not report.distress:
                raise FrameError("bad_fields", frame.payload, f"{command} without a place")
            report.flags.add("bad_fields")
            return
        _read_other(command, data, report)
        stamp = _STAMP.fullmatch(data) if with_commas else None
        if stamp is not None:
            date, clock = stamp[1] or stamp[3], stamp[2] or stamp[4]
            try:
                _read_time(date, clock, "ddmmyy", report, frame, live=live)
            except FrameError as fault:  # what it says counts without its time
                report.flags.add(fault.reason)
        return
    date, status, lat, ns, lon, ew, tail = match.groups()[1:]
    report.fix = status == "A"
    try:
        report.lat = degrees(lat, ns, frame.payload)
        report.lon = degrees(lon, ew, frame.payload)
    except FrameError as fault:
        if not report.distress:
            raise
        report.lat = report.lon = None
        report.flags.add(fault.reason)
    speed = clock = course = state = ""
    with tolerated(report):
        if with_commas:
            speed, clock, course, state = (*tail.split(",", 3), "", "", "", "")[:4]
        else:
            speed, clock, course, state = _glued_motion(tail, frame)
    with tolerated(report):
        kmh = number(speed, "speed", frame.payload)
        report.speed_mps = None if kmh is None else kmh * KMH
        report.course_deg = number(course, "course", frame.payload)
    found = _STATE.search(state)
    if found is not None:
        report.facts |= {
            "charging": found[1] == "0",
            "ignition": found[2] == "1",
            "inputs": found[3],
            "odometer_m": int(found[5], 16),
        }
    order = "ddmmyy" if with_commas else "yymmdd"
    if not with_commas and len(report.device or "") == 15:
        order = "either"
    with tolerated(report):
        _read_time(date, clock, order, report, frame, live=live)


def _glued_motion(tail: str, frame: Frame) -> tuple[str, str, str, str]:
    """Return speed, time, course and state; the time ends where what follows has a known width."""
    for width in (5, 4, 3, 2, 1):
        match = _GLUED_TAIL[width].fullmatch(tail)
        if match is not None:
            return match["speed"], match["clock"], (match["course"] or ""), (match["state"] or "")
    raise FrameError("truncated", frame.payload, "it ends before the time")


_GLUED_TAIL = {
    width: re.compile(
        rf"(?P<speed>[ \d.]{{{width}}})(?:\d*,)?(?P<clock>\d{{6}}),?"
        r"(?P<course>[ \d.]{6}|\d\d|\d+\.\d+)?,?"
        r"(?P<state>[01]{2}[0-9A-Fa-f]{6}L.*|[^0-9. ].*|)",
        re.ASCII | re.DOTALL,
    )
    for width in (1, 2, 3, 4, 5)
}


def _read_command(command: str, data: str, report: TrackerReport) -> None:
    alarm = _ALARMS.get(command)
    if command == "BO01":
        alarm = _BO01.get(data[:1])
    elif command == "BQ81":
        alarm = _BQ81.get(data.removeprefix(",ALARM,").partition(",")[0])
    if alarm is not None:
        report.facts["alarm"] = alarm
    report.distress = alarm == "sos"
    if command in _IGNITION:
        report.facts["ignition"] = _IGNITION[command]


def _read_time(
    date: str, clock: str, order: str, report: TrackerReport, frame: Frame, *, live: bool
) -> None:
    if len(clock) < 6 or not clock[:6].isdigit():
        raise FrameError("bad_time", frame.payload, f"no such time of day: {clock[:20]!r}")
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:6])
    if hour > 23 or minute > 59 or second > 59:
        raise FrameError("bad_time", frame.payload, f"no such time of day: {clock[:6]}")
    time_of_day = timedelta(hours=hour, minutes=minute, seconds=second)
    one, two, three = int(date[:2]), int(date[2:4]), int(date[4:])
    year_first, day_first = moment(2000 + one, two, three), moment(2000 + three, two, one)
    day: datetime | None
    if order == "either":
        limit = frame.heard_at + timedelta(days=1)
        days = {each for each in (year_first, day_first) if each is not None and each < limit}
        day = days.pop() if len(days) == 1 else None
        if days:
            report.flags.add("ambiguous_date_order")
            report.facts["date_raw"] = date
    else:
        day = year_first if order == "yymmdd" else day_first
    if day is not None:
        report.time = day + time_of_day
        return
    report.facts["time_of_day"] = f"{clock[:2]}:{clock[2:4]}:{clock[4:6]}"
    if "ambiguous_date_order" not in report.flags:
        report.flags.add("bad_date")
        if live:
            report.time = nearest_day(time_of_day, frame.heard_at)


def _read_other(command: str, data: str, report: TrackerReport) -> None:
    """Read a message that has no place by its nature."""
    facts = report.facts
    facts["kind"] = "no_position"
    fields = data.split(",")
    if command == "ZC20" and len(fields) >= 5:
        report.kind, report.status = "status", "battery"
        if fields[2] in _BATTERY_PCT:
            facts["battery_pct"] = _BATTERY_PCT[fields[2]]
        for name, value, scale in (("battery_v", fields[3], 100), ("power_v", fields[4], 10)):
            if value.isdigit() and value != "65535" and len(value) < 6:
                facts[name] = int(value) / scale
    elif command == "ZC03":
        report.kind = "answer"
        report.text = data.partition("$")[2].removesuffix("$")[:2000] or None
    elif command == "BV00":
        report.kind, facts["vehicle_number"] = "static", data[:17]
    elif command == "BZ00" or "{" in data or command.startswith("DW5"):
        facts["cells"] = data[:400]
    else:
        report.kind = "other"
