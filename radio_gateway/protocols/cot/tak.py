"""TAK protocol version 1: Cursor on Target as a protobuf message; transmissions are `cot`'s.

    stream   BF  varint length   TakMessage          TCP
    mesh     BF  varint version  BF  TakMessage      UDP; version 1
    TakMessage  1 takControl (1 2 versions understood, 3 contact uid)   2 cotEvent
    cotEvent    1 type  2 access  3 qos  4 opex  5 uid  6 sendTime  7 startTime  8 staleTime (ms)
                9 how  10 lat  11 lon  12 hae  13 ce  14 le (double)  15 detail
    detail      1 xmlDetail: elements that have no message of their own   2 contact (1 endpoint,
                2 callsign)  3 group (1 name, 2 role)  4 precisionLocation (1 geopointsrc, 2 altsrc)
                5 status (1 battery)  6 takv (1 device, 2 platform, 3 os, 4 version)
                7 track (1 speed, 2 course: double)

An absent number is zero. What stands in xmlDetail goes before the message of the same name.

Source: TAK protocol, "protocol.txt" and the `.proto` files of the published ATAK-CIV sources;
Protocol Buffers, "Encoding".
"""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime

from msgspec.structs import replace

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.detail import MAX_FIELD
from radio_gateway.protocols.cot.event import transmission
from radio_gateway.protocols.cot.framer import CotFramer
from radio_gateway.protocols.cot.tak_wire import TakWireError, Value, read_fields, read_varint
from radio_gateway.protocols.cot.timestamp import read_milliseconds
from radio_gateway.protocols.cot.xml import read_detail

FRAMING = CotFramer
VERSION = 1
MAX_COUNTED = 1024  # events of one connection

