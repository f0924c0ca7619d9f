"""Strays: late fixes that show a unit surely in another country than its own.

Where a unit is *now* its newest fix says. What comes out of a buffer hours later is asked for its
country here, once a minute of its own time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from patrol.alarms.scene import Stray
from patrol.picture.liveness import HISTORICAL_AFTER
from patrol.sectors.site_geography import Ground
from patrol.units.units import Unit
from patrol.units.wire import Fix

APART: Final = timedelta(seconds=60)
"""Fixes of a unit that are asked for are so far apart."""

MOST: Final = 1000
"""Most that wait to be filed."""


class StrayDetector:
    """Late fixes across the border that are not filed yet.

    Args:
        ground: Knows the border; None: nothing is known of any.

    Attributes:
        waiting: They.
    """

    def __init__(self, ground: Ground | None) -> None:
        self.waiting: list[Stray] = []
        self._ground = ground
        self._checked_at: dict[str, datetime] = {}

    def note(self, fixes: Iterable[Fix], units: Mapping[str, Unit], now: datetime) -> None:
        """Ask where late fixes were; those that are live, the rule sees itself.

        Args:
            fixes: Of a batch.
            units: All that are registered, by id.
            now: The present, aware UTC.
        """
        if self._ground is None:
            return
        floor = now - HISTORICAL_AFTER
        for fix in [each for each in fixes if each.time < floor]:  # in nearly all batches none
            unit = units.get(fix.of)
            if unit is None or unit.country is None or len(self.waiting) >= MOST:
                continue
            checked_at = self._checked_at.get(fix.of)
            if checked_at is not None and abs(fix.time - checked_at) < APART:
                continue
            self._checked_at[fix.of] = fix.time
            side = self._ground.side(lon=fix.lon, lat=fix.lat, accuracy_m=fix.error_m)
            if side is not None and side.sure and side.country not in (None, unit.country):
                country = str(side.country)
                self.waiting.append(Stray(fix.of, fix.time, fix.lon, fix.lat, country))
