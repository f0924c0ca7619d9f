"""Outliers: which fixes to believe; one that is out of place waits until later ones confirm it.

A radio is wrong once or twice in a row now and then, by far, and says nothing of it. What noise
explains, or the unit's speed and course, is believed at once. Any other waits, and so do the first
fixes of a unit, for three in a row that lie on one way, as two wrong ones and a right one do not;
it is dropped when the unit goes on from where it was. A unit that turns so much between reports
that no three ever lie on one way is believed after `MOST_WAITING` that are no jumps.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from gis.fences.fix import FenceFix, Spot, apart_m, between
from gis.fences.settings import FenceSettings

BASE_S = 60.0  # speed is measured over so long, that noise does not make any
LEAST_MPS = 1.0  # a receiver at rest tells some speed, too
LONG_AGO_S = 1800.0  # after such a silence a unit may be anywhere: two are enough
MIDDLE_SHARE = 0.15  # of the way from the first of three to the last the middle one may be off
DOUBT_SHARE = 0.6  # of noise, where the one before is doubted
GONE_SHARE = 1.2  # so many times as far as it tells it has gone, by the mean of two speeds
MOST_WAITING = 8
MOST_RECENT = 8
STALE_GAPS = 3.0  # after a silence so many times longer than a gap a course says nothing


class OutlierBasis(msgspec.Struct, frozen=True, gc=False):
    """What the next fix is judged by.

    Attributes:
        last: The last one believed.
        recent: Those before that, newest first.
        base: From which speed is measured.
        record_mps: How fast the unit has gone lately; it fades.
        waiting: Doubted ones in a row, each within reach of the one before it.
        unheeded: How many have come since the last one believed.
    """

    last: FenceFix | None = None
    recent: tuple[FenceFix, ...] = ()
    base: FenceFix | None = None
    record_mps: float = 0.0
    waiting: tuple[FenceFix, ...] = ()
    unheeded: int = 0


def judge(
    judged: OutlierBasis, fix: FenceFix, settings: FenceSettings
) -> tuple[OutlierBasis, tuple[FenceFix, ...]]:
    """Return what the next fix is judged by, and which are believed now, oldest first.

    >>> a = FenceFix(0.0, 100.0, 20.0, 15.0, math.nan)
    >>> judged, believed = judge(OutlierBasis(), a, FenceSettings())
    >>> believed
    ()
    >>> judged, believed = judge(judged, replace(a, t=5.0), FenceSettings())
    >>> judged, believed = judge(judged, replace(a, t=8.0), FenceSettings())
    >>> len(believed)
    3
    >>> b = FenceFix(10.0, 100.01, 20.0, 15.0, math.nan)
    >>> judged, believed = judge(judged, b, FenceSettings())
    >>> believed
    ()
    >>> judged, believed = judge(judged, replace(a, t=15.0), FenceSettings())
    >>> [fix.t for fix in believed]
    [15.0]
    """
    last, waiting = judged.last, judged.waiting
    if last is not None and _is_fine(judged, last, fix, settings):
        return accept(judged, (fix,), settings)
    if not waiting or not _reaches(waiting[-1], fix, settings.fastest_mps, settings):
        return replace(judged, waiting=(fix,), unheeded=judged.unheeded + 1), ()
    waiting = (*waiting, fix)
    is_long = last is not None and fix.t - last.t > LONG_AGO_S
    three = waiting[-3:]
    if is_long or _is_one_way(three, settings) or len(waiting) == MOST_WAITING:
        return accept(judged, three, settings)
    return replace(judged, waiting=waiting, unheeded=judged.unheeded + 1), ()


def plausible_mps(judged: OutlierBasis, fix: FenceFix, settings: FenceSettings) -> float:
    """Return how fast the unit goes at most, by its record and what it tells."""
    speeds = [
        each.speed_mps for each in (judged.last, fix) if each and not math.isnan(each.speed_mps)
    ]
    return min(settings.fastest_mps, max(judged.record_mps, *speeds, 0.0))


def is_no_jump(judged: OutlierBasis, settings: FenceSettings) -> bool:
    """Return whether a unit can be where the newest that is doubted says, at the speed it has.

    >>> is_no_jump(OutlierBasis(), FenceSettings())
    False
    """
    if judged.last is None or not judged.waiting:
        return False
    fix = judged.waiting[-1]
    mps = min(settings.fastest_mps, settings.speed_share * plausible_mps(judged, fix, settings))
    return _reaches(judged.last, fix, mps, settings)


def _is_fine(judged: OutlierBasis, last: FenceFix, fix: FenceFix, settings: FenceSettings) -> bool:
    noise = settings.noise_accuracies * (last.accuracy_m + fix.accuracy_m)
    way = apart_m(last, fix)
    if way <= noise:
        return True
    seconds = fix.t - last.t
    speed, goes = judged.record_mps, False
    if not math.isnan(fix.speed_mps):
        reported_mps = max(fix.speed_mps, 0.0 if math.isnan(last.speed_mps) else last.speed_mps)
        goes = reported_mps > LEAST_MPS
        speed = reported_mps if goes else min(speed, LEAST_MPS)
    speed = min(settings.fastest_mps, settings.speed_share * speed)
    if way > noise + speed * seconds:
        return False
    gone_m = 0.5 * (last.speed_mps + fix.speed_mps) * seconds
    if settings.dense_s < seconds < settings.gap_s and way > noise + GONE_SHARE * gone_m:
        return False  # never where it is NaN
    if not judged.recent or last.t - judged.recent[0].t > settings.gap_s:
        return True
    if seconds > STALE_GAPS * settings.gap_s:
        return not judged.unheeded  # it was silent; else what it told since is to be borne out
    before, earlier = _course(last, judged.recent, noise, settings)
    if before is None:
        return goes  # it lay there, and does not say that it goes
    # One is wrong twice in a row more often than it is right and off its course.
    noise *= DOUBT_SHARE if judged.unheeded else 1.0
    off_m = noise + settings.off_course_share * way
    return any(apart_m(spot, fix) <= off_m for spot in _ahead(last, before, earlier, seconds, way))


def _course(
    last: FenceFix, recent: tuple[FenceFix, ...], noise_m: float, settings: FenceSettings
) -> tuple[FenceFix | None, FenceFix | None]:
    """Return two before the last, each so far from the next that its course is no noise."""
    found: list[FenceFix] = []
    after = last
    for each in recent:
        if after.t - each.t > settings.gap_s or len(found) == 2:
            break
        if apart_m(each, after) > noise_m:
            found.append(each)
            after = each
    return (found[0] if found else None), (found[1] if len(found) > 1 else None)


def _ahead(
    last: FenceFix, before: FenceFix, earlier: FenceFix | None, seconds: float, way_m: float
) -> Iterator[Spot]:
    """Yield where a unit is, so far from the last, that goes straight on, or back the way it came,
    and where if it goes on to turn as it did, no farther than it has gone, as it may have slowed.
    """
    was_m = apart_m(before, last)
    yield between(before, last, 1.0 + way_m / was_m)
    yield between(before, last, 1.0 - way_m / was_m)
    if earlier is None:
        return
    share = min(seconds / (last.t - before.t), way_m / was_m)
    cosine = math.cos(math.radians(last.lat))
    was, now = (
        complex(((b.lon - a.lon + 180.0) % 360.0 - 180.0) * cosine, b.lat - a.lat)
        for a, b in ((earlier, before), (before, last))
    )
    angle = cmath.phase(now / was)
    if abs(angle) > math.pi / 2.0:
        return  # it turned back; nobody can say which way round
    turn = 2.0 * angle * (last.t - before.t) / (last.t - earlier.t)
    half = 0.5 * turn * share
    chord = math.sin(half) / half if half else 1.0
    now *= share * chord * cmath.exp(1j * (0.5 * turn + half))
    yield Spot(last.lon + now.real / cosine, last.lat + now.imag)


def _is_one_way(fixes: tuple[FenceFix, ...], settings: FenceSettings) -> bool:
    """Return whether three lie on one way, as a pair of wrong ones and a right one do not."""
    if len(fixes) < 3:
        return False
    a, b, c = fixes
    noise = settings.noise_accuracies * (a.accuracy_m + b.accuracy_m)
    middle = between(a, c, (b.t - a.t) / (c.t - a.t))
    if apart_m(middle, b) > noise / 2.0 + MIDDLE_SHARE * apart_m(a, c):
        return False
    mps = max(0.0, apart_m(a, b) - noise) / (b.t - a.t)
    # The speed between two bears out only what tells none of its own.
    first, second = (mps if math.isnan(each.speed_mps) else 0.0 for each in (b, c))
    return _is_fine(OutlierBasis(last=a, record_mps=first), a, b, settings) and _is_fine(
        OutlierBasis(last=b, record_mps=second), b, c, settings
    )


def _reaches(a: FenceFix, b: FenceFix, speed_mps: float, settings: FenceSettings) -> bool:
    noise = settings.noise_accuracies * (a.accuracy_m + b.accuracy_m)
    return apart_m(a, b) <= noise + speed_mps * (b.t - a.t)


def accept(
    judged: OutlierBasis, fixes: tuple[FenceFix, ...], settings: FenceSettings
) -> tuple[OutlierBasis, tuple[FenceFix, ...]]:
    """Return what the next fix is judged by once these are believed, and these."""
    last, recent, base, record = judged.last, judged.recent, judged.base, judged.record_mps
    for fix in fixes:
        if base is None or last is None:
            base = fix
        elif fix.t - base.t >= BASE_S:
            seconds = fix.t - base.t
            noise = settings.noise_accuracies * (base.accuracy_m + fix.accuracy_m)
            speed = max(0.0, apart_m(base, fix) - noise) / seconds
            record *= math.exp(-seconds / settings.record_s)
            if speed <= settings.fastest_mps:
                record = max(record, speed)
            base = fix
        if last is not None:
            recent = (last, *recent[: MOST_RECENT - 1])
        last = fix
    return OutlierBasis(last, recent, base, record), fixes