# Messages under `detail`: their field, the element they stand for, its attributes by field.
_DETAILS: tuple[tuple[int, str, dict[int, str]], ...] = (
    (2, "contact", {1: "endpoint", 2: "callsign"}),
    (3, "__group", {1: "name", 2: "role"}),
    (4, "precisionlocation", {1: "geopointsrc", 2: "altsrc"}),
    (6, "takv", {1: "device", 2: "platform", 3: "os", 4: "version"}),
)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message in TAK protocol."""
    return frame.payload[:1] == b"\xbf"


def decoder(settings: DecoderSettings) -> TakDecoder:
    """Return a decoder."""
    return TakDecoder(settings)


class TakDecoder(PlainDecoder):
    """Decodes messages; counts how often a stream said the same.

    A stream does not repeat by itself: what comes twice on one connection was sent twice, and is
    told twice. The same event on another connection, so by another gateway, is the same one.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live
        self._message_counts: OrderedDict[str, int] = OrderedDict()

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Returns:
            What its event says; a message that only negotiates versions is of kind `other`.

        Raises:
            FrameError: `no_magic`, `unknown_version`, `truncated`, `protobuf`, `no_event`,
                `bad_number`, or as `cot_event.transmission` and `cot_xml.read_detail` say.
        """
        payload = frame.payload
        try:
            message = read_fields(_body(payload))
            body = message.get(2)
            if isinstance(body, bytes):
                result = transmission(_event(body, payload), frame, live=self._live)
                return [result if _is_mesh(payload) else self._counted(result)]
            if isinstance(message.get(1), bytes):
                return [_control(_message(message[1]), frame)]
        except TakWireError as fault:
            raise FrameError("protobuf", payload, str(fault)) from None
        raise FrameError("no_event", payload)

    def _counted(self, transmission: Transmission) -> Transmission:
        key = transmission.duplicate_key
        if key is None:
            return transmission
        count = self._message_counts.pop(key, 0) + 1
        self._message_counts[key] = count
        if len(self._message_counts) > MAX_COUNTED:
            self._message_counts.popitem(last=False)
        return transmission if count == 1 else replace(transmission, duplicate_key=f"{key}|{count}")


def _is_mesh(payload: bytes) -> bool:
    return payload[1:3] == b"\x01\xbf"


def _body(payload: bytes) -> bytes:
    """Return the protobuf message after the header."""
    if payload[:1] != b"\xbf":
        raise FrameError("no_magic", payload, "a message begins with BF")
    try:
        number, at = read_varint(payload, 1)
    except TakWireError:
        raise FrameError("truncated", payload, "the header is cut") from None
    if payload[at : at + 1] == b"\xbf":
        if number != VERSION:
            raise FrameError("unknown_version", payload, f"version {number}, we know {VERSION}")
        return payload[at + 1 :]
    if len(payload) - at != number:
        raise FrameError("truncated", payload, f"{len(payload) - at} bytes of {number}")
    return payload[at:]


def _control(control: dict[int, Value], frame: Frame) -> Transmission:
    """Return that a peer negotiates which versions it speaks."""
    uid = _text(control.get(3, b"")).strip()[:MAX_FIELD]
    least, most = control.get(1, 0), control.get(2, 0)
    if not isinstance(least, int) or not isinstance(most, int):
        raise TakWireError("a version is no number")
    if uid and not is_device_name(uid):
        raise TakWireError("a control byte in the name of a device")
    return Transmission(
        protocol="cot",
        kind="other",
        heard_at=frame.heard_at,
        device=uid or None,
        facts={"kind": "tak_control", "versions": f"{least}-{most}"},
        raw=frame.payload,
        resent=frame.resent,
    )


def _event(body: bytes, payload: bytes) -> CotEvent:
    fields = read_fields(body)
    faults: list[tuple[str, str]] = []
    place = [_double(fields.get(number, 0.0), faults) for number in range(10, 15)]
    event = CotEvent(
        uid=_text(fields.get(5, b"")),
        type=_text(fields.get(1, b"")),
        how=_text(fields.get(9, b"")),
        time=_time(fields.get(6, 0), faults),
        stale=_time(fields.get(8, 0), faults),
        lat=place[0],
        lon=place[1],
        hae=place[2],
        ce=place[3],
        le=place[4],
        detail={},
        flags=set(),
    )
    detail = _message(fields.get(15, b""))
    for number, element, names in _DETAILS:
        if number in detail:
            message = _message(detail[number])
            event.detail[element] = {
                name: _text(message[field]) for field, name in names.items() if field in message
            }
    if 5 in detail:
        event.detail["status"] = {"battery": str(_message(detail[5]).get(1, 0))}
    if 7 in detail:
        track = _message(detail[7])
        event.speed = _finite(track.get(1, 0.0), event)
        event.course = _finite(track.get(2, 0.0), event)
    fragment = detail.get(1)
    if fragment:
        try:
            read_detail(_text(fragment), event, payload)
        except FrameError as fault:
            faults.append((fault.reason, fault.detail))
    event.fault = faults[0] if faults else None
    return event


def _message(value: Value) -> dict[int, Value]:
    if not isinstance(value, bytes):
        raise TakWireError("a number stands where a message should")
    return read_fields(value)


def _text(value: Value) -> str:
    if not isinstance(value, bytes):
        raise TakWireError("a number stands where words should")
    try:
        return value.decode()
    except UnicodeDecodeError as fault:
        raise TakWireError(f"words are not UTF-8: {fault.reason}") from None


def _double(value: Value, faults: list[tuple[str, str]]) -> float | None:
    if not isinstance(value, float):
        raise TakWireError("a coordinate is no double")
    if not math.isfinite(value):
        faults.append(("bad_number", f"coordinate {value}"))
        return None
    return value


def _finite(value: Value, event: CotEvent) -> float | None:
    """Return a number of the track; phones that know none write NaN."""
    if not isinstance(value, float):
        raise TakWireError("a track's number is no double")
    if not math.isfinite(value):
        event.flags.add("bad_field")
        return None
    return value


def _time(value: Value, faults: list[tuple[str, str]]) -> datetime | None:
    if not isinstance(value, int):
        raise TakWireError("a time is no whole number")
    time = read_milliseconds(value)
    if time is None and value:
        faults.append(("bad_time", f"{value} ms since 1970 is no time"))
    return time
