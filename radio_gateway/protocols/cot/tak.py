"""TAK protocol version 1: Cursor on Target as a protobuf message; transmissions are `cot`'s.

    stream   BF  varint length   TakMessage          TCP
    mesh     BF  varint version  BF  TakMessage      UDP; version 1

The messages stand in `radio_gateway/protobuf/tak.proto`. What stands in the XML of a detail goes
before the message of the same name.

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
from radio_gateway.protobuf.parse import ProtobufError, parse
from radio_gateway.protobuf.tak_pb2 import CotEvent as CotEventMessage
from radio_gateway.protobuf.tak_pb2 import TakControl, TakMessage
from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.detail import MAX_FIELD
from radio_gateway.protocols.cot.event import transmission
from radio_gateway.protocols.cot.framer import CotFramer, read_varint
from radio_gateway.protocols.cot.timestamp import read_milliseconds
from radio_gateway.protocols.cot.xml import read_detail

FRAMING = CotFramer
VERSION = 1
MAX_COUNTED = 1024  # events of one connection

# Messages under `detail`, and the element that each stands for.
_ELEMENTS = {
    "contact": "contact",
    "group": "__group",
    "precision_location": "precisionlocation",
    "takv": "takv",
}


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
            message = parse(TakMessage, _body(payload))
        except ProtobufError as fault:
            raise FrameError("protobuf", payload, str(fault)) from None
        if message.HasField("event"):
            result = transmission(_event(message.event, payload), frame, live=self._live)
            return [result if _is_mesh(payload) else self._counted(result)]
        if message.HasField("control"):
            return [_control(message.control, frame)]
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
    header = read_varint(payload, 1)
    if header is None:
        raise FrameError("truncated", payload, "the header is cut")
    number, at = header
    if payload[at : at + 1] == b"\xbf":
        if number != VERSION:
            raise FrameError("unknown_version", payload, f"version {number}, we know {VERSION}")
        return payload[at + 1 :]
    if len(payload) - at != number:
        raise FrameError("truncated", payload, f"{len(payload) - at} bytes of {number}")
    return payload[at:]


def _control(control: TakControl, frame: Frame) -> Transmission:
    """Return that a peer negotiates which versions it speaks."""
    uid = control.contact_uid.strip()[:MAX_FIELD]
    if uid and not is_device_name(uid):
        raise FrameError("protobuf", frame.payload, "a control byte in the name of a device")
    return Transmission(
        protocol="cot",
        kind="other",
        heard_at=frame.heard_at,
        device=uid or None,
        facts={"kind": "tak_control", "versions": f"{control.min_version}-{control.max_version}"},
        raw=frame.payload,
        resent=frame.resent,
    )


def _event(message: CotEventMessage, payload: bytes) -> CotEvent:
    faults: list[tuple[str, str]] = []
    event = CotEvent(
        uid=message.uid,
        type=message.type,
        how=message.how,
        time=_time(message.send_time, faults),
        stale=_time(message.stale_time, faults),
        lat=_double(message.lat, faults),
        lon=_double(message.lon, faults),
        hae=_double(message.hae, faults),
        ce=_double(message.ce, faults),
        le=_double(message.le, faults),
        detail={},
        flags=set(),
    )
    detail = message.detail
    for field, value in detail.ListFields():
        element = _ELEMENTS.get(field.name)
        if element is not None:
            event.detail[element] = {each.name: text for each, text in value.ListFields()}
    if detail.HasField("status"):
        event.detail["status"] = {"battery": str(detail.status.battery)}
    if detail.HasField("track"):
        event.speed = _finite(detail.track.speed, event)
        event.course = _finite(detail.track.course, event)
    if detail.xml:
        try:
            read_detail(detail.xml, event, payload)
        except FrameError as fault:
            faults.append((fault.reason, fault.detail))
    event.fault = faults[0] if faults else None
    return event


def _double(value: float, faults: list[tuple[str, str]]) -> float | None:
    if not math.isfinite(value):
        faults.append(("bad_number", f"coordinate {value}"))
        return None
    return value


def _finite(value: float, event: CotEvent) -> float | None:
    """Return a number of the track; phones that know none write NaN."""
    if not math.isfinite(value):
        event.flags.add("bad_field")
        return None
    return value


def _time(value: int, faults: list[tuple[str, str]]) -> datetime | None:
    time = read_milliseconds(value)
    if time is None and value:
        faults.append(("bad_time", f"{value} ms since 1970 is no time"))
    return time
