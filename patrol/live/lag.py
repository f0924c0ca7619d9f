"""Lag from radio to viewer: how long after a link read a position it was handed to viewers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime
from math import inf
from typing import Final

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
"""Upper bounds of the buckets; what took longer is in one more."""


class LagHistogram:
    """Counts positions by their lag since the process began.

    It begins when a link read the position (a gateway on another computer by its own clock) and
    ends when the committed position is in the frames that viewers' connections send next.

    Attributes:
        counts: Positions in each bucket of `BOUNDS_S`, and beyond the last.
        sum_s: Sum of all lags.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, received_at: Iterable[datetime], shown_at: datetime) -> None:
        """Count positions that are shown now.

        Args:
            received_at: When each was heard, aware UTC; a clock that is ahead counts as no lag.
            shown_at: When they were handed to viewers, aware UTC.
        """
        lags_s = sorted([(shown_at - each).total_seconds() for each in received_at])
        self.sum_s += sum(lags_s[bisect_left(lags_s, 0.0) :])
        below = 0
        for bucket, bound_s in enumerate((*BOUNDS_S, inf)):
            within = bisect_right(lags_s, bound_s)
            self.counts[bucket] += within - below
            below = within
