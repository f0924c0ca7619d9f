"""OwnTracks: what a phone says in JSON, over MQTT or HTTP.

    topic  owntracks/<user>/<device>[/event|/waypoint|/cmd|…]   device: `<user>/<device>`
    _type  location    lat, lon, tst (UNIX s); alt, acc, vac (m); vel (km/h); cog (degrees);
                       batt (%), tid, t (trigger), conn, created_at, SSID, BSSID, inregions …
           transition  event (enter, leave), desc, lat, lon, acc, tst: it crossed a region's edge
           lwt         the broker says that the link is gone; tst is when the phone connected
           waypoint    a place the user defined, not where the phone is: desc, lat, lon, rad (m);
                       rid, or else tst, tells it from the user's others
           waypoints   all of them, in `waypoints`
           cmd         an order to a phone, echoed by the broker
           encrypted   data: base64 of nonce (24 bytes) and NaCl secretbox of one of the others;
                       the key is the secret, padded with zero bytes to 32
           card, beacon, steps, configuration, dump, status, request: other

Apps leave out values that are zero, so an absent value is unknown, not zero; a zero that was sent
is zero. Over HTTP the topic is that of the link (user and device of the sign-in) or stands inside
the message. The topic of the link counts: access lists guard it.

Told to a phone, over MQTT, in `owntracks/<user>/<device>/cmd` (its user must have allowed remote
commands): `{"_type": "cmd", "action": "reportLocation"}` asks where it is. It answers with a
location; there is no acknowledgement. Words for people are documented for one of the two apps
only, as a page to look up and not as a message, so there is none.

Source: OwnTracks Booklet, "JSON", "Remote commands" and "Payload encryption".
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import AHEAD
from radio_gateway.messages.marked_place import MAX_ID, MarkedPlace, is_place, one_line
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

FRAMING = MessageFramer
MAX_BYTES = 64 * 1024
MOST_WAYPOINTS = 500  # of one message
_KEY_BYTES = 32  # of a secret box
ORDERS: frozenset[OrderKind] = frozenset({"poll"})


def speaks(frame: Frame) -> bool:
    """Return whether this looks like an OwnTracks message: JSON with a `_type`."""
    return frame.payload.lstrip()[:1] == b"{" and b'"_type"' in frame.payload


def decoder(settings: DecoderSettings) -> OwnTracksDecoder:
    """Return a decoder that knows the secrets of `settings`."""
    return OwnTracksDecoder(settings)


def encode(
    order: Order,
    settings: DecoderSettings,
    *,
    number: int,  # noqa: ARG001 - it numbers nothing
) -> EncodedOrder:
    """Return the command that asks a phone where it is, encrypted where it has a secret.

    Raises:
        OrderError: `no_words` for anything but a poll; `bad_device` unless it is `user/device`.
    """
    if order.kind not in ORDERS:
        raise OrderError("no_words", f"OwnTracks has no words for a {order.kind}")
    device = order.device or ""
    topic = f"owntracks/{device}/cmd"
    if _topic_device(topic) != device or not set(device).isdisjoint("+#\0"):
        raise OrderError("bad_device", f"{device or 'everyone'} is no phone: user/device")
    data = msgspec.json.encode({"_type": "cmd", "action": "reportLocation"})
    secret = settings.secrets.get(device, settings.secret)
    if secret is not None:
        box = bytes(SecretBox(_key(secret)).encrypt(data))
        text = binascii.b2a_base64(box, newline=False).decode()
        data = msgspec.json.encode({"_type": "encrypted", "data": text})
    return EncodedOrder(data=data, topic=topic)


class OwnTracksDecoder(PlainDecoder):
    """Decodes messages; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._secret = settings.secret
        self._secrets = settings.secrets

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `empty`, `too_long`, `json`, `json_nan`, `no_type`, `no_device`, `base64`,
                `no_key`, `decrypt_failed`, `missing_lat`, `missing_lon`, `lat_range`,
                `lon_range`, `null_island` or `bad_field`.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload, "the broker cleared a retained message")
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        message = _object(payload, payload)
        device = _topic_device(frame.topic)
        encrypted = message.get("_type") == "encrypted"
        if encrypted:
            secret = self._secrets.get(device or "", self._secret)
            message = _object(_decrypted(message, secret, payload), payload)
            if message.get("_type") == "encrypted":
                raise FrameError("decrypt_failed", payload, "encrypted twice")
        device = device or _topic_device(_text(message, "topic")) or _text(message, "tid")
        if device is None:
            raise FrameError("no_device", payload, "it names no device: no user, and no tid")
        type_ = message.get("_type")
        if not isinstance(type_, str):
            raise FrameError("no_type", payload)
        reader = _READERS.get(type_, _other)
        try:
            if type_ == "waypoints":
                return _waypoints(message, frame, device, encrypted)
            return [reader(_Message(message, frame, device, encrypted))]
        except (OverflowError, TypeError) as fault:
            raise FrameError("bad_field", payload, str(fault)) from None


