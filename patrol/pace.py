"""Pace: how far batches are apart: not at all when it is quiet, a tick under load."""

from __future__ import annotations

import math
from time import monotonic
from typing import Final

TICK_S: Final = 0.020
"""How far batches are apart under load."""

QUIET_PER_S: Final = 120.0
"""Up to this rate nothing waits."""

BUSY_PER_S: Final = 400.0
"""From this rate on batches are `TICK_S` apart; in between, in proportion."""

RATE_OVER_S: Final = 0.3
"""Time over which the rate is measured."""


class Pace:
    """Measures how much comes."""

    def __init__(self) -> None:
        self._rate = 0.0
        self._last_batch = monotonic()

    def pause_s(self, count: int, began_s: float) -> float:
        """Return how long to let messages gather after a batch, seconds.

        Nothing when it is quiet, under load until a tick has passed since the batch began.

        Args:
            count: Messages of the batch.
            began_s: When it began, by the steady clock.
        """
        passed, self._last_batch = began_s - self._last_batch, began_s
        self._rate = self._rate * math.exp(-passed / RATE_OVER_S) + count / RATE_OVER_S
        share = (self._rate - QUIET_PER_S) / (BUSY_PER_S - QUIET_PER_S)
        return max(TICK_S * min(max(share, 0.0), 1.0) - (monotonic() - began_s), 0.0)
