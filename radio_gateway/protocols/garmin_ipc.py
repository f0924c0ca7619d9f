"""Garmin IPC Outbound: what inReach devices send, as Garmin's server posts it.

    {"Version": "2.0", "Events": [{"imei", "messageCode", "freeText", "timeStamp" (UNIX ms),
        "addresses": [{"address"}],
        "point": {"latitude", "longitude", "altitude" (m), "gpsFix", "course", "speed"},
        "status": {"autonomous", "lowBattery", "intervalChange", "resetDetected"}}]}

    code  0 track   2 locate response   3 free text   4 SOS   6 SOS confirmed   7 SOS cancelled
          8 reference point   10 track begins   11 interval changed   12 track ends   13 unknown
          index   14-16 preset messages   17 map share   20 mail check   21 alive   24-63 predefined
          messages   64 encrypted   65 pingback   66 binary   3099 canned message
    gpsFix  0 none, 1 two dimensions, 2 three

4 and 6 are calls for help; 7 ends one (`distress_cancelled`). Sources disagree whether the speed
is in m/s or km/h: it is given as it was sent (`speed_raw`, `speed_unit_disputed`). Each event
stands alone.

Source: Garmin, "IPC Outbound", versions 2.0 to 4.0 (codes, point, status); field shapes as in the
tests of published receivers.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.parsing.msgspec_decoders import json_decoder

FRAMING = MessageFramer
MAX_BYTES = 1024 * 1024
MAX_EVENTS = 1000

_NAMES = {
    0: "position",
    2: "position",
    3: "text",
    4: "sos",
    6: "sos",
    7: "sos_cancel",
    8: "reference_point",
    10: "track_start",
    11: "track_interval",
    12: "track_stop",
    13: "unknown_index",
    17: "map_share",
    20: "mail_check",
    21: "alive",
    64: "encrypted",
    65: "pingback",
    66: "binary",
}
_DEVICE = re.compile(r"[!-~]{1,64}")
_HELP, _CANCEL = frozenset((4, 6)), 7
_TRACK = frozenset((0, 2))
_MAX_UNIX_MS = 253_402_300_799_000
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = (
    ("lowBattery", "low_battery"),
    ("autonomous", "autonomous"),
    ("resetDetected", "reset_detected"),
    ("intervalChange", "interval_change"),
)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message of Garmin's server."""
    return frame.payload.lstrip()[:1] == b"{" and b'"Events"' in frame.payload


def decoder(settings: DecoderSettings) -> IpcDecoder:
    """Return a decoder."""
    return IpcDecoder(settings)


class IpcDecoder(SessionDecoder):
    """Decodes messages; keeps nothing between them but the last one's bad events."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `empty`, `too_long`, `json`, `no_events`, `too_many`, `no_device`,
                `bad_code`, `bad_time`, `missing_lat`, `missing_lon`, `lat_range`, `lon_range` or
                `null_island`, when nothing in it is good.
        """
        payload = frame.payload
        events = _events(payload)
        transmissions: list[Transmission] = []
        for event in events:
            try:
                transmissions.append(_Event(event, frame).transmission(live=self._live))
            except FrameError as error:
                self._rejected.append(error)
        return self._unless_all_bad(transmissions)


class _Message(msgspec.Struct):
    """What a message must have; each event is read on its own."""

    events: list[msgspec.Raw] = msgspec.field(name="Events")


