"""Cleaning: removes positions that cannot be true from a track, each with the reason.

In this order: no time or no place; the same position twice; moves too fast for anything; spikes.
What is kept does not depend on the order of arrival. Positions are allowed to be off by twice their
accuracy, so that noise of a standing receiver is no outlier.

Speed: the longest chain of positions stays in which each can be reached from the one before. So a
wrong first position, or a whole stretch of wrong ones (a jammed receiver), goes and the rest stays.

Runs: up to ten reports in a row to which, and back from which, nothing could have gone: both ways
are faster than any boat, or than the speeds told at their ends, and faster by far than the ways
before, after, among them, and past them. What a boat could have gone stays: nothing tells it from a
trip.

Spikes: one report, or two in a row, that lie off the way which those before and after agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.errors.errors import PositionError
from gis.geometry.geodesy import Floats
from gis.position.position import check_place
from gis.tracks.chords import cartesian, chords_m
from gis.tracks.legs import MAX_GAP_S, accuracies_m
from gis.tracks.track import PositionLike, Track, columns_of, order_of, sorted_track

Remove: TypeAlias = "Callable[[int, Why, str], None]"
Why: TypeAlias = Literal["no_time", "no_place", "duplicate", "same_time", "speed", "spike"]
Indices: TypeAlias = NDArray[np.intp]

LOOK_BACK = 2000  # positions that a chain looks back for one to go on from
FEWEST = 6  # positions in which a spike can be told from a move
ABOUT = 15  # positions that say how far off is usual: bends, a receiver's noise
SLOW = 0.3  # share of the moves about it that are slower than the speed it has been going at
FASTER = 1.3  # than the speed it tells, or has been going at, a boat may have gone by this
LONGEST_RUN = 10  # reports in a row that can be told from a trip
FASTEST_MPS = 60.0  # a move that needs more is not believed
BOAT_MPS = 25.0  # no boat goes faster
STEADY_S = 30.0  # within which the speeds told at both ends say how far it can have gone,
GAINED_MPS = 5.0  # beside what it may have gone faster between them


class RemovedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was taken out.

    Attributes:
        index: Where it stood among those given.
        reason: Fixed word.
        detail: The same for people, with the figures.
    """

    index: int
    reason: Why
    detail: str


