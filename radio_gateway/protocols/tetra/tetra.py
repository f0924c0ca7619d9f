"""TETRA: what a radio on its peripheral interface (PEI) hears as short data, and says itself.

    +CTSDSR: service, from, sort of from, to, sort of to, bits [, end-to-end encryption]
    0A112853…                         the bits, as hexadecimal digits
      service 9-11 short data types 1-3, 12 type 4 (texts, locations: LIP and sentences of NMEA
      0183), 13 status (16 bits)
    +CMGS: instance [, status [, message reference]]     4 sent, 5 failed
    OK, ERROR, +CME ERROR: n          how the radio took a command

The length is not to be trusted: Motorola sets say 84 and send 88 bits, Sepura sets send 21 digits.
Status 0 is an emergency by the standard; which others are is for the fleet to say. Its network may
have sent the same message twice: the content tells.

The set must be told to hand short data over (`AT+CTSP`). The first command is the greeting; each
next one follows when the set has answered the one before.

Source: ETSI EN 300 392-5 (PEI), 6.14.9 (+CTSP), 6.15.3 (+CMGS), 6.15.6 (+CTSDSR); EN 300 392-2,
14.8.34 (status); `tetra_sds`, `tetra_lip`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.formats.nmea.epoch import merge
from radio_gateway.formats.nmea.fields import SentencePart
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind
from radio_gateway.protocols.aprs.embedded_nmea import decode_part, sentence_part
from radio_gateway.protocols.tetra.lip import (
    REASON_EMERGENCY,
    REASON_MEANINGS,
    REASONS,
    Facts,
    LocationReport,
    TruncatedPdu,
    read_location,
)
from radio_gateway.protocols.tetra.pei import HEADER, PeiFramer
from radio_gateway.protocols.tetra.sds import LIP, encode_text, read_short_data

FRAMING = PeiFramer
ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "poll", "text"})
MAX_BITS = 2047  # of short data type 4
STATUS_EMERGENCY = 0
SET_UP = (
    b"AT+CTSP=1,3,10\r\n",  # locations to us
    b"AT+CTSP=1,3,3\r\n",  # and those in sentences
    b"AT+CTSP=1,3,131\r\n",
    b"AT+CTSP=1,2,20\r\n",  # statuses
    b"AT+CTSP=1,3,130\r\n",  # texts
    b"AT+CTSP=1,3,137\r\n",  # immediate texts
    b"AT+CTSDS=12,0\r\n",  # what AT+CMGS sends is short data of type 4
)
TEXT_WINDOW_S = 30.0  # a text with the same reference within it is the same text

_HEADER = re.compile(
    r"\+CTSDSR:\s*(?P<service>\d{1,3})\s*,(?P<source>[^,]*),(?P<sort>[^,]*),(?P<to>[^,]*),"
    r"[^,]*,\s*(?P<bits>\d{1,5})\s*(?:,[^,\s]*)?"
)
_ADDRESS = re.compile(r"[0-9]{1,24}")
_DIGITS = re.compile(r"[0-9A-Fa-f]+")
_CMGS = re.compile(r"\+CMGS:\s*(\d+)(?:\s*,\s*(\d*))?(?:\s*,\s*(\d+))?")
_RESULTS = frozenset({"CONNECT", "RING", "NO CARRIER", "NO DIALTONE", "BUSY", "NO ANSWER"})
_ANSWER = "cmgs"
_SENT_FAILED = 5
# Immediate location report request (01 0001), request (0), short report (11), to whom it
# concerns (0000): 13 bits after the protocol identifier. ETSI TS 100 392-18-1, 6.2.16.
_LOCATION_REQUEST = (f"{LIP:02X}" + "4580", 8 + 13)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a line of a PEI."""
    payload = frame.payload
    return HEADER in payload or payload[:2] in (b"+C", b"OK", b"AT") or payload == b"ERROR"


def greeting(settings: DecoderSettings) -> bytes:  # noqa: ARG001 - the same for all
    """Return the first command that makes the set hand short data over."""
    return SET_UP[0]


