"""Writes Cursor on Target for TAK clients and servers: where a unit is, words, a call for help.

Each event as XML (`…_xml`) and, with `tak_stream` and `tak_datagram`, in TAK protocol version 1.
Pure: times are arguments. Characters that XML cannot hold become U+FFFD.

Source: MITRE, CoT base schema 2.0; `tak` for the protobuf layout; detail elements as the published
ATAK-CIV sources write them (GeoChat, emergency, contact, `__group`, `takv`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO

import msgspec
from google.protobuf.proto import serialize_length_prefixed

from radio_gateway.formats.cot_node_mark import NODE_MARK, content_digest
from radio_gateway.protobuf.tak_pb2 import CotEvent, Detail, TakMessage
from radio_gateway.protocols.cot.event import UNKNOWN
from radio_gateway.protocols.cot.timestamp import milliseconds, show_time

ALL_ROOMS = "All Chat Rooms"
EMERGENCIES = {
    "911 Alert": "b-a-o-tbl",
    "Ring The Bell": "b-a-o-pan",
    "In Contact": "b-a-o-opn",
    "Cancel": "b-a-o-can",
}
STALE_AFTER = timedelta(minutes=5)
_NO_ANSWER = "*:-1:stcp"  # endpoint of who is reached through the server's stream


class CotUnit(msgspec.Struct, frozen=True, kw_only=True):
    """Where a unit is.

    Attributes:
        uid: Its identifier, the same for ever.
        callsign: What people call it.
        lon: Longitude, degrees east.
        lat: Latitude, degrees north.
        time: When it was there, aware UTC.
        type: What it is: `a-f-G-U-C` on the ground, `a-f-S` afloat, `a-f-A` in the air.
        how: How its place came about.
        start: From when on this is true; None: `time`.
        stale: Until when it is worth something; None: `STALE_AFTER` past `time`.
        hae: Height above the ellipsoid, metres.
        ce: Circular error, metres.
        course: Course over ground, degrees true.
        speed: Speed over ground, metres per second.
        team: Colour of its team, one of ATAK's (`Cyan`); None: no member of a team.
        role: Its part in the team.
        client: Name of the program; only for our own station, which a TAK server then knows as
            the one at the other end of the connection, so that it passes on what is for us.
        remarks: Words shown with it.
    """

    uid: str
    callsign: str
    lon: float
    lat: float
    time: datetime
    type: str = "a-f-G-U-C"
    how: str = "m-g"
    start: datetime | None = None
    stale: datetime | None = None
    hae: float | None = None
    ce: float | None = None
    course: float | None = None
    speed: float | None = None
    team: str | None = None
    role: str = "Team Member"
    client: str | None = None
    remarks: str = ""


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """Words to one device or to all.

    Attributes:
        uid: Who says it.
        callsign: What people call them.
        message_id: Identifies these words for ever; receipts name it.
        text: The words.
        time: When they were said, aware UTC.
        stale: Until when they are worth something; None: `STALE_AFTER` past `time`.
        to: uid of the one device; None: all.
        lon: Where the speaker is, degrees east; None: not said.
        lat: The same, degrees north.
    """

    uid: str
    callsign: str
    message_id: str
    text: str
    time: datetime
    stale: datetime | None = None
    to: str | None = None
    lon: float | None = None
    lat: float | None = None


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's call for help, or that it is over.

    Attributes:
        uid: The unit.
        callsign: What people call it.
        time: When it called, aware UTC.
        emergency: A key of `EMERGENCIES`; `Cancel` ends it.
        stale: Until when it is worth something; None: `STALE_AFTER` past `time`.
        lon: Where it is, degrees east; None: not known.
        lat: The same, degrees north.
        hae: Height above the ellipsoid, metres.
        ce: Circular error, metres.
    """

    uid: str
    callsign: str
    time: datetime
    emergency: str = "911 Alert"
    stale: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    hae: float | None = None
    ce: float | None = None


class CotPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the map: a target, a point, a line or an area.

    Attributes:
        uid: Its identifier, the same for ever.
        type: What it is.
        maker: uid of who put it there.
        name: What people call it.
        lon: Longitude, degrees east.
        lat: Latitude, degrees north.
        time: When it is told, aware UTC.
        stale: Until when it is worth something.
        ce: Circular error, metres.
        speed: Speed over ground, metres per second.
        course: Course over ground, degrees true.
        remarks: Words shown with it.
        path: A line, or the edge of an area: (lon, lat); empty for neither.
        closed: The path is the edge of an area.
        radius_m: Radius of a circle, metres.
        is_red: Drawn in red, not in white.
    """

    uid: str
    type: str
    maker: str
    name: str
    lon: float
    lat: float
    time: datetime
    stale: datetime
    ce: float | None = None
    speed: float | None = None
    course: float | None = None
    remarks: str = ""
    path: tuple[tuple[float, float], ...] = ()
    closed: bool = False
    radius_m: float | None = None
    is_red: bool = False


class _Element(msgspec.Struct, frozen=True):
    name: str
    attributes: dict[str, str] = {}
    text: str = ""
    children: tuple[_Element, ...] = ()


class OutEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event ready to be written; made by `unit_event` and its neighbours."""

    uid: str
    type: str
    how: str
    time: datetime
    start: datetime
    stale: datetime
    lon: float
    lat: float
    hae: float
    ce: float
    detail: tuple[_Element, ...]


def unit_event(unit: CotUnit) -> OutEvent:
    """Return the event for where a unit is."""
    detail = [_Element("contact", {"callsign": unit.callsign})]
    if unit.client is not None:
        detail[0].attributes["endpoint"] = _NO_ANSWER
        detail.append(_Element("takv", {"device": "", "platform": unit.client, "version": "1"}))
    if unit.team is not None or unit.client is not None:
        detail.append(_Element("__group", {"name": unit.team or "Cyan", "role": unit.role}))
    if unit.course is not None or unit.speed is not None:
        # a client that reads a track wants both; what is not known is not moving
        track = {"course": _number(unit.course or 0.0), "speed": _number(unit.speed or 0.0)}
        detail.append(_Element("track", track))
    if unit.remarks:
        detail.append(_Element("remarks", text=unit.remarks))
    return OutEvent(
        uid=unit.uid,
        type=unit.type,
        how=unit.how,
        time=unit.time,
        start=unit.start or unit.time,
        stale=unit.stale or unit.time + STALE_AFTER,
        lon=unit.lon,
        lat=unit.lat,
        hae=UNKNOWN if unit.hae is None else unit.hae,
        ce=UNKNOWN if unit.ce is None else unit.ce,
        detail=tuple(detail),
    )


def chat_event(chat: Chat) -> OutEvent:
    """Return the event for words (GeoChat)."""
    room = chat.to or ALL_ROOMS
    group = _Element("chatgrp", {"uid0": chat.uid, "uid1": room, "id": room})
    head = {
        "parent": "RootContactGroup",
        "groupOwner": "false",
        "messageId": chat.message_id,
        "chatroom": room,
        "id": room,
        "senderCallsign": chat.callsign,
    }
    remarks = {
        "source": f"BAO.F.ATAK.{chat.uid}",
        "to": room,
        "time": show_time(chat.time, always_ms=True),
    }
    detail = [
        _Element("__chat", head, children=(group,)),
        _Element("link", {"uid": chat.uid, "type": "a-f-G-U-C", "relation": "p-p"}),
        _Element("remarks", remarks, chat.text),
    ]
    if chat.to is not None:
        dest = _Element("dest", {"uid": chat.to})
        detail.append(_Element("marti", children=(dest,)))
    return OutEvent(
        uid=f"GeoChat.{chat.uid}.{room}.{chat.message_id}",
        type="b-t-f",
        how="h-g-i-g-o",
        time=chat.time,
        start=chat.time,
        stale=chat.stale or chat.time + STALE_AFTER,
        lon=chat.lon or 0.0,
        lat=chat.lat or 0.0,
        hae=UNKNOWN,
        ce=UNKNOWN,
        detail=tuple(detail),
    )


