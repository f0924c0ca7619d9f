"""Sightings: when places were within a given radius of passing units.

A unit moves evenly between positions that follow each other closely, straight or, where they are
sparse, along a river (`legs.pieces`), so the moments
at which it enters and leaves the circle round a place are exact. A position with a gap on both
sides sees what is round it for an instant. Distances are straight lines through the ground (see
`chords`), candidates are found in a plane of equal area through the places' middle. Such a plane
has no point for the other end of the Earth, and badly stretches what is near it: places that are
farther round the Earth than a quarter are looked at by octants, each in its own plane.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Proj

from gis.geometry.geodesy import Floats
from gis.river.rivers import Rivers
from gis.tracks.chords import cartesian, chords_m, ground, places
from gis.tracks.legs import MAX_GAP_S, Pieces, legs_of, pieces
from gis.tracks.track import Track

Ints = NDArray[np.int64]
_Visits: TypeAlias = tuple[NDArray[np.intp], Ints, Ints]
"""Place, by number, start and end (microseconds since 1970) of each."""

NEVER = np.iinfo(np.int64).min
"""In place of a time: it was never seen."""

_PIECE_M = 2000.0  # of a leg; in the plane it runs straight to within a centimetre
_STILL_M = 1e-6  # a shorter piece is a point: the square of its length may come to nothing
_PAIRS = 2_000_000  # of a piece and a place, looked at together: some 200 MB
_QUARTER_M = 9e6  # straight through the Earth; round it, a quarter
_FAR = 2**62  # as far as times may be moved
_JOINED_US = 1000  # visits closer than a millisecond are one: times are rounded


class Sightings(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """When places were seen: arrays of one value a place, and every visit.

    Attributes:
        first_us: First moment, microseconds since 1970 UTC; `NEVER`.
        last_us: Last moment; `NEVER`.
        seen_s: Seconds in which at least one unit was near.
        near_s: Seconds in which each unit was near at least one of the places, summed.
        visits: How often a unit came near (and had been away before).
        visit_start_us: When each visit began.
        visit_end_us: When each visit ended.
    """

    first_us: Ints
    last_us: Ints
    seen_s: Floats
    near_s: float
    visits: NDArray[np.intp]
    visit_start_us: Ints
    visit_end_us: Ints


def sightings(
    tracks: Iterable[Track],
    lons: ArrayLike,
    lats: ArrayLike,
    *,
    radius_m: float,
    max_gap_s: float = MAX_GAP_S,
    rivers: Rivers | None = None,
) -> Sightings:
    """Return when places were within `radius_m` of any of the tracks.

    Args:
        tracks: One a unit, cleaned.
        lons: Longitudes of the places, degrees.
        lats: Their latitudes.
        radius_m: How far a unit sees, metres.
        max_gap_s: A longer time without a position is no passage, seconds.
        rivers: What boats follow between sparse reports; None: every leg is straight.

    Raises:
        ValueError: If `radius_m` is not above 0.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.array([0, 100]) * 1_000_000
    >>> track = sorted_track(times, {"lon": np.array([0.0, 0.009]), "lat": np.zeros(2)})
    >>> seen = sightings([track], [0.0045, 0.1], [0.0, 0.0], radius_m=100.0)
    >>> seen.seen_s.round(1), seen.visits
    (array([20.,  0.]), array([1, 0]))
    """
    if not radius_m > 0.0:
        raise ValueError(f"radius_m must be above 0, not {radius_m}")
    lon = np.asarray(lons, dtype=np.float64)
    lat = np.asarray(lats, dtype=np.float64)
    visits: list[_Visits] = []
    if len(lon):
        near = [_Near(some, lon[some], lat[some], radius_m) for some in _regions(lon, lat)]
        visits = [_visits(near, track, max_gap_s, rivers) for track in tracks if len(track)]
    near_us = sum(together_us(start, end) for _, start, end in visits)
    place = np.concatenate([np.empty(0, dtype=np.intp), *(each[0] for each in visits)])
    start = np.concatenate([np.empty(0, dtype=np.int64), *(each[1] for each in visits)])
    end = np.concatenate([np.empty(0, dtype=np.int64), *(each[2] for each in visits)])
    order = np.lexsort([end, start, place])
    place, start, end = place[order], start[order], end[order]
    count = len(lon)
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, NEVER)
    np.minimum.at(first, place, start)
    np.maximum.at(last, place, end)
    first[last == NEVER] = NEVER
    return Sightings(
        first_us=first,
        last_us=last,
        seen_s=np.bincount(place, covered_us(place, start, end), minlength=count) / 1e6,
        near_s=near_us / 1e6,
        visits=np.bincount(place, minlength=count),
        visit_start_us=start,
        visit_end_us=end,
    )


def covered_us(group: NDArray[np.intp], start: Ints, end: Ints) -> Ints:
    """Return how much each interval adds to those before it in its group.

    Args:
        group: Group of each interval, rising; the intervals of a group by rising start.
        start: Where each begins.
        end: Where each ends.

    >>> group, start, end = np.array([0, 0, 1]), np.array([0, 5, 7]), np.array([10, 12, 9])
    >>> covered_us(group, start, end)
    array([10,  2,  2])
    """
    if len(start) == 0:
        return np.empty(0, dtype=np.int64)
    # Groups are moved so far apart in time that one running maximum does for all.
    base = int(start.min())
    apart = int(end.max()) - base + 1
    rank = np.cumsum(np.diff(group, prepend=group[:1]) > 0)
    if int(rank[-1]) * apart > _FAR:
        middle = int(np.searchsorted(rank, (int(rank[-1]) + 1) // 2))
        halves = slice(0, middle), slice(middle, None)
        return np.concatenate([covered_us(group[h], start[h], end[h]) for h in halves])
    shift = rank * apart - base
    reached = np.maximum.accumulate(end + shift)
    before = np.concatenate([[np.iinfo(np.int64).min], reached[:-1]])
    return np.asarray(np.maximum(end + shift - np.maximum(start + shift, before), 0))


def together_us(start: Ints, end: Ints) -> int:
    """Return how long at least one of some intervals lasts, in any order.

    >>> together_us(np.array([5, 0]), np.array([12, 10])), together_us(np.array([]), np.array([]))
    (12, 0)
    """
    order = np.argsort(start, kind="stable")
    one = np.zeros(len(order), dtype=np.intp)
    return int(covered_us(one, start[order], end[order]).sum())


def _regions(lon: Floats, lat: Floats) -> list[NDArray[np.intp]]:
    """Return which places are near enough to each other for one plane, by number."""
    xyz = cartesian(lon, lat)
    middle = xyz.mean(axis=0)
    apart = np.linalg.norm(middle) < 1.0  # on opposite sides of the Earth
    if not apart and chords_m(ground(middle[None, :])[0], xyz).max() <= _QUARTER_M:
        return [np.arange(len(xyz))]
    octant = (xyz >= 0.0) @ np.array([1, 2, 4])
    return [np.flatnonzero(octant == each) for each in np.unique(octant)]


class _Near:
    """Places of one region, by their numbers, indexed, and the circle round each."""

    def __init__(
        self, numbers: NDArray[np.intp], lon: Floats, lat: Floats, radius_m: float
    ) -> None:
        self._numbers, self._radius_m = numbers, radius_m
        self._xyz = cartesian(lon, lat)
        (mid_lon,), (mid_lat,) = places(self._xyz.mean(axis=0)[None, :])
        self._plane = Proj(proj="laea", lon_0=mid_lon, lat_0=mid_lat, ellps="WGS84")
        self._centre = cartesian([mid_lon], [mid_lat])[0]
        self._wide_m = float(chords_m(self._centre, self._xyz).max())
        # Across the direction to the middle the plane is stretched, by 1 / cos(half the angle).
        half = np.arcsin(self._wide_m / 1.27e7)
        self._reach_m = (radius_m * 1.01 + 1.0) / float(np.cos(half))
        self._tree = shapely.STRtree(shapely.points(*self._plane(lon, lat)))

    def visits(self, cut: Pieces, base_us: int) -> _Visits:
        """Return the visits of one unit, in order; its pieces begin at `base_us`."""
        close = np.minimum(chords_m(self._centre, cut.start), chords_m(self._centre, cut.end))
        # The piece itself may lie nearer than both its ends.
        way = chords_m(cut.start, cut.end)
        some = np.flatnonzero(close <= self._wide_m + self._radius_m + way + 1.0)
        size = max(_PAIRS // len(self._xyz), 16)
        found = [self._passages(cut, part) for part in _parts(some, size)]
        none = np.empty(0)
        place, start, end = (
            np.concatenate(columns)
            for columns in zip((none.astype(np.intp), none, none), *found, strict=True)
        )
        order = np.lexsort([start, place])
        place = place[order]
        start_us = base_us + np.round(start[order] * 1e6).astype(np.int64)
        end_us = base_us + np.round(end[order] * 1e6).astype(np.int64)
        # Passages of one place that follow each other without a break are one visit.
        new = np.ones(len(place), dtype=np.bool_)
        new[1:] = (place[1:] != place[:-1]) | (start_us[1:] > end_us[:-1] + _JOINED_US)
        firsts = np.flatnonzero(new)
        if len(firsts) == 0:
            return place, start_us, end_us
        longest = np.maximum.reduceat(end_us, firsts)
        return self._numbers[place[firsts]], start_us[firsts], longest

    def _passages(
        self, cut: Pieces, some: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Return place, start and end (s) of each passage of a piece through a circle."""
        x0, y0 = self._plane(*places(cut.start[some]))
        x1, y1 = self._plane(*places(cut.end[some]))
        still = chords_m(cut.start[some], cut.end[some]) < _STILL_M
        x1[still], y1[still] = x0[still], y0[still]
        ends = np.stack([np.column_stack([x0, y0]), np.column_stack([x1, y1])], axis=1)
        piece, place = self._tree.query(
            shapely.linestrings(ends), predicate="dwithin", distance=self._reach_m
        )
        piece = some[piece]
        along = cut.end[piece] - cut.start[piece]
        away = cut.start[piece] - self._xyz[place]
        a = np.einsum("ij,ij->i", along, along)
        b = np.einsum("ij,ij->i", away, along)
        c = np.einsum("ij,ij->i", away, away) - self._radius_m**2
        root = b * b - a * c
        moves = a >= _STILL_M**2
        met = np.where(moves, root >= 0.0, c <= 0.0)
        width = np.sqrt(np.maximum(root, 0.0))
        safe = np.where(moves, a, 1.0)
        enters = np.where(moves, np.clip((-b - width) / safe, 0.0, 1.0), 0.0)
        leaves = np.where(moves, np.clip((-b + width) / safe, 0.0, 1.0), 1.0)
        # A line that meets the circle only beyond the piece's ends shrinks to one of them.
        met &= (leaves > enters) | ((c <= 0.0) & (enters == 0.0))
        duration = cut.duration_s[piece][met]
        since = cut.start_s[piece][met]
        return place[met], since + enters[met] * duration, since + leaves[met] * duration


