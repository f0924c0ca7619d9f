"""What one LRRP document says: its elements, and the transmission they make.

    element   22 23 request-id        34 35 time           51 circle: lat lon radius
              54 55 circle and height 66 point: lat lon    69 6A point and height
              56 heading, 2 degrees   65 confidence, %     6B 6C speed, 70 vertical speed
              36 version              37 38 39 result code (38: 0; 39: with words)
    lat       180/2^32 degrees, 4 bytes; lon 360/2^32 degrees, two's complement

Three things are told differently by those who have read real radios, and stay as sent, flagged:

- speed: metres per second with a fraction (ok-dmrlib), or hundredths of a mile per hour
  (dsd-neo): `speed_unit_disputed`, facts `speed_raw_ufloat` and `speed_raw_u16`; 6B, a whole
  number, is seen in published samples only: `speed_raw_uint`;
- latitudes south of the equator: two's complement, or sign and size:
  `southern_latitude_disputed`, fact `lat_raw`, no position;
- heights whose number has its sign bit set, with or without a sign: `altitude_disputed`, fact
  `altitude_raw`.

Source: as `lrrp`.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.lrrp.mbxml import MbxmlError, Reader

Facts = dict[str, str | int | float | bool]

_DOCUMENTS = {
    0x04: "Immediate-Location-Request",
    0x06: "Immediate-Location-Report",
    0x08: "Triggered-Location-Request",
    0x0A: "Triggered-Location-Answer",
    0x0C: "Triggered-Location-Report",
    0x0E: "Triggered-Location-Stop-Request",
    0x10: "Triggered-Location-Stop-Answer",
    0x12: "Location-Protocol-Report",  # unasked; the name under which it is published
}
_VERSION_REQUEST, _VERSION_REPORT = 0x14, 0x15  # never with a table
_REQUESTS = frozenset({0x04, 0x08, 0x0E, _VERSION_REQUEST})
_REPORTS = frozenset({0x06, 0x0C, 0x12})
_ACCESSORIES = range(0x16, 0x28)  # ARRP: inputs and outputs of accessories
_NO_FIX_CODES = frozenset({0x10, 0x200})  # no GPS yet; not enough satellites
_REPEATED_WITHIN_S: float | None = 3.0  # the radio and the repeater both bring it


def document_name(identifier: int) -> str | None:
    """Return the name of a document; None when there is none of this number."""
    if identifier == _VERSION_REQUEST:
        return "Location-Protocol-Request"
    if identifier == _VERSION_REPORT:
        return "Location-Protocol-Report"
    if identifier in _ACCESSORIES:
        return "Accessories"
    return _DOCUMENTS.get(identifier & 0xFE)


class LrrpReport:
    """One document: what its elements have said so far.

    Args:
        identifier: Its first byte.
        name: What `document_name` calls it.
        frame: The datagram it came in.
        device: The radio's network address, if known.
    """

    def __init__(self, identifier: int, name: str, frame: Frame, device: str | None) -> None:
        self._identifier, self._frame, self._device = identifier, frame, device
        self._facts: Facts = {"doc": name}
        self._flags: set[str] = set()
        self._lat_raw: int | None = None
        self._lon_raw = 0
        self._time: datetime | None = None
        self._accuracy: float | None = None
        self._altitude: float | None = None
        self._course: float | None = None
        self._result: int | None = None
        self._text: str | None = None

    def read(self, body: bytes, *, live: bool) -> Transmission:
        """Read the elements and return what the document says.

        Args:
            body: What follows the document's length.
            live: It was heard when the frame says.

        Raises:
            MbxmlError: `truncated`, `bad_number` or `unknown_element`.
            FrameError: If its place is none.
        """
        identifier = self._identifier
        reader = Reader(body)
        if identifier not in (_VERSION_REQUEST, _VERSION_REPORT) and not identifier & 1:
            reader.opaque()  # constants
        if identifier in _ACCESSORIES:
            self._facts["kind"] = "arrp"
            return self._transmission("other", live=live)
        request = identifier != _VERSION_REPORT and identifier & 0xFE in _REQUESTS
        while reader.left:
            element = reader.byte()
            if element in (0x22, 0x23):
                request_id = reader.opaque() if element == 0x22 else reader.take(1)
                self._facts["request_id"] = request_id[:16].hex().upper()
            elif request:
                break  # what is asked for is the asker's business
            elif not self._take(element, reader):
                if self._lat_raw is None:
                    raise MbxmlError("unknown_element", f"element {element:02X}")
                self._flags.add("unknown_element")
                break
        if request:
            return self._without_place("command", "lrrp_request", live=live)
        if self._lat_raw is not None:
            return self._transmission("position", live=live, position=self._position())
        if self._result is None:
            kind: Kind = "status" if identifier & 0xFE in _REPORTS else "answer"
            return self._without_place(kind, "lrrp_answer", live=live)
        if self._result:
            if self._result in _NO_FIX_CODES:
                self._flags.add("no_fix")
            return self._without_place("answer", "lrrp_error", live=live, status="refused")
        return self._without_place("answer", "lrrp_answer", live=live, status="acknowledged")

    def _take(self, element: int, reader: Reader) -> bool:
        """Read an element of a report; return False for one that is not known."""
        if element in _SHAPES:
            self._shape(reader, *_SHAPES[element])
        elif element == 0x34:
            self._time = reader.info_time()
        elif element == 0x35:
            value = reader.opaque()
            if len(value) == 5:
                self._time = Reader(value).info_time()
        elif element == 0x36:
            self._facts["protocol_version"] = reader.uintvar()
        elif element in (0x37, 0x39):
            self._result = reader.uintvar()
            if element == 0x39:
                self._text = reader.opaque().decode("ascii", "backslashreplace")[:200] or None
        elif element == 0x38:
            self._result = 0
        elif element == 0x56:
            heading = reader.byte() * 2.0
            if heading < 360.0:
                self._course = heading
            else:
                self._flags.add("bad_field")
        elif element == 0x65:
            self._facts["confidence_pct"] = reader.byte()
        elif element == 0x6B:
            self._facts["speed_raw_uint"] = reader.uintvar()
            self._flags.add("speed_unit_disputed")
        elif element == 0x6C:
            start = reader.at
            self._facts["speed_raw_ufloat"] = round(reader.ufloatvar(), 5)
            reader.at = start
            self._facts["speed_raw_u16"] = int.from_bytes(reader.take(2), "big")
            reader.at = start
            reader.ufloatvar()
            self._flags.add("speed_unit_disputed")
        elif element == 0x70:
            self._facts["vertical_speed_raw"] = round(reader.sfloatvar(), 5)
        else:
            return False
        return True

    def _shape(self, reader: Reader, circle: bool, high: bool, accurate: bool) -> None:
        """Read a place: a circle has a radius, a high one a height, an accurate one its error."""
        self._lat_raw = int.from_bytes(reader.take(4), "big")
        self._lon_raw = int.from_bytes(reader.take(4), "big", signed=True)
        if circle:
            self._accuracy = reader.ufloatvar()
        if high:
            disputed = reader.sign_bit()
            altitude = reader.ufloatvar()
            if disputed:
                self._facts["altitude_raw"] = altitude
                self._flags.add("altitude_disputed")
            else:
                self._altitude = altitude
        if accurate:
            self._facts["vertical_accuracy_m"] = round(reader.ufloatvar(), 2)

    def _position(self) -> Position | None:
        assert self._lat_raw is not None
        lon = self._lon_raw * 360.0 / 2**32
        if self._lat_raw >> 31:
            self._facts["lat_raw"], self._facts["lon"] = self._lat_raw, round(lon, 7)
            self._flags.add("southern_latitude_disputed")
            return None
        lat = self._lat_raw * 180.0 / 2**32
        check_place(lon=lon, lat=lat, payload=self._frame.payload)
        return Position(
            lon=lon,
            lat=lat,
            altitude_m=self._altitude,
            accuracy_m=self._accuracy,
            course_deg=self._course,
        )

    def _without_place(
        self, kind: Kind, word: str, *, live: bool, status: str | None = None
    ) -> Transmission:
        facts = self._facts
        facts["kind"] = word
        if self._result is not None:
            facts["result_code"] = self._result
        request_id = facts.get("request_id")
        if isinstance(request_id, str):
            if kind == "answer":
                facts["answers"] = request_id
            facts["request_id"] = request_id.lower()
        return self._transmission(kind, live=live, status=status)

    def _transmission(
        self,
        kind: Kind,
        *,
        live: bool,
        position: Position | None = None,
        status: str | None = None,
    ) -> Transmission:
        frame, time = self._frame, self._time
        key, window_s = frame.payload.hex(), _REPEATED_WITHIN_S
        if time is not None:
            time, doubt = corrected(time, frame.heard_at, live=live)
            if doubt is not None:
                self._flags.add(doubt)
        if position is not None and self._time is not None:
            key, window_s = f"{self._time.isoformat()}|{position.lon}|{position.lat}", None
        if self._device is not None:
            number = int(ipaddress.IPv4Address(self._device)) & 0xFF_FFFF
            self._facts.setdefault("radio_id", number)
        return Transmission(
            protocol="lrrp",
            kind=kind,
            heard_at=frame.heard_at,
            device=self._device,
            position=position,
            fix=None if position is None else True,
            device_time=time,
            text=self._text,
            status=status,
            flags=tuple(sorted(self._flags)),
            facts=self._facts,
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=window_s,
            resent=frame.resent,
        )


# Shapes: whether a radius, a height and the height's error follow latitude and longitude.
_SHAPES = {
    0x51: (True, False, False),
    0x54: (True, True, False),
    0x55: (True, True, True),
    0x66: (False, False, False),
    0x69: (False, True, False),
    0x6A: (False, True, True),
}