def emergency_event(call: Emergency) -> OutEvent:
    """Return the event for a call for help, or for its end.

    Raises:
        ValueError: If `call.emergency` is no key of `EMERGENCIES`.
    """
    type_ = EMERGENCIES.get(call.emergency)
    if type_ is None:
        raise ValueError(f"no emergency {call.emergency!r}; there are {', '.join(EMERGENCIES)}")
    over = call.emergency == "Cancel"
    word = {"cancel": "true"} if over else {"type": call.emergency}
    return OutEvent(
        uid=f"{call.uid}-9-1-1",
        type=type_,
        how="m-g",
        time=call.time,
        start=call.time,
        stale=call.stale or call.time + STALE_AFTER,
        lon=call.lon or 0.0,
        lat=call.lat or 0.0,
        hae=UNKNOWN if call.hae is None else call.hae,
        ce=UNKNOWN if call.ce is None else call.ce,
        detail=(
            _Element("link", {"uid": call.uid, "type": "a-f-G-U-C", "relation": "p-p"}),
            _Element("contact", {"callsign": f"{call.callsign}-Alert"}),
            _Element("emergency", word, call.callsign),
        ),
    )


def place_event(place: CotPlace) -> OutEvent:
    """Return the event for a place."""
    maker = {"uid": place.maker, "type": "a-f-G-U-C", "relation": "p-p"}
    detail = [_Element("contact", {"callsign": place.name}), _Element("link", maker)]
    if place.speed is not None or place.course is not None:
        track = {"course": _number(place.course or 0.0), "speed": _number(place.speed or 0.0)}
        detail.append(_Element("track", track))
    if place.path or place.radius_m is not None:
        line = str(-65536 if place.is_red else -1)  # ARGB as a signed number
        detail.append(_Element("strokeColor", {"value": line}))
        detail.append(_Element("strokeWeight", {"value": "3.0"}))
    if place.path:
        path = place.path
        if place.closed and path[0] != path[-1]:
            path = (*path, path[0])
        for lon, lat in path:
            detail.append(_Element("link", {"point": f"{_number(lat)},{_number(lon)}"}))
        if place.closed:
            fill = str(0x30FF0000 if place.is_red else 0x30FFFFFF)
            detail.append(_Element("fillColor", {"value": fill}))
    elif place.radius_m is not None:
        size = _number(place.radius_m)
        ellipse = _Element("ellipse", {"major": size, "minor": size, "angle": "360"})
        detail.append(_Element("shape", children=(ellipse,)))
    if place.remarks:
        detail.append(_Element("remarks", text=place.remarks))
    return OutEvent(
        uid=place.uid,
        type=place.type,
        how="h-g-i-g-o",
        time=place.time,
        start=place.time,
        stale=place.stale,
        lon=place.lon,
        lat=place.lat,
        hae=UNKNOWN,
        ce=UNKNOWN if place.ce is None else place.ce,
        detail=tuple(detail),
    )


def marked(event: OutEvent, by: str) -> OutEvent:
    """Return an event with the mark of the node that wrote it, `node` or `node/feed`, by which it
    knows the event again when it is heard.
    """
    mark = _Element(NODE_MARK, {"by": by, "of": digest_of(event)})
    return msgspec.structs.replace(event, detail=(*event.detail, mark))


def digest_of(event: OutEvent) -> str:
    """Return the digest of an event's content, as `node_mark.transmission_digest` of it heard."""
    elements = {each.name: each for each in event.detail}
    call, words = elements.get("emergency"), elements.get("remarks")
    return content_digest(
        uid=event.uid,
        type_=event.type,
        lon=event.lon,
        lat=event.lat,
        distress=call is not None and "cancel" not in call.attributes,
        text="" if words is None else words.text,
    )