class CleanTrack(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A track without what cannot be true.

    Attributes:
        track: What is left; its times rise.
        indices: Where each of its positions stood among those given.
        removed: What was taken out, in the order given.
    """

    track: Track
    indices: Indices
    removed: tuple[RemovedPosition, ...]


def clean(positions: Sequence[PositionLike]) -> CleanTrack:
    """Return the track of positions without those that cannot be true.

    Args:
        positions: In any order; a late one takes its own place.

    >>> from datetime import timedelta
    >>> from gis.position.position import Position
    >>> from gis.tracks.track import EPOCH
    >>> def at(second, lon):
    ...     return Position(lon=lon, lat=20.0, time=EPOCH + timedelta(seconds=second))
    >>> cleaned = clean([at(0, 100.0), at(10, 100.5), at(20, 100.0002), at(20, 100.0002)])
    >>> [(each.index, each.reason) for each in cleaned.removed]
    [(1, 'speed'), (3, 'duplicate')]
    >>> cleaned.removed[0].detail
    'needs 5232 m/s from the position before, at most 60'
    >>> len(clean([]).track)
    0
    """
    removed: dict[int, RemovedPosition] = {}

    def remove(index: int, why: Why, detail: str) -> None:
        removed[index] = RemovedPosition(index=index, reason=why, detail=detail)

    good = _sound(positions, remove)
    times, columns = columns_of([positions[index] for index in good])
    order = order_of(times, columns)
    given = np.array(good, dtype=np.intp)[order]
    track = sorted_track(times, columns)
    left = _believed(track, given, remove)
    return CleanTrack(
        track=track.take(left),
        indices=given[left],
        removed=tuple(removed[index] for index in sorted(removed)),
    )


def believed(track: Track) -> Indices:
    """Return which positions of a track `clean` keeps, rising.

    >>> lon = np.array([100.0, 100.5, 100.0002])
    >>> track = sorted_track(np.array([0, 10, 20]) * 1_000_000, {"lon": lon, "lat": np.zeros(3)})
    >>> believed(track)
    array([0, 2])
    """
    numbers = np.arange(len(track))
    return _believed(track, numbers, lambda *_: None)


def _believed(track: Track, given: Indices, remove: Remove) -> Indices:
    left = np.arange(len(track))
    again = np.zeros(len(track), dtype=np.bool_)
    again[1:] = True
    for column in (track.time_us, track.lon, track.lat):
        again[1:] &= column[1:] == column[:-1]
    first = np.flatnonzero(~again)
    for n in np.flatnonzero(again).tolist():
        remove(int(given[n]), "duplicate", f"as position {given[first[first < n][-1]]}")
    track, given, left = track.take(first), given[first], left[first]
    # One in a hundred lies further off than twice the radius that holds 68 %.
    xyz, noise = cartesian(track.lon, track.lat), 2.0 * accuracies_m(track)
    chain = reachable_chain(track.time_us, xyz, noise, fastest_mps=FASTEST_MPS)
    _note_speed(track, xyz, chain, given, remove)
    track, given, left = track.take(chain), given[chain], left[chain]
    xyz, noise = xyz[chain], noise[chain]
    whole = _without_runs(track, xyz, noise, given, remove)
    track, given, left = track.take(whole), given[whole], left[whole]
    xyz, noise = xyz[whole], noise[whole]
    smooth = _without_spikes(
        track, xyz, noise, lambda n, why, words: remove(int(given[n]), why, words)
    )
    return left[smooth]


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


def _sound(positions: Sequence[PositionLike], remove: Remove) -> list[int]:
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


def _note_speed(track: Track, xyz: Floats, chain: Indices, given: Indices, remove: Remove) -> None:
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
        words = f"needs {needs:.0f} m/s from the position {side}, at most {FASTEST_MPS:g}"
        if needs <= FASTEST_MPS:
            words = f"the positions after it cannot be reached from it at {FASTEST_MPS:g} m/s"
        remove(int(given[index]), "speed", words)


def _without_runs(
    track: Track, xyz: Floats, noise_m: Floats, given: Indices, remove: Remove
) -> Indices:
    """Return the positions that are in no run of wrong ones; `remove` is told of the others."""
    left = np.ones(len(track), dtype=np.bool_)
    if len(track) < FEWEST:
        return np.flatnonzero(left)
    seconds = (track.time_us - track.time_us[0]) / 1e6
    step_s, step_m = np.diff(seconds), chords_m(xyz[:-1], xyz[1:])
    speed = track.speed_mps
    told_mps = FASTER * np.fmax(speed[:-1], speed[1:])
    both = ~np.isnan(speed[:-1] + speed[1:]) & (step_s <= STEADY_S)
    most_mps = np.where(both, GAINED_MPS + told_mps, np.fmax(BOAT_MPS, told_mps))
    can_m = most_mps * step_s + noise_m[:-1] + noise_m[1:]
    leaps = np.flatnonzero((step_m > can_m) & (step_s <= MAX_GAP_S))
    pace_mps = step_m / step_s
    # Of the leap from one position to the next: the leap back by which the run between them ends.
    for first, out in enumerate(leaps.tolist()):
        if out < 1 or not left[out]:
            continue
        for back in leaps[first + 1 : first + 1 + LONGEST_RUN].tolist():
            if back - out > LONGEST_RUN or back + 2 > len(step_m):
                break
            slow_mps = min(pace_mps[out], pace_mps[back]) / 2.0
            past_m = float(chords_m(xyz[out], xyz[back + 1]))
            past_mps = past_m / (seconds[back + 1] - seconds[out])
            beside = [out - 1, *range(out + 1, back), back + 1]
            if past_mps > slow_mps or pace_mps[beside].max() > slow_mps:
                continue
            left[out + 1 : back + 1] = False
            words = (
                f"{back - out} in a row that need {pace_mps[out]:.0f} m/s there and "
                f"{pace_mps[back]:.0f} back, {past_mps:.0f} past them"
            )
            for n in range(out + 1, back + 1):
                remove(int(given[n]), "spike", words)
            break
    return np.flatnonzero(left)


def _without_spikes(track: Track, xyz: Floats, noise_m: Floats, remove: Remove) -> Indices:
    """Return the positions that are no spikes, worst first; `remove` is told of the others."""
    left = np.arange(len(track))
    while True:
        away_m, most_m = _off_its_way(track.take(left), xyz[left], noise_m[left])
        worse = away_m / most_m
        beside = np.pad(worse, 1, constant_values=-np.inf)
        # Beside a spike a true position looks wrong as well: it is judged anew without it.
        out = (worse > 1.0) & (worse > beside[:-2]) & (worse >= beside[2:])
        for n in np.flatnonzero(out).tolist():
            words = f"{away_m[n]:.0f} m off the way of its neighbours, at most {most_m[n]:.0f}"
            remove(int(left[n]), "spike", words)
        if not out.any():
            return left
        left = left[~out]


def _off_its_way(track: Track, xyz: Floats, noise_m: Floats) -> tuple[Floats, Floats]:
    """Return how far each position is off what its neighbours say, and how far it may be, metres.

    They say three things: straight between the two beside it, and straight on from the two before
    and from the two after. The nearest counts, so that a sharp turn or a start is no spike: it goes
    on as before, or as after. It may be off by what noise explains and by six times what is usual
    about it (bends); and a move at the speed that it tells, or has been going at, is no spike.
    """
    count = len(track)
    if count < FEWEST:
        return np.zeros(count), np.ones(count)
    here = np.arange(count)
    left, right = np.maximum(here - 1, 0), np.minimum(here + 1, count - 1)
    seconds = (track.time_us - track.time_us[0]) / 1e6
    # What lies beyond a gap says nothing.
    before = (here > left) & (seconds - seconds[left] <= MAX_GAP_S)
    after = (here < right) & (seconds[right] - seconds <= MAX_GAP_S)
    two_before, two_after = before & before[left], after & after[right]
    step_m = chords_m(xyz[left], xyz), chords_m(xyz, xyz[right])

    def off_m(start: Indices, end: Indices, known: NDArray[np.bool_]) -> Floats:
        """Return how far each is off the way from one place to another, at its time."""
        share = (seconds - seconds[start]) / np.where(known, seconds[end] - seconds[start], 1.0)
        place = xyz[start] + share[:, None] * (xyz[end] - xyz[start])
        return np.where(known, chords_m(place, xyz), np.inf)

    whole = two_before & two_after
    said_m = [
        off_m(left, right, before & after),
        off_m(left[left], left, two_before),
        off_m(right, right[right], two_after),
        # At the ends of what was heard, where less is said: that it stands still.
        np.where(before & ~whole, step_m[0], np.inf),
        np.where(after & ~whole, step_m[1], np.inf),
    ]
    away_m = np.min(said_m, axis=0)
    away_m[np.isinf(away_m)] = 0.0
    most_m = np.maximum(noise_m + np.maximum(noise_m[left], noise_m[right]), 1.0)
    some = np.flatnonzero(away_m > most_m)
    first = np.clip(some - ABOUT // 2, 2, max(count - 2 - ABOUT, 2))
    about = np.minimum(first[:, None] + np.arange(ABOUT), count - 3)
    usual_m = np.median(away_m[about], axis=1)
    most_m[some] = np.maximum(most_m[some], 6.0 * usual_m)
    pace_mps = step_m[1][:-1] / np.diff(seconds)
    slow_mps, fast_mps = np.quantile(pace_mps[np.minimum(about, count - 4)], [SLOW, 1.0], axis=1)
    usual_mps = np.where(whole[some], slow_mps, fast_mps)
    speed_mps = np.nan_to_num(track.speed_mps)
    can = np.ones(len(some), dtype=np.bool_)
    for other, known, step in ((left, before, step_m[0]), (right, after, step_m[1])):
        beside = other[some]
        fastest_mps = np.max([speed_mps[some], speed_mps[beside], usual_mps], axis=0)
        can_m = FASTER * fastest_mps * np.abs(seconds[some] - seconds[beside])
        can &= ~known[some] | (step[some] <= can_m)
    away_m[some[can]] = 0.0
    return away_m, most_m