def _events(payload: bytes) -> list[bytes]:
    if not payload.strip():
        raise FrameError("empty", payload)
    if len(payload) > MAX_BYTES:
        raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
    try:
        events = json_decoder(_Message).decode(payload).events
    except msgspec.ValidationError as fault:
        raise FrameError("no_events", payload, str(fault)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise FrameError("json", payload, str(fault)) from None
    if len(events) > MAX_EVENTS:
        raise FrameError("too_many", payload, f"{len(events)} events, at most {MAX_EVENTS}")
    return [bytes(each) for each in events]


class _Event:
    """One event and the frame it came in."""

    def __init__(self, raw: bytes, frame: Frame) -> None:
        try:
            event = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise FrameError("json", raw, str(fault)) from None
        if not isinstance(event, dict):
            raise FrameError("no_events", raw, "an event is no object")
        self.fields: dict[str, Any] = event
        self.frame = frame
        self.raw = raw
        self.flags: set[str] = set()
        self.facts: dict[str, str | int | float | bool] = {}

    def error(self, reason: str, detail: str = "") -> FrameError:
        """Return an error that shows this event only."""
        return FrameError(reason, self.raw, detail)

    def transmission(self, *, live: bool) -> Transmission:
        """Return what the event says.

        Raises:
            FrameError: If it cannot be understood.
        """
        frame = self.frame
        device = self._device()
        code = self.fields.get("messageCode")
        if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < 1 << 16:
            raise self.error("bad_code", f"messageCode {str(code)[:20]}")
        distress = code in _HELP
        time = self._time(distress=distress)
        if time is not None:
            time, doubt = corrected(time, frame.heard_at, live=live)
            if doubt is not None:
                self.flags.add(doubt)
        position, fix = self._place(distress=distress)
        text = self.fields.get("freeText")
        text = text[:2000] if isinstance(text, str) and text else None
        self._facts(code, position, fix)
        kind: Kind = "position"
        if position is None:
            kind = "distress" if distress else "text" if text else "status"
        content = f"{code}|{time}|{position}|{text}"
        return Transmission(
            protocol="garmin_ipc",
            kind=kind,
            heard_at=frame.heard_at,
            device=device,
            position=position,
            fix=fix,
            device_time=time,
            distress=distress,
            text=text,
            flags=tuple(sorted(self.flags)),
            facts=self.facts,
            raw=self.raw,
            duplicate_key=None if time is None else hashlib.sha256(content.encode()).hexdigest(),
            duplicate_window_s=None,
            resent=frame.resent,
        )

    def _device(self) -> str:
        imei = self.fields.get("imei")
        if isinstance(imei, int) and not isinstance(imei, bool):
            imei = str(imei)
        if not isinstance(imei, str) or not _DEVICE.fullmatch(imei.strip()):
            raise self.error("no_device", "no imei")
        return imei.strip()

    def _time(self, *, distress: bool) -> datetime | None:
        value = self.fields.get("timeStamp")
        if value is None or value == 0:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and 0 < value <= _MAX_UNIX_MS:
            return _UNIX_EPOCH + timedelta(milliseconds=value)
        if not distress:
            raise self.error("bad_time", f"timeStamp {value!r} is no UNIX time in ms")
        self.flags.add("bad_time")
        return None

    def _place(self, *, distress: bool) -> tuple[Position | None, bool | None]:
        """Return where it was and whether that is a current fix."""
        point = self.fields.get("point")
        if not isinstance(point, dict):
            return None, None
        lat, lon = _number(point, "latitude"), _number(point, "longitude")
        fix = point.get("gpsFix") not in (0, "0")
        if not fix and not lat and not lon:
            self.flags.add("no_fix")
            return None, False
        try:
            if lat is None or lon is None:
                raise self.error("missing_lat" if lat is None else "missing_lon")
            check_place(lon=lon, lat=lat, payload=self.raw)
        except FrameError as fault:
            if not distress:
                raise
            self.flags.add(fault.reason)
            return None, False
        if not fix:
            self.flags.add("stale_position")
        speed = _number(point, "speed")
        if speed is not None:
            self.facts["speed_raw"] = speed
            self.flags.add("speed_unit_disputed")
        course, altitude = _number(point, "course"), _number(point, "altitude")
        place = Position(
            lon=lon,
            lat=lat,
            altitude_m=altitude if altitude is not None and abs(altitude) <= 100_000 else None,
            course_deg=course % 360 if course is not None and 0 <= course <= 360 else None,
        )
        return place, fix

    def _facts(self, code: int, position: Position | None, fix: bool | None) -> None:
        name = _NAMES.get(code)
        if name is None:
            preset = 14 <= code <= 16 or 24 <= code <= 63 or code == 3099
            name = "preset" if preset else "other"
        if code in _TRACK and position is None and fix is False:
            name = "nofix"
        self.facts |= {"kind": name, "message_code": code}
        if code == _CANCEL:
            self.facts["distress_cancelled"] = True
        status = self.fields.get("status")
        if isinstance(status, dict):
            for field, fact in _STATES:
                if status.get(field):
                    self.facts[fact] = True


def _number(parent: dict[str, Any], name: str) -> float | None:
    value = parent.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None