def delete_event(uid: str, time: datetime) -> OutEvent:
    """Return the event that takes what has this uid off the maps of those who get it."""
    link = _Element("link", {"uid": uid, "type": "none", "relation": "none"})
    return _control("t-x-d-d", f"{uid}-delete", time, (link, _Element("__forcedelete")))


def ping_event(uid: str, time: datetime) -> OutEvent:
    """Return the event that asks a server whether it is still there."""
    return _control("t-x-c-t", uid, time, ())


def event_xml(event: OutEvent) -> bytes:
    """Return an event as one line of XML without a declaration, as streams want it."""
    attributes = {
        "version": "2.0",
        "uid": event.uid,
        "type": event.type,
        "time": show_time(event.time, always_ms=True),
        "start": show_time(event.start, always_ms=True),
        "stale": show_time(event.stale, always_ms=True),
        "how": event.how,
    }
    point = {
        "lat": _number(event.lat),
        "lon": _number(event.lon),
        "hae": _number(event.hae),
        "ce": _number(event.ce),
        "le": _number(UNKNOWN),
    }
    body = (_Element("point", point), _Element("detail", children=event.detail))
    return _xml((_Element("event", attributes, children=body),)).encode() + b"\n"


def tak_stream(event: OutEvent) -> bytes:
    """Return an event in TAK protocol for a TCP stream."""
    stream = BytesIO(b"\xbf")
    stream.seek(1)
    serialize_length_prefixed(_message(event), stream)
    return stream.getvalue()


def tak_datagram(event: OutEvent) -> bytes:
    """Return an event in TAK protocol for a UDP datagram."""
    return b"\xbf\x01\xbf" + _message(event).SerializeToString()


def _control(type_: str, uid: str, time: datetime, detail: tuple[_Element, ...]) -> OutEvent:
    return OutEvent(
        uid=uid,
        type=type_,
        how="h-g-i-g-o",
        time=time,
        start=time,
        stale=time + STALE_AFTER,
        lon=0.0,
        lat=0.0,
        hae=UNKNOWN,
        ce=UNKNOWN,
        detail=detail,
    )


def _message(event: OutEvent) -> TakMessage:
    detail = Detail()
    rest: list[_Element] = []
    for element in event.detail:
        name = _TYPED.get(element.name)
        if name is None:
            rest.append(element)
            continue
        message = getattr(detail, name)
        message.SetInParent()
        for field in message.DESCRIPTOR.fields:
            value = element.attributes.get(field.name)
            if value is not None:  # a track's numbers are doubles, all else is words
                setattr(message, field.name, float(value) if name == "track" else _clean(value))
    detail.xml = _xml(rest)
    return TakMessage(
        event=CotEvent(
            type=_clean(event.type),
            uid=_clean(event.uid),
            send_time=milliseconds(event.time),
            start_time=milliseconds(event.start),
            stale_time=milliseconds(event.stale),
            how=_clean(event.how),
            lat=event.lat,
            lon=event.lon,
            hae=event.hae,
            ce=event.ce,
            le=UNKNOWN,
            detail=detail,
        )
    )


# Elements that have a message of their own under `detail`.
_TYPED = {"contact": "contact", "__group": "group", "takv": "takv", "track": "track"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;",
     "\t": "&#9;"}
)  # fmt: skip


def _xml(elements: Sequence[_Element]) -> str:
    parts = []
    for element in elements:
        attributes = "".join(
            f' {name}="{_clean(value).translate(_ESCAPES)}"'
            for name, value in element.attributes.items()
        )
        inner = _clean(element.text).translate(_ESCAPES) + _xml(element.children)
        name = element.name
        parts.append(f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>")
    return "".join(parts)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _number(value: float) -> str:
    """Return a number without an exponent, to a ten-millionth."""
    return f"{value:.7f}".rstrip("0").removesuffix(".") or "0"
