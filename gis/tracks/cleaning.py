"""Cleaning: positions that cannot be true are taken out of a track, and named with the reason.

In this order: no time or no place; time that goes back (for a log that should be in order); the
same position twice; moves too fast for anything; changes of speed too sharp for anything. What is
kept does not depend on the order of arrival. Positions are allowed to be off by twice their
accuracy, so that noise of a standing receiver is no outlier.

Speed: the longest chain of positions stays in which each can be reached from the one before. So a
wrong first position, or a whole stretch of wrong ones (a jammed receiver), goes and the rest stays.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.errors import PositionError
from gis.geodesy import Floats
from gis.position import check_place
from gis.tracks.chords import cartesian, chords_m
from gis.tracks.track import Placed, Track, columns_of, order_of, sorted_track

Remove: TypeAlias = "Callable[[int, Why, str], None]"
Why: TypeAlias = Literal[
    "no_time", "no_place", "duplicate", "time_back", "same_time", "speed", "acceleration"
]
Indices: TypeAlias = NDArray[np.intp]

LOOK_BACK = 2000  # positions that a chain looks back for one to go on from


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was taken out.

    Attributes:
        index: Where it stood among those given.
        why: Fixed word.
        detail: The same for people, with the figures.
    """

    index: int
    why: Why
    detail: str


