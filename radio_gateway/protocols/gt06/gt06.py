"""GT06 (Concox and its many copies): a tracker's binary frames over TCP.

    78 78 <length 1> <type> <content> <serial 2> <CRC 2> 0D 0A     or
    79 79 <length 2> <type> <content> <serial 2> <CRC 2> 0D 0A

    length counts from the type to the CRC; the CRC is CRC-16/X25 from the length to the serial.
    01  log-in: IMEI, 8 bytes BCD; model 2; zone 2 (hours and minutes as hhmm << 4, bit 3 west)
    12 22 10 11 … place: yymmddhhmmss 6, satellites 1 (low 4 bits), latitude 4 and longitude 4
        (degrees × 1,800,000), speed 1 (km/h), flags and course 2 (bit 12 fix, 11 west, 10 north,
        9-0 course); then cell (mcc 2, mnc 1, lac 2, id 3) and more
    16 26 27 A4 the same, the cell behind its length, then status: state 1 (bits 5-3: 4 is a call
        for help), battery 1, signal 1, alarm 1 (01 is a call for help), language 1
    70          modules, each with type 2 and length 2: 33 place (UNIX time 4, satellites 1,
        altitude 2, latitude and longitude, speed, flags and course), 34 event (1), 18 battery 2
    79 79 … 32 33   date 6, length of the place (0: none, 12), the place from its satellites on,
        cell, more cells and networks, each behind its length, state 1 (33: an alarm)
    13 23       heartbeat, the status alone; 19, A5: cell and status; 95: event
    15 21       the answer to a command: [length 1] flag 4 [encoding 1] text
    80          command from the server: length 1, flag 4, text

Only the log-in names the tracker: reports before it have no device and the flag `no_login`. The
log-in says nothing more: it is told on its own only if nothing follows it at once. Log-ins,
heartbeats, reports and alarms are answered with an empty frame of their type and serial; the
tracker forgets what is answered.

TCP has checks of its own, so a wrong CRC there is a tracker that counts it wrong and no damage: its
reports are taken and flagged `bad_crc`, those of clones that send neither serial nor CRC
`no_checksum`, and two of these are never taken for the same. Where the link is a serial line, or
the channel requires checksums, such frames are refused, except for calls for help: these are told,
and their place is not believed (`damaged`).

Source: what Traccar's published test inputs for `gt06` show; "GT06 GPS tracker communication
protocol" 1.8.1 for log-in, status, alarm, answers and commands (`WHERE#` asks for a position).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import KMH, TrackerReport, moment
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind
from radio_gateway.protocols.gt06.frame import Gt06Frame, Gt06Framer, make_frame, read_frame
from radio_gateway.protocols.gt06.report import read_report

FRAMING = Gt06Framer
LOGIN_WAITS = timedelta(seconds=0.5)

ORDERS: frozenset[OrderKind] = frozenset({"poll", "text"})

_LOGIN, _TIME_REQUEST, _COMMAND = 0x01, 0x8A, 0x80
_MODULES = 0x70
_LONG_ANSWERED = frozenset((0x32, 0x33, _MODULES))
_COMMAND_ANSWERS = frozenset((0x15, 0x21, 0x80, 0x81, 0x82))
_WHERE = re.compile(
    r"Lat:([NS])(\d{1,2}\.\d+),\s*Lon:([EW])(\d{1,3}\.\d+),\s*Course:(\d+(?:\.\d+)?),"
    r"\s*Speed:(\d+(?:\.\d+)?),\s*DateTime:(\d{4})-(\d\d)-(\d\d) +(\d\d):(\d\d):(\d\d)",
    re.ASCII,
)
_WORDS = re.compile(r"[A-Za-z][\x20-\x7e]{1,98}#")


def speaks(frame: Frame) -> bool:
    """Return whether this starts like a frame of such a tracker."""
    return frame.payload[:2] in (b"xx", b"yy")


def decoder(settings: DecoderSettings) -> Gt06Decoder:
    """Return a decoder for one connection."""
    return Gt06Decoder(settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return an order as a command frame; its answer is the tracker's own text.

    A poll is `WHERE#`. A text must be a command of the tracker, ending with `#` (`STATUS#`): it
    has no display for words.

    Raises:
        OrderError: If it names no tracker or is no command.
    """
    if order.device is None:
        raise OrderError("no_device", "a GT06 tracker is asked by its IMEI")
    words = "WHERE#" if order.kind == "poll" else order.text
    if order.kind not in ORDERS or not _WORDS.fullmatch(words):
        raise OrderError("not_a_command", "a GT06 tracker takes commands such as STATUS# only")
    flag = (number & 0xFFFF_FFFF).to_bytes(4, "big")
    content = bytes([4 + len(words)]) + flag + words.encode("ascii")
    data = make_frame(_COMMAND, content, number & 0xFFFF)
    return EncodedOrder(data=data, answer=str(number & 0xFFFF_FFFF), answer_within_s=60.0)


