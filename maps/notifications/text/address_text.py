"""Places of alerts in fields, so that each reader is told them in the own language.

An alert keeps its place in English words. The fields behind them are found again: they are the
address of its position whose English words are those that were kept, to the letter. What was said
to be unsure stays unsure then, and a place that was told more coarsely never becomes finer.
"""

from __future__ import annotations

from typing import Final

from gis.address.address import Address
from patrol.alerts.alert import Alert
from patrol.sectors.site_geography import Ground
from patrol.units.wire import Fix

ACCURACIES_M: Final = (15.0, 0.0, 5.0, 30.0, 60.0, 100.0, 200.0, 500.0)
"""How wrong the fix may have been: what is sure of a bank and a side depends on it."""


def address_of(alert: Alert, *, ground: Ground, last: Fix | None, own: bool) -> Address | None:
    """Return the address of an alert's place; None where only its words are known.

    Args:
        alert: What passes of it.
        ground: Rivers and borders of this site.
        last: Last fix of its unit that the reader may see.
        own: The reader is of the alert's agency, so that its position is told as exactly as known.
    """
    if alert.lon is None or alert.lat is None:
        return None
    if last is not None and last.place is not None and last.place.words() == alert.place:
        return last.place
    for accuracy_m in ACCURACIES_M:
        found = ground.address(lon=alert.lon, lat=alert.lat, accuracy_m=accuracy_m)
        if found is None:
            return None
        if (own and not alert.place) or found.words() == alert.place:
            return found
    return None
