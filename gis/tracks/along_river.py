"""Routes along a river: between two positions on it a boat followed the river, not a straight line.

A boat that reports every few minutes cuts each bend on paper. Where both ends lie on one river,
within what its line and the positions may be off, the way is that of the drawn line between their
nearest points, where that is longer than the straight one and the boat can have gone it.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats
from gis.river.rivers import Rivers
from gis.tracks.chords import cartesian
from gis.tracks.track import Track

LEAST_S: Final = 30.0  # what is closer in time follows bends by itself
LEAST_M: Final = 150.0  # no river turns within less
SINUOUS: Final = 3.0  # times as long as straight; more is another limb of a bend
FASTEST_MPS: Final = 25.0
FASTER: Final = 1.3  # than the speeds that it tells at both ends, a boat may have gone by this


class RiverWays(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Which of some ways go along a river: arrays of one value a way.

    Attributes:
        length_m: How far it is, metres: along the river, else straight.
        river: Number of the river in `Rivers.all`; -1: the way is straight.
        km: Kilometres (n, 2) of that river at which the way begins and ends; NaN where it is
            straight.
        rivers: Those that they were found in.
    """

    length_m: Floats
    river: NDArray[np.intp]
    km: Floats
    rivers: Rivers

    def places(self, which: NDArray[np.intp], share: Floats, ends: tuple[Floats, Floats]) -> Floats:
        """Return Earth-centred places (n, 3) on ways along a river.

        They lie beside the drawn line as far as the ends do, from the one more and more as the
        other.

        Args:
            which: Number of the way of each place; none of them straight.
            share: How far along it, 0 to 1.
            ends: Earth-centred places (n, 3) at which the way of each begins and ends.
        """
        found = np.empty((len(which), 3))
        km, part = self.km[which], share[:, None]
        for number in np.unique(self.river[which]).tolist():
            of = self.river[which] == number
            course = self.rivers.all[number].course
            begin, here, end = (
                cartesian(*course.at(at))
                for at in (km[of, 0], km[of, 0] + share[of] * np.diff(km[of])[:, 0], km[of, 1])
            )
            first, last = ends[0][of] - begin, ends[1][of] - end
            found[of] = here + first + part[of] * (last - first)
        # To the bit, so that one way begins where the other ends.
        for at, place in zip((0.0, 1.0), ends, strict=True):
            found[share == at] = place[share == at]
        return found


def river_ways(
    track: Track,
    start: NDArray[np.intp],
    end: NDArray[np.intp],
    straight_m: Floats,
    *,
    accuracy_m: Floats,
    rivers: Rivers,
) -> RiverWays:
    """Return which ways between positions of a track go along a river, and how far each is.

    Args:
        track: Any track.
        start: Where each way begins: number of a position of the track.
        end: Where it ends.
        straight_m: How long each is along a geodesic, metres.
        accuracy_m: How wrong the positions of the track may be, metres.
        rivers: What boats follow.

    >>> from gis.river.rivers import load_rivers
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_rivers().main.at_kms([2240.0, 2237.0])
    >>> track = sorted_track(np.array([0, 300_000_000]), {"lon": lon, "lat": lat})
    >>> one, other = np.array([0]), np.array([1])
    >>> ways = river_ways(
    ...     track, one, other, np.array([2500.0]), accuracy_m=np.full(2, 15.0), rivers=load_rivers()
    ... )
    >>> bool(ways.length_m[0] > 2900.0), ways.river, ways.km.round(1)
    (True, array([0]), array([[2240., 2237.]]))
    """
    found = RiverWays(
        length_m=straight_m.copy(),
        river=np.full(len(straight_m), -1, dtype=np.intp),
        km=np.full((len(straight_m), 2), np.nan),
        rivers=rivers,
    )
    seconds = (track.time_us[end] - track.time_us[start]) / 1e6
    some = np.flatnonzero((seconds >= LEAST_S) & (straight_m >= LEAST_M))
    if len(some) == 0:
        return found
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
        km = np.column_stack([at.km[one[of]], at.km[other[of]]])
        drawn_m = rivers.all[number].course.way_m(km[:, 0], km[:, 1])
        is_plausible = (drawn_m >= straight_m[some[of]] * 0.98) & (drawn_m <= most_m[of])
        which = some[of[is_plausible]]
        found.river[which], found.km[which] = number, km[is_plausible]
        found.length_m[which] = np.maximum(drawn_m[is_plausible], straight_m[which])
    return found
