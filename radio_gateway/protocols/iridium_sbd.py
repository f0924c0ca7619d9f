"""Iridium SBD DirectIP: what a satellite modem sent, as Iridium's gateway delivers it over TCP.

    message   01, overall length 2, then information elements (identifier 1, length 2, content)
    01  header, 28 bytes: reference 4, IMEI 15 (ASCII), session status 1, MOMSN 2, MTMSN 2,
        time of the session 4 (UNIX s)
    02  payload, up to 1,960 bytes
    03  location, 11 bytes: flags 1 (7-4 reserved, 3-2 format 0, 1 south, 0 west), latitude:
        degrees 1, thousandths of a minute 2, longitude likewise, CEP radius 4 (km)
    05  confirmation, to Iridium: status 1 (1: taken)

The location is where the network believes the modem to be, kilometres off: never a fix
(`network_estimate`, fact `position_source`). A payload of printable characters is text, any other
is kept as hex; what a tracker says in it is told behind the message and under the modem's address,
by the layout that the channel's `payload` names (`iridium.payloads`). A message is confirmed once;
Iridium delivers again what is not confirmed.

Source: Iridium Short Burst Data Service Developers Guide, "Direct IP" (MO message format); checked
against messages published with the sbd-rs library.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import AHEAD
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.iridium.payloads import payload_reports, payload_text

MAX_BYTES = 4096  # the longest message has about 2,010
MAX_ELEMENTS = 16
CONFIRMED = bytes.fromhex("01000405000101")

_HEADER, _PAYLOAD, _LOCATION = 1, 2, 3
_HEADER_BYTES, _LOCATION_BYTES = 28, 11
_START = re.compile(rb"\x01[\x00-\x0f][\x00-\xff]\x01\x00\x1c", re.DOTALL)
_STRAY_AT_MOST = 64
_IMEI = re.compile(rb"\d{15}")
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SESSIONS = {
    0: "ok",
    1: "ok_mt_too_large",
    2: "ok_location_poor",
    10: "timeout",
    12: "mo_too_large",
    13: "rf_link_lost",
    14: "protocol_anomaly",
    15: "imei_prohibited",
}


class SbdFramer:
    """Cuts messages out of a byte stream by their length.

    What is no message is a payload too, at most 64 bytes a piece, and the decoder rejects it; the
    next message is found again by its header.

    Attributes:
        junk_bytes: Bytes so far that belonged to no message.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        return self._cut(data, ended=False)

    def close(self) -> list[bytes]:
        """Return what the unfinished message holds, and forget it."""
        return self._cut(b"", ended=True)

    def _cut(self, data: bytes, *, ended: bool) -> list[bytes]:
        data = self._rest + data
        payloads: list[bytes] = []
        at = 0
        while at < len(data):
            end = self._end(data, at, ended=ended)
            if end is None:
                break
            payloads.append(data[at:end])
            at = end
        self._rest = data[at:]
        return payloads

    def _end(self, data: bytes, at: int, *, ended: bool) -> int | None:
        have = len(data) - at
        if data[at] == 1:
            if have < 3:
                return len(data) if ended else None
            whole = int.from_bytes(data[at + 1 : at + 3], "big") + 3
            if whole <= MAX_BYTES:
                if have >= whole:
                    return at + whole
                return len(data) if ended else None
        match = _START.search(data, at + 1, at + _STRAY_AT_MOST + 6)
        if match is not None:
            end = match.start()
        elif have >= _STRAY_AT_MOST + 6:
            end = at + _STRAY_AT_MOST
        elif ended:
            end = len(data)
        else:
            return None
        self.junk_bytes += end - at
        return end


