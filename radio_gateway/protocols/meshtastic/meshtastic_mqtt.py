"""Meshtastic over MQTT: what the mesh's gateways publish, as protobuf.

    topic    msh/<region>/2/e/<channel>/!<gateway>   ServiceEnvelope, the packet encrypted or not
             msh/<region>/2/map/                     the same, with a map report
             msh/<region>/2/stat/!<gateway>          `online` or, by the broker, `offline`
    payload  ServiceEnvelope: 1 packet (MeshPacket), 2 channel_id (name), 3 gateway_id (`!%08x`)

A packet reaches us once from each gateway that heard it, and retained ones again at each
reconnection: sender and packet identifier tell.

Source: Meshtastic protobuf definitions, `mqtt.proto`; documentation "MQTT".
"""

from __future__ import annotations

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal, Transmission
from radio_gateway.protobuf.meshtastic_pb2 import ServiceEnvelope
from radio_gateway.protobuf.parse import ProtobufError, parse
from radio_gateway.protocols.meshtastic.order import MQTT_ORDERS, encode_mqtt
from radio_gateway.protocols.meshtastic.packet import read_packet
from radio_gateway.protocols.meshtastic.report import node_number

FRAMING = MessageFramer
ORDERS = MQTT_ORDERS
encode = encode_mqtt
MAX_BYTES = 4096  # a packet has at most 255 bytes on the air

_STATES = frozenset({b"online", b"offline"})


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a ServiceEnvelope or a gateway's state."""
    topic = frame.topic
    if topic is not None and "/2/" in topic:
        return "/2/json/" not in topic
    return frame.payload[:1] == b"\x0a"


def decoder(settings: DecoderSettings) -> MqttDecoder:
    """Return a decoder that knows the keys of `settings`."""
    return MqttDecoder(settings)


class MqttDecoder(PlainDecoder):
    """Decodes envelopes; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `empty`, `too_long`, `protobuf`, `no_packet`, and as for a packet:
                `no_sender`, `no_payload`, `bad_key`, `decrypt_failed`, `no_portnum`, `lat_range`,
                `lon_range` or `null_island`.
        """
        payload = frame.payload
        if not payload:
            raise FrameError("empty", payload, "the broker cleared a retained message")
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        if payload in _STATES:
            return [_state(frame)]
        try:
            envelope = parse(ServiceEnvelope, payload)
        except ProtobufError as fault:
            raise FrameError("protobuf", payload, str(fault)) from None
        if not envelope.HasField("packet"):
            raise FrameError("no_packet", payload, "an envelope with nothing in it")
        channel = envelope.channel_id if envelope.HasField("channel_id") else None
        gateway = envelope.gateway_id if envelope.HasField("gateway_id") else None
        return [
            read_packet(envelope.packet, frame, self._settings, channel=channel, gateway=gateway)
        ]


def _state(frame: Frame) -> Transmission:
    """Return that a gateway came or went; when is not said."""
    gateway = (frame.topic or "").rpartition("/")[2]
    if node_number(gateway) is None:
        raise FrameError("no_sender", frame.payload, "the topic names no gateway")
    state = frame.payload.decode()
    return Transmission(
        protocol="meshtastic",
        kind="lwt" if state == "offline" else "status",
        heard_at=frame.heard_at,
        device=gateway,
        status=state,
        signal=Signal(station=gateway),
        raw=frame.payload,
        resent=frame.resent,
    )