class Cleaned(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A track without what cannot be true.

    Attributes:
        track: What is left; its times rise.
        kept: Where each of its positions stood among those given.
        removed: What was taken out, in the order given.
    """

    track: Track
    kept: Indices
    removed: tuple[Removed, ...]


def clean(
    positions: Sequence[Placed],
    *,
    fastest_mps: float = 60.0,
    hardest_mps2: float = 15.0,
    unknown_m: float = 25.0,
    in_order: bool = False,
) -> Cleaned:
    """Return the track of positions without those that cannot be true.

    Args:
        positions: In any order, or in the order they were written with `in_order`.
        fastest_mps: A move that needs more is not believed, metres a second.
        hardest_mps2: A change of speed or course that needs more is not believed, metres a second
            squared.
        unknown_m: Accuracy of a position that does not tell its own, metres.
        in_order: The positions come from one log: where time goes back, the fewest positions are
            removed that leave times rising. Otherwise a late position takes its own place.

    >>> from datetime import timedelta
    >>> from gis.position import Position
    >>> from gis.tracks.track import EPOCH
    >>> def at(second, lon):
    ...     return Position(lon=lon, lat=20.0, time=EPOCH + timedelta(seconds=second))
    >>> cleaned = clean([at(0, 100.0), at(10, 100.5), at(20, 100.0002), at(20, 100.0002)])
    >>> [(each.index, each.why) for each in cleaned.removed]
    [(1, 'speed'), (3, 'duplicate')]
    >>> cleaned.removed[0].detail
    'needs 5232 m/s from the position before, at most 60'
    >>> len(clean([]).track)
    0
    """
    removed: dict[int, Removed] = {}

    def remove(index: int, why: Why, detail: str) -> None:
        removed[index] = Removed(index=index, why=why, detail=detail)

    good = _sound(positions, remove)
    if in_order:
        good = _rising(positions, good, remove)
    times, columns = columns_of([positions[index] for index in good])
    order = order_of(times, columns)
    given = np.array(good, dtype=np.intp)[order]
    track = sorted_track(times, columns)
    again = np.zeros(len(track), dtype=np.bool_)
    again[1:] = True
    for column in (track.time_us, track.lon, track.lat):
        again[1:] &= column[1:] == column[:-1]
    first = np.flatnonzero(~again)
    for n in np.flatnonzero(again).tolist():
        remove(int(given[n]), "duplicate", f"as position {given[first[first < n][-1]]}")
    track, given = track.take(first), given[first]
    xyz, noise = cartesian(track.lon, track.lat), _noise(track, unknown_m)
    chain = reachable_chain(track.time_us, xyz, noise, fastest_mps=fastest_mps)
    _tell_speed(track, xyz, chain, given, fastest_mps, remove)
    smooth = _without_sharp(track.time_us, xyz, noise, chain, hardest_mps2, given, remove)
    return Cleaned(
        track=track.take(smooth),
        kept=given[smooth],
        removed=tuple(removed[index] for index in sorted(removed)),
    )


def reachable_chain(
    time_us: NDArray[np.int64], xyz: Floats, noise_m: Floats, *, fastest_mps: float
) -> Indices:
    """Return the longest chain of positions of which each can be reached from the one before.

    Of several as long, the one of the surer positions, then of the earlier. A position looks back
    over 2,000 others at most.

    Args:
        time_us: Times, never falling; two of one time are never both in a chain.
        xyz: Earth-centred places (n, 3).
        noise_m: How wrong each place may be, metres.
        fastest_mps: Greatest speed, metres a second.

    >>> time = np.array([0, 1, 2, 3]) * 1_000_000
    >>> xyz = np.array([[9e6, 0.0, 0.0], [0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [10.0, 0.0, 0.0]])
    >>> reachable_chain(time, xyz, np.zeros(4), fastest_mps=10.0)
    array([1, 2, 3])
    """
    count = len(time_us)
    length = np.ones(count, dtype=np.intp)
    before = np.full(count, -1, dtype=np.intp)
    best = 0
    steps = _reached(time_us, xyz, noise_m, slice(0, -1), slice(1, None), fastest_mps)
    for here in range(1, count):
        if best == here - 1 and steps[here - 1]:
            length[here], before[here] = length[best] + 1, best
            best = here
            continue
        back = slice(max(0, here - LOOK_BACK), here)
        can = _reached(time_us, xyz, noise_m, back, here, fastest_mps)
        if can.any():
            lengths = np.where(can, length[back], 0)
            longest = np.flatnonzero(lengths == lengths.max())
            surest = longest[noise_m[back][longest].argmin()]
            length[here], before[here] = lengths[surest] + 1, back.start + surest
        if (length[here], -noise_m[here]) > (length[best], -noise_m[best]):
            best = here
    chain: list[int] = []
    here = best if count else -1
    while here >= 0:
        chain.append(here)
        here = int(before[here])
    return np.array(chain[::-1], dtype=np.intp)


def _reached(
    time_us: NDArray[np.int64],
    xyz: Floats,
    noise_m: Floats,
    start: slice,
    end: slice | int,
    fastest_mps: float,
) -> NDArray[np.bool_]:
    seconds = (time_us[end] - time_us[start]) / 1e6
    allowed = fastest_mps * seconds + noise_m[end] + noise_m[start]
    return np.asarray((seconds > 0) & (chords_m(xyz[start], xyz[end]) <= allowed))


def _sound(positions: Sequence[Placed], remove: Remove) -> list[int]:
    good: list[int] = []
    for index, position in enumerate(positions):
        if position.time is None or position.time.tzinfo is None:
            remove(index, "no_time", "has no time" if position.time is None else "has no time zone")
            continue
        try:
            check_place(lon=position.lon, lat=position.lat)
        except PositionError as error:
            remove(index, "no_place", str(error))
            continue
        good.append(index)
    return good


def _rising(positions: Sequence[Placed], good: list[int], remove: Remove) -> list[int]:
    """Return the longest part of `good` in which no time is before the one before (patience)."""
    tops: list[int] = []  # last time of the best chain of each length
    ends: list[int] = []
    before: list[int] = []
    times = columns_of([positions[index] for index in good])[0].tolist()
    for n in range(len(good)):
        time = times[n]
        length = bisect_right(tops, time)
        tops[length : length + 1] = [time]
        before.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [n]
    kept: list[int] = []
    n = ends[-1] if ends else -1
    while n >= 0:
        kept.append(good[n])
        n = before[n]
    kept.reverse()
    inside = set(kept)
    newest = None
    for index in good:
        if index in inside:
            newest = index
        else:
            told = "comes before its time" if newest is None else f"against position {newest}"
            remove(index, "time_back", f"time is out of order {told}")
    return kept


def _tell_speed(
    track: Track, xyz: Floats, chain: Indices, given: Indices, fastest_mps: float, remove: Remove
) -> None:
    out = np.setdiff1d(np.arange(len(track)), chain)
    if out.size == 0:
        return
    # Against the kept position before it; the first ones against the kept one after.
    place = np.searchsorted(chain, out)
    against = chain[np.where(place > 0, place - 1, 0)]
    seconds = np.abs(track.time_us[out] - track.time_us[against]) / 1e6
    metres = chords_m(xyz[against], xyz[out])
    after = np.minimum(place, len(chain) - 1)
    twin = (seconds == 0) | (track.time_us[chain[after]] == track.time_us[out])
    for n, index in enumerate(out.tolist()):
        if twin[n]:
            same = chain[after[n]] if seconds[n] != 0 else against[n]
            away = float(chords_m(xyz[same], xyz[index]))
            words = f"another position at that time, {away:.0f} m away, fits better"
            remove(int(given[index]), "same_time", words)
            continue
        side = "before" if place[n] else "after"
        needs = float(metres[n] / seconds[n])
        words = f"needs {needs:.0f} m/s from the position {side}, at most {fastest_mps:g}"
        if needs <= fastest_mps:
            words = f"the positions after it cannot be reached from it at {fastest_mps:g} m/s"
        remove(int(given[index]), "speed", words)


def _without_sharp(
    time_us: NDArray[np.int64],
    xyz: Floats,
    noise_m: Floats,
    chain: Indices,
    hardest_mps2: float,
    given: Indices,
    remove: Remove,
) -> Indices:
    """Take out, worst first, positions between two others that need too sharp a change."""
    seconds, places, noise = (time_us[chain] / 1e6).tolist(), xyz[chain], noise_m[chain].tolist()
    count = len(seconds)
    left, right = list(range(-1, count - 1)), list(range(1, count + 1))
    gone = [False] * count
    turn = [0] * count  # how often a position was judged: an older judgement is void

    def judge(n: int) -> float:
        """Return by how much the change at `n` is beyond what is allowed; below 0 it is not."""
        a, b = left[n], right[n]
        if a < 0 or b >= count:
            return -math.inf
        first_s, second_s = seconds[n] - seconds[a], seconds[b] - seconds[n]
        (ax, ay, az), (x, y, z), (bx, by, bz) = rows[a], rows[n], rows[b]
        change = math.hypot(
            (bx - x) / second_s - (x - ax) / first_s,
            (by - y) / second_s - (y - ay) / first_s,
            (bz - z) / second_s - (z - az) / first_s,
        )
        doubt = (noise[b] + noise[n]) / second_s + (noise[n] + noise[a]) / first_s
        beyond: float = 2.0 * (change - doubt) / (first_s + second_s) - hardest_mps2
        return beyond

    rows = places.tolist()
    first = _sharpness(time_us[chain] / 1e6, places, noise_m[chain]) - hardest_mps2
    queue = [(-first[n - 1], n, 0) for n in (np.flatnonzero(first > 0.0) + 1).tolist()]
    heapq.heapify(queue)
    while queue:
        excess, n, judged = heapq.heappop(queue)
        if gone[n] or judged != turn[n]:
            continue
        gone[n] = True
        needs = hardest_mps2 - float(excess)
        words = f"needs {needs:.0f} m/s2 between its neighbours, at most {hardest_mps2:g}"
        remove(int(given[chain[n]]), "acceleration", words)
        a, b = left[n], right[n]
        right[a], left[b] = b, a
        for each in (a, b):
            turn[each] += 1
            beyond = judge(each)
            if beyond > 0.0:
                heapq.heappush(queue, (-beyond, each, turn[each]))
    return np.array([index for n, index in enumerate(chain.tolist()) if not gone[n]], dtype=np.intp)


def _sharpness(seconds: Floats, places: Floats, noise: Floats) -> Floats:
    """Return the change of velocity at each inner position, m/s2, less what noise explains."""
    if len(seconds) < 3:
        return np.empty(0)
    steps = np.diff(seconds)
    velocity = np.diff(places, axis=0) / steps[:, None]
    doubt = (noise[1:] + noise[:-1]) / steps
    change = chords_m(velocity[:-1], velocity[1:]) - doubt[1:] - doubt[:-1]
    return np.asarray(2.0 * change / (steps[1:] + steps[:-1]))


def _noise(track: Track, unknown_m: float) -> Floats:
    # One in a hundred lies further off than twice the radius that holds 68 %.
    return 2.0 * np.where(np.isnan(track.accuracy_m), unknown_m, track.accuracy_m)