class _Message:
    """One message and what the link says about it."""

    def __init__(self, fields: dict[str, Any], frame: Frame, device: str, encrypted: bool) -> None:
        self.fields, self.frame, self.device = fields, frame, device
        self.facts: dict[str, str | int | float | bool] = {"encrypted": True} if encrypted else {}
        tid = _text(fields, "tid")
        if tid is not None:
            self.facts["tid"] = tid

    def number(self, name: str, *, least: float, most: float) -> float | None:
        """Return a number within its range; None when absent or out of it (-1 is unknown)."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if least <= value <= most else None

    def time(self, name: str) -> datetime | None:
        """Return a UNIX time as aware UTC; None when absent.

        Raises:
            FrameError: `bad_field` when it is no time.
        """
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error("bad_field", f"{name} is no number")
        if not 0 <= value <= _MAX_UNIX_S:
            raise self.error("bad_field", f"{name} {value} is no UNIX time in seconds")
        return _UNIX_EPOCH + timedelta(seconds=value)

    def coordinate(self, name: str) -> float:
        """Return a coordinate, degrees.

        Raises:
            FrameError: `missing_lat` or `missing_lon`, or `bad_field` when it is no number.
        """
        value = self.fields.get(name)
        if value is None:
            raise self.error(f"missing_{name}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error("bad_field", f"{name} is no number")
        return float(value)

    def position(self) -> Position:
        """Return where the phone says it is.

        Raises:
            FrameError: If there is no usable position.
        """
        lat, lon = self.coordinate("lat"), self.coordinate("lon")
        check_place(lon=lon, lat=lat, payload=self.frame.payload)
        kmh = self.number("vel", least=0, most=3600)
        course = self.number("cog", least=0, most=360)
        return Position(
            lon=lon,
            lat=lat,
            altitude_m=self.number("alt", least=-12_000, most=100_000),
            accuracy_m=self.number("acc", least=0, most=1e7),
            speed_mps=None if kmh is None else kmh / 3.6,
            course_deg=None if course is None else course % 360.0,
        )

    def error(self, reason: str, detail: str = "") -> FrameError:
        """Return the error for this frame."""
        return FrameError(reason, self.frame.payload, detail)

    def transmission(
        self,
        kind: Kind,
        *,
        position: Position | None = None,
        device_time: datetime | None = None,
        text: str | None = None,
        status: str | None = None,
    ) -> Transmission:
        """Return the transmission for this message."""
        frame = self.frame
        ahead = device_time is not None and device_time - frame.heard_at > AHEAD
        key = None
        if position is not None and device_time is not None:
            key = f"{kind}|{device_time.isoformat()}|{position.lat}|{position.lon}"
        return Transmission(
            protocol="owntracks",
            kind=kind,
            heard_at=frame.heard_at,
            device=self.device,
            position=position,
            fix=None if position is None else True,
            device_time=device_time,
            passed_on_at=self.time("created_at"),
            text=text,
            status=status,
            flags=("future_time",) if ahead else (),
            facts=self.facts,
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=None,
            resent=frame.resent,
        )


def _location(message: _Message) -> Transmission:
    position = message.position()
    facts = message.facts
    for name, fact in (("t", "trigger"), ("conn", "connection")):
        text = _text(message.fields, name)
        if text is not None:
            facts[fact] = text
    battery = message.number("batt", least=0, most=100)
    if battery is not None:
        facts["battery_pct"] = battery
    vertical = message.number("vac", least=0, most=1e7)
    if vertical is not None:
        facts["vertical_accuracy_m"] = vertical
    return message.transmission(
        "position",
        position=position,
        device_time=message.time("tst"),
        text=_text(message.fields, "poi"),
    )


def _transition(message: _Message) -> Transmission:
    fields = message.fields
    place = None
    if fields.get("lat") is not None or fields.get("lon") is not None:
        place = message.position()
    return message.transmission(
        "transition",
        position=place,
        device_time=message.time("tst"),
        text=_text(fields, "desc"),
        status=_text(fields, "event"),
    )


def _lwt(message: _Message) -> Transmission:
    connected = message.time("tst")
    if connected is not None:
        message.facts["connected_at"] = connected.isoformat()
    return message.transmission("lwt")


def _waypoint(message: _Message) -> Transmission:
    fields = message.fields
    lat = message.number("lat", least=-90, most=90)
    lon = message.number("lon", least=-180, most=180)
    radius = message.number("rad", least=0, most=1e6)
    for fact, value in (("waypoint_lat", lat), ("waypoint_lon", lon), ("radius_m", radius)):
        if value is not None:
            message.facts[fact] = value
    name, made = _text(fields, "desc"), message.number("tst", least=0, most=_MAX_UNIX_S)
    id = _text(fields, "rid") or (f"{made:.0f}" if made else one_line(name))
    mark: MarkedPlace | None = None
    if is_place(lon=lon, lat=lat) and id:
        mark = MarkedPlace(
            id=one_line(id, MAX_ID),
            lon=lon,
            lat=lat,
            name=one_line(name),
            use="waypoint",
            radius_m=radius or None,
        )
    transmission = message.transmission("waypoint", text=name)
    key = f"waypoint|{id}|{lat}|{lon}|{name}"
    return msgspec.structs.replace(
        transmission, mark=mark, duplicate_key=key, duplicate_window_s=3.0
    )


def _waypoints(
    message: dict[str, Any], frame: Frame, device: str, encrypted: bool
) -> list[Transmission]:
    """Return each of a phone's waypoints; a message without any is told as it is."""
    each = message.get("waypoints")
    found = [
        _waypoint(_Message(fields, frame, device, encrypted))
        for fields in (each if isinstance(each, list) else ())
        if isinstance(fields, dict)
    ]
    return found[:MOST_WAYPOINTS] or [_other(_Message(message, frame, device, encrypted))]


