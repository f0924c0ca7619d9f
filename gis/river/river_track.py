"""River track: in which direction something moved along a river."""

from __future__ import annotations

import math
from typing import Literal

from gis.position.accuracy import ASSUMED_ACCURACY_M
from gis.river.river import River


def way_between(
    river: River,
    before: tuple[float, float],
    after: tuple[float, float],
    *,
    accuracy_m: tuple[float, float] = (ASSUMED_ACCURACY_M, ASSUMED_ACCURACY_M),
) -> Literal["up", "down"] | None:
    """Return whether something went up or down a river between two fixes.

    Args:
        river: The river.
        before: Longitude and latitude of the first, degrees.
        after: The same of the second.
        accuracy_m: How wrong each of them may be, metres.

    Returns:
        None, unsure: when it went no farther along the river than both fixes may be wrong, or
        less than half as far along as across, where the line's own bearing counts for too much;
        and when one of them is beyond 5 km of the river.

    >>> from gis.river.river import load_mekong
    >>> way_between(load_mekong(), (100.4, 20.273), (100.41, 20.266))
    'down'
    >>> way_between(load_mekong(), (100.41, 20.266), (100.4101, 20.266)) is None
    True
    """
    found = river.locate_many([before[0], after[0]], [before[1], after[1]])
    if math.isnan(found.km[0]) or math.isnan(found.km[1]):
        return None
    up_m = float(found.km[1] - found.km[0]) * 1000.0
    across_m = abs(float(found.offset_m[1] - found.offset_m[0]))
    if not abs(up_m) > max(sum(accuracy_m), across_m / 2.0):
        return None
    return "up" if up_m > 0.0 else "down"
