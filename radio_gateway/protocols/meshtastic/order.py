"""Orders to Meshtastic nodes: through the radio on our serial port, or through a gateway's MQTT.

    text     TEXT_MESSAGE_APP (portnum 1)
    alert, distress   ALERT_APP (11), which phones ring for, at priority ALERT (110)
    mark     WAYPOINT_APP (8)
    poll     POSITION_APP (3) with nothing in it and `want_response`: the node answers with its own

    serial   ToRadio{1 packet}: the radio on our port fills in who speaks, key and hops
    MQTT     ServiceEnvelope, encrypted by us, on the topic that is ours; a gateway whose channel
             has downlink switched on takes it to the air. `DecoderSettings.station` is that topic,
             `msh/TH/2/e/PATROL/!a1b2c3d4`: region, channel and our node's name.

A packet's identifier follows from the order's own, so that an order sent again is the same packet
and the mesh shows it once. The node that receives it answers with ROUTING (portnum 5).

Source: Meshtastic protobuf definitions, `mesh.proto` (MeshPacket, Data, ToRadio, Constants),
`mqtt.proto`; documentation "MQTT".
"""

from __future__ import annotations

import re

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.formats.meshtastic_waypoint import waypoint
from radio_gateway.formats.name_tag import number_of
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind, place_of
from radio_gateway.protobuf.meshtastic_pb2 import Data, MeshPacket, ServiceEnvelope, ToRadio
from radio_gateway.protocols.meshtastic.crypto import channel_hash, channel_key, crypt
from radio_gateway.protocols.meshtastic.payload import ALERT, POSITION, TEXT, WAYPOINT
from radio_gateway.protocols.meshtastic.report import BROADCAST, node_name, node_number

SERIAL_ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "poll", "text", "mark"})
MQTT_ORDERS = SERIAL_ORDERS
MAX_PAYLOAD = 233  # bytes; DATA_PAYLOAD_LEN
ANSWER_WITHIN_S = 45.0  # the radio itself tries three times over up to three hops

_STATION = re.compile(r"(?P<topic>.+/2/e/(?P<channel>[^/]+)/(?P<node>![0-9a-f]{8}))")
_HOPS = 3
_ALERT_PRIORITY, _RELIABLE_PRIORITY = 110, 70
_OK_TO_MQTT = 1  # bit of Data.bitfield: other gateways may pass it on


def framed(message: bytes) -> bytes:
    """Return a ToRadio message as the serial stream carries it.

    >>> framed(b"").hex()
    '94c30000'
    """
    return b"\x94\xc3" + len(message).to_bytes(2, "big") + message


def encode_serial(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return `order` for the radio on the serial port.

    Raises:
        OrderError: `too_long`, `no_text`, `no_place`, `no_device` or `bad_device`.
    """
    data, to, packet_id = _data(order), _to(order), packet_id_of(order)
    packet = _packet(order, to)
    packet.decoded.CopyFrom(data)
    return EncodedOrder(
        data=framed(ToRadio(packet=packet).SerializeToString()),
        answer=None if to == BROADCAST else f"{packet_id:08x}",
        answer_within_s=ANSWER_WITHIN_S,
    )


def encode_mqtt(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return `order` for the gateways behind a broker.

    Raises:
        OrderError: `no_station` when the settings do not say what our topic is, `bad_key`,
            `too_long`, `no_text`, `no_place`, `no_device` or `bad_device`.
    """
    station = _STATION.fullmatch(settings.station or "")
    if station is None:
        detail = "the channel's station must be our topic, like msh/TH/2/e/PATROL/!a1b2c3d4"
        raise OrderError("no_station", detail)
    node, channel = station["node"], station["channel"]
    sender = node_number(node)
    assert sender is not None
    try:
        key = channel_key(settings, channel)
    except ValueError as fault:
        raise OrderError("bad_key", str(fault)) from None
    data, to, packet_id = _data(order), _to(order), packet_id_of(order)
    data.MergeFrom(Data(bitfield=_OK_TO_MQTT))
    packet = _packet(order, to)
    packet.sender, packet.channel = sender, channel_hash(channel, key)
    packet.encrypted = crypt(data.SerializeToString(), key=key, sender=sender, packet_id=packet_id)
    packet.hop_limit = packet.hop_start = _HOPS
    envelope = ServiceEnvelope(packet=packet, channel_id=channel, gateway_id=node)
    return EncodedOrder(
        data=envelope.SerializeToString(),
        topic=station["topic"],
        answer=None if to == BROADCAST else f"{packet_id:08x}",
        answer_within_s=ANSWER_WITHIN_S,
    )


def packet_id_of(order: Order) -> int:
    """Return the identifier of an order's packet, the same each time, never 0."""
    return number_of(order.id)


def _data(order: Order) -> Data:
    if order.kind == "poll":
        return Data(portnum=POSITION, want_response=True)
    if order.kind == "mark":
        mark, lon, lat = place_of(order)
        return Data(portnum=WAYPOINT, payload=waypoint(mark, lon=lon, lat=lat))
    text = order.text.encode()
    if not text:
        raise OrderError("no_text", "there is nothing to say")
    if len(text) > MAX_PAYLOAD:
        raise OrderError("too_long", f"{len(text)} bytes, at most {MAX_PAYLOAD} go")
    return Data(portnum=TEXT if order.kind == "text" else ALERT, payload=text)


def _to(order: Order) -> int:
    if order.device is None:
        if order.kind == "poll":
            raise OrderError("no_device", "one node can be asked, not all at once")
        return BROADCAST
    to = node_number(order.device)
    if to is None or node_name(to) != order.device.lower():
        raise OrderError("bad_device", f"{order.device!r} is no node such as !a1b2c3d4")
    return to


def _packet(order: Order, to: int) -> MeshPacket:
    """Return a packet without what it says: whom it is for and how it is to be delivered."""
    urgent = order.kind in ("alert", "distress")
    return MeshPacket(
        to=to,
        id=packet_id_of(order),
        want_ack=to != BROADCAST,
        priority=_ALERT_PRIORITY if urgent else _RELIABLE_PRIORITY,
    )
