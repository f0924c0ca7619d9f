"""Trips: what units did, from stored positions: ways along the river, silences, meetings.

What `gis.tracks` makes of effort and coverage stands beside this; here is what a debrief tells of
single moments.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from gis.geometry.geodesy import distances_m
from gis.tracks.legs import counted, legs_of
from gis.tracks.track import track_of
from maps.surveys.track_reader import with_accuracy
from patrol.patrols.patrol import Rendezvous
from patrol.units.wire import Fix

EARLY_S = 1800.0
"""Who came so long before a meeting and left again is told to have been there."""


class RiverReach(msgspec.Struct, frozen=True, kw_only=True):
    """Where along the river a unit was.

    Attributes:
        low: Lowest kilometre.
        high: Highest kilometre.
        km: Way up and down the river, kilometres; silences add nothing.
    """

    low: float
    high: float
    km: float


class TripSilence(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing was heard of a unit.

    Attributes:
        start: The last position before it; None: there was none since the patrol began.
        end: The first after it; None: none came.
        seconds: How long.
    """

    start: Fix | None
    end: Fix | None
    seconds: float


def along(fixes: Sequence[Fix], *, gap_s: float) -> RiverReach | None:
    """Return where along the river a unit was; None where it never was at it.

    Args:
        fixes: Its positions, oldest first, without those that cannot be true.
        gap_s: A longer time without one is no way.
    """
    some = [fix for fix in fixes if fix.river_km is not None]
    if not some:
        return None
    kms = np.array([fix.river_km for fix in some], dtype=np.float64)
    track = track_of(with_accuracy(some))
    # Between the positions that count for the way over ground: a moored boat's noise makes none.
    start, end = counted(track, legs_of(track, max_gap_s=gap_s))
    way = float(np.abs(kms[end] - kms[start]).sum())
    return RiverReach(low=float(kms.min()), high=float(kms.max()), km=way)


def silences(
    fixes: Sequence[Fix], *, gap_s: float, since: datetime | None, until: datetime
) -> list[TripSilence]:
    """Return the times longer than `gap_s` seconds in which nothing was heard, oldest first.

    Args:
        fixes: Positions of a unit, oldest first.
        gap_s: How long is long, seconds.
        since: When what is looked at began, from which the first silence runs; None: what was
            before the first position is not for the reader to know.
        until: Its end, to which the last one runs.
    """
    fixes_and_end: list[Fix | None] = [*fixes, None]
    if since is not None:
        fixes_and_end.insert(0, None)
    found = []
    for one, other in itertools.pairwise(fixes_and_end):
        start = since if one is None else one.time
        end = until if other is None else other.time
        if start is not None and (long := (end - start).total_seconds()) > gap_s:
            found.append(TripSilence(start=one, end=other, seconds=long))
    return found


def arrival(fixes: Sequence[Fix], meeting: Rendezvous) -> datetime | None:
    """Return when a unit was first within the radius of a meeting, from half an hour before it to
    the end of its grace; None if it was not.
    """
    first = meeting.at - timedelta(seconds=EARLY_S)
    last = meeting.at + timedelta(seconds=meeting.grace_s)
    some = [fix for fix in fixes if first <= fix.time <= last]
    if not some:
        return None
    away = distances_m(
        lon1=[fix.lon for fix in some],
        lat1=[fix.lat for fix in some],
        lon2=[meeting.lon] * len(some),
        lat2=[meeting.lat] * len(some),
    )
    return next(
        (fix.time for fix, m in zip(some, away.tolist(), strict=True) if m <= meeting.radius_m),
        None,
    )
