"""Message: a text or order to a radio and its delivery state; Route: how it gets there."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.orders.order import Order, OrderKind
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal


class MessageStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a message had come.

    Attributes:
        state: How far.
        at: Since when, aware UTC.
        why: Short fixed word, where something is in the way (`listen_only`, `no_answer`).
        detail: The same for people.
        attempts: How often it had been sent.
    """

    state: OrderState
    at: datetime
    why: str = ""
    detail: str = ""
    attempts: int = 0


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message from a user to a radio.

    Attributes:
        id: Globally unique identifier.
        kind: Words, a request for the position, an alert, a relayed call for help, or a mark.
        channel: The channel that says it.
        unit: Unit it is for; None if it is for a radio that stands for none, or for all.
        address: Radio address it is for; None: all that listen on the channel.
        text: The words; empty for a request; of a mark its name.
        mark: The place that is shown to radios, or taken back; of a mark only.
        operator: Name of the user who wants it said.
        reason: Why.
        created_at: When it was given, aware UTC.
        expires_at: When it is worth nothing any more, aware UTC; it is not sent after that.
        state: How far it has come.
        final: Nothing more is awaited.
        history: Every step, oldest first.
        agency: Owner's id.
        origin: Node where it was given.
    """

    id: str
    kind: OrderKind
    channel: str
    operator: str
    created_at: datetime
    expires_at: datetime
    state: OrderState = msgspec.field(default="queued")
    unit: str | None = None
    address: str | None = None
    text: str = ""
    mark: MarkedPlace | None = None
    reason: str = ""
    final: bool = False
    history: tuple[MessageStep, ...] = ()
    agency: str = ""
    origin: str = ""

    @property
    def order(self) -> Order:
        """The message as an order to its channel."""
        protocol, _, device = (self.address or "").partition(":")
        return Order(
            id=self.id,
            kind=self.kind,
            channel=self.channel,
            operator=self.operator,
            reason=self.reason,
            created_at=self.created_at,
            expires_at=self.expires_at,
            # `nmea0183:@pier` is whoever is at the other end of that link
            device=device if device and not device.startswith("@") else None,
            protocol=protocol,
            text=self.text,
            mark=self.mark,
            node=self.origin,
        )


def step_of(result: OrderResult) -> MessageStep:
    """Return the step that a channel reported."""
    return MessageStep(
        state=result.state,
        at=result.at,
        why=result.reason,
        detail=result.detail,
        attempts=result.attempts,
    )


class ReportedStep(NamedTuple):
    """A step that a channel or phone reported.

    Attributes:
        id: The message's id.
        step: How far it had come.
        final: Nothing more is awaited.
        by: The gateway that told it, which may speak of messages of its own channels only; empty:
            this node.
    """

    id: str
    step: MessageStep
    final: bool
    by: str = ""


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to a radio.

    Attributes:
        address: Radio address.
        channel: The channel it was heard on.
        heard_at: When last, aware UTC.
        takes: The kinds of message that the channel takes now.
        refuses: Why not the others, by kind.
    """

    address: str
    channel: str
    heard_at: datetime
    takes: tuple[OrderKind, ...] = ()
    refuses: dict[OrderKind, Refusal] = {}


class Carrier(Protocol):
    """Takes orders to the radios of a channel, as `radio_gateway.channels.outbound.Outbound` does.

    What becomes of an order is told to whoever made the carrier, as `OrderResult`s; the office
    hands them to `Dispatch.note_result`.
    """

    def send(self, order: Order) -> None:
        """Send an order; one with a known id is reported again and not sent twice."""

    def resume(self, order: Order, state: OrderState) -> None:
        """Take an order again that had come so far when this node was restarted."""

    def cancel(self, id: str) -> bool:
        """Cancel an order; its outcome is reported. Return False when it is too late."""

    def refusal(self, order: Order) -> Refusal | None:
        """Return why `order` would not be taken now; None if it would, or that is not known."""

    def refusal_of(self, kind: OrderKind, protocol: str, channel: str, /) -> Refusal | None:
        """Return why `channel` takes no `kind` to a radio of `protocol`; None as above."""