FRAMING = SbdFramer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a DirectIP message: its own length and a header."""
    start = frame.payload[:6]
    return bool(_START.match(start)) and int.from_bytes(start[1:3], "big") + 3 == len(frame.payload)


def decoder(settings: DecoderSettings) -> SbdDecoder:
    """Return a decoder for one connection."""
    return SbdDecoder(settings)


class SbdDecoder(SessionDecoder):
    """Decodes messages; keeps only the confirmations it owes."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `bad_version`, `truncated`, `bad_length`, `no_header`, `bad_imei`,
                `reserved_bits`, `minutes_range`, `lat_range`, `lon_range` or `null_island`.
        """
        payload = frame.payload
        elements = _elements(payload)
        header = elements.get(_HEADER)
        if header is None:
            raise FrameError("no_header", payload, "no element 01")
        if len(header) != _HEADER_BYTES:
            raise FrameError("bad_length", payload, f"a header of {len(header)} bytes")
        imei = header[4:19]
        if not _IMEI.fullmatch(imei):
            raise FrameError("bad_imei", payload, f"{imei!r}")
        reference = int.from_bytes(header[:4], "big")
        momsn = int.from_bytes(header[20:22], "big")
        time = _UNIX_EPOCH + timedelta(seconds=int.from_bytes(header[24:28], "big"))
        facts: dict[str, str | int | float | bool] = {
            "session": _SESSIONS.get(header[19], str(header[19])),
            "session_time_utc": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "momsn": momsn,
            "mtmsn": int.from_bytes(header[22:24], "big"),
            "cdr": reference,
        }
        flags: list[str] = []
        position: Position | None = None
        if _LOCATION in elements:
            position = _estimate(elements[_LOCATION], payload)
            facts["position_source"] = "iridium_network"
            flags.append("network_estimate")
        if time - frame.heard_at > AHEAD:
            flags.append("future_time")
        content = elements.get(_PAYLOAD, b"")
        text = payload_text(content)
        if text is None and content:
            facts["payload_hex"] = content.hex()
        kind: Kind = "other" if content else "empty"
        if position is not None:
            kind = "position"
        elif text is not None:
            kind = "text"
        self._answers.append(CONFIRMED)
        transmission = Transmission(
            protocol="iridium_sbd",
            kind=kind,
            heard_at=frame.heard_at,
            device=imei.decode(),
            position=position,
            device_time=time,
            text=text,
            flags=tuple(sorted(flags)),
            facts=facts,
            raw=payload,
            duplicate_key=f"{reference}|{momsn}|{time.isoformat()}",
            duplicate_window_s=None,
            resent=frame.resent,
        )
        return [transmission, *payload_reports(content, transmission, self._settings)]


def _elements(payload: bytes) -> dict[int, bytes]:
    """Return the information elements by identifier; unknown ones too, the first of each."""
    if payload[:1] != b"\x01":
        raise FrameError("bad_version", payload, "no 01 at its start")
    if len(payload) < 3 or int.from_bytes(payload[1:3], "big") + 3 > len(payload):
        raise FrameError("truncated", payload, f"{len(payload)} bytes, its length says more")
    if int.from_bytes(payload[1:3], "big") + 3 < len(payload):
        raise FrameError("bad_length", payload, "longer than its length says")
    elements: dict[int, bytes] = {}
    at = 3
    while at < len(payload):
        end = at + 3 + int.from_bytes(payload[at + 1 : at + 3], "big")
        if at + 3 > len(payload) or end > len(payload):
            raise FrameError("truncated", payload, f"element {payload[at]:02x} is cut")
        if len(elements) >= MAX_ELEMENTS:
            raise FrameError("bad_length", payload, f"more than {MAX_ELEMENTS} elements")
        elements.setdefault(payload[at], payload[at + 3 : end])
        at = end
    return elements


def _estimate(content: bytes, payload: bytes) -> Position:
    """Return where the network believes the modem to be."""
    if len(content) != _LOCATION_BYTES:
        raise FrameError("bad_length", payload, f"a location of {len(content)} bytes")
    flags = content[0]
    if flags & 0xFC:
        raise FrameError("reserved_bits", payload, f"location flags {flags:02x}")
    places = []
    for at in (1, 4):
        minutes = int.from_bytes(content[at + 1 : at + 3], "big") / 1000
        if minutes >= 60:
            raise FrameError("minutes_range", payload, f"{minutes} minutes")
        places.append(content[at] + minutes / 60)
    lat = -places[0] if flags & 2 else places[0]
    lon = -places[1] if flags & 1 else places[1]
    check_place(lon=lon, lat=lat, payload=payload)
    radius_m = int.from_bytes(content[7:11], "big") * 1000.0
    return Position(lon=lon, lat=lat, accuracy_m=min(radius_m, 1e7))
