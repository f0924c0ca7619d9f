"""Ways along a river: between two positions on it a boat went as the river goes, not straight.

A boat that reports every few minutes cuts each bend on paper. Where both ends lie on one river,
within what its line and the positions may be off, the way is that of the drawn line between their
nearest points, where that is longer than the straight one and the boat can have gone it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gis.geodesy import Floats
from gis.rivers import Rivers
from gis.tracks.track import Track

LEAST_S: Final = 30.0  # what is closer in time follows bends by itself
LEAST_M: Final = 150.0  # no river turns within less
SINUOUS: Final = 3.0  # times as long as straight; more is another limb of a bend
FASTEST_MPS: Final = 25.0
FASTER: Final = 1.3  # than the speeds that it tells at both ends, a boat may have gone by this


def river_ways_m(
    track: Track,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    straight_m: Floats,
    *,
    accuracy_m: Floats,
    rivers: Rivers,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return how far it is between positions of a track, and whether that is along a river.

    Args:
        track: Any track.
        start: Where each way begins: number of a position of the track.
        end: Where it ends.
        straight_m: How long each is along a geodesic, metres.
        accuracy_m: How wrong the positions of the track may be, metres.
        rivers: What boats follow.

    Returns:
        Metres; True where they are those along a river.

    >>> from gis.rivers import load_rivers
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_rivers().main.at_kms([2240.0, 2237.0])
    >>> track = sorted_track(np.array([0, 300_000_000]), {"lon": lon, "lat": lat})
    >>> one, other = np.array([0]), np.array([1])
    >>> way_m, along = river_ways_m(
    ...     track, one, other, np.array([2500.0]), accuracy_m=np.full(2, 15.0), rivers=load_rivers()
    ... )
    >>> bool(way_m[0] > 2900.0), along.tolist()
    (True, [True])
    """
    along = np.zeros(len(straight_m), dtype=np.bool_)
    seconds = (track.time_us[end] - track.time_us[start]) / 1e6
    some = np.flatnonzero((seconds >= LEAST_S) & (straight_m >= LEAST_M))
    if len(some) == 0:
        return straight_m, along
    way_m = straight_m.copy()
    ends = np.unique(np.concatenate([start[some], end[some]]))
    at = rivers.locate_many(track.lon[ends], track.lat[ends])
    on = (at.river >= 0) & (np.abs(at.offset_m) <= at.error_m + accuracy_m[ends])
    one, other = np.searchsorted(ends, start[some]), np.searchsorted(ends, end[some])
    told_mps = np.fmax(track.speed_mps[start[some]], track.speed_mps[end[some]])
    pace_mps = np.maximum(FASTER * told_mps, straight_m[some] / seconds[some])
    fastest_mps = np.where(np.isnan(told_mps), FASTEST_MPS, pace_mps)
    most_m = np.minimum(fastest_mps * seconds[some], SINUOUS * straight_m[some])
    both = on[one] & on[other] & (at.river[one] == at.river[other])
    for number in np.unique(at.river[one][both]).tolist():
        of = np.flatnonzero(both & (at.river[one] == number))
        drawn_m = rivers.all[number].course.way_m(at.km[one[of]], at.km[other[of]])
        told = (drawn_m >= straight_m[some[of]] * 0.98) & (drawn_m <= most_m[of])
        along[some[of[told]]] = True
        way_m[some[of[told]]] = np.maximum(drawn_m, straight_m[some[of]])[told]
    return way_m, along
