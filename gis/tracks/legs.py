"""Legs: the moves from each position of a track to the next, and pieces of them.

Between two positions further apart in time than `max_gap_s` nothing is known: there is no leg.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats, distances_m
from gis.position.accuracy import ASSUMED_ACCURACY_M
from gis.river.rivers import Rivers
from gis.tracks.along_river import river_ways
from gis.tracks.chords import cartesian, chords_m, ground, places
from gis.tracks.track import Track

MAX_GAP_S = 600.0
"""A longer time without a position is a gap, unless the caller says else."""

RIVER_PIECE_M = 100.0
"""Longest piece of a leg along a river: one that is longer would cut bends."""

MOST_PIECES = 500
"""Most pieces of one leg: a leg longer than that many is no move but an error."""

_DRAWN_DEG = 1e-4  # as near to its way a line is drawn: some 10 m

UNKNOWN_M = ASSUMED_ACCURACY_M
"""Accuracy of a position that does not tell its own, metres."""


class Pieces(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Legs cut into pieces: arrays of one length, in order of time.

    Attributes:
        leg: From which position of the track the piece's leg goes.
        start_s: Seconds from the track's first position to the start of the piece.
        duration_s: How long it takes.
        start: Earth-centred place (n, 3) where it starts.
        end: Earth-centred place (n, 3) where it ends.
    """

    leg: NDArray[np.intp]
    start_s: Floats
    duration_s: Floats
    start: Floats
    end: Floats


