"""BatchInterval: how long messages gather for a batch: not at all when quiet, a tick under load.

Under load the tick grows with what it costs to show one: what many viewers are sent costs the same
for one position as for twenty, so the more look on, the more goes out together, up to
`LONGEST_TICK_S`. Who cannot keep up does not rest, whatever that costs.
"""

from __future__ import annotations

import math
from time import monotonic
from typing import Final

TICK_S: Final = 0.020
"""How long messages gather between batches under load."""

LONGEST_TICK_S: Final = 0.050
"""How long at most, where showing a batch costs much."""

LEEWAY_S: Final = 0.005
"""What a batch may take without a shorter rest after it; nothing waits longer than a tick and this
until it is taken."""

SHOWING_SHARE: Final = 0.025
"""Share of a core that showing may take before the tick grows."""

QUIET_PER_S: Final = 120.0
"""Up to this rate nothing waits."""

BUSY_PER_S: Final = 400.0
"""From this rate on batches are a tick apart, end to beginning; in between, in proportion."""

RATE_OVER_S: Final = 0.3
"""Time over which the rate is measured."""

_COST_OVER: Final = 16  # batches over which the cost of showing is measured


class BatchInterval:
    """Measures how much comes, and what it costs to show it.

    Attributes:
        gather_s: For how long from its beginning a batch lets the next one gather unread, seconds:
            not at all where batches take most of the time, which is better spent reading meanwhile.
    """

    def __init__(self) -> None:
        self._rate = 0.0
        self._showing_s = 0.0
        self._last_batch = monotonic()
        self.gather_s = 0.0

    @property
    def tick_s(self) -> float:
        """How long messages gather between batches under load now, seconds."""
        return min(max(self._showing_s / SHOWING_SHARE, TICK_S), LONGEST_TICK_S)

    def showed(self, cpu_s: float) -> None:
        """Note what it cost to show a batch to all viewers, seconds of CPU time."""
        self._showing_s += (cpu_s - self._showing_s) / _COST_OVER

    def pause_s(self, count: int, began_s: float) -> float:
        """Return how long to let messages gather after a batch, seconds.

        Nothing when it is quiet, under load a tick, less what the batch took beyond `LEEWAY_S`. One
        that took `TICK_S` itself is followed by the next at once.

        Args:
            count: Messages of the batch.
            began_s: When it began, by the steady clock.
        """
        passed, self._last_batch = began_s - self._last_batch, began_s
        self._rate = self._rate * math.exp(-passed / RATE_OVER_S) + count / RATE_OVER_S
        share = min(max((self._rate - QUIET_PER_S) / (BUSY_PER_S - QUIET_PER_S), 0.0), 1.0)
        took_s = monotonic() - began_s
        gap_s = self.tick_s * share
        self.gather_s = gap_s if took_s < gap_s / 2 else 0.0
        if took_s >= TICK_S:
            return 0.0
        return max(gap_s - max(took_s - LEEWAY_S, 0.0), 0.0)
