"""Presence: since when a boat is in an area, by evidence that adds up."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from gis.position.position import Position

SURE: Final = 2.0
"""Evidence from which on it is in; the same below 0, and it is out."""

MOST: Final = 3.0
"""More evidence than this is not kept: what was an hour ago must not outweigh what is now."""


class Presence(NamedTuple):
    """What is known of whether a boat is in an area.

    Attributes:
        evidence: From -`MOST`, surely out, to `MOST`, surely in.
        inside: Whether it counts as in.
        since: Time of the fix with which it came; of one that is out, that may become so.
        seen_at: Time of the newest fix inside.
        lon: Where it was by that fix, degrees.
        lat: Degrees.
    """

    evidence: float
    inside: bool
    since: datetime | None
    seen_at: datetime | None
    lon: float
    lat: float


def presence(before: Presence | None, fix: Position, *, inside: bool, near_edge: bool) -> Presence:
    """Return what is known after one more fix.

    Args:
        before: What was known; None for a boat that is new.
        fix: Newer than all before it; with a time.
        inside: Whether the fix lies in the area.
        near_edge: Whether the edge is nearer than the fix may be wrong: it counts for half.

    >>> from datetime import UTC, timedelta
    >>> noon, now = datetime(2026, 12, 1, 12, tzinfo=UTC), None
    >>> for minute, inside in enumerate([False, True, True, True, False, True]):
    ...     fix = Position(lon=100.4, lat=20.2, time=noon + timedelta(minutes=minute))
    ...     now = presence(now, fix, inside=inside, near_edge=False)
    >>> now.inside, now.since.minute
    (True, 1)
    """
    time = fix.time
    assert time is not None
    weight = (0.5 if near_edge else 1.0) * (1.0 if inside else -1.0)
    known = before or Presence(0.0, False, None, None, fix.lon, fix.lat)
    evidence = min(max(known.evidence + weight, -MOST), MOST)
    if not known.inside and not inside and evidence <= 0.0:
        return Presence(evidence, False, None, None, fix.lon, fix.lat)
    if known.inside and evidence <= -SURE:
        return Presence(evidence, False, None, None, fix.lon, fix.lat)
    since = known.since if known.since is not None else time
    is_in = known.inside or evidence >= SURE
    if not inside:
        return known._replace(evidence=evidence, since=since, inside=is_in)
    if not known.inside and evidence <= 0.0:
        since = time  # there was more against it than for it until now
    return Presence(evidence, is_in, since, time, fix.lon, fix.lat)