def decoder(settings: DecoderSettings) -> TetraDecoder:
    """Return a decoder for one connection."""
    return TetraDecoder(settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return `order` as a command to the set.

    A text asks the receiving radio for a report; an alert is a text that shows at once; a poll is
    a request for an immediate short location report.

    Raises:
        OrderError: `no_device`, `bad_device`, `no_text` or `too_long`.
    """
    if order.device is None:
        raise OrderError("no_device", "short data goes to a radio or a group, not to everyone")
    if not _ADDRESS.fullmatch(order.device):
        raise OrderError("bad_device", f"{order.device!r} is no ISSI")
    report = None
    if order.kind == "poll":
        digits, bits = _LOCATION_REQUEST
    else:
        if not order.text:
            raise OrderError("no_text", "there is nothing to say")
        data = encode_text(
            order.text, msg_ref=number & 0xFF, immediate=order.kind in ("alert", "distress")
        )
        digits, bits = data.hex().upper(), len(data) * 8
        report = f"sds-{number & 0xFF}"
        if bits > MAX_BITS:
            raise OrderError("too_long", f"{bits} bits, at most {MAX_BITS} go in one message")
    command = f"AT+CMGS={order.device},{bits}\r\n{digits}\x1a"
    return EncodedOrder(data=command.encode(), answer=_ANSWER, report=report)


class TetraDecoder(SessionDecoder):
    """Decodes what one set says; keeps which commands it is still to be given."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings
        self._set_up = list(SET_UP[1:]) if settings.live else []
        self._in_set_up = settings.live  # the greeting is not answered yet

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Returns:
            What it says; nothing for results that are of no concern (calls, registration).

        Raises:
            FrameError: `control_byte`, `bad_header`, `no_source`, `no_data`, `bad_hex`,
                `short_pdu`, `bad_field`, `unknown_service`, `no_header`, `unknown_result`,
                `lat_range`, `lon_range`, `null_island`, or what is wrong with a sentence.
        """
        try:
            text = frame.payload.decode("ascii")
        except UnicodeDecodeError as fault:
            detail = f"byte {fault.start} is not ASCII"
            raise FrameError("control_byte", frame.payload, detail) from None
        if HEADER.decode() in text:
            return [self._short_data(text, frame)]
        if text in ("OK", "ERROR") or text.startswith(("+CMGS:", "+CME ERROR", "+CMS ERROR")):
            return self._answer(text, frame)
        if text[:1] == "+" or text[:2].upper() == "AT" or text in _RESULTS:
            return []  # calls, registration, echoes, what other commands were answered
        if _DIGITS.fullmatch(text):
            raise FrameError("no_header", frame.payload, "digits without a +CTSDSR before them")
        raise FrameError("unknown_result", frame.payload, "no result that a PEI gives")

    def _answer(self, text: str, frame: Frame) -> list[Transmission]:
        if self._in_set_up and text[:5] != "+CMGS":
            if text == "OK" or "ERROR" in text:
                self._in_set_up = bool(self._set_up)
                if self._set_up:
                    self._answers.append(self._set_up.pop(0))
            return []
        refused = "ERROR" in text
        facts: Facts = {}
        if text != "OK":
            facts["answers"] = _ANSWER
            facts["result"] = text[:80]
        match = _CMGS.match(text)
        if match is not None:
            refused = match[2] == str(_SENT_FAILED)
            if match[3]:
                facts["msg_ref"] = int(match[3]) & 0xFF
        return [
            Transmission(
                protocol="tetra",
                kind="answer",
                heard_at=frame.heard_at,
                status="refused" if refused else "acknowledged",
                facts=facts,
                raw=frame.payload,
                resent=frame.resent,
            )
        ]

    def _short_data(self, text: str, frame: Frame) -> Transmission:
        payload = frame.payload
        before, _, _ = text.partition(HEADER.decode())
        match = _HEADER.match(text, len(before))
        if match is None:
            raise FrameError("bad_header", payload, "not the fields of +CTSDSR")
        source, to = match["source"].strip(' "'), match["to"].strip(' "')
        if not _ADDRESS.fullmatch(source):
            raise FrameError("no_source", payload, f"{source[:40]!r} is no radio's number")
        digits = text[match.end() :].strip()
        if not digits:
            raise FrameError("no_data", payload, "no digits follow")
        if not _DIGITS.fullmatch(digits):
            raise FrameError("bad_hex", payload, "what follows is no row of hexadecimal digits")
        message = _Message(frame, source, to, digits, int(match["bits"]), self._settings)
        if before.strip():
            message.flags.append("glued_unsolicited")
        service = int(match["service"])
        if service == 13:
            return message.status()
        if service == 12:
            return message.type_4()
        if service in (9, 10, 11):
            message.facts |= {"sds_type": service - 8, "data": digits[:32].upper()}
            return message.transmission("other")
        raise FrameError("unknown_service", payload, f"service {service}")


class _Message:
    """One short data message and what its header says."""

    def __init__(
        self,
        frame: Frame,
        source: str,
        to: str,
        digits: str,
        bits: int,
        settings: DecoderSettings,
    ) -> None:
        self.frame, self.source, self.digits, self.bits = frame, source, digits, bits
        self.settings = settings
        self.flags: list[str] = []
        self.facts: Facts = {"to": to} if _ADDRESS.fullmatch(to) else {}
        self.key = f"{to}|{digits.upper()}"
        self.window_s = 3.0

    def status(self) -> Transmission:
        """Return a pre-coded status."""
        if len(self.digits) < 4:
            raise self.error("short_pdu", "a status has 16 bits")
        code = int(self.digits[:4], 16)
        calls = code == STATUS_EMERGENCY or str(code) in self.settings.distress_statuses
        self.facts |= {"kind": "status", "status": code}
        return self.transmission(
            "distress" if calls else "status", status=str(code), distress=calls
        )

    def type_4(self) -> Transmission:
        """Return a text, a location or whatever else its protocol identifier says."""
        digits = self.digits
        if len(digits) < 2:
            raise self.error("short_pdu", "no protocol identifier")
        if int(digits[:2], 16) == LIP:
            return self._location()
        if self.bits - len(digits) * 4 > 7:
            raise self.error("short_pdu", f"{self.bits} bits were announced")
        try:
            short_data = read_short_data(bytes.fromhex(digits + "0" * (len(digits) % 2)))
        except ValueError as fault:
            reason = "short_pdu" if "cut short" in str(fault) else "bad_field"
            raise self.error(reason, str(fault)) from None
        self.flags += short_data.flags
        if short_data.kind == "other":
            self.facts["pid"] = short_data.pid
        if short_data.msg_ref is not None:
            self.facts["msg_ref"] = short_data.msg_ref
            self.window_s = TEXT_WINDOW_S
        self.facts |= short_data.facts
        if short_data.sentences:
            return self._sentences(short_data.sentences)
        return self.transmission(short_data.kind, text=short_data.text, status=short_data.status)

    def _sentences(self, sentences: list[bytes]) -> Transmission:
        """Return where sentences of NMEA 0183 say that the radio is."""
        whole: SentencePart | None = None
        checked = True
        for sentence in sentences:
            found = sentence_part(sentence, self.frame.payload)
            if found is None:
                continue
            part, part_checked = found
            checked &= part_checked
            if whole is None:
                whole = part
            else:
                merge(whole, part)
        if not checked and self.settings.checksum_required:
            raise self.error("no_checksum", "a sentence without its checksum")
        self.facts["kind"] = "nmea"
        if whole is None:
            return self.transmission("other")
        fields = decode_part(whole, self.frame.heard_at, checked=checked, live=self.settings.live)
        self.flags += fields.flags
        self.facts |= fields.facts
        if fields.device_time is not None:
            self.window_s = TEXT_WINDOW_S
        return self.transmission(
            "position", position=fields.position, fix=fields.fix, device_time=fields.device_time
        )

    def _location(self) -> Transmission:
        try:
            report = read_location(self.digits[2:])
        except TruncatedPdu as fault:
            raise self.error("short_pdu", str(fault)) from None
        except ValueError as fault:
            raise self.error("bad_field", str(fault)) from None
        if isinstance(report, str):
            self.facts |= {"kind": "lip", "message": report}
            return self.transmission("other")
        self.facts["pdu"] = "long" if report.long else "short"
        self.facts |= report.facts
        self.flags += report.flags
        distress = report.reason == REASON_EMERGENCY
        if report.reason is not None:
            self.facts["reason"] = REASONS.get(report.reason, report.reason)
            if report.reason in REASON_MEANINGS:
                self.facts["reason_meaning"] = REASON_MEANINGS[report.reason]
        if report.elapsed is not None:
            self.facts["time_elapsed_code"] = report.elapsed
        device_time = self._time(report)
        position = self._place(report, keep=distress)
        fix: bool | None = None
        if position is None:
            fix = False
            if "null_island" not in self.flags:
                self.flags.append("no_fix")
        elif report.elapsed == 2:
            fix = False
            self.flags.append("stale_position")
        elif report.elapsed != 3:
            fix = True
        if device_time is not None:
            self.window_s = TEXT_WINDOW_S
        kind: Kind = "distress" if distress and position is None else "position"
        return self.transmission(
            kind, position=position, fix=fix, device_time=device_time, distress=distress
        )

    def _place(self, report: LocationReport, *, keep: bool) -> Position | None:
        """Return where the radio is; a call for help counts even when it says no real place."""
        lon, lat = report.lon, report.lat
        if lon is None or lat is None:
            return None
        try:
            check_place(lon=lon, lat=lat, payload=self.frame.payload)
        except FrameError as fault:
            if not keep:
                raise
            self.flags.append(fault.reason)
            return None
        return Position(
            lon=lon,
            lat=lat,
            altitude_m=report.altitude_m,
            accuracy_m=report.accuracy_m,
            speed_mps=report.speed_mps,
            course_deg=report.course_deg,
        )

    def _time(self, report: LocationReport) -> datetime | None:
        """Return the time of a long report, which names day and time but no month."""
        if report.day is None or report.time_of_day_s is None:
            return None
        seconds = report.time_of_day_s
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        self.facts |= {"day_of_month": report.day, "time_of_day": clock}
        time = None
        if self.settings.live:
            time = _nearest_month(report.day, seconds, self.frame.heard_at)
        if time is None:
            self.flags.append("partial_fields")
            return None
        time, doubt = corrected(time, self.frame.heard_at, live=True)
        if doubt is not None:
            self.flags.append(doubt)
        return time

    def error(self, reason: str, detail: str) -> FrameError:
        """Return the error for this frame."""
        return FrameError(reason, self.frame.payload, detail)

    def transmission(
        self,
        kind: Kind,
        *,
        position: Position | None = None,
        fix: bool | None = None,
        device_time: datetime | None = None,
        text: str | None = None,
        status: str | None = None,
        distress: bool = False,
    ) -> Transmission:
        """Return the transmission for this message."""
        frame = self.frame
        return Transmission(
            protocol="tetra",
            kind=kind,
            heard_at=frame.heard_at,
            device=self.source,
            position=position,
            fix=fix,
            device_time=device_time,
            distress=distress,
            text=text,
            status=status,
            flags=tuple(sorted(self.flags)),
            facts=self.facts,
            raw=frame.payload,
            duplicate_key=self.key,
            duplicate_window_s=self.window_s,
            resent=frame.resent,
        )


def _nearest_month(day: int, seconds: int, heard_at: datetime) -> datetime | None:
    """Return the moment with this day of the month and time that is nearest to `heard_at`."""
    near: list[datetime] = []
    for months in (-1, 0, 1):
        year, month = divmod(heard_at.year * 12 + heard_at.month - 1 + months, 12)
        if day <= monthrange(year, month + 1)[1]:
            midnight = datetime(year, month + 1, day, tzinfo=UTC)
            near.append(midnight + timedelta(seconds=seconds))
    return min(near, key=lambda time: abs(time - heard_at), default=None)
