"""Outings: what units did, from their stored positions: ways along the river, silences, meetings.

What `gis.tracks` makes of effort and coverage stands beside this; here is what a debrief tells of
single moments.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gis.geodesy import distances_m
from patrol.changes import Fix
from patrol.patrols import Rendezvous

EARLY_S = 1800.0
"""Who came so long before a meeting and left again is told to have been there."""


class Along(msgspec.Struct, frozen=True, kw_only=True):
    """Where along the river a unit was.

    Attributes:
        low: Lowest kilometre.
        high: Highest kilometre.
        km: Way up and down the river, kilometres; silences add nothing.
    """

    low: float
    high: float
    km: float


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing was heard of a unit.

    Attributes:
        start: The last position before it.
        end: The first after it; None: none came.
        seconds: How long.
    """

    start: Fix
    end: Fix | None
    seconds: float


def along(fixes: Sequence[Fix], *, gap_s: float) -> Along | None:
    """Return where along the river a unit was; None where it never was at it.

    Args:
        fixes: Its positions, oldest first.
        gap_s: A longer time without one is no way.
    """
    kms = [(fix.time, fix.river_km) for fix in fixes if fix.river_km is not None]
    if not kms:
        return None
    way = sum(
        abs(later - earlier)
        for (before, earlier), (after, later) in itertools.pairwise(kms)
        if after - before <= timedelta(seconds=gap_s)
    )
    values = [km for _, km in kms]
    return Along(low=min(values), high=max(values), km=way)


def silences(fixes: Sequence[Fix], *, gap_s: float, until: datetime) -> list[Silence]:
    """Return the times longer than `gap_s` seconds in which nothing was heard, oldest first.

    The last one runs to `until`, the end of what is looked at.
    """
    found = [
        Silence(start=one, end=other, seconds=(other.time - one.time).total_seconds())
        for one, other in itertools.pairwise(fixes)
        if (other.time - one.time).total_seconds() > gap_s
    ]
    if fixes and (rest := (until - fixes[-1].time).total_seconds()) > gap_s:
        found.append(Silence(start=fixes[-1], end=None, seconds=rest))
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
