"""Stops: where a track stayed within a radius for some time, in spite of noise.

The centre is the median of the first `least_s` seconds, which a few wild positions do not move. The
stop lasts until positions lie outside the radius for longer than `away_s`: a spike does not end it.
A gap does, since nobody knows where the unit was.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats
from gis.tracks.chords import cartesian, chords_m, places
from gis.tracks.legs import MAX_GAP_S
from gis.tracks.track import Track

_AT_ONCE = 500_000  # coordinates of windows held in memory together


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A stay within a radius.

    Attributes:
        first: Number of the first position of the stop in its track.
        last: Number of the last one.
        start: Time of the first, aware UTC.
        end: Time of the last, aware UTC.
        lon: Longitude of the middle (median of the positions inside), degrees.
        lat: Latitude of the middle, degrees.
        positions: How many positions lie inside the radius.
    """

    first: int
    last: int
    start: datetime
    end: datetime
    lon: float
    lat: float
    positions: int

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last position."""
        return (self.end - self.start).total_seconds()


def stops(
    track: Track,
    *,
    radius_m: float = 100.0,
    least_s: float = 300.0,
    away_s: float = 60.0,
    max_gap_s: float = MAX_GAP_S,
) -> list[Stop]:
    """Return the stops of a track, in order; no position is in two.

    Args:
        track: Any track.
        radius_m: How far from the middle it still counts as standing, metres.
        least_s: How long a stop lasts at least, seconds.
        away_s: Positions outside for no longer than this, from the first outside to the last,
            do not end a stop, seconds.
        max_gap_s: A longer time without a position ends it, seconds.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.arange(0, 1200, 60) * 1_000_000
    >>> lon = np.concatenate([np.full(10, 100.4), 100.4 + 0.01 * np.arange(1, 11)])
    >>> [stop] = stops(sorted_track(times, {"lon": lon, "lat": np.full(20, 20.27)}))
    >>> stop.first, stop.last, stop.duration_s, round(stop.lon, 6)
    (0, 9, 540.0, 100.4)
    >>> stops(sorted_track(np.array([0]), {"lon": np.zeros(1), "lat": np.zeros(1)}))
    []
    """
    seconds = (track.time_us - track.time_us[:1]) / 1e6
    xyz = cartesian(track.lon, track.lat)
    found: list[Stop] = []
    breaks = np.flatnonzero(np.diff(seconds) > max_gap_s) + 1
    edges = [0, *breaks.tolist(), len(track)]
    for begin, past in pairwise(edges):
        run, places_ = seconds[begin:past], xyz[begin:past]
        window = np.searchsorted(run, run + least_s)  # the first position `least_s` later
        candidates = np.flatnonzero(_begins(places_, window, radius_m))
        here = 0
        for n in candidates.tolist():
            if n < here:
                continue
            centre = np.median(places_[n : window[n] + 1], axis=0)
            inside = chords_m(centre, places_[n:]) <= radius_m
            last = n + _last_inside(run[n:], inside, away_s)
            if run[last] - run[n] >= least_s:
                members = np.flatnonzero(inside[: last - n + 1]) + begin + n
                found.append(_stop(track, xyz, begin + n, begin + last, members))
                here = last + 1
    return found


def _begins(xyz: Floats, window: NDArray[np.intp], radius_m: float) -> NDArray[np.bool_]:
    """Return which positions lie within the radius of the median of the window they open."""
    count = len(xyz)
    near = np.zeros(count, dtype=np.bool_)
    whole = np.flatnonzero(window < count)
    sizes = window[whole] - whole + 1
    for size in np.unique(sizes).tolist():
        starts = whole[sizes == size]
        step = max(1, _AT_ONCE // (3 * size))
        views = np.lib.stride_tricks.sliding_window_view(xyz, size, axis=0)
        for first in range(0, len(starts), step):
            some = starts[first : first + step]
            near[some] = chords_m(np.median(views[some], axis=2), xyz[some]) <= radius_m
    return near


def _last_inside(seconds: Floats, inside: NDArray[np.bool_], away_s: float) -> int:
    """Return the last position inside before a stay outside that is longer than `away_s`."""
    within = np.flatnonzero(inside)
    # Between two inside: from the first outside to the last outside.
    absence = seconds[within[1:] - 1] - seconds[within[:-1] + 1]
    left = np.flatnonzero((np.diff(within) > 1) & (absence > away_s))
    return int(within[left[0]] if len(left) else within[-1])


def _stop(track: Track, xyz: Floats, first: int, last: int, members: NDArray[np.intp]) -> Stop:
    middle = np.median(xyz[members], axis=0)
    (lon,), (lat,) = places(middle[None, :])
    return Stop(
        first=first,
        last=last,
        start=track.time(first),
        end=track.time(last),
        lon=float(lon),
        lat=float(lat),
        positions=len(members),
    )
