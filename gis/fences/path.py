"""Path: the likely path of a unit from noisy fixes: an average while it stays, else smoothed.

What a receiver is off by is partly new with every fix and partly the same for minutes. The first
part goes away in a mean, the second only in one of half an hour; so the place of a unit that lies
somewhere is such a mean, and no single fix beside it, nor minutes of them, make it move.
"""

from __future__ import annotations

import math

import msgspec

from gis.fences.fix import FenceFix, Spot, apart_m, between
from gis.fences.settings import FenceSettings

MINUTE_S = 60.0
SMOOTH_ACCURACIES = 0.75  # so far at most a fix is moved by its neighbours
LEAST_FIXES = 3  # fewer are no stay, however long they are apart


class Point(msgspec.Struct, frozen=True, gc=False):
    """A place on a unit's path.

    Attributes:
        t: Seconds since 1970, UTC.
        lon: Degrees.
        lat: Degrees.
        accuracy_m: Of the fixes behind it.
        is_raw: One fix alone, which the next will better.
        is_straight: The line to it is the way; it is not where fixes were left out and the unit was
            off its course after them.
    """

    t: float
    lon: float
    lat: float
    accuracy_m: float
    is_raw: bool = False
    is_straight: bool = True


class Stay(msgspec.Struct, frozen=True, gc=False):
    """A place that a unit keeps to, or may.

    Attributes:
        since: Seconds since 1970, UTC.
        fixes: How many are behind it.
        lon, lat: Their mean.
        minute: That of the last minute.
    """

    since: float
    fixes: int
    lon: float
    lat: float
    minute: Spot


class FencePath(msgspec.Struct, frozen=True, gc=False):
    """What the next point follows from.

    Attributes:
        last: The last fix, and
        before: the one before it.
        stay: Where the unit lies, or has been about lately.
        lies: Whether it lies there.
        until: Time of the last point that is not raw.
        is_whole: No fix between the last two was left out.
        is_straight: The line between them is the way.
    """

    last: FenceFix | None = None
    before: FenceFix | None = None
    stay: Stay | None = None
    lies: bool = False
    until: float = -math.inf
    is_whole: bool = True
    is_straight: bool = True


def follow(
    path: FencePath,
    fix: FenceFix,
    settings: FenceSettings,
    *,
    is_whole: bool = True,
    is_straight: bool = True,
) -> tuple[FencePath, tuple[Point, ...]]:
    """Return the path after a fix, and its new points.

    Args:
        path: Before it.
        fix: The next that is believed.
        settings: How units lie and go.
        is_whole: No fix between the last and this one was left out.
        is_straight: The line between them is the way.

    >>> fix = FenceFix(0.0, 100.0, 20.0, 15.0, math.nan)
    >>> path, points = follow(FencePath(), fix, FenceSettings())
    >>> points
    (Point(t=0.0, lon=100.0, lat=20.0, accuracy_m=15.0, is_raw=False, is_straight=True),)
    """
    last, before, stay, lies, until = path.last, path.before, path.stay, path.lies, path.until
    t, accuracy_m, reported_mps = fix.t, fix.accuracy_m, fix.speed_mps
    if last is None or stay is None:
        new = _stay(fix)
        return FencePath(fix, None, new, False, t), (_point(fix, True),)
    seconds = t - last.t
    goes = reported_mps > settings.slow_mps  # not where it is NaN
    if lies:
        minute = _with(stay, fix, seconds, settings)
        if not (
            apart_m(stay, fix) > settings.stay_left_raw * accuracy_m
            or apart_m(stay, minute.minute) > settings.stay_left * accuracy_m
            or (goes and last.speed_mps > settings.slow_mps)
        ):
            point = Point(t, minute.lon, minute.lat, accuracy_m)
            return FencePath(fix, last, minute, True, t), (point,)
        lies, stay = False, _stay(fix)
    points: list[Point] = []
    dense = seconds <= settings.dense_s
    smooth: FenceFix | Point = fix
    within = 1.5 * settings.stay_within
    if dense and before is not None and last.t - before.t <= settings.dense_s:
        if last.t > until:
            smooth = _smooth(before, last, fix, path.is_whole and is_whole, path.is_straight)
            points.append(smooth)
            within = settings.stay_within
    elif not dense and last.t > until:
        points.append(_point(last, path.is_straight))
    if goes or apart_m(smooth, stay) > within * accuracy_m:
        stay = _stay(smooth)
    else:
        stay = _with(stay, smooth, seconds, settings)
        lies = t - stay.since >= settings.stay_s and stay.fixes >= LEAST_FIXES
    if points:
        until = last.t
    if lies:
        points.append(Point(t, stay.lon, stay.lat, accuracy_m, False, is_straight))
        until = t
    elif dense:
        points.append(Point(t, fix.lon, fix.lat, accuracy_m, True))
    else:
        points.append(_point(fix, is_straight))
        until = t
    return FencePath(fix, last, stay, lies, until, is_whole, is_straight), tuple(points)


def _stay(fix: FenceFix | Point) -> Stay:
    return Stay(fix.t, 1, fix.lon, fix.lat, Spot(fix.lon, fix.lat))


def _with(stay: Stay, fix: FenceFix | Point, seconds: float, settings: FenceSettings) -> Stay:
    """Return a stay with one fix more; the mean forgets what is long ago."""
    count = stay.fixes + 1
    share = max(1.0 / count, min(1.0, seconds / settings.stay_memory_s))
    weight = max(1.0 / count, min(1.0, seconds / MINUTE_S))
    mean = between(stay, fix, share)
    return Stay(stay.since, count, mean.lon, mean.lat, between(stay.minute, fix, weight))


def _smooth(a: FenceFix, b: FenceFix, c: FenceFix, is_whole: bool, is_straight: bool) -> Point:
    """Return the middle one of three as the others bear it out; what is more than noise is a turn
    and stays, but a turn right back is a spike if nothing was left out between them.
    """
    middle = between(a, c, (b.t - a.t) / (c.t - a.t))
    off_m, share = apart_m(b, middle), 0.5
    most = SMOOTH_ACCURACIES * b.accuracy_m / max(off_m, 1e-3)
    if most < share and (not is_whole or off_m <= apart_m(a, c) / 2.0):
        share = most
    at = between(b, middle, share)
    accuracy_m = max(b.accuracy_m, min(a.accuracy_m, c.accuracy_m))
    return Point(b.t, at.lon, at.lat, accuracy_m, False, is_straight)


def _point(fix: FenceFix, is_straight: bool) -> Point:
    return Point(fix.t, fix.lon, fix.lat, fix.accuracy_m, False, is_straight)
