"""A Meshtastic MeshPacket: who speaks, how it was heard, and what is inside, encrypted or not.

    1 from fixed32, 2 to fixed32, 3 channel (its number, or its hash while encrypted),
    4 decoded (Data) or 5 encrypted (the same, AES-CTR), 6 id fixed32, 7 rx_time fixed32 (UNIX s),
    8 rx_snr float (dB), 9 hop_limit, 10 want_ack, 12 rx_rssi int32 (dBm), 14 via_mqtt,
    15 hop_start, 17 pki_encrypted
    Data: 1 portnum, 2 payload, 3 want_response, 6 request_id fixed32

Source: Meshtastic protobuf definitions, `mesh.proto`.
"""

from __future__ import annotations

import math

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.protobuf import ProtobufError, ProtobufMessage
from radio_gateway.messages.transmission import Transmission
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
    packet: ProtobufMessage,
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
        WireError: If a field has another type.
        FrameError: `no_sender`, `no_payload`, `bad_key`, `decrypt_failed`, `no_portnum`,
            `protobuf`, `lat_range`, `lon_range` or `null_island`.
    """
    header = _header(packet, channel, gateway)
    facts: Facts = {}
    if packet.number(14):
        facts["via_mqtt"] = True
    sealed = packet.data(5)
    if sealed is not None and (packet.number(17) or channel == PRIVATE_CHANNEL):
        facts["private"] = True  # the sender is alive, and that is all
        return transmission(
            header, MeshtasticPayload(kind="other", word="private", facts=facts), frame, settings
        )
    if sealed is not None:
        header.encrypted = True
        payload = _unsealed(sealed, header, frame, settings)
    else:
        data = packet.data(4)
        if data is None:
            raise FrameError("no_payload", frame.payload, "a packet with nothing in it")
        payload = _payload(data, frame, settings)
    payload.facts |= facts
    return transmission(header, payload, frame, settings)


def _header(packet: ProtobufMessage, channel: str | None, gateway: str | None) -> MeshtasticHeader:
    snr, rssi = packet.float32(8), packet.int32(12)
    limit, start = packet.number(9) or 0, packet.number(15) or 0
    return MeshtasticHeader(
        sender=packet.fixed32(1) or 0,
        packet_id=packet.fixed32(6) or 0,
        to=packet.fixed32(2),
        gateway=gateway,
        channel=channel,
        rx_time_s=packet.fixed32(7) or 0,
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
        return _payload(data, frame, settings)
    except FrameError as fault:
        if fault.reason == "null_island":  # no wrong key makes just that
            raise
        where = "this channel" if header.channel is None else f"channel {header.channel[:40]!r}"
        detail = f"no sense in it with the key that we have for {where} ({fault})"
        raise FrameError("decrypt_failed", frame.payload, detail) from None


def _payload(data: bytes, frame: Frame, settings: DecoderSettings) -> MeshtasticPayload:
    try:
        message = ProtobufMessage(data)
        portnum = message.number(1) or 0
        if not 0 < portnum <= MAX_PORTNUM:
            raise FrameError("no_portnum", frame.payload, f"application {portnum}")
        message.number(3)
        request_id = message.fixed32(6) or 0
        payload = decode_payload(
            portnum,
            message.data(2) or b"",
            request_id=request_id,
            payload=frame.payload,
            tak_dictionaries=settings.tak_dictionaries,
        )
    except ProtobufError as fault:
        raise FrameError("protobuf", frame.payload, str(fault)) from None
    return payload
