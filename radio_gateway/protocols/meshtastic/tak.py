"""TAK packets on the mesh: where a phone with ATAK or a TAK tracker is, and what it writes.

    port 72  TAKPacket
    port 78  a byte, then TAKPacketV2: FF it is as it stands; else which dictionary of its own
             software it was compressed with (zstd)

Their fields stand in `radio_gateway/protobuf/meshtastic.proto`. The texts of a compressed packet of
port 72 are Unishox2 each. A node in the role TAK_TRACKER sends such packets instead of positions:
on port 78 as they stand. Phones compress with dictionaries that are published under the GPL and are
no part of this product: who has them names them in the channel (`tak_dictionaries`). Without it
such a packet is told as one that was heard (`tak_dictionary`), and not read.

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
from radio_gateway.messages.marked_place import (
    MarkedPlace,
    MarkUse,
    as_path,
    in_lines,
    is_place,
    one_line,
)
from radio_gateway.protobuf.meshtastic_pb2 import GeoChat, TAKPacket, TAKPacketV2
from radio_gateway.protobuf.parse import ProtobufError, parse
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

_PLACES: Final = frozenset(("shape", "marker", "rab", "route"))  # what somebody drew or marked
_VARIANT_WORDS: Final = {"raw_detail": "detail", "rab": "range_and_bearing"}
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
        ProtobufError: If it is none.
        FrameError: `lat_range`, `lon_range` or `null_island`.
    """
    message = parse(TAKPacket, data)
    facts: Facts = {}
    contact, pli = message.contact, message.pli
    _name(facts, "callsign", _text(contact.callsign, compressed=message.is_compressed))
    _name(facts, "tak_uid", _text(contact.device_callsign, compressed=message.is_compressed))
    _team(facts, message.group.team, message.group.role)
    _battery(facts, message.status.battery)
    if message.HasField("pli"):
        return _position(
            facts,
            payload,
            latitude_i=pli.latitude_i,
            longitude_i=pli.longitude_i,
            altitude_hae=pli.altitude if pli.HasField("altitude") else None,
            ground_speed=pli.speed if pli.HasField("speed") else None,
        )
    if message.HasField("chat"):
        return _chat(message.chat, facts, compressed=message.is_compressed)
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
        ProtobufError: If it is none.
        FrameError: `lat_range`, `lon_range` or `null_island`.
    """
    if not data:
        raise ProtobufError("a packet of nothing")
    body, number = data[1:], data[0] & 0x3F
    if data[0] != _AS_IT_STANDS:
        if number >= len(dictionaries):
            return MeshtasticPayload(kind="other", word="atak", facts={"tak_dictionary": number})
        body = _expanded(body, dictionaries[number])
    message = parse(TAKPacketV2, body)
    facts: Facts = {}
    _name(facts, "callsign", _text(message.callsign))
    _name(facts, "tak_uid", _text(message.uid))
    _name(facts, "cot_type", _text(message.cot_type_str))
    _team(facts, message.team, message.role)
    _battery(facts, message.battery)
    remarks = _text(message.remarks)
    if remarks:
        facts["remarks"] = remarks[:MAX_TEXT]
    variant = message.WhichOneof("payload_variant")
    if variant == "chat":
        return _chat(message.chat, facts)
    if variant == "emergency":
        return _emergency(message, facts, payload)
    if variant == "casevac":  # its place is where somebody is to be fetched
        return MeshtasticPayload(
            kind="distress", word="casevac", distress=True, text=remarks, facts=facts
        )
    if variant is not None:
        word = f"atak_{_VARIANT_WORDS.get(variant, variant)}"
        if variant not in _PLACES:
            return MeshtasticPayload(kind="other", word=word, facts=facts)
        return MeshtasticPayload(
            kind="waypoint", word=word, facts=facts, mark=_mark(message, variant, facts)
        )
    if not _is_atom(message.cot_type_id, str(facts.get("cot_type", ""))):
        return MeshtasticPayload(kind="other", word="atak", facts=facts)
    return _own_position(message, facts, payload)


def _mark(message: TAKPacketV2, variant: str, facts: Facts) -> MarkedPlace | None:
    """Return what somebody marked or drew; None for one without an identifier or a place."""
    lat_i, lon_i = message.latitude_i, message.longitude_i
    lon, lat = lon_i / 1e7, lat_i / 1e7
    uid = one_line(_text(message.uid))
    if not uid or not is_place(lon=lon, lat=lat):
        return None
    shape = message.shape
    closed = shape.kind in _CLOSED
    # from the packet's own place to each corner of the shape or point of the route
    deltas = [
        *zip(shape.vertex_lon_deltas, shape.vertex_lat_deltas, strict=False),
        *((link.point.lon_delta_i, link.point.lat_delta_i) for link in message.route.links),
    ]
    path = as_path(((lon_i + east) / 1e7, (lat_i + north) / 1e7) for east, north in deltas)
    use: MarkUse = "route" if variant == "route" else "area" if closed else "place"
    return MarkedPlace(
        id=uid,
        lon=lon,
        lat=lat,
        name=one_line(str(facts.get("callsign", ""))),
        use=use,
        path=path,
        closed=closed and bool(path),
        radius_m=max(shape.major_cm, shape.minor_cm) / 100 or None,
        remarks=in_lines(str(facts.get("remarks", ""))),
    )


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


def _own_position(message: TAKPacketV2, facts: Facts, payload: bytes) -> MeshtasticPayload:
    located = message.HasField("altitude") and message.altitude != _NO_ALTITUDE
    content = _position(
        facts,
        payload,
        latitude_i=message.latitude_i,
        longitude_i=message.longitude_i,
        altitude_hae=message.altitude if located else None,
        ground_speed=message.speed if message.HasField("speed") else None,
        ground_track=message.course * 1000 if message.HasField("course") else None,
    )
    if message.how == _SIMULATED:
        content.fix = False
        content.flags.append("simulator")
    elif message.how == _BY_HAND:
        content.flags.append("placed_by_hand")
    return content


def _position(facts: Facts, payload: bytes, **fields: int | None) -> MeshtasticPayload:
    """Return a position; one of neither latitude nor longitude is none yet."""
    sent = {name: value for name, value in fields.items() if value is not None}
    if not sent["latitude_i"] and not sent["longitude_i"]:
        del sent["latitude_i"]
    content = position_payload(sent, payload)
    content.word = content.word or "atak_pli"
    content.facts |= facts
    return content


def _emergency(message: TAKPacketV2, facts: Facts, payload: bytes) -> MeshtasticPayload:
    """Return a call for help, or its end; either says where its caller is."""
    type_ = message.emergency.type
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


def _chat(chat: GeoChat, facts: Facts, *, compressed: bool = False) -> MeshtasticPayload:
    if chat.receipt_type in _RECEIPTS:
        _name(facts, "answers", _text(chat.receipt_for_uid))
        return MeshtasticPayload(
            kind="answer", word="atak_chat", status=_RECEIPTS[chat.receipt_type], facts=facts
        )
    _name(facts, "to_uid", _text(chat.to, compressed=compressed))
    _name(facts, "to_callsign", _text(chat.to_callsign, compressed=compressed))
    text = _text(chat.message, compressed=compressed)
    return MeshtasticPayload(kind="text", word="atak_chat", text=text[:MAX_TEXT], facts=facts)


def _is_atom(type_id: int, type_text: str) -> bool:
    if type_id == 0:
        return type_text.startswith("a-") or not type_text
    return type_id <= LAST_TYPE and type_id not in NO_ATOMS


def _text(data: bytes, *, compressed: bool = False) -> str:
    return decompress(data) if compressed else data.decode("utf-8", "replace")


def _name(facts: Facts, fact: str, text: str) -> None:
    text = text.strip("\0 ")
    if text and text.isprintable():
        facts[fact] = text[:MAX_NAME]


def _team(facts: Facts, team: int, role: int) -> None:
    for fact, names, number in (("team", TEAMS, team), ("role", ROLES, role)):
        if 0 < number < len(names):
            facts[fact] = names[number]


def _battery(facts: Facts, level: int) -> None:
    if 0 < level <= 100:
        facts["battery_pct"] = level
