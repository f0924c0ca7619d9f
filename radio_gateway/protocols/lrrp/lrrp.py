"""LRRP: where a MOTOTRBO radio is, over its IP network; and how it is asked.

    UDP 4001, one or more documents a datagram; the radio is the sender's address (12.x.y.z: the
    last three bytes are its number). UDP 4005 brings its registrations (`lrrp_ars`).
    document  05 asks at once, 07 answers      0F asks to stop, 11 answers
              09 asks for reports, 0B answers  13 unasked report
              0D such a report                 14 asks for the version, 15 answers
              (one less: with a table of constants, see `lrrp_mbxml`)
    what the elements say: `lrrp_report`

Source: Moto.Net (document and element numbers, result codes, times), published samples in the
tests of ok-dmrlib, lrrpdec; Motorola's own document is not public.
"""

from __future__ import annotations

import ipaddress

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind
from radio_gateway.protocols.lrrp.ars import ACCEPTED, is_ars, read_ars
from radio_gateway.protocols.lrrp.mbxml import MbxmlError, Reader, write_uintvar
from radio_gateway.protocols.lrrp.report import Facts, LrrpReport, document_name

FRAMING = MessageFramer
ORDERS: frozenset[OrderKind] = frozenset({"poll"})
PORT = 4001  # where a radio listens
MAX_BYTES = 2048
MAX_DOCUMENTS = 16

_ASK = bytes((0x51, 0x62))  # accuracy and time, speed
_ANSWER_WITHIN_S = 20.0  # a receiver may have to wake up


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a location document or a registration."""
    payload = frame.payload
    return payload[:1] != b"" and (document_name(payload[0]) is not None or is_ars(payload))


def decoder(settings: DecoderSettings) -> LrrpDecoder:
    """Return a decoder."""
    return LrrpDecoder(settings)


class LrrpDecoder(SessionDecoder):
    """Decodes datagrams; keeps only what it owes as answers."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one datagram.

        Raises:
            FrameError: `empty`, `too_long`, `truncated`, `unknown_document`, `unknown_element`,
                `bad_number`, `bad_text`, `lat_range`, `lon_range` or `null_island`, where the
                first document has it; what is wrong behind a good one is in `rejected`.
        """
        payload = frame.payload
        if not payload:
            raise FrameError("empty", payload)
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        device = _device(frame.source)
        if is_ars(payload):
            return [self._registration(frame, device)]
        transmissions: list[Transmission] = []
        reader = Reader(payload)
        while reader.left and len(transmissions) < MAX_DOCUMENTS:
            start = reader.at
            try:
                identifier = reader.byte()
                name = document_name(identifier)
                if name is None:
                    raise MbxmlError("unknown_document", f"document {identifier:02X}")
                body = reader.opaque()
                if not body:
                    raise MbxmlError("empty", f"{name} says nothing")
                report = LrrpReport(identifier, name, frame, device)
                transmissions.append(report.read(body, live=self._live))
            except (MbxmlError, FrameError) as fault:
                error = FrameError(fault.reason, payload, fault.detail)
                if not transmissions:
                    raise error from None
                if any(payload[start:]):  # repeaters pad with zeros
                    self._rejected.append(error)
                break
        return transmissions

    def _registration(self, frame: Frame, device: str | None) -> Transmission:
        try:
            message = read_ars(frame.payload)
        except MbxmlError as fault:
            raise FrameError(fault.reason, frame.payload, fault.detail) from None
        if message.wants_answer:
            self._answers.append(ACCEPTED)
        facts: Facts = {"kind": message.word}
        if message.radio_id is not None:
            facts["radio_id"] = message.radio_id
        if message.user is not None:
            facts["user"] = message.user
        return Transmission(
            protocol="lrrp",
            kind="status",
            heard_at=frame.heard_at,
            device=device,
            facts=facts,
            raw=frame.payload,
        )


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return a poll: an immediate location request, whose number comes back with the answer.

    Raises:
        OrderError: `unknown_kind`; `no_device` when no radio is named, or not by its address.
    """
    if order.kind not in ORDERS:
        raise OrderError("unknown_kind", f"LRRP has no {order.kind}")
    try:
        address = ipaddress.IPv4Address(order.device or "")
    except ValueError:
        raise OrderError("no_device", "a radio is named by its network address") from None
    request = (number & 0xFFFF_FFFF).to_bytes(4, "big")
    body = bytes((0x22, len(request))) + request + _ASK
    return EncodedOrder(
        data=b"\x05" + write_uintvar(len(body)) + body,
        connection=f"{address}:{PORT}",
        answer=request.hex().upper(),
        answer_within_s=_ANSWER_WITHIN_S,
    )


def _device(source: str | None) -> str | None:
    """Return the address of a sender `address:port`; None when it is no network address."""
    if source is None:
        return None
    address = source.rpartition(":")[0]
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError:
        return None