def _visits(near: list[_Near], track: Track, max_gap_s: float, rivers: Rivers | None) -> _Visits:
    cut = _with_lone(track, max_gap_s, rivers)
    found = [each.visits(cut, int(track.time_us[0])) for each in near]
    place, start, end = (np.concatenate(column) for column in zip(*found, strict=True))
    return place, start, end


def _with_lone(track: Track, max_gap_s: float, rivers: Rivers | None) -> Pieces:
    """Return the pieces of a track, and each lone position as a piece without length."""
    cut = pieces(track, piece_m=_PIECE_M, max_gap_s=max_gap_s, rivers=rivers)
    legs = legs_of(track, max_gap_s=max_gap_s)
    lone = np.ones(len(track), dtype=np.bool_)
    lone[legs] = lone[legs + 1] = False
    alone = np.flatnonzero(lone)
    if len(alone) == 0:
        return cut
    xyz = cartesian(track.lon[alone], track.lat[alone])
    since = (track.time_us[alone] - track.time_us[0]) / 1e6
    return Pieces(
        leg=np.concatenate([cut.leg, alone]),
        start_s=np.concatenate([cut.start_s, since]),
        duration_s=np.concatenate([cut.duration_s, np.zeros(len(alone))]),
        start=np.concatenate([cut.start, xyz]),
        end=np.concatenate([cut.end, xyz]),
    )


def _parts(some: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    return [some[first : first + size] for first in range(0, len(some), size)]
