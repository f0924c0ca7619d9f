"""Our own position format: one JSON object, or an array of them, over MQTT or HTTP.

    {"id": "7f3c…", "device": "boat-3", "lon": 100.4102, "lat": 20.2711,
     "time": "2026-01-01T00:00:00Z", "speed_mps": 5.1, "course_deg": 181.0,
     "heading_deg": 180, "altitude_m": 352, "accuracy_m": 8,
     "text": "all well", "status": "on station", "distress": false}

    field         meaning                                                    if absent
    id            sender's own identifier of this report, 1-64 characters;   told apart by
                  sending it again has no further effect                     device, time, place
    device        who sends, 1-64 letters, digits and `_.:-`                 last part of the topic
    lon, lat      WGS 84 degrees, -180..180, -90..90; both or neither        only with distress,
                                                                             text or status
    time          when it was there: RFC 3339 with an offset or `Z`          when it was heard
    speed_mps     speed over ground, metres a second, 0..1000                not known
    course_deg    course over ground, degrees from true north, 0..360        not known
    heading_deg   where the bow points, degrees from true north, 0..360      not known
    altitude_m    above mean sea level, metres, -12000..100000               not known
    accuracy_m    radius that holds the true place, metres, 0..1e7           not known
    text          words for people, at most 2,000 characters                 none
    status        code or state, at most 100 characters                      none
    distress      true: someone needs help now                               false

MQTT topic: `joint-patrol/v1/position/<device>`; a device inside the message must then be the same
one, so that a broker's access list decides who may speak for whom. Numbers are JSON numbers, never
strings; NaN is no JSON. `null` means absent. Fields not listed are ignored. An array holds at most
1,000 objects and each stands alone: a bad one does not hold up the others. A message has at most
256 KiB. HTTP: `POST /api/positions` takes the same.

Source: this file.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import AHEAD
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.parsing.msgspec_decoders import converted, json_decoder

FRAMING = MessageFramer
MAX_BYTES = 256 * 1024
MAX_ITEMS = 1000
TOPIC_PREFIX = "joint-patrol/v1/position/"
_SCANNER = json.JSONDecoder()

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:\-]{1,64}$")]
_Angle = Annotated[float, msgspec.Meta(ge=0, le=360)]


class PositionObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object of the format; the module's docstring says what its fields mean."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    device: _Name | None = None
    lon: float | None = None
    lat: float | None = None
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    speed_mps: Annotated[float, msgspec.Meta(ge=0, le=1000)] | None = None
    course_deg: _Angle | None = None
    heading_deg: _Angle | None = None
    altitude_m: Annotated[float, msgspec.Meta(ge=-12_000, le=100_000)] | None = None
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=1e7)] | None = None
    text: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    status: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    distress: bool | None = None


class RejectedItem(NamedTuple):
    """An object that was refused.

    Attributes:
        place: Its place in the array, from 0; 0 for a single object.
        id: Its `id`, where it has one that can be read.
        error: Why.
    """

    place: int
    id: str | None
    error: FrameError


class PositionObjects(NamedTuple):
    """What a message held.

    Attributes:
        transmissions: The good objects, in order; `facts["id"]` holds the sender's `id`.
        places: Their places in the array.
        rejected: The others.
    """

    transmissions: list[Transmission]
    places: list[int]
    rejected: list[RejectedItem]


def decode_items(
    payload: bytes, *, heard_at: datetime, device: str | None = None, resent: bool = False
) -> PositionObjects:
    """Decode a message of one object or an array of them.

    Args:
        payload: The message.
        heard_at: When it was heard, aware UTC.
        device: Who the link says is speaking (topic, sign-in); objects may leave their device
            out then, and may name no other.
        resent: The link says that it may have handed this over before.

    Returns:
        Good and rejected objects; an empty array gives neither.

    Raises:
        FrameError: If the message as a whole cannot be read: `empty`, `too_long`, `json` or
            `too_many`.
    """
    if not payload.strip():
        raise FrameError("empty", payload)
    if len(payload) > MAX_BYTES:
        raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
    objects = _objects(payload)
    if len(objects) > MAX_ITEMS:
        raise FrameError("too_many", payload, f"{len(objects)} objects, at most {MAX_ITEMS}")
    items = PositionObjects([], [], [])
    for place, raw in enumerate(objects):
        try:
            transmission = _transmission(raw, heard_at=heard_at, device=device, resent=resent)
        except FrameError as error:
            items.rejected.append(RejectedItem(place, _id(raw), error))
        else:
            items.transmissions.append(transmission)
            items.places.append(place)
    return items


def topic_device(topic: str | None) -> str | None:
    """Return the device that a topic names.

    >>> topic_device("joint-patrol/v1/position/boat-3")
    'boat-3'
    >>> topic_device("/in/phones") is None
    True
    """
    if topic is None or not topic.startswith(TOPIC_PREFIX):
        return None
    return topic.removeprefix(TOPIC_PREFIX) or None


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a message of ours: JSON without an OwnTracks `_type`."""
    return frame.payload.lstrip()[:1] in (b"{", b"[") and b'"_type"' not in frame.payload