class LegLengths(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How far each leg went: arrays of one value a leg.

    Attributes:
        length_m: Over ground, metres.
        along_river: Whether that is the way along a river, not straight.
    """

    length_m: Floats
    along_river: NDArray[np.bool_]


def legs_of(track: Track, *, max_gap_s: float = MAX_GAP_S) -> NDArray[np.intp]:
    """Return from which positions a leg goes to the next one.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.array([0, 10, 2000, 2010]) * 1_000_000
    >>> legs_of(sorted_track(times, {"lon": np.zeros(4), "lat": np.zeros(4)}))
    array([0, 2])
    """
    return np.flatnonzero(np.diff(track.time_us) <= max_gap_s * 1e6)


def pieces(
    track: Track,
    *,
    piece_m: float,
    max_gap_s: float = MAX_GAP_S,
    rivers: Rivers | None = None,
) -> Pieces:
    """Return the legs in equal pieces of at most `piece_m` metres, all of a leg at one speed.

    A leg goes straight, or between sparse reports along a river, as `ways_of` measures it; there a
    piece is of at most 100 m. One longer than 500 pieces, which nothing that moves makes, is cut
    into 500.

    Args:
        track: Any track.
        piece_m: Longest piece, metres.
        max_gap_s: A longer time without a position is no leg, seconds.
        rivers: What boats follow between sparse reports; None: every leg is straight.

    >>> from gis.tracks.track import sorted_track
    >>> track = sorted_track(
    ...     np.array([0, 10_000_000]), {"lon": np.array([100.0, 100.002]), "lat": np.zeros(2)}
    ... )
    >>> pieces(track, piece_m=100.0).duration_s.round(2)
    array([3.33, 3.33, 3.33])
    """
    legs = legs_of(track, max_gap_s=max_gap_s)
    xyz = cartesian(track.lon, track.lat)
    # A chord is shorter than the way over ground, by far less than a piece is bound to be anyway.
    chord_m = chords_m(xyz[legs], xyz[legs + 1])
    count = np.ceil(chord_m / piece_m)
    ways = None
    if rivers is not None:
        accuracy_m = accuracies_m(track)
        ways = river_ways(track, legs, legs + 1, chord_m, accuracy_m=accuracy_m, rivers=rivers)
        bent = np.ceil(ways.length_m / min(piece_m, RIVER_PIECE_M))
        count = np.where(ways.river >= 0, bent, count)
    count = np.clip(count, 1, MOST_PIECES).astype(np.intp)
    of_leg = np.repeat(np.arange(len(legs)), count)
    leg = legs[of_leg]
    number = np.arange(len(leg)) - np.repeat(np.cumsum(count) - count, count)
    parts = np.repeat(count, count)
    share = np.stack([number, number + 1]) / parts
    begin, end = xyz[leg], xyz[leg + 1]
    sides = begin + share[:, :, None] * (end - begin)
    if ways is not None and (by_river := np.flatnonzero(ways.river[of_leg] >= 0)).size:
        ends = begin[by_river], end[by_river]
        for side, at in zip(sides, share, strict=True):
            side[by_river] = ways.places(of_leg[by_river], at[by_river], ends)
    cut = parts > 1  # those of a chord lie below the ground between its ends
    for side in sides:
        side[cut] = ground(side[cut])
    since = (track.time_us - track.time_us[:1]) / 1e6
    duration = (since[leg + 1] - since[leg]) / parts
    return Pieces(
        leg=leg,
        start_s=since[leg] + number * duration,
        duration_s=duration,
        start=sides[0],
        end=sides[1],
    )


def river_bends(track: Track, rivers: Rivers, *, max_gap_s: float = MAX_GAP_S) -> dict[int, Floats]:
    """Return where the line of each leg along a river bends, to draw it as it is measured.

    Args:
        track: Any track.
        rivers: What boats follow between sparse reports.
        max_gap_s: A longer time without a position is no leg, seconds.

    Returns:
        By the position at which the leg ends: longitudes and latitudes (n, 2), right within some
        10 m. Legs that are straight are not in it.

    >>> from gis.river.rivers import load_rivers
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_rivers().main.at_kms([2240.0, 2237.0, 2237.0])
    >>> track = sorted_track(np.array([0, 300, 310]) * 1_000_000, {"lon": lon, "lat": lat})
    >>> [(leg, len(found) > 3) for leg, found in river_bends(track, load_rivers()).items()]
    [(1, True)]
    """
    cut = pieces(track, piece_m=math.inf, max_gap_s=max_gap_s, rivers=rivers)
    bent = np.isin(cut.leg, cut.leg[1:][cut.leg[1:] == cut.leg[:-1]])
    if not bent.any():
        return {}
    leg, of_leg = np.unique(cut.leg[bent], return_inverse=True)
    starts = np.column_stack(places(cut.start[bent]))
    ends = np.column_stack([track.lon[leg + 1], track.lat[leg + 1]])
    order = np.argsort(np.concatenate([of_leg, np.arange(len(leg))]), kind="stable")
    lines = shapely.linestrings(
        np.concatenate([starts, ends])[order],
        indices=np.concatenate([of_leg, np.arange(len(leg))])[order],
    )
    drawn = shapely.simplify(lines, _DRAWN_DEG)
    return {
        end: shapely.get_coordinates(line)[1:-1]
        for end, line in zip((leg + 1).tolist(), drawn, strict=True)
    }


def ways_of(
    track: Track,
    legs: NDArray[np.intp],
    *,
    rivers: Rivers | None = None,
) -> LegLengths:
    """Return how far each leg went over ground, without the noise of a standing receiver.

    Ways are measured from position to position along geodesics, but a position counts only when it
    is farther from the last one that counted than both may be off: twice the sum of their
    accuracies (a standing receiver passes that about once in 8 hours at a position every 10 s).
    The way between two that count is divided among the legs between them as they are long. What a
    boat does within that circle is not seen, a move that ends short of it neither. Between two on
    a river that are 30 s or more apart, the way is that along the river where it is longer
    (`along_river.river_ways`).

    Args:
        track: Any track.
        legs: From which positions legs go, as from `legs_of`.
        rivers: What boats follow; None: every way is straight.

    >>> from gis.tracks.track import sorted_track
    >>> places = {"lon": np.array([100.0, 100.001, 100.0011]), "lat": np.zeros(3)}
    >>> track = sorted_track(np.array([0, 10, 20]) * 1_000_000, places)
    >>> ways_of(track, legs_of(track)).length_m.round()
    array([111.,   0.])
    """
    way_of = np.zeros(len(legs))
    by_river = np.zeros(len(legs), dtype=np.bool_)
    xyz = cartesian(track.lon, track.lat)
    start, end = counted(track, legs)
    if len(start) == 0:
        return LegLengths(length_m=way_of, along_river=by_river)
    way = distances_m(
        lon1=track.lon[start], lat1=track.lat[start], lon2=track.lon[end], lat2=track.lat[end]
    )
    along = np.zeros(len(way), dtype=np.bool_)
    if rivers is not None:
        accuracy_m = accuracies_m(track)
        bent = river_ways(track, start, end, way, accuracy_m=accuracy_m, rivers=rivers)
        way, along = bent.length_m, bent.river >= 0
    # Every position between two that count has a leg, so their legs stand side by side.
    first, past = np.searchsorted(legs, start), np.searchsorted(legs, end)
    which = np.repeat(np.arange(len(way)), past - first)
    of_leg = np.repeat(first - np.concatenate([[0], np.cumsum(past - first)[:-1]]), past - first)
    of_leg = of_leg + np.arange(len(of_leg))
    # By each way alone: in a sum of all legs a short one behind long ones is lost.
    step = chords_m(xyz[legs], xyz[legs + 1])
    steps = np.bincount(which, step[of_leg], minlength=len(way))[which]
    share = np.divide(step[of_leg], steps, out=np.zeros(len(steps)), where=steps > 0.0)
    way_of[of_leg] = share * way[which]
    by_river[of_leg] = along[which]
    return LegLengths(length_m=way_of, along_river=by_river)


def counted(track: Track, legs: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return between which positions ways are measured: each that counts, and the next one.

    Arguments as of `ways_of`, which says which count.

    >>> from gis.tracks.track import sorted_track
    >>> places = {"lon": np.array([100.0, 100.0001, 100.001]), "lat": np.zeros(3)}
    >>> track = sorted_track(np.array([0, 10, 20]) * 1_000_000, places)
    >>> counted(track, legs_of(track))
    (array([0]), array([2]))
    """
    xyz = cartesian(track.lon, track.lat)
    noise = 2.0 * accuracies_m(track)
    step = chords_m(xyz[legs], xyz[legs + 1])
    # Legs that are long enough by themselves need no look back; runs of them are stepped over.
    clear = np.zeros(len(track), dtype=np.bool_)
    clear[legs] = step > noise[legs] + noise[legs + 1]
    goes_on = np.zeros(len(track), dtype=np.bool_)
    goes_on[legs] = True
    stops = np.append(np.flatnonzero(~clear), len(track))
    next_unclear = stops[np.searchsorted(stops, np.arange(len(track)))].tolist()
    rows, off, runs_on = xyz.tolist(), noise.tolist(), goes_on.tolist()
    anchors = [np.empty(0, dtype=np.intp)]
    before = [np.empty(0, dtype=np.intp)]
    last = len(track) - 1
    anchor = here = 0
    while here < last:
        if here == anchor and next_unclear[here] > here:
            there = min(next_unclear[here], last)
            run = np.arange(here, there + 1)
            before.append(run[:-1])
            anchors.append(run[1:])
            anchor = here = there
            continue
        if not runs_on[here]:
            anchor = here = here + 1
            continue
        here += 1
        (x, y, z), (ax, ay, az) = rows[here], rows[anchor]
        square = (x - ax) ** 2 + (y - ay) ** 2 + (z - az) ** 2
        if square > (off[here] + off[anchor]) ** 2:
            before.append(np.array([anchor]))
            anchors.append(np.array([here]))
            anchor = here
    return np.concatenate(before), np.concatenate(anchors)


def accuracies_m(track: Track) -> Floats:
    """Return how wrong each position may be, metres; `UNKNOWN_M` where it does not tell that."""
    return np.where(np.isnan(track.accuracy_m), UNKNOWN_M, track.accuracy_m)
