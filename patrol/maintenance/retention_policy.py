"""Retention policy: how long receptions and positions are stored, and how they are thinned out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

LEAST_RAW: Final = timedelta(days=31)
"""Reports may come so late, and what comes late must be told from what is known."""


class RetentionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """For how long positions are stored.

    Attributes:
        raw: All messages are kept so long after they were heard; `LEAST_RAW` or longer.
        minute: One position a minute is kept so long; None: for ever.
        quarter: One position in 15 minutes is kept so long; None: for ever.
        around: How long before and after an event all that was heard stays.
    """

    raw: timedelta
    minute: timedelta | None = None
    quarter: timedelta | None = None
    around: timedelta = timedelta(hours=1)

    def stages(self) -> list[tuple[str, timedelta, int | None]]:
        """Return name, age and length of a part (microseconds; None: none stays), last first."""
        found: list[tuple[str, timedelta, int | None]] = [("minute", self.raw, 60_000_000)]
        if self.minute is not None:
            found.append(("quarter", self.minute, 900_000_000))
            if self.quarter is not None:
                found.append(("gone", self.quarter, None))
        return found[::-1]
