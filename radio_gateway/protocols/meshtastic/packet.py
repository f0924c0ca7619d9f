"""A Meshtastic MeshPacket: who speaks, how it was heard, and what is inside, encrypted or not.

Source: Meshtastic protobuf definitions, `mesh.proto`; its fields stand in
`radio_gateway/protobuf/meshtastic.proto`.
"""

from __future__ import annotations

import math

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protobuf.meshtastic_pb2 import Data, MeshPacket
from radio_gateway.protobuf.parse import ProtobufError, parse
from radio_gateway.protocols.meshtastic.crypto import channel_key, crypt
from radio_gateway.protocols.meshtastic.payload import MAX_PORTNUM, decode_payload
from radio_gateway.protocols.meshtastic.report import (
    Facts,
    MeshtasticHeader,
    MeshtasticPayload,
    transmission,
)

PRIVATE_CHANNEL = "PKI"  # what gateways call messages that only their receiver can read


def read_packet(
    packet: MeshPacket,
    frame: Frame,
    settings: DecoderSettings,
    *,
    channel: str | None = None,
    gateway: str | None = None,
) -> Transmission:
    """Return what one packet says.

    Args:
        packet: The packet.
        frame: What it came in.
        settings: The keys, and who we are.
        channel: Name of its channel, where the link tells it.
        gateway: Node that heard it, where the link tells it.

    Raises:
        FrameError: `no_sender`, `no_payload`, `bad_key`, `decrypt_failed`, `no_portnum`,
            `protobuf`, `lat_range`, `lon_range` or `null_island`.
    """
    header = _header(packet, channel, gateway)
    facts: Facts = {}
    if packet.via_mqtt:
        facts["via_mqtt"] = True
    sealed = packet.encrypted if packet.HasField("encrypted") else None
    if sealed is not None and (packet.pki_encrypted or channel == PRIVATE_CHANNEL):
        facts["private"] = True  # the sender is alive, and that is all
        return transmission(
            header, MeshtasticPayload(kind="other", word="private", facts=facts), frame, settings
        )
    if sealed is not None:
        header.encrypted = True
        payload = _unsealed(sealed, header, frame, settings)
    else:
        if not packet.HasField("decoded"):
            raise FrameError("no_payload", frame.payload, "a packet with nothing in it")
        payload = _payload(packet.decoded, frame, settings)
    payload.facts |= facts
    return transmission(header, payload, frame, settings)


def _header(packet: MeshPacket, channel: str | None, gateway: str | None) -> MeshtasticHeader:
    snr, rssi = packet.rx_snr, packet.rx_rssi
    limit, start = packet.hop_limit, packet.hop_start
    return MeshtasticHeader(
        sender=packet.sender,
        packet_id=packet.id,
        to=packet.to if packet.HasField("to") else None,
        gateway=gateway,
        channel=channel,
        rx_time_s=packet.rx_time,
        # a radio that heard it itself gives both; zero stands for both when they are unknown
        snr_db=round(snr, 2) if snr and math.isfinite(snr) and abs(snr) < 100 else None,
        rssi_dbm=float(rssi) if rssi and -200 < rssi < 0 else None,
        hops=start - limit if limit <= start <= 7 and start else None,
    )


def _unsealed(
    sealed: bytes, header: MeshtasticHeader, frame: Frame, settings: DecoderSettings
) -> MeshtasticPayload:
    """Return what an encrypted packet says; that it makes sense is all that tells a right key."""
    try:
        key = channel_key(settings, header.channel)
    except ValueError as fault:
        raise FrameError("bad_key", frame.payload, str(fault)) from None
    data = crypt(sealed, key=key, sender=header.sender, packet_id=header.packet_id)
    try:
        try:
            message = parse(Data, data)
        except ProtobufError as fault:
            raise FrameError("protobuf", frame.payload, str(fault)) from None
        return _payload(message, frame, settings)
    except FrameError as fault:
        if fault.reason == "null_island":  # no wrong key makes just that
            raise
        where = "this channel" if header.channel is None else f"channel {header.channel[:40]!r}"
        detail = f"no sense in it with the key that we have for {where} ({fault})"
        raise FrameError("decrypt_failed", frame.payload, detail) from None


def _payload(data: Data, frame: Frame, settings: DecoderSettings) -> MeshtasticPayload:
    if not 0 < data.portnum <= MAX_PORTNUM:
        raise FrameError("no_portnum", frame.payload, f"application {data.portnum}")
    try:
        return decode_payload(
            data.portnum,
            data.payload,
            request_id=data.request_id,
            payload=frame.payload,
            tak_dictionaries=settings.tak_dictionaries,
        )
    except ProtobufError as fault:
        raise FrameError("protobuf", frame.payload, str(fault)) from None
