"""Order: what is to be said to a radio; Outgoing: its bytes; how a protocol module writes them.

A protocol that can be written offers, beside its decoder, `ORDERS`, the kinds it knows, and
`encode(order, settings, number=…)`; the table `OUTBOUND` in `radio_gateway.protocols` names it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import GatewayError
from radio_gateway.messages.marked_place import MarkedPlace

OrderKind = Literal["distress", "alert", "poll", "text", "mark"]
"""In the order in which they go: a relayed call for help, an alert, a request for the position,
words, a marked place."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an operator wants said to one radio, or to all that listen.

    Attributes:
        id: Globally unique; sending the same order twice has one effect.
        kind: What it is.
        channel: The channel that is to say it.
        device: The radio inside its protocol, as `Transmission.device` names it; None: everyone.
        protocol: The radio's protocol, as `Transmission.protocol` names it; empty: whichever of
            the channel's has words for it.
        text: The words; empty for a poll; of a mark its name.
        mark: The place that is shown to radios, or taken back; of a mark only.
        operator: Who wants it said.
        reason: Why.
        node: Id of the node that gave it, by which that node knows it again when it is heard.
        created_at: When it was given, aware UTC.
        expires_at: When it is worth nothing any more, aware UTC, by the clock of where it was
            given; it is never sent after that. On another computer, what counts is how much of
            its life was left when it was passed on.
    """

    id: str
    kind: OrderKind
    channel: str
    operator: str
    created_at: datetime
    expires_at: datetime
    device: str | None = None
    protocol: str = ""
    text: str = ""
    mark: MarkedPlace | None = None
    reason: str = ""
    node: str = ""


class EncodedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as bytes for the link.

    Attributes:
        data: What to send.
        topic: MQTT topic to publish to; None on other links.
        connection: What the link calls the receiver, where several are connected to it, if the
            protocol knows; None: the connection that the device was last heard on, else all.
        answer: What `Transmission.facts["answers"]` of the radio's answer (a transmission of kind
            `answer`) will be; empty: any answer on the link counts; None: none will come.
        answer_within_s: How long to wait for it, seconds.
        report: What `facts["answers"]` of a later report of its delivery will be, where there is
            one beside the answer; nobody waits for it.
    """

    data: bytes
    topic: str | None = None
    connection: str | None = None
    answer: str | None = None
    answer_within_s: float = 10.0
    report: str | None = None


class OrderError(GatewayError):
    """An order that the protocol cannot say; it fails and is not tried again.

    Args:
        reason: Short fixed word, for example `too_long`.
        detail: What exactly is wrong, for the operator.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


def place_of(order: Order) -> tuple[MarkedPlace, float, float]:
    """Return the mark of an order, and its longitude and latitude, degrees.

    Raises:
        OrderError: `no_place`.
    """
    mark = order.mark
    if mark is None or mark.lon is None or mark.lat is None:
        raise OrderError("no_place", "a mark needs a place")
    return mark, mark.lon, mark.lat


class OutboundModule(Protocol):
    """What a protocol module offers that can be written.

    The decoder of the same module recognises the answers: transmissions of kind `answer` with
    `status` `acknowledged`, `delivered` or `refused` and, where the protocol numbers them,
    `facts["answers"]`; any other status (`waiting`) settles nothing.
    """

    @property
    def ORDERS(self) -> frozenset[OrderKind]:  # noqa: N802  (a module constant)
        """The kinds of order the protocol has words for."""

    def encode(self, order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:
        """Return `order` as bytes.

        Args:
            order: What to say.
            settings: What the channel's decoders are told: keys, our name on the air.
            number: Counts what this channel sends, from 1; another one at each new attempt only
                where the protocol wants it, so the caller keeps it over retries.

        Raises:
            OrderError: If the protocol cannot say it.
        """