class Gt06Decoder(SessionDecoder):
    """Decodes the frames of one connection; keeps who logged in on it."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings
        self._device: str | None = None
        self._zone = timedelta()
        self._login: Transmission | None = None

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one frame.

        Raises:
            FrameError: `bad_start`, `bad_length`, `bad_crc`, `truncated`, `bad_imei`, `lat_range`,
                `lon_range` or `null_island`.
        """
        payload = frame.payload
        inside = read_frame(payload)
        if inside.type == _LOGIN:
            before = [] if self._login is None else [self._login]
            self._log_in(inside, frame)
            self._answer(inside, b"")
            return before
        transmissions = self._read(inside, frame)
        self._login = None
        if inside.type == _TIME_REQUEST:
            now = frame.heard_at
            self._answer(
                inside,
                bytes((now.year - 2000, now.month, now.day, now.hour, now.minute, now.second)),
            )
        elif inside.extended:
            if inside.type in _LONG_ANSWERED:
                self._answer(inside, b"", extended=inside.type != _MODULES)
        elif inside.type not in _COMMAND_ANSWERS:
            self._answer(inside, b"")
        return transmissions

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Return a log-in that nothing followed."""
        login = self._login
        if login is None or (now is not None and now - login.heard_at < LOGIN_WAITS):
            return []
        self._login = None
        return [login]

    def waiting(self) -> bool:
        """Return whether a log-in waits for what follows it."""
        return self._login is not None

    def _answer(self, inside: Gt06Frame, content: bytes, *, extended: bool = False) -> None:
        if inside.serial is not None:
            answer = make_frame(inside.type, content, inside.serial, extended=extended)
            self._answers.append(answer)

    def _log_in(self, inside: Gt06Frame, frame: Frame) -> None:
        digits = inside.content[:8].hex()
        report = TrackerReport(kind="status", status="login", facts={"kind": "none"})
        self._check_crc(inside, report, frame.payload)
        if len(digits) < 16 or not digits.isdecimal():
            raise FrameError("bad_imei", frame.payload, "no IMEI of 15 digits in BCD")
        self._device = digits[1:]
        self._zone = timedelta()
        if len(inside.content) >= 12:
            bits = int.from_bytes(inside.content[10:12], "big")
            hours, minutes = divmod(bits >> 4, 100)
            if hours <= 14 and minutes < 60:
                self._zone = timedelta(hours=hours, minutes=minutes) * (-1 if bits & 8 else 1)
        self._login = self._transmission(report, frame)

    def _read(self, inside: Gt06Frame, frame: Frame) -> list[Transmission]:
        if inside.type in (0x15, 0x21):
            return self._read_answer(inside, frame)
        report = read_report(inside, frame.payload, zone=self._zone)
        if report is None and inside.fault:
            raise FrameError("bad_crc", frame.payload, inside.fault)
        if report is None:
            facts: dict[str, str | int | float | bool] = {"kind": "none", "type": inside.type}
            report = TrackerReport(kind="other", facts=facts)
        self._check_crc(inside, report, frame.payload)
        return [self._transmission(report, frame)]

    def _check_crc(self, inside: Gt06Frame, report: TrackerReport, payload: bytes) -> None:
        """Flag a report whose frame has no right CRC, or refuse it where one is needed."""
        if inside.serial is not None and not inside.fault:
            return
        report.flags.add("bad_crc" if inside.fault else "no_checksum")
        if self._settings.checksum_required or self._settings.damageable:
            if not report.distress:
                raise FrameError("bad_crc", payload, inside.fault or "it carries none")
            report.flags.add("damaged")

    def _read_answer(self, inside: Gt06Frame, frame: Frame) -> list[Transmission]:
        content = inside.content
        if inside.type == 0x15:
            flag, words = content[1:5], content[5 : 1 + content[0]] if content else b""
            text = words.decode("ascii", "replace")
        else:
            flag = content[:4]
            wide = content[4:5] != b"\x01"
            text = content[5:].decode("utf-16-be" if wide else "ascii", "replace")
        if len(flag) < 4:
            raise FrameError("truncated", frame.payload, "an answer without the command's flag")
        report = TrackerReport(
            kind="answer", status="acknowledged", text=text.strip("\0 ")[:2000] or None
        )
        report.facts |= {"answers": str(int.from_bytes(flag, "big")), "kind": "no_position"}
        self._check_crc(inside, report, frame.payload)
        transmissions = [self._transmission(report, frame)]
        where = _WHERE.search(text)
        if where is not None:
            ns, lat, ew, lon = where.groups()[:4]
            place = TrackerReport(
                fix=True,
                lat=float(lat) * (-1 if ns == "S" else 1),
                lon=float(lon) * (-1 if ew == "W" else 1),
                course_deg=float(where[5]),
                speed_mps=float(where[6]) * KMH,
            )
            place.time = moment(*(int(each) for each in where.groups()[6:]))
            self._check_crc(inside, place, frame.payload)
            transmissions.append(self._transmission(place, frame))
        return transmissions

    def _transmission(self, report: TrackerReport, frame: Frame) -> Transmission:
        report.device = self._device or report.device
        if report.device is None:
            report.flags.add("no_login")
        return report.transmission("gt06", frame, live=self._settings.live)
