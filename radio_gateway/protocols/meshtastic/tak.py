"""TAK packets on the mesh: where a phone with ATAK or a TAK tracker is, and what it writes.

    port 72  TAKPacket    1 is_compressed, 2 contact (1 callsign, 2 device_callsign),
             3 group (1 role, 2 team), 4 status (1 battery), and one of
             5 pli (1 latitude_i sfixed32, 2 longitude_i sfixed32, 3 altitude int32, 4 speed,
             5 course), 6 chat (1 message, 2 to, 3 to_callsign, 4 receipt_for_uid,
             5 receipt_type), 7 detail
    port 78  a byte, then TAKPacketV2: FF it is as it stands; else which dictionary of its own
             software it was compressed with (zstd)
             1 cot_type_id, 2 how, 3 callsign, 4 team, 5 role, 6 latitude_i sfixed32,
             7 longitude_i sfixed32, 8 altitude sint32, 9 speed, 10 course (1/100 degree),
             11 battery, 14 uid, 15 device_callsign, 16 stale_seconds, 23 cot_type_str,
             24 remarks, and one of 31 chat (as above), 32 aircraft, 34 shape, 35 marker,
             36 range and bearing, 37 route (5 links: 1 point: 1, 2 latitude and longitude
             from the packet's own, sint32), 38 casevac, 39 emergency (1 type), 40 task, …;
             with none of them it is a position

The texts of a compressed packet of port 72 are Unishox2 each. A node in the role TAK_TRACKER sends
such packets instead of positions: on port 78 as they stand. Phones compress with dictionaries that
are published under the GPL and are no part of this product: who has them names them in the channel
(`tak_dictionaries`). Without it such a packet is told as one that was heard (`tak_dictionary`), and
not read.

The sender is the node; what ATAK calls itself are facts (`tak_uid`, `callsign`). Altitudes are
above the ellipsoid. Phones send speeds in m/s (72) and cm/s (78), nodes as their receiver gives
them: they are given as they are. No time is sent.

Source: Meshtastic protobuf definitions, `atak.proto`; firmware `PositionModule.cpp` (FF); `uid`,
dictionaries and the byte before: documentation of TAKPacket-SDK, "Wire format".
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.protobuf import ProtobufError, ProtobufMessage, all_of
from radio_gateway.messages.marked_place import (
    MarkedPlace,
    MarkUse,
    Path,
    as_path,
    in_lines,
    is_place,
    one_line,
)
from radio_gateway.protocols.meshtastic.report import (
    MAX_TEXT,
    Facts,
    MeshtasticPayload,
    position_payload,
)
from radio_gateway.protocols.meshtastic.unishox import decompress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ATAK_PLUGIN, ATAK_PLUGIN_V2 = 72, 78

MAX_NAME: Final = 120  # characters
_AS_IT_STANDS: Final = 0xFF
_ZSTD_MAGIC: Final = bytes.fromhex("28b52ffd")
_DICTIONARY_MAGIC: Final = bytes.fromhex("37a430ec")  # a file without it is text that packets share
_MOST_BYTES: Final = 4096  # of a packet; the mesh carries 237
_NO_ALTITUDE: Final = 9_999_999
_BY_HAND, _SIMULATED = 1, 7  # `how`: h-e, m-s

TEAMS: Final = (
    *("", "White", "Yellow", "Orange", "Magenta", "Red", "Maroon", "Purple", "Dark Blue"),
    *("Blue", "Cyan", "Teal", "Green", "Dark Green", "Brown"),
)
ROLES: Final = (
    *("", "Team Member", "Team Lead", "HQ", "Sniper", "Medic", "Forward Observer", "RTO", "K9"),
)
_RECEIPTS: Final = {1: "delivered", 2: "delivered"}  # delivered, read

CHAT, CASEVAC, EMERGENCY = 31, 38, 39
VARIANTS: Final = {
    32: "aircraft",
    33: "detail",
    34: "shape",
    35: "marker",
    36: "range_and_bearing",
    37: "route",
    40: "task",
    41: "taktalk",
    42: "taktalk_room",
}
_PLACES: Final = frozenset((34, 35, 36, 37))  # what somebody drew or marked
_SHAPE, _ROUTE = 34, 37
_CLOSED: Final = frozenset((2, 5, 9, 10))  # shapes whose line goes round: rectangle, polygon, …
_FENCE, _CANCEL = 4, 6  # of an emergency's types, those that are no call for help
# of the types of an event, those that are no thing that is somewhere (`t-x-d-d`, `b-…`, `u-…`, …)
NO_ATOMS: Final = frozenset((14, *range(25, 32), *range(37, 44), *range(72, 82), *range(113, 127)))
LAST_TYPE: Final = 126


def read_tak(data: bytes, payload: bytes) -> MeshtasticPayload:
    """Return what a packet of port 72 says.

    Args:
        data: It.
        payload: The frame, for errors.

    Raises:
        WireError: If it is none.
        FrameError: `lat_range`, `lon_range` or `null_island`.
    """
    message = ProtobufMessage(data)
    compressed = bool(message.number(1))
    facts: Facts = {}
    contact, group, status = message.message(2), message.message(3), message.message(4)
    if contact is not None:
        _name(facts, "callsign", _text(contact, 1, compressed=compressed))
        _name(facts, "tak_uid", _text(contact, 2, compressed=compressed))
    if group is not None:
        _team(facts, group.number(2), group.number(1))
    if status is not None:
        _battery(facts, status.number(1))
    pli, chat = message.message(5), message.message(6)
    if pli is not None:
        return _position(
            facts,
            payload,
            latitude_i=pli.sfixed32(1),
            longitude_i=pli.sfixed32(2),
            altitude_hae=pli.int32(3),
            ground_speed=pli.number(4),
        )
    if chat is not None:
        return _chat(chat, facts, compressed=compressed)
    return MeshtasticPayload(kind="other", word="atak", facts=facts)


def read_tak_v2(
    data: bytes, payload: bytes, dictionaries: Sequence[bytes] = ()
) -> MeshtasticPayload:
    """Return what a packet of port 78 says.

    Args:
        data: It.
        payload: The frame, for errors.
        dictionaries: What it may be compressed with, by number.

    Raises:
        WireError: If it is none.
        FrameError: `lat_range`, `lon_range` or `null_island`.
    """
    if not data:
        raise ProtobufError("a packet of nothing")
    body, number = data[1:], data[0] & 0x3F
    if data[0] != _AS_IT_STANDS:
        if number >= len(dictionaries):
            return MeshtasticPayload(kind="other", word="atak", facts={"tak_dictionary": number})
        body = _expanded(body, dictionaries[number])
    message = ProtobufMessage(body)
    facts: Facts = {}
    for number, fact in ((3, "callsign"), (14, "tak_uid"), (23, "cot_type")):
        _name(facts, fact, _text(message, number))
    _team(facts, message.number(4), message.number(5))
    _battery(facts, message.number(11))
    remarks = _text(message, 24)
    if remarks:
        facts["remarks"] = remarks[:MAX_TEXT]
    chat, emergency = message.message(CHAT), message.message(EMERGENCY)
    if chat is not None:
        return _chat(chat, facts)
    if emergency is not None:
        return _emergency(message, emergency, facts, payload)
    if CASEVAC in message:  # its place is where somebody is to be fetched
        return MeshtasticPayload(
            kind="distress", word="casevac", distress=True, text=remarks, facts=facts
        )
    variant = next((each for each in VARIANTS if each in message), None)
    if variant is not None:
        word = f"atak_{VARIANTS[variant]}"
        if variant not in _PLACES:
            return MeshtasticPayload(kind="other", word=word, facts=facts)
        return MeshtasticPayload(
            kind="waypoint", word=word, facts=facts, mark=_mark(message, variant, facts)
        )
    if not _is_atom(message.number(1) or 0, str(facts.get("cot_type", ""))):
        return MeshtasticPayload(kind="other", word="atak", facts=facts)
    return _own_position(message, facts, payload)


def _mark(message: ProtobufMessage, variant: int, facts: Facts) -> MarkedPlace | None:
    """Return what somebody marked or drew; None for one without an identifier or a place."""
    lat_i, lon_i = message.sfixed32(6) or 0, message.sfixed32(7) or 0
    lon, lat = lon_i / 1e7, lat_i / 1e7
    uid = one_line(_text(message, 14))
    if not uid or not is_place(lon=lon, lat=lat):
        return None
    path: Path = ()
    radius_m: float | None = None
    kind = 0
    shape = message.message(_SHAPE)
    if shape is not None:
        kind = shape.number(1) or 0
        east, north = (_deltas(shape.data(number) or b"") for number in (19, 18))
        corners = zip(east, north, strict=False)
        path = as_path(((lon_i + x) / 1e7, (lat_i + y) / 1e7) for x, y in corners)
        radius_m = max(shape.number(3) or 0, shape.number(4) or 0) / 100 or None
    route = message.data(_ROUTE)
    if route is not None:  # from the packet's own place to each of its points
        points = (link.message(1) or ProtobufMessage(b"") for link in all_of(route, 5))
        path = as_path(
            ((lon_i + (point.sint32(2) or 0)) / 1e7, (lat_i + (point.sint32(1) or 0)) / 1e7)
            for point in points
        )
    use: MarkUse = "route" if variant == _ROUTE else "area" if kind in _CLOSED else "place"
    return MarkedPlace(
        id=uid,
        lon=lon,
        lat=lat,
        name=one_line(str(facts.get("callsign", ""))),
        use=use,
        path=path,
        closed=kind in _CLOSED and bool(path),
        radius_m=radius_m,
        remarks=in_lines(str(facts.get("remarks", ""))),
    )


def _deltas(data: bytes) -> list[int]:
    """Return the numbers of a packed sint32 field."""
    numbers = []
    value = shift = 0
    for byte in data:
        if shift > 28:
            raise ProtobufError("a number of more than 32 bits")
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value >> 1 ^ -(value & 1))
            value = shift = 0
    return numbers


def _expanded(body: bytes, dictionary: bytes) -> bytes:
    if body[:4] != _ZSTD_MAGIC:  # packets leave it out
        body = _ZSTD_MAGIC + body
    decompressor = zstd.ZstdDecompressor(zstd_dict=_dictionary(dictionary))
    try:
        found = decompressor.decompress(body, max_length=_MOST_BYTES)
    except zstd.ZstdError as fault:
        raise ProtobufError(f"it is not compressed with that dictionary: {fault}") from None
    if not decompressor.eof:
        raise ProtobufError(f"it is cut, or more than {_MOST_BYTES} bytes when expanded")
    return found


@lru_cache(maxsize=8)
def _dictionary(dictionary: bytes) -> zstd.ZstdDict:
    return zstd.ZstdDict(dictionary, is_raw=dictionary[:4] != _DICTIONARY_MAGIC)


def _own_position(message: ProtobufMessage, facts: Facts, payload: bytes) -> MeshtasticPayload:
    course = message.number(10)
    altitude = message.sint32(8)
    content = _position(
        facts,
        payload,
        latitude_i=message.sfixed32(6),
        longitude_i=message.sfixed32(7),
        altitude_hae=None if altitude == _NO_ALTITUDE else altitude,
        ground_speed=message.number(9),
        ground_track=None if course is None else course * 1000,
    )
    how = message.number(2)
    if how == _SIMULATED:
        content.fix = False
        content.flags.append("simulator")
    elif how == _BY_HAND:
        content.flags.append("placed_by_hand")
    return content


def _position(facts: Facts, payload: bytes, **fields: int | None) -> MeshtasticPayload:
    """Return a position; one of neither latitude nor longitude is none yet."""
    sent = {name: value for name, value in fields.items() if value is not None}
    if not sent.get("latitude_i") and not sent.get("longitude_i"):
        sent.pop("latitude_i", None)
    elif sent.keys() & {"latitude_i", "longitude_i"}:  # zero is not sent
        sent.setdefault("latitude_i", 0)
        sent.setdefault("longitude_i", 0)
    content = position_payload(sent, payload)
    content.word = content.word or "atak_pli"
    content.facts |= facts
    return content


def _emergency(
    message: ProtobufMessage, emergency: ProtobufMessage, facts: Facts, payload: bytes
) -> MeshtasticPayload:
    """Return a call for help, or its end; either says where its caller is."""
    type_ = emergency.number(1) or 0
    calls = type_ not in (_FENCE, _CANCEL)
    try:
        content = _own_position(message, facts, payload)
    except FrameError as fault:  # a call counts also where it says no place on Earth
        content = MeshtasticPayload(kind="position", fix=False, flags=[fault.reason], facts=facts)
    content.distress = calls
    content.word = "emergency"
    if content.position is None:
        content.kind = "distress" if calls else "status"
    if type_ == _CANCEL:
        content.flags.append("distress_cancelled")
    remarks = facts.get("remarks")
    content.text = remarks if calls and isinstance(remarks, str) else None
    return content


def _chat(chat: ProtobufMessage, facts: Facts, *, compressed: bool = False) -> MeshtasticPayload:
    receipt = chat.number(5) or 0
    if receipt in _RECEIPTS:
        _name(facts, "answers", _text(chat, 4))
        return MeshtasticPayload(
            kind="answer", word="atak_chat", status=_RECEIPTS[receipt], facts=facts
        )
    for number, fact in ((2, "to_uid"), (3, "to_callsign")):
        _name(facts, fact, _text(chat, number, compressed=compressed))
    text = _text(chat, 1, compressed=compressed)
    return MeshtasticPayload(kind="text", word="atak_chat", text=text[:MAX_TEXT], facts=facts)


def _is_atom(type_id: int, type_text: str) -> bool:
    if type_id == 0:
        return type_text.startswith("a-") or not type_text
    return type_id <= LAST_TYPE and type_id not in NO_ATOMS


def _text(message: ProtobufMessage, number: int, *, compressed: bool = False) -> str:
    data = message.data(number) or b""
    return decompress(data) if compressed else data.decode("utf-8", "replace")


def _name(facts: Facts, fact: str, text: str) -> None:
    text = text.strip("\0 ")
    if text and text.isprintable():
        facts[fact] = text[:MAX_NAME]


def _team(facts: Facts, team: int | None, role: int | None) -> None:
    for fact, names, number in (("team", TEAMS, team), ("role", ROLES, role)):
        if number is not None and 0 < number < len(names):
            facts[fact] = names[number]


def _battery(facts: Facts, level: int | None) -> None:
    if level is not None and 0 < level <= 100:
        facts["battery_pct"] = level
