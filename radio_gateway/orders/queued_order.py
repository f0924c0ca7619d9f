"""QueuedOrder: one order on its way through a channel's queue."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from radio_gateway.orders.order import EncodedOrder, Order
from radio_gateway.orders.order_result import OrderState
from radio_gateway.orders.priority import RANK

FIRST_PAUSE_S: Final = 2.0


class QueuedOrder(msgspec.Struct):
    """An order on its way.

    Attributes:
        order: What is to be said.
        outgoing: As bytes, the same at every try.
        number: How many came before it.
        ends_s: When it is worth nothing any more, steady clock.
        attempts: How often it was sent.
        sent_at: When it was last handed to the link, aware UTC.
        not_before_s: Not to be tried before, steady clock.
        answer_by_s: When the wait for its answer ends, steady clock; None while it is handed to
            the link.
        pause_s: How long it waits when the link does not take it.
        offered: How often it was held out to a link that did not take it in time.
        early: Status and words of an answer that came while it was still handed to the link.
    """

    order: Order
    outgoing: EncodedOrder
    number: int
    ends_s: float
    attempts: int = 0
    sent_at: datetime | None = None
    not_before_s: float = 0.0
    answer_by_s: float | None = None
    pause_s: float = FIRST_PAUSE_S
    offered: int = 0
    early: tuple[OrderState, str] | None = None

    @property
    def urgency(self) -> tuple[int, int, datetime, int]:
        """What sorts first goes first; those held out in vain take turns."""
        return RANK[self.order.kind], self.offered, self.order.created_at, self.number

    @property
    def so_far(self) -> OrderState:
        """How far it has come."""
        return "sent" if self.attempts else "queued"
