"""Departure: whether fixes that speak against what holds are enough to end it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

ENOUGH: Final = 3
SHORT: Final = timedelta(seconds=60)
"""So many fixes in a row end it that last so long: receivers are wild once, or twice in a row, and
sometimes again at once."""

LONG: Final = timedelta(seconds=120)
"""Two fixes so far apart are no one wild moment either: those of a set that reports seldom."""


def is_departure(away: Sequence[datetime]) -> bool:
    """Return whether fixes in a row that are elsewhere show that a boat has gone, by their times.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> at = [noon + timedelta(seconds=second) for second in (0, 10, 20, 60, 300)]
    >>> is_departure(at[:3]), is_departure(at[:4]), is_departure([at[0], at[4]])
    (False, True, True)
    """
    if len(away) < 2:
        return False
    lasts = away[-1] - away[0]
    return lasts > LONG or (len(away) >= ENOUGH and lasts >= SHORT)
