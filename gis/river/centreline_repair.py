"""Centreline repair: where the line zigzags so that kilometres jump, and how that is smoothed.

A centreline drawn from a border or from old maps hooks at joints and doubles back round islands.
Beside such a place the nearest point leaps along the line while a boat moves metres. Here those
places are found, and smoothed by no more than the line's own error; a real bend stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats
from gis.river.river import River

STEP_M = 50.0  # neighbours are this far apart
JUMP_M = 250.0  # chainage that steps by five times that has jumped
WIDTH_M = 700.0  # of the Mekong, about; places are tried across it
GUIDE_M = 1000.0  # the courses across follow the line smoothed by this
SPIKE_DEG = 150.0  # a river does not turn back on itself within a vertex
EASE_M = 120.0  # one smoothing; repeated where it is not enough
TAPER_M = 300.0  # over which the smoothed line leaves the drawn one
SIMPLIFY_M = 4.0


class Jump(msgspec.Struct, frozen=True, kw_only=True):
    """A place where kilometres leap across the river.

    Attributes:
        km_from: Lowest kilometre that the leaps reach.
        km_to: Highest.
        count: Pairs of neighbours, 50 m apart across the river, between which they leap.
    """

    km_from: float
    km_to: float
    count: int


def chainage_jumps(river: River, *, width_m: float = WIDTH_M) -> list[Jump]:
    """Return where kilometres leap by over 250 m between neighbours 50 m apart across the river.

    Args:
        river: The river; its whole length is tried, every 50 m.
        width_m: How wide, metres.

    Returns:
        The places, those with the most leaps first; empty for a line that is shorter than 2 km.

    >>> from gis.river.river import load_mekong
    >>> chainage_jumps(load_mekong())[0].count < 12
    True
    """
    low, high = river.km_range
    if high - low < 2.0:
        return []
    kms = np.arange(low, high, STEP_M / 1000.0)[::-1]
    lons, lats = river.at_kms(kms)
    x, y = river.course.to_plane(lons, lats)
    guide = _evenly(np.column_stack([_smooth(x, GUIDE_M), _smooth(y, GUIDE_M)]))
    ahead = np.gradient(guide, axis=0)
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]]) / np.hypot(*ahead.T)[:, None]
    off = np.arange(-width_m / 2.0, width_m / 2.0 + 1.0, STEP_M)
    place = guide[:, None, :] + left[:, None, :] * off[None, :, None]
    found = river.locate_many(
        *river.course.from_plane(place[..., 0].ravel(), place[..., 1].ravel())
    ).km
    across = found.reshape(place.shape[:2])
    leap = np.abs(np.diff(across, axis=1)) > JUMP_M / 1000.0
    low_km = np.where(leap, np.minimum(across[:, :-1], across[:, 1:]), np.inf).min(axis=1)
    high_km = np.where(leap, np.maximum(across[:, :-1], across[:, 1:]), -np.inf).max(axis=1)
    rows = np.flatnonzero(leap.any(axis=1))
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > 10) + 1) if rows.size else []
    jumps = [
        Jump(
            km_from=float(low_km[group].min()),
            km_to=float(high_km[group].max()),
            count=int(leap[group].sum()),
        )
        for group in groups
    ]
    return sorted(jumps, key=lambda jump: -jump.count)


def without_spikes(points: Floats) -> Floats:
    """Return a line's points without those at which it turns straight back (over 150 degrees).

    >>> line = np.array([[0.0, 0.0], [10.0, 0.0], [8.0, 0.1], [20.0, 0.0]])
    >>> without_spikes(line).tolist()
    [[0.0, 0.0], [20.0, 0.0]]
    >>> without_spikes(np.empty((0, 2))).shape
    (0, 2)
    """
    while len(points) > 2:
        along = np.diff(points, axis=0)
        heading = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
        turn = np.abs((np.diff(heading) + 180.0) % 360.0 - 180.0)
        spikes = np.flatnonzero(turn > SPIKE_DEG) + 1
        if spikes.size == 0:
            break
        points = np.delete(points, spikes, axis=0)
    return points


def eased(points: Floats, stretches: Sequence[tuple[float, float]], *, most_m: float) -> Floats:
    """Return a line with some stretches smoothed a little, unless that moves it too far.

    Args:
        points: The line, metres in a plane.
        stretches: From and to, metres along the line, apart from each other.
        most_m: A stretch that would move by more than this is left as it is, metres.

    Returns:
        The points; outside the stretches they are the ones given.

    >>> zigzag = np.array([[0.0, 0.0], [900.0, 0.0], [1000.0, 300.0], [1100.0, 0.0], [2000.0, 0.0]])
    >>> mended = eased(zigzag, [(500.0, 1900.0)], most_m=200.0)
    >>> bool(round(mended[:, 1].max()) < 300), mended[0].tolist(), mended[-1].tolist()
    (True, [0.0, 0.0], [2000.0, 0.0])
    >>> eased(zigzag, [], most_m=200.0) is zigzag
    True
    """
    for start, end in sorted(stretches, reverse=True):  # from the far end: measures before it stay
        points = _ease(points, start, end, most_m)
    return points


def _ease(points: Floats, start: float, end: float, most_m: float) -> Floats:
    at = np.append(0.0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    low, high = max(0.0, start - TAPER_M), min(float(at[-1]), end + TAPER_M)
    step = (high - low) / max(2, round((high - low) / 20.0))
    s = np.linspace(low, high, round((high - low) / step) + 1)
    drawn = np.column_stack([np.interp(s, at, points[:, axis]) for axis in (0, 1)])
    share = np.clip(np.minimum(s - start, end - s) / TAPER_M + 1.0, 0.0, 1.0)
    share[(s <= 0.0) | (s >= at[-1])] = 0.0
    wide = np.arange(low - 4 * EASE_M, high + 4 * EASE_M + step, step)
    soft = np.column_stack(
        [
            np.interp(
                s,
                wide,
                _smooth(_interpolate_mirrored(wide, at, points[:, axis]), EASE_M, step_m=step),
            )
            for axis in (0, 1)
        ]
    )
    moved = drawn + share[:, None] * (soft - drawn)
    away = shapely.distance(shapely.linestrings(drawn), shapely.points(moved))
    if away.max() > most_m:
        return points
    thin = shapely.get_coordinates(shapely.simplify(shapely.linestrings(moved), SIMPLIFY_M))
    return np.vstack([points[at < low], thin, points[at > high]])


def _interpolate_mirrored(s: Floats, at: Floats, value: Floats) -> Floats:
    """Interpolate; beyond an end, what a point mirror there shows, so that the end stays."""
    inside = np.interp(s, at, value)
    before = 2 * value[0] - np.interp(2 * at[0] - s, at, value)
    after = 2 * value[-1] - np.interp(2 * at[-1] - s, at, value)
    return np.where(s < at[0], before, np.where(s > at[-1], after, inside))


def _smooth(value: Floats, sigma_m: float, *, step_m: float = STEP_M) -> Floats:
    sigma = sigma_m / step_m
    reach = min(int(4 * sigma) + 1, len(value) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    wide = np.pad(value, reach, mode="reflect", reflect_type="odd")
    return np.convolve(wide, kernel / kernel.sum(), "valid")


def _evenly(points: Floats) -> Floats:
    at = np.append(0.0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    steps = np.arange(0.0, float(at[-1]), STEP_M)
    return np.column_stack([np.interp(steps, at, points[:, axis]) for axis in (0, 1)])


def cut_at(points: Floats, at_m: Sequence[float]) -> list[Floats]:
    """Return a line cut in pieces at distances along it, metres; each begins where the last ends.

    >>> [piece.tolist() for piece in cut_at(np.array([[0.0, 0.0], [10.0, 0.0]]), [4.0])]
    [[[0.0, 0.0], [4.0, 0.0]], [[4.0, 0.0], [10.0, 0.0]]]
    """
    at = np.append(0.0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    ends: list[float] = [0.0, *sorted(at_m), float(at[-1])]
    pieces = []
    for start, end in pairwise(ends):
        inner: NDArray[np.bool_] = (at > start + 1e-6) & (at < end - 1e-6)
        first, last = (
            np.array([np.interp(s, at, points[:, 0]), np.interp(s, at, points[:, 1])])
            for s in (start, end)
        )
        pieces.append(np.vstack([first, points[inner], last]))
    return pieces
