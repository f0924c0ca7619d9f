"""SPOT (Globalstar): what SPOT messengers and traces send, as its server posts or lists it.

    <messageList><message> id, esn, esnName, messageType, messageDetail, timestamp (ISO),
        timeInGMTSecond (UNIX s), latitude, longitude, altitude (m), batteryState </message>…
    <response><feedMessageResponse><messages><message> id, messengerId, messengerName, unixTime,
        messageType, latitude, longitude, dateTime, messageContent, batteryState …

    messageType  TRACK, EXTREME-TRACK, UNLIMITED-TRACK, NEWMOVEMENT, STOP, OK, CUSTOM, STATUS,
                 POWER-OFF, HELP, HELP-CANCEL, SOS …

HELP and SOS are calls for help, HELP-CANCEL ends one (`distress_cancelled`). -99999 means no fix.
Each message stands alone. A document type, an entity, more than 16 levels or 1,000 messages are
refused; namespaces do not matter.

Source: SPOT XML feed description (findmespot.com); a message of Traccar's published test inputs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.parsers import expat

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import TrackerReport, number
from radio_gateway.messages.transmission import Transmission

FRAMING = MessageFramer
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_MESSAGES = 1000
MAX_TEXT = 2000

_DEVICE = re.compile(r"[!-~]{1,64}")
_NO_FIX = -99_999.0
_HELP = frozenset(("HELP", "SOS", "911", "EMERGENCY"))
_CANCEL = frozenset(("HELP-CANCEL", "SOS-CANCEL"))
_MAX_UNIX_S = 253_402_300_799
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a list of SPOT messages."""
    payload = frame.payload
    if payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        return False
    return b"<messageList" in payload or b"<feedMessageResponse" in payload


def decoder(settings: DecoderSettings) -> SpotDecoder:
    """Return a decoder."""
    return SpotDecoder(settings)


class SpotDecoder(SessionDecoder):
    """Decodes lists of messages; keeps nothing between them but the last one's bad messages."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one document.

        Raises:
            FrameError: `empty`, `too_long`, `xml`, `xml_dtd`, `too_deep`, `too_many`,
                `no_messages`, `no_device`, `bad_number`, `bad_time`, `missing_lat`,
                `missing_lon`, `lat_range`, `lon_range` or `null_island`, when nothing in it is
                good.
        """
        transmissions: list[Transmission] = []
        for fields, raw in _messages(frame.payload):
            part = msgspec.structs.replace(frame, payload=raw)
            try:
                message = _read(fields, raw).transmission("spot", part, live=self._live)
                if fields.get("id"):
                    key = f"id:{fields['id'][:100]}"
                    message = msgspec.structs.replace(message, duplicate_key=key)
                transmissions.append(message)
            except FrameError as error:
                self._rejected.append(error)
        return self._unless_all_bad(transmissions)


class _Reader:
    """Collects the fields of each `message` while a document is parsed."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.messages: list[tuple[dict[str, str], bytes]] = []
        self.is_list = False
        self.parser = expat.ParserCreate()
        self._message: dict[str, str] = {}
        self._started_at = 0
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _: object) -> None:
        """Enter an element."""
        name = name.rpartition(":")[2]
        self._path.append(name)
        self._text = []
        if len(self._path) > MAX_DEPTH:
            raise FrameError("too_deep", self.payload, f"more than {MAX_DEPTH} levels")
        self.is_list |= name in ("messageList", "messages", "feedMessageResponse")
        if name == "message":
            if len(self.messages) >= MAX_MESSAGES:
                raise FrameError("too_many", self.payload, f"more than {MAX_MESSAGES} messages")
            self._message, self._started_at = {}, self.parser.CurrentByteIndex

    def end(self, _: str) -> None:
        """Leave an element."""
        name = self._path.pop()
        if self._path[-1:] == ["message"]:
            self._message.setdefault(name, "".join(self._text).strip()[:MAX_TEXT])
        elif name == "message":
            end = self.payload.find(b">", self.parser.CurrentByteIndex) + 1
            self.messages.append((self._message, self.payload[self._started_at : end]))
        self._text = []

    def text(self, data: str) -> None:
        """Keep characters of the element that is open."""
        self._text.append(data)

    def refuse(self, *_: object) -> None:
        """Refuse a document type or entity."""
        raise FrameError("xml_dtd", self.payload, "a document type or entity")


def _messages(payload: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Return the fields of each message, and its own part of the document."""
    if not payload.strip():
        raise FrameError("empty", payload)
    if len(payload) > MAX_BYTES:
        raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
    reader = _Reader(payload)
    parser = reader.parser
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = None
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(payload, True)
    except (expat.ExpatError, LookupError, ValueError) as fault:
        raise FrameError("xml", payload, str(fault)) from None
    if not reader.is_list:
        raise FrameError("no_messages", payload, "no messageList")
    return reader.messages


def _read(fields: dict[str, str], payload: bytes) -> TrackerReport:
    device = fields.get("esn") or fields.get("messengerId") or ""
    if not _DEVICE.fullmatch(device):
        raise FrameError("no_device", payload, "a message without esn")
    type_ = fields.get("messageType", "").upper()[:40]
    report = TrackerReport(device=device, status=type_ or None, distress=type_ in _HELP)
    report.facts["message_type"] = type_
    if type_ in _CANCEL:
        report.facts["distress_cancelled"] = True
    report.text = fields.get("messageContent") or fields.get("messageDetail") or None
    for name, fact in (("esnName", "name"), ("messengerName", "name"), ("id", "message_id")):
        if fields.get(name):
            report.facts[fact] = fields[name][:100]
    if fields.get("batteryState"):
        report.facts["battery_state"] = fields["batteryState"][:20]
    report.time = _time(fields, report, payload)
    try:
        lat = number(fields.get("latitude", ""), "latitude", payload)
        lon = number(fields.get("longitude", ""), "longitude", payload)
        report.altitude_m = number(fields.get("altitude", ""), "altitude", payload)
        if lat == _NO_FIX or lon == _NO_FIX or (lat is None and lon is None):
            report.fix, report.facts["kind"] = False, "nofix"
            return report
        if lat is None or lon is None:
            raise FrameError("missing_lat" if lat is None else "missing_lon", payload)
        report.fix, report.lat, report.lon = True, lat, lon
    except FrameError as fault:
        if not report.distress:
            raise
        report.flags.add(fault.reason)
    return report


def _time(fields: dict[str, str], report: TrackerReport, payload: bytes) -> datetime | None:
    seconds = fields.get("timeInGMTSecond") or fields.get("unixTime") or ""
    known = seconds.isascii() and seconds.isdigit() and len(seconds) < 20
    if known and int(seconds) <= _MAX_UNIX_S:
        return _UNIX_EPOCH + timedelta(seconds=int(seconds))
    stamp = fields.get("timestamp") or fields.get("dateTime") or ""
    if not stamp:
        return None
    if stamp[-5:-4] in ("+", "-"):  # +0000, without a colon
        stamp = f"{stamp[:-2]}:{stamp[-2:]}"
    try:
        time = datetime.fromisoformat(stamp)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        if not report.distress:
            raise FrameError("bad_time", payload, f"timestamp {stamp[:40]!r}") from None
        report.flags.add("bad_time")
        return None
