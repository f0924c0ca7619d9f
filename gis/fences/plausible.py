"""Which fixes to believe: outliers wait until others agree with them, and are dropped if none do.

The judgement goes through the fixes in order of time and needs only the last two good ones and
those that wait, so that a late fix changes what is believed only near itself.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gis.fences.fix import DEGREE_M, Fix, Judged, apart_m
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


class Many(NamedTuple):
    """Fixes of as many units, as arrays; NaN stands for None.

    Attributes:
        t: Seconds since 1970, UTC.
        at_deg: A row of longitudes, one of latitudes.
        error_m: How far off they say they may be.
        speed_mps: As they tell.
    """

    t: Floats
    at_deg: Floats
    error_m: Floats
    speed_mps: Floats


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
    begun: Floats, begun_deg: Floats, last: Many, fix: Many, settings: FenceSettings
) -> NDArray[np.bool_]:
    """Return where `verdict` says "fine" of each of many fixes; not all of those that it does.

    Args:
        begun: Times of the good fixes before the last; NaN for None.
        begun_deg: Their longitudes, their latitudes.
        last: The last good ones.
        fix: The fixes, all later.
        settings: How fast boats are.

    >>> zero, wide = np.array([0.0]), np.array([60.0])
    >>> none = zero * np.nan
    >>> last = Many(zero, np.array([[100.0], [20.0]]), wide, none)
    >>> fix = Many(zero + 10.0, np.array([[100.0005], [20.0]]), wide, none)
    >>> surely_fine(none, np.array([none, none]), last, fix, FenceSettings())
    array([ True])
    """
    noise = last.error_m + fix.error_m
    noise *= NOISE_SHARE
    seconds, span = fix.t - last.t, last.t - begun
    # First the way from the last fix, then that from where the boat would be by now.
    east_north = np.empty((2, 2, len(seconds)))
    np.subtract(fix.at_deg, last.at_deg, out=east_north[0])
    np.subtract(last.at_deg, begun_deg, out=east_north[1])
    east_north[1] *= seconds / span
    np.subtract(east_north[0], east_north[1], out=east_north[1])
    east_north *= east_north
    far = east_north > FAR_DEG * FAR_DEG
    cosine = np.cos(np.radians(fix.at_deg[1]))
    cosine *= cosine
    east_north[:, 0] *= cosine
    # A little more than it is.
    way, off = (1.0 + SURELY) * DEGREE_M * np.sqrt(east_north[:, 0] + east_north[:, 1])
    told = np.maximum(fix.speed_mps, last.speed_mps)  # NaN if one of them is
    fastest = np.fmin(settings.fastest_mps, told * SPEED_SHARE + SPEED_MORE_MPS)
    beyond = way - noise
    fine: NDArray[np.bool_] = beyond <= fastest * seconds
    goes_on = off <= noise + OFF_COURSE_SHARE * (1.0 - SURELY) / (1.0 + SURELY) * way
    fine &= np.where(span <= settings.gap_s, goes_on, told == told)
    fine &= seconds <= settings.gap_s
    fine |= beyond <= 0.0
    polar = cosine < POLAR_COSINE_SQUARED
    if np.count_nonzero(far) or np.count_nonzero(polar):
        odd = far.any(axis=(0, 1)) | polar
        # Along parallel and meridian it is at least as far as it is straight.
        near = np.abs(fix.at_deg - last.at_deg).sum(axis=0) * DEGREE_M <= noise
        fine = np.where(odd, near, fine)
    return fine


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
