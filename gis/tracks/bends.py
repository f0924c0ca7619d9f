"""Bends: a track with the places at which its ways along a river turn, to draw it as it is counted.

A line between sparse reports of a boat on a river would cut over land. The places between have the
time at which the boat would have been there at one speed, and say nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gis.river.rivers import Rivers
from gis.tracks.chords import cartesian, chords_m
from gis.tracks.legs import river_bends
from gis.tracks.track import Track


def with_bends(track: Track, rivers: Rivers, *, max_gap_s: float) -> tuple[Track, NDArray[np.intp]]:
    """Return a track with the bends of its ways along rivers, and whose each of its places is.

    Args:
        track: A cleaned track.
        rivers: What boats follow between sparse reports (`along_river.river_ways`).
        max_gap_s: A longer time without a position is no way, seconds.

    Returns:
        The track, and for each of its places the number of the position given; -1 at a bend.

    >>> from gis.river.rivers import load_rivers
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_rivers().main.at_kms([2240.0, 2237.0, 2236.99])
    >>> track = sorted_track(np.array([0, 300, 310]) * 1_000_000, {"lon": lon, "lat": lat})
    >>> drawn, given = with_bends(track, load_rivers(), max_gap_s=600.0)
    >>> len(drawn) > 5, given[[0, 1, -2, -1]].tolist(), bool((np.diff(drawn.time_us) >= 0).all())
    (True, [0, -1, 1, 2], True)
    """
    numbers = np.arange(len(track))
    bends = river_bends(track, rivers, max_gap_s=max_gap_s)
    if not bends:
        return track, numbers
    at = np.repeat(list(bends), [len(each) for each in bends.values()])
    lon, lat = np.concatenate(list(bends.values())).T
    time_us = [_times_us(track, end, *places.T) for end, places in bends.items()]
    columns = {"lon": lon, "lat": lat, "time_us": np.concatenate(time_us)}
    drawn = Track(
        **{
            name: np.insert(getattr(track, name), at, columns.get(name, np.nan))
            for name in track.__struct_fields__
        }
    )
    return drawn, np.insert(numbers, at, -1)


def _times_us(
    track: Track, end: int, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return when the places between a position and the one before it were passed."""
    here = slice(end - 1, end + 1)
    xyz = cartesian(np.insert(track.lon[here], 1, lon), np.insert(track.lat[here], 1, lat))
    far_m = np.cumsum(chords_m(xyz[:-1], xyz[1:]))
    start_us, end_us = track.time_us[here].tolist()
    share = far_m[:-1] / far_m[-1] if far_m[-1] > 0.0 else np.zeros(len(lon))
    return np.asarray(start_us + np.rint(share * (end_us - start_us)), dtype=np.int64)
