"""Urgency: which orders go before which, and which give way when there are too many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from radio_gateway.orders.order import Order, OrderKind

RANK: Final[dict[OrderKind, int]] = {"distress": 0, "alert": 1, "poll": 2, "text": 3, "mark": 4}
"""The lowest goes first."""

DISTRESS_BEYOND: Final = 20
"""So many more orders are taken when they are relayed calls for help."""

CROWDED_OUT: Final = "crowded_out"
"""Why an order failed that gave way to a more urgent one."""


def gives_way(kind: OrderKind, waiting: Iterable[Order]) -> Order | None:
    """Return which order is dropped so that one of `kind` can be taken.

    Args:
        kind: Of the order that comes.
        waiting: Those that wait and were never sent, the oldest first.

    Returns:
        A mark before a text before a poll before an alert, of equals the newest, and only one that
        is less urgent than `kind`; never a distress. None when none gives way.
    """
    last: Order | None = None
    for each in waiting:
        if RANK[each.kind] > RANK[kind] and (last is None or RANK[each.kind] >= RANK[last.kind]):
            last = each
    return last