def _command(message: _Message) -> Transmission:
    return message.transmission("command", status=_text(message.fields, "action"))


def _other(message: _Message) -> Transmission:
    message.facts["type"] = str(message.fields["_type"])[:40]
    name = _text(message.fields, "name")
    if name is not None:
        message.facts["name"] = name
    return message.transmission("other")


_READERS: dict[str, Callable[[_Message], Transmission]] = {
    "location": _location,
    "transition": _transition,
    "lwt": _lwt,
    "waypoint": _waypoint,
    "cmd": _command,
}

_MAX_UNIX_S = 253_402_300_799  # the last second of the year 9999
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _object(text: bytes, payload: bytes) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        reason = "json_nan" if b"NaN" in text or b"Infinity" in text else "json"
        raise FrameError(reason, payload, str(fault)) from None
    if not isinstance(message, dict):
        raise FrameError("json", payload, "no JSON object")
    return message


def _decrypted(message: dict[str, Any], secret: str | None, payload: bytes) -> bytes:
    if secret is None:
        raise FrameError("no_key", payload, "encrypted, and no secret is set")
    data = message.get("data")
    if not isinstance(data, str):
        raise FrameError("base64", payload, "data is no text")
    try:
        box = binascii.a2b_base64(data, strict_mode=True)
    except ValueError as fault:
        raise FrameError("base64", payload, str(fault)) from None
    try:
        return SecretBox(_key(secret)).decrypt(box)
    except (CryptoError, ValueError) as fault:
        raise FrameError("decrypt_failed", payload, str(fault)) from None


def _key(secret: str) -> bytes:
    return secret.encode()[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0")


def _topic_device(topic: object) -> str | None:
    """Return `user/device` of a topic; None when it is no OwnTracks topic.

    >>> _topic_device("owntracks/jane/phone/cmd")
    'jane/phone'
    """
    if not isinstance(topic, str):
        return None
    parts = topic.strip("/").split("/")
    if "owntracks" not in parts:
        return None
    names = parts[parts.index("owntracks") + 1 :][:2]
    return "/".join(names) if len(names) == 2 and all(names) else None


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value[:2000] if isinstance(value, str) and value else None
