"""Gaps and trips: when nothing was heard, and the ways between stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from gis.geodesy import distances_m
from gis.tracks.legs import MAX_GAP_S, legs_of, moved_m
from gis.tracks.stops import Stop
from gis.tracks.track import Track

Edge: TypeAlias = Literal["record", "gap", "stop"]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time without a position.

    Attributes:
        before: Number of the last position before it.
        start: Time of that position, aware UTC.
        end: Time of the next, aware UTC.
        distance_m: How far apart the two are, metres.
    """

    before: int
    start: datetime
    end: datetime
    distance_m: float

    @property
    def duration_s(self) -> float:
        """How long nothing was heard, seconds."""
        return (self.end - self.start).total_seconds()


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one stop, gap or end of the record to the next.

    Attributes:
        first: Number of its first position in the track.
        last: Number of its last.
        start: Time of the first, aware UTC.
        end: Time of the last, aware UTC.
        moved_m: Way over ground, metres, as `legs.moved_m` counts it.
        begins: What it comes from: a stop, a gap, or the record begins there.
        ends: What it leads to.
    """

    first: int
    last: int
    start: datetime
    end: datetime
    moved_m: float
    begins: Edge
    ends: Edge

    @property
    def duration_s(self) -> float:
        """How long it takes, seconds."""
        return (self.end - self.start).total_seconds()


def gaps(track: Track, *, longer_than_s: float = MAX_GAP_S) -> list[Gap]:
    """Return the times without a position that are longer than `longer_than_s` seconds.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.array([0, 10, 2000]) * 1_000_000
    >>> [gap] = gaps(sorted_track(times, {"lon": np.zeros(3), "lat": np.zeros(3)}))
    >>> gap.before, gap.duration_s, gap.distance_m
    (1, 1990.0, 0.0)
    """
    at = np.flatnonzero(np.diff(track.time_us) > longer_than_s * 1e6)
    apart = distances_m(
        lon1=track.lon[at], lat1=track.lat[at], lon2=track.lon[at + 1], lat2=track.lat[at + 1]
    )
    return [
        Gap(before=n, start=track.time(n), end=track.time(n + 1), distance_m=metres)
        for n, metres in zip(at.tolist(), apart.tolist(), strict=True)
    ]


def trips(
    track: Track,
    stops: Sequence[Stop],
    *,
    least_m: float = 200.0,
    max_gap_s: float = MAX_GAP_S,
) -> list[Trip]:
    """Return the trips between stops, in order.

    Args:
        track: Any track.
        stops: Its stops, in order, found with the same `max_gap_s`.
        least_m: A way shorter than this is none: it shifted its berth.
        max_gap_s: A longer time without a position ends a trip, seconds.

    >>> from gis.tracks.stops import stops
    >>> from gis.tracks.track import sorted_track
    >>> times = np.arange(0, 1200, 60) * 1_000_000
    >>> lon = np.concatenate([np.full(10, 100.4), 100.4 + 0.01 * np.arange(1, 11)])
    >>> track = sorted_track(times, {"lon": lon, "lat": np.full(20, 20.27)})
    >>> [trip] = trips(track, stops(track))
    >>> trip.begins, trip.ends, trip.duration_s, round(trip.moved_m)
    ('stop', 'record', 600.0, 10447)
    """
    if len(track) < 2:
        return []
    legs = legs_of(track, max_gap_s=max_gap_s)
    way = np.zeros(len(track))
    way[legs + 1] = moved_m(track, legs)
    way = np.cumsum(way)
    silent = set((np.flatnonzero(np.diff(track.time_us) > max_gap_s * 1e6)).tolist())
    # Cuts in order: where a trip may end (at `first`) and where the next one begins (at `last`).
    cuts: list[tuple[int, int, Edge]] = [(stop.first, stop.last, "stop") for stop in stops]
    cuts += [(before, before + 1, "gap") for before in silent]
    cuts.sort()
    found: list[Trip] = []
    begin = 0
    begins: Edge = "record"
    for end, next_, edge in [*cuts, (len(track) - 1, len(track), "record")]:
        moved = float(way[end] - way[begin])
        if end > begin and moved >= least_m:
            found.append(
                Trip(
                    first=begin,
                    last=end,
                    start=track.time(begin),
                    end=track.time(end),
                    moved_m=moved,
                    begins=begins,
                    ends=edge,
                )
            )
        begin, begins = next_, edge
    return found
