"""Meshtastic on a serial port or TCP (port 4403): what the radio tells the computer it hangs on.

    94 C3, length (2 bytes, big-endian, at most 512), FromRadio

Of FromRadio configuration, log and file records are passed over; its fields, and those of ToRadio,
stand in `radio_gateway/protobuf/meshtastic.proto`.

The radio's log, lines of text, shares the stream. It speaks only to who has asked it for its
configuration (`GREETING`), again after it has restarted, and not for longer than 15 minutes to who
says nothing: a heartbeat answers what it says. None of these goes to the air.

Source: Meshtastic documentation, "Client API (Serial/TCP/BLE)"; `mesh.proto`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protobuf.meshtastic_pb2 import (
    FromRadio,
    Heartbeat,
    NodeInfo,
    QueueStatus,
    ToRadio,
)
from radio_gateway.protobuf.parse import ProtobufError, parse
from radio_gateway.protocols.meshtastic.order import SERIAL_ORDERS, encode_serial, framed
from radio_gateway.protocols.meshtastic.packet import read_packet
from radio_gateway.protocols.meshtastic.payload import read_node, read_position
from radio_gateway.protocols.meshtastic.report import (
    MeshtasticHeader,
    MeshtasticPayload,
    transmission,
)

ORDERS = SERIAL_ORDERS
encode = encode_serial
MAX_BYTES = 512

_START = b"\x94\xc3"
_HEADER = 4
# Bytes that are no start wake a sleeping radio; any number does for want_config_id.
GREETING = b"\xc3" * 32 + framed(ToRadio(want_config_id=1).SerializeToString())
_HEARTBEAT = framed(ToRadio(heartbeat=Heartbeat()).SerializeToString())
_HEARTBEAT_EVERY = timedelta(minutes=5)


class SerialFramer:
    """Cuts FromRadio messages out of a stream that carries the radio's log too.

    A message that makes no sense and has the start of another one inside was cut short by it: it is
    given out, to be rejected, up to there. A start with a length that cannot be is given out alone.

    Attributes:
        junk_bytes: Bytes so far outside messages: the log, and noise.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""  # begins with what may be a start; never longer than a message

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        data = self._rest + data
        payloads: list[bytes] = []
        at = 0
        while True:
            start = data.find(_START, at)
            if start < 0:
                # the first byte of a start may be the last that was read
                start = len(data) - 1 if data[at:].endswith(_START[:1]) else len(data)
                self.junk_bytes += start - at
                break
            self.junk_bytes += start - at
            at = start
            if len(data) - at < _HEADER:
                break
            size = int.from_bytes(data[at + 2 : at + _HEADER], "big")
            if size > MAX_BYTES:
                payloads.append(data[at : at + _HEADER])
                at += _HEADER
                continue
            end = at + _HEADER + size
            if end > len(data):
                break
            payload = data[at + _HEADER : end]
            if _START in payload and not _makes_sense(payload):
                end = at + _HEADER + payload.index(_START)
                payload = data[at + _HEADER : end]
            payloads.append(payload)
            at = end
        self._rest = data[start:]
        return payloads

    def close(self) -> list[bytes]:
        """Return nothing: what is unfinished will never be."""
        self.junk_bytes += len(self._rest)
        self._rest = b""
        return []


FRAMING = SerialFramer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like FromRadio: its first field is one of those there are."""
    return not frame.payload or frame.payload[0] >> 3 < 20


def greeting(settings: DecoderSettings) -> bytes:  # noqa: ARG001 - the same for all
    """Return what makes the radio speak: a wake-up and the question for its configuration."""
    return GREETING


def decoder(settings: DecoderSettings) -> SerialDecoder:
    """Return a decoder for one connection."""
    return SerialDecoder(settings)


class SerialDecoder(SessionDecoder):
    """Decodes FromRadio messages; keeps what it owes the radio."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings
        self._beaten_at: datetime | None = None

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Returns:
            What it says; nothing for configuration and the like.

        Raises:
            FrameError: `too_long`, `protobuf`, and as for a packet: `no_sender`, `no_payload`,
                `bad_key`, `decrypt_failed`, `no_portnum`, `lat_range`, `lon_range`,
                `null_island`.
        """
        payload = frame.payload
        if payload[:2] == _START:
            size = int.from_bytes(payload[2:], "big")
            raise FrameError("too_long", payload, f"{size} bytes, at most {MAX_BYTES}")
        self._beat(frame.heard_at)
        try:
            message = parse(FromRadio, payload)
        except ProtobufError as fault:
            raise FrameError("protobuf", payload, str(fault)) from None
        if message.HasField("packet"):
            return [read_packet(message.packet, frame, self._settings)]
        if message.HasField("node_info"):
            return _known_node(message.node_info, frame, self._settings)
        if message.rebooted:
            self._answers.append(GREETING)
        return self._queue_status(message.queueStatus, frame)

    def _beat(self, now: datetime) -> None:
        if self._beaten_at is None or now < self._beaten_at:
            self._beaten_at = now
        elif now - self._beaten_at >= _HEARTBEAT_EVERY:
            self._beaten_at = now
            self._answers.append(_HEARTBEAT)

    def _queue_status(self, queue: QueueStatus, frame: Frame) -> list[Transmission]:
        """Return that the radio did not take a packet; that it did is no news."""
        if queue.res == 0 or queue.mesh_packet_id == 0:
            return []
        return [
            Transmission(
                protocol="meshtastic",
                kind="answer",
                heard_at=frame.heard_at,
                status="refused",
                facts={"answers": f"{queue.mesh_packet_id:08x}", "queue_result": queue.res},
                raw=frame.payload,
                resent=frame.resent,
            )
        ]


def _known_node(node: NodeInfo, frame: Frame, settings: DecoderSettings) -> list[Transmission]:
    """Return what the radio remembers of a node: its names, and where it was when it said so."""
    header = MeshtasticHeader(sender=node.num, rx_time_s=node.last_heard)
    out: list[Transmission] = []
    if node.HasField("user"):
        payload = MeshtasticPayload(kind="static", word="nodeinfo", facts=read_node(node.user))
        name = payload.facts.get("long_name")
        payload.text = name if isinstance(name, str) else None
        out.append(transmission(header, payload, frame, settings))
    if node.HasField("position"):
        try:
            payload = read_position(node.position, frame.payload)
        except FrameError:  # the names count all the same
            payload = MeshtasticPayload(kind="other")
        if payload.position is not None and payload.time_s is not None:
            payload.fix = False
            payload.flags = sorted({*payload.flags, "stale_position"})
            payload.facts["remembered_by"] = "radio"
            out.append(transmission(header, payload, frame, settings))
    return out


def _makes_sense(payload: bytes) -> bool:
    """Return whether FromRadio and the messages inside are whole."""
    try:
        parse(FromRadio, payload)
    except ProtobufError:
        return False
    return True
