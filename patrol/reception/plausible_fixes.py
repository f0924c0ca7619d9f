"""Newest fixes: where one sender is, by its newest positions in the order of their time; pure.

A position that nothing could have reached is held back until the next one confirms it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from patrol.reception.position_quality import is_jump
from patrol.units.wire import Fix

WINDOW: Final = 8
"""Newest positions kept; an outlier is recognised among so many."""

_NEAR_DEG: Final = 0.0012
"""Less than this apart in both degrees is less than `quality.FREE_M` anywhere on Earth."""

Entry: TypeAlias = tuple[datetime, bytes, Fix, float]
"""Time to order by, global id (breaks ties the same way everywhere), the fix, clock slack in s.

Ordered by the earlier of effective and heard time: a device clock a minute ahead must not hold the
marker for a minute.
"""


def order(entry: Entry) -> tuple[datetime, bytes]:
    """Return what a position stands in order by."""
    return entry[0], entry[1]


def is_out_of_reach(entry: Entry, before: Entry) -> bool:
    """Return whether nothing could have come from one position to the next."""
    fix, was = entry[2], before[2]
    if abs(fix.lat - was.lat) < _NEAR_DEG and abs(fix.lon - was.lon) < _NEAR_DEG:
        return False
    if "by_voice" in fix.flags or "by_voice" in was.flags:
        return False  # people err too, but not like receivers, and can plot again
    return is_jump(
        lon=fix.lon,
        lat=fix.lat,
        time=entry[0],
        from_lon=was.lon,
        from_lat=was.lat,
        from_time=before[0],
        slack_s=entry[3] + before[3],
        accuracy_m=fix.error_m + was.error_m,
        reported_mps=max(fix.speed_mps or 0.0, was.speed_mps or 0.0),
    )


def newest_believable(window: list[Entry]) -> tuple[Fix, bool]:
    """Walk the window in order of time; a jump counts once the position after it agrees with it.

    Returns:
        Where the walk ends, and whether there was no jump at all.
    """
    anchor, suspect, clean = window[0], None, True
    for entry in window[1:]:
        if not is_out_of_reach(entry, anchor):
            anchor, suspect = entry, None
            continue
        clean = False
        if suspect is not None and not is_out_of_reach(entry, suspect):
            anchor, suspect = entry, None
        else:
            suspect = entry
    return anchor[2], clean


def last_jump(window: list[Entry]) -> datetime | None:
    """Return the time of the newest jump that the position after it agrees with."""
    anchor, suspect, jumped_at = window[0], None, None
    for entry in window[1:]:
        if not is_out_of_reach(entry, anchor):
            anchor, suspect = entry, None
        elif suspect is not None and not is_out_of_reach(entry, suspect):
            anchor, jumped_at, suspect = entry, suspect[2].time, None
        else:
            suspect = entry
    return jumped_at
