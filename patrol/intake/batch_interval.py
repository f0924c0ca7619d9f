"""BatchInterval: how long messages gather: as little as a share of the processor allows.

A batch costs nearly the same for one message as for ten, so under load they gather. Batches have a
credit of processor time, which grows by `SHARE` of a core and which each of them spends; while it
is used up messages wait for the next batch, `TICK_S` at most, or up to `LONGEST_TICK_S` where many
look on, as what they are sent costs the same for one position as for twenty. Who cannot keep up
does not rest, whatever that costs.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

SHARE: Final = 0.14
"""Share of a core that batches may take before messages gather."""

SAVED_S: Final = 0.010
"""Credit at most, seconds of processor time: after a silence so much is spent without a rest."""

TICK_S: Final = 0.015
"""How long messages gather at most, from the beginning of a batch to that of the next."""

LONGEST_TICK_S: Final = 0.050
"""How long at most, where showing a batch costs much."""

SHOWING_SHARE: Final = 0.025
"""Share of a core that showing takes at most, where messages gather as long as they may."""

_COST_OVER: Final = 16  # batches over which the cost of showing is measured


class BatchInterval:
    """Measures what batches cost, and what it costs to show them.

    Args:
        now_s: Steady clock.

    Attributes:
        gather_s: For how long from its beginning a batch lets the next one gather unread, seconds:
            not at all where nothing gathers, or where batches take most of the time, which is
            better spent reading meanwhile.
    """

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._credit_s = SAVED_S
        self._showing_s = 0.0
        self._began_s = now_s()
        self.gather_s = 0.0

    @property
    def tick_s(self) -> float:
        """How long messages gather at most now, seconds."""
        return min(max(self._showing_s / SHOWING_SHARE, TICK_S), LONGEST_TICK_S)

    def showed(self, cpu_s: float) -> None:
        """Note what it cost to show a batch to all viewers, seconds of CPU time."""
        self._showing_s += (cpu_s - self._showing_s) / _COST_OVER

    def pause_s(self, cpu_s: float, began_s: float) -> float:
        """Return how long to let messages gather after a batch, seconds.

        Nothing while there is credit, else until there is again. A batch that took `TICK_S` itself
        is followed by the next at once.

        Args:
            cpu_s: What the batch took of the processor, seconds.
            began_s: When it began, by the steady clock.
        """
        passed_s, self._began_s = began_s - self._began_s, began_s
        credit_s = min(self._credit_s + SHARE * passed_s, SAVED_S) - cpu_s
        self._credit_s = max(credit_s, -SHARE * self.tick_s)
        took_s = self._now_s() - began_s
        gap_s = max(-self._credit_s / SHARE, 0.0)
        self.gather_s = gap_s if took_s < gap_s / 2 else 0.0
        return max(gap_s - took_s, 0.0) if took_s < TICK_S else 0.0