class PositionJsonDecoder(SessionDecoder):
    """Decodes messages; keeps nothing between them but the last message's rejected objects."""

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: If nothing in it is good.
        """
        items = decode_items(
            frame.payload,
            heard_at=frame.heard_at,
            device=topic_device(frame.topic),
            resent=frame.resent,
        )
        self._rejected = [item.error for item in items.rejected]
        if self._rejected and not items.transmissions:
            raise self._rejected.pop(0)
        return items.transmissions


def decoder(settings: DecoderSettings) -> PositionJsonDecoder:  # noqa: ARG001
    """Return a decoder; the format has no settings."""
    return PositionJsonDecoder()


def _objects(payload: bytes) -> list[bytes]:
    """Return the objects of an array, each as it was received, or the single one."""
    if payload.lstrip()[:1] != b"[":
        return [payload]
    try:
        return [bytes(each) for each in json_decoder(list[msgspec.Raw]).decode(payload)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        try:
            return _split_objects(payload)
        except (ValueError, RecursionError):
            raise FrameError("json", payload, str(fault)) from None


def _split_objects(payload: bytes) -> list[bytes]:
    """Return the objects of an array of which one holds half a character, which msgspec refuses.

    Raises:
        ValueError: If it is no JSON for other reasons.
    """
    json.loads(payload)
    text = payload.decode()
    objects: list[bytes] = []
    at = _start(text, text.index("[") + 1)
    while text[at] != "]":
        _, end = _SCANNER.raw_decode(text, at)
        objects.append(text[at:end].encode())
        at = _start(text, end)
        if text[at] == ",":
            at = _start(text, at + 1)
    return objects


def _start(text: str, at: int) -> int:
    """Return where what is no blank begins."""
    while text[at].isspace():
        at += 1
    return at


def _item(raw: bytes) -> tuple[PositionObject, tuple[str, ...]]:
    """Read one object; a call for help loses its bad fields, not its hearing."""
    try:
        return json_decoder(PositionObject).decode(raw), ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        reason = "bad_field" if isinstance(fault, msgspec.ValidationError) else "json"
        fields = _loose(raw)
        if fields.get("distress") is not True:
            raise FrameError(reason, raw, str(fault)) from None
        good = {name: value for name, value in fields.items() if _fits(name, value)}
        return converted(good, PositionObject), ("bad_field",)


def _fits(name: str, value: object) -> bool:
    try:
        converted({name: value}, PositionObject)
    except (msgspec.ValidationError, OverflowError):
        return False
    return name in PositionObject.__struct_fields__


def _transmission(
    raw: bytes, *, heard_at: datetime, device: str | None, resent: bool
) -> Transmission:
    item, flags = _item(raw)
    if device is not None and item.device not in (None, device):
        raise FrameError("device_mismatch", raw, f"{device} may not speak for {item.device}")
    sender = item.device or device
    if sender is None:
        raise FrameError("no_device", raw, "it names no device, and the link knows none")
    try:
        time = None if item.time is None else item.time.astimezone(UTC)
        position = _position(item, raw)
    except OverflowError:
        raise FrameError("bad_field", raw, "time is outside the years 1 to 9999") from None
    except FrameError as fault:
        if not item.distress:
            raise
        position, flags = None, (*flags, fault.reason)
    if time is not None and time - heard_at > AHEAD:
        flags = (*flags, "future_time")
    return Transmission(
        protocol="position_json",
        kind=_kind(item, raw),
        device=sender,
        position=position,
        device_time=time,
        heard_at=heard_at,
        distress=bool(item.distress),
        text=item.text,
        status=item.status,
        flags=tuple(sorted(flags)),
        facts={} if item.id is None else {"id": item.id},
        raw=raw,
        duplicate_key=_duplicate_key(item, time),
        duplicate_window_s=None,
        resent=resent,
    )


def _kind(item: PositionObject, raw: bytes) -> Kind:
    if item.lon is not None or item.lat is not None:
        return "position"
    if item.distress:
        return "distress"
    if item.text is not None:
        return "text"
    if item.status is not None:
        return "status"
    raise FrameError("missing_lon", raw, "no position, and nothing else said")


def _position(item: PositionObject, raw: bytes) -> Position | None:
    if item.lon is None and item.lat is None:
        return None
    if item.lon is None:
        raise FrameError("missing_lon", raw)
    if item.lat is None:
        raise FrameError("missing_lat", raw)
    check_place(lon=item.lon, lat=item.lat, payload=raw)
    return Position(
        lon=item.lon,
        lat=item.lat,
        altitude_m=item.altitude_m,
        accuracy_m=item.accuracy_m,
        speed_mps=item.speed_mps,
        course_deg=None if item.course_deg is None else item.course_deg % 360.0,
        heading_deg=None if item.heading_deg is None else item.heading_deg % 360.0,
    )


def _duplicate_key(item: PositionObject, time: datetime | None) -> str | None:
    if item.id is not None:
        return f"id:{item.id}"
    if time is None:
        return None
    content = (item.lon, item.lat, item.text, item.status, item.distress)
    return f"{time.isoformat()}|{msgspec.json.encode(content).decode()}"


def _loose(raw: bytes) -> dict[str, object]:
    """Return the fields of an object, as far as they can be read.

    Half characters, as a phone leaves them that cuts words within an emoji, are written out.
    """
    try:
        fields = json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {_whole(name): _whole(value) for name, value in fields.items()}


def _whole(value: Any) -> Any:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _id(raw: bytes) -> str | None:
    id_sent = _loose(raw).get("id")
    return id_sent[:64] if isinstance(id_sent, str) else None
