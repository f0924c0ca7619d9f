"""OrderResult: how far an order has come; and Refusal: why one is not even begun."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

OrderState = Literal[
    "queued",  # waits for its turn
    "sent",  # the link has taken it
    "acknowledged",  # the radio, or the network that carries it, said that it has it
    "delivered",  # it reached its receiver: a report of it came, or what was asked for
    "read",  # a person said that they have read it
    "failed",  # it was tried, or could not be said
    "expired",  # its time was over before it was sent
    "refused",  # it may not or cannot go out here
    "cancelled",  # it was called off before it was sent
]

LATER: Final[dict[OrderState, frozenset[OrderState]]] = {
    "sent": frozenset({"acknowledged", "delivered", "failed"}),
    "acknowledged": frozenset({"delivered", "failed"}),
    "delivered": frozenset({"read"}),
    "failed": frozenset({"acknowledged", "delivered"}),  # an answer that was given up came late
}
"""What may still be told of an order after its last state."""


class OrderResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far an order has come.

    Attributes:
        id: `Order.id`.
        state: How far.
        at: Since when, aware UTC.
        final: Nothing more is awaited; a late report may still make it `delivered`.
        reason: Short fixed word, where something is in the way (`listen_only`, `no_answer`).
        detail: The same for people.
        attempts: How often it was sent.
    """

    id: str
    state: OrderState
    at: datetime
    final: bool = False
    reason: str = ""
    detail: str = ""
    attempts: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """Why an order is not taken.

    Attributes:
        reason: Short fixed word: `listen_only`, `cannot_send`, `not_spoken`, `queue_full`, or
            what the protocol says (`too_long`).
        detail: The same for people.
    """

    reason: str
    detail: str
