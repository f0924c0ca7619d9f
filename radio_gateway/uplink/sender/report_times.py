"""Report times: when the gateway sent its health, so that orders can be timed by its own clock.

An order refers to what the gateway told lately, and says how much of its life was left then: so no
clock of the node is believed, and an order that was held up or replayed is worth nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

from radio_gateway.uplink.wire.envelope import EnvelopeError, OrderFor

ORDER_WITHIN_S: Final = 300.0
"""How long after the gateway told how it fares the node may refer to that in an order."""

_KEPT: Final = 1000


class ReportTimes:
    """The last times, by the steady clock."""

    def __init__(self) -> None:
        self._noted_s: OrderedDict[datetime, float] = OrderedDict()

    def note(self, told_at: datetime, now_s: float) -> None:
        """Note that it was told now."""
        self._noted_s[told_at] = now_s
        if len(self._noted_s) > _KEPT:
            self._noted_s.popitem(last=False)

    def life_left_s(self, order: OrderFor, now_s: float) -> float:
        """Return for how long an order is worth something from now on, seconds; maybe below 0.

        Raises:
            EnvelopeError: If it refers to nothing that was told lately.
        """
        told_s = self._noted_s.get(order.health_reported_at)
        if told_s is None or now_s - told_s > ORDER_WITHIN_S:
            raise EnvelopeError("an order that is no word on what was told lately")
        return told_s + order.life_left_s - now_s
