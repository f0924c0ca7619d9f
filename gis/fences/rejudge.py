"""Judging again: which fixes are believed once one has come late, or several have.

A judgement needs only what the fix before it left behind, so that judging stops where it comes to
what was there.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from gis.fences.fix import Fix, Judged
from gis.fences.plausible import judge, verdict
from gis.fences.settings import FenceSettings


class Rejudged(NamedTuple):
    """What became of it.

    Attributes:
        at: The next new fix to judge on from, of those given.
        stretch: The first and the last fix of which the standing may be new.
        since: The time up to which this changed nothing; what was at that time still holds. Where
            no good fix is before the change, it is the last moment before it.
    """

    at: int
    stretch: tuple[int, int]
    since: float


def judged_at(fixes: Sequence[Fix], index: int, base: Judged) -> Judged:
    """Return what a fix left behind for the next to be judged by; `base` before the first.

    >>> judged_at([], -1, (None, None, ()))
    (None, None, ())
    """
    if index < 0:
        return base
    fix = fixes[index]
    return fix.judged or (fix.before, fix, ())


def rejudge(
    fixes: Sequence[Fix],
    times: Sequence[float],
    base: Judged,
    new: Sequence[float],
    at: int,
    settings: FenceSettings,
    missing: list[Fix],
) -> Rejudged:
    """Judge on from one new fix until all is as it was.

    Args:
        fixes: All of a unit, in order of time.
        times: Theirs.
        base: By what the first of them is judged.
        new: Times of the new ones, in order.
        at: Which of these to begin with.
        settings: How fast boats are.
        missing: To this, good fixes are added whose move is not worked out yet.

    >>> fixes, missing = [Fix(t, 100.0, 20.0, 30.0, None) for t in (5.0, 9.0)], []
    >>> rejudge(fixes, [5.0, 9.0], (None, None, ()), [5.0, 9.0], 0, FenceSettings(), missing)
    Rejudged(at=2, stretch=(0, 1), since=4.999999999999999)
    >>> missing == fixes
    True
    """
    count = len(fixes)
    first = bisect_left(times, new[at])
    judged = judged_at(fixes, first - 1, base)
    old: dict[int, tuple[bool, Fix | None, bool]] = {}
    undone = first
    widened: list[Fix] = []
    for waiting in judged[2]:
        # Waiting when the new one comes: what became of it is open again.
        index = bisect_left(times, waiting.t)
        if index < first and fixes[index] is waiting:
            undone = min(undone, index)
            old[index] = (waiting.good, waiting.before, waiting.jump)
            waiting.good = False
    index = first
    while index < count:
        fix = fixes[index]
        was = fix.judged or (fix.before, fix, ())
        fresh = at < len(new) and fix.t == new[at]
        at += fresh
        old[index] = (fix.good, fix.before, fix.jump)
        fix.good = False
        last = judged[1]
        after, believed = judge(judged, fix, settings)
        for good in believed:
            jump = False
            if good is believed[0] and last is not None and len(believed) > 1:
                jump = verdict(judged[0], last, good, settings) == "impossible"
            if good.before is not last or good.jump != jump or last in widened:
                good.before, good.jump, good.sights = last, jump, None
            margin_m = good.error_m if last is None else max(good.error_m, last.error_m)
            if good.margin_m != margin_m:
                good.margin_m, good.sights = margin_m, None
                widened.append(good)
            good.good = True
            last = good
        fix.judged = None if fix.good and after == (fix.before, fix, ()) else after
        judged = after
        if not fresh and after == was and not after[2]:
            break
        index += 1
    stretch = undone, min(index, count - 1)
    since = float("inf")
    for index in sorted(old):
        fix = fixes[index]
        if not fix.good:
            fix.sights = None  # worked out from a fix that may change before it is believed
        unseen = fix.good and fix.sights is None
        if unseen:
            missing.append(fix)
        if unseen or (fix.good, fix.before, fix.jump) != old[index]:
            for one in (fix.before if fix.good else None, old[index][1]):
                # Who has no fix before this one was nowhere until now: at its very time, too.
                since = min(since, math.nextafter(fix.t, -math.inf) if one is None else one.t)
    return Rejudged(at, stretch, since)
