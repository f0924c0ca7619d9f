"""Cursor on Target as XML: what ATAK, WinTAK, iTAK and TAK servers say; and GeoChat to them.

One event is one transmission: `cot_event` has the fields, `cot_xml` the reading, `cot_framer` how
events are cut out of TCP (8087, TLS 8089) and UDP (multicast 239.2.3.1:6969). The same events in
TAK protocol (protobuf) are `tak`; a channel that hears both names both.

Orders go out as GeoChat from `station`, to all or to one device. ATAK sends a receipt (b-t-f-d)
for the latter, other clients do not: it is a report, for which nobody waits. A channel to a TAK
server hears what is said to all; to be sent what is said to `station` alone, the server must know
it (`cot_out.Unit.client`).

Source: MITRE, CoT base schema 2.0; GeoChat as the published ATAK-CIV sources write it.
"""

from __future__ import annotations

from datetime import timedelta

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind
from radio_gateway.protocols.cot.event import MAX_TEXT, transmission
from radio_gateway.protocols.cot.framer import CotFramer
from radio_gateway.protocols.cot.pli_event import read_pli
from radio_gateway.protocols.cot.writer import Chat, chat_event, event_xml, marked
from radio_gateway.protocols.cot.xml import read_event

FRAMING = CotFramer
ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "text"})
STATION = "joint-patrol"  # our uid where the channel names none
_LEAST_STALE = timedelta(seconds=60)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like an event in XML."""
    head = frame.payload[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"<?xml", b"<event", b"<!DOCTYPE"))


def decoder(settings: DecoderSettings) -> CotDecoder:
    """Return a decoder."""
    return CotDecoder(settings)


class CotDecoder(PlainDecoder):
    """Decodes events; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one event.

        Raises:
            FrameError: As `cot_xml.read_event` and `cot_event.transmission` say.
        """
        event = read_pli(frame.payload) or read_event(frame.payload)
        return [transmission(event, frame, live=self._live)]


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return `order` as GeoChat, from the moment it was given until it expires.

    The event's uid is made of the order's, so that a client shows an order sent twice once. It
    bears the mark of the node that gave the order.

    Raises:
        OrderError: `no_words`, `too_long` or `unknown_kind` (a poll: a TAK client says where it is
            without being asked).
    """
    if order.kind not in ORDERS:
        raise OrderError("unknown_kind", f"Cursor on Target has no {order.kind}")
    text = order.text.strip()
    if not text:
        raise OrderError("no_words", "nothing to say")
    if len(text) > MAX_TEXT:
        raise OrderError("too_long", f"{len(text)} characters, at most {MAX_TEXT}")
    station = settings.station or STATION
    words = {"distress": f"MAYDAY: {text}", "alert": f"ALERT: {text}"}.get(order.kind, text)
    chat = Chat(
        uid=station,
        callsign=station,
        message_id=order.id,
        to=order.device,
        text=words,
        time=order.created_at,
        stale=max(order.expires_at, order.created_at + _LEAST_STALE),
    )
    event = chat_event(chat)
    if order.node:
        event = marked(event, order.node)
    return EncodedOrder(data=event_xml(event), report=None if order.device is None else order.id)
