"""Which fixes to believe: outliers wait until others agree with them, and are dropped if none do.

The judgement goes through the fixes in order of time and needs only the last two good ones and
those that wait, so that a late fix changes what is believed only near itself.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gis.fences.fix import DEGREE_M, FURTHEST_DEG_M, Fix, Judged, apart_m
from gis.fences.settings import FenceSettings
from gis.geodesy import Floats

Verdict: TypeAlias = Literal["fine", "odd", "denied", "impossible"]

#: How many fixes in a row must agree on a place before it is believed.
VOICES: dict[Verdict, int] = {"fine": 1, "odd": 2, "denied": 3, "impossible": 3}
SPEED_SHARE = 1.5  # a boat may have been this much faster between fixes than it says at them
SPEED_MORE_MPS = 2.0
NOISE_SHARE = 0.5  # of the margins: enough between two fixes, and outliers begin there
AGREE_SHARE = 0.75  # where no speed is told, two that agree are so much nearer to each other
OFF_COURSE_SHARE = 0.5  # a boat that goes on as before is off by less of the way
# So near to a fix, in longitude and latitude, and so far from the poles, the cosine of its latitude
# stands for that of every middle between, within a share of 2 in 1,000.
FAR_DEG = 0.05
FAR_LAT = 75.0
POLAR_COSINE_SQUARED = math.cos(math.radians(FAR_LAT)) ** 2
SURELY = 2e-3
ROUNDING = 1e-9  # by far more than what is lost by it
# Of two ways and of how far a further place is; what is no farther than that is so near.
A_LITTLE_MORE_M = np.array([[(1.0 + SURELY) * DEGREE_M]] * 2 + [[FURTHEST_DEG_M]])
FAR_M = FAR_DEG * DEGREE_M * math.cos(math.radians(FAR_LAT))


def verdict(before: Fix | None, last: Fix, fix: Fix, settings: FenceSettings) -> Verdict:
    """Return what to think of `fix` after the good fixes `before` and `last`.

    Returns:
        "fine" where the fixes' errors explain it, or the boat goes on as before, at no more than
        about the speed it tells; "impossible" where nothing is so fast; "denied" where the speed it
        tells at both ends does not make that way; "odd" otherwise: it may have set off or turned,
        or be an outlier, which the next fix will tell.

    >>> a, b = Fix(0.0, 100.0, 20.0, 60.0, None), Fix(10.0, 100.0005, 20.0, 60.0, None)
    >>> verdict(None, a, b, FenceSettings())
    'fine'
    >>> verdict(None, a, Fix(10.0, 100.1, 20.0, 30.0, None), FenceSettings())
    'impossible'
    >>> verdict(None, a, Fix(10.0, 100.003, 20.0, 30.0, None), FenceSettings())
    'odd'
    """
    noise = (last.error_m + fix.error_m) * NOISE_SHARE
    way = apart_m(last, fix)
    if way <= noise:
        return "fine"
    seconds = fix.t - last.t
    if way - noise > settings.fastest_mps * seconds:
        return "impossible"
    if seconds > settings.gap_s:
        return "odd"
    known = before is not None and last.t - before.t <= settings.gap_s
    if fix.speed_mps is not None and last.speed_mps is not None:
        told = max(fix.speed_mps, last.speed_mps)
        if way - noise > (told * SPEED_SHARE + SPEED_MORE_MPS) * seconds:
            return "denied"
        if not known:
            return "fine"
    if before is None or not known:
        return "odd"
    share = seconds / (last.t - before.t)
    ahead = Fix(
        fix.t,
        last.lon + (last.lon - before.lon) * share,
        min(90.0, max(-90.0, last.lat + (last.lat - before.lat) * share)),
        0.0,
        None,
    )
    return "fine" if apart_m(ahead, fix) <= noise + OFF_COURSE_SHARE * way else "odd"


def plainly_fine(before: Fix | None, last: Fix, fix: Fix, settings: FenceSettings) -> bool:
    """Return whether `verdict` surely says "fine"; it may do so of others too, at more cost.

    >>> a, b = Fix(0.0, 100.0, 20.0, 60.0, None), Fix(10.0, 100.0005, 20.0, 60.0, None)
    >>> plainly_fine(None, a, b, FenceSettings())
    True
    """
    noise = (last.error_m + fix.error_m) * NOISE_SHARE
    lon, lat = fix.lon, fix.lat
    east, north = lon - last.lon, lat - last.lat
    # Along parallel and meridian it is at least as far as it is straight.
    way = (abs(east) + abs(north)) * DEGREE_M
    if way <= noise:
        return True
    told, was = fix.speed_mps, last.speed_mps
    if before is None or told is None or was is None or abs(lat) > FAR_LAT:
        return False
    seconds, span = fix.t - last.t, last.t - before.t
    if seconds > settings.gap_s or span > settings.gap_s:
        return False
    fastest = min(settings.fastest_mps, max(told, was) * SPEED_SHARE + SPEED_MORE_MPS)
    if way * (1.0 + ROUNDING) - noise > fastest * seconds:
        return False
    share = seconds / span
    east -= (last.lon - before.lon) * share
    north -= (last.lat - before.lat) * share
    return (abs(east) + abs(north)) * DEGREE_M <= noise * (1.0 - ROUNDING)


def surely_fine(
    trios: Floats, noise_m: Floats, told_mps: Floats, settings: FenceSettings
) -> tuple[NDArray[np.bool_], Floats]:
    """Return where `verdict` says "fine" of each of many fixes; not all of those that it does.

    And how far the fixes are from a further place, at the most that it may be in any area's plane.

    Args:
        trios: Times, longitudes and latitudes: of each of these a row of the good fixes before the
            last (NaN for None), one of the last, one of the fixes, which are all later, and one of
            the further places, whose time does not matter.
        noise_m: What the last and the fix may be off, together.
        told_mps: The higher one of the speeds that both tell; NaN if one tells none.
        settings: How fast boats are.

    >>> trios = np.array([[[np.nan], [0.0], [10.0], [0.0]],
    ...     [[np.nan], [100.0], [100.0005], [100.0]], [[np.nan], [20.0], [20.0], [20.0]]])
    >>> fine, away_m = surely_fine(trios, np.array([120.0]), np.array([np.nan]), FenceSettings())
    >>> fine, away_m.round()
    (array([ True]), array([56.]))
    """
    noise_m = noise_m * NOISE_SHARE
    # From each to the next.
    steps = trios[:, 1:] - trios[:, :-1]
    seconds = steps[0, 1]
    # First how far the fix is from where the boat would be by now, then the way from the last one.
    squares = steps[1:]
    squares[:, 0] *= seconds / steps[0, 0]
    squares[:, 0] -= squares[:, 1]
    squares *= squares
    cosine = np.cos(np.radians(trios[2, 2]))
    cosine *= cosine
    squares[0, :2] *= cosine
    away_m = np.sqrt(squares[0] + squares[1])
    away_m *= A_LITTLE_MORE_M
    # Of both what noise does not explain, and how much it may be.
    beyond = away_m[:2] - noise_m
    most = np.empty(beyond.shape)
    np.multiply(away_m[1], OFF_COURSE_SHARE * (1.0 - SURELY) / (1.0 + SURELY), out=most[0])
    fastest = np.multiply(told_mps, SPEED_SHARE, out=most[1])
    fastest += SPEED_MORE_MPS
    np.fmin(settings.fastest_mps, fastest, out=fastest)
    fastest *= seconds
    # (To unpack an array would take five times as long.)
    within = beyond <= most
    goes_on, fine = within[0], within[1]
    soon = steps[0, :2] <= settings.gap_s
    if np.count_nonzero(soon) == soon.size:
        fine &= goes_on
    else:
        fine &= np.where(soon[0], goes_on, told_mps == told_mps)
        fine &= soon[1]
    if np.count_nonzero(fine) < fine.size:
        fine |= beyond[1] <= 0.0
    close = away_m[:2] <= FAR_M
    polar = cosine < POLAR_COSINE_SQUARED
    if np.count_nonzero(close) < close.size or np.count_nonzero(polar):
        far = squares[0, :2] > FAR_DEG * FAR_DEG * cosine
        far |= squares[1, :2] > FAR_DEG * FAR_DEG
        odd = far[0] | far[1] | polar
        # Along parallel and meridian it is at least as far as it is straight.
        near = np.abs(trios[1:, 2] - trios[1:, 1]).sum(axis=0) * DEGREE_M <= noise_m
        fine = np.where(odd, near, fine)
    return fine, away_m[2]


def judge(judged: Judged, fix: Fix, settings: FenceSettings) -> tuple[Judged, tuple[Fix, ...]]:
    """Return what the next fix is to be judged by, and which are now believed, oldest first.

    Fixes that were waiting and are in neither are dropped. The first of several believed at once
    may have been impossible: then it is a jump.

    >>> a = Fix(0.0, 100.0, 20.0, 30.0, None)
    >>> judged, believed = judge((None, None, ()), a, FenceSettings())
    >>> believed
    ()
    >>> b = Fix(5.0, 100.0, 20.0, 30.0, None)
    >>> judged, believed = judge(judged, b, FenceSettings())
    >>> believed == (a, b)
    True
    >>> wild = Fix(10.0, 101.0, 20.0, 30.0, None)
    >>> judged, believed = judge(judged, wild, FenceSettings())
    >>> believed
    ()
    >>> back = Fix(20.0, 100.0, 20.0, 30.0, None)
    >>> judge(judged, back, FenceSettings())[1] == (back,)
    True
    """
    before, last, waiting = judged
    if last is None:
        if waiting and _reached(waiting[-1], fix, settings):
            return (waiting[-1], fix, ()), (waiting[-1], fix)
        return (None, None, (fix,)), ()
    said = verdict(before, last, fix, settings)
    if said == "fine":
        # It goes on from the last good one; whatever waited did not.
        return (last, fix, ()), (fix,)
    if waiting and _agree(last, waiting[-1], fix, settings):
        newest, waiting = waiting[-1], (*waiting, fix)
        if len(waiting) < VOICES[verdict(before, last, waiting[0], settings)]:
            return (before, last, waiting), ()
        return (newest, fix, ()), waiting
    return (before, last, (fix,)), ()


def _agree(last: Fix, waiting: Fix, fix: Fix, settings: FenceSettings) -> bool:
    """Whether a fix bears out one that waits, rather than the last good one."""
    way, other = apart_m(waiting, fix), apart_m(last, fix)
    if way >= other or not _reached(waiting, fix, settings):
        return False
    if waiting.speed_mps is None or fix.speed_mps is None:
        return way < AGREE_SHARE * other
    told = max(waiting.speed_mps, fix.speed_mps)
    noise = (waiting.error_m + fix.error_m) * NOISE_SHARE
    return way - noise <= (told * SPEED_SHARE + SPEED_MORE_MPS) * (fix.t - waiting.t)


def _reached(last: Fix, fix: Fix, settings: FenceSettings) -> bool:
    noise = (last.error_m + fix.error_m) * NOISE_SHARE
    return apart_m(last, fix) - noise <= settings.fastest_mps * (fix.t - last.t)
