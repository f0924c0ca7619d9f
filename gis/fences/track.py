"""What one unit's fixes come to; a late one is worked in.

Everything that follows from the fixes is a fold over them in order of time, kept at each fix. A
late fix is put into its place and the fold is run again from there only until it comes to what was
there before: a few fixes for what is believed, the rest of a visit for times. So the result is
that of all fixes in order, however they came.
"""

from __future__ import annotations

import math
from bisect import bisect_left

from gis.fences.events import FenceEvent
from gis.fences.fix import FURTHEST_DEG_M, Fix
from gis.fences.held import HeldFixes
from gis.fences.moves import moves_to
from gis.fences.packed import LEAD
from gis.fences.plausible import plainly_fine, verdict
from gis.fences.rejudge import rejudge
from gis.fences.rulebook import RuleBook
from gis.fences.settings import FenceSettings
from gis.fences.standing import Passage, advance, restless

SLACK_M = 0.01  # by far more than what is lost by rounding
CLOSER = 32  # moves looked at anew in one go


class FenceTrack(HeldFixes):
    """The fixes of one unit, and what is made of new ones."""

    __slots__ = ("_dirty", "_fresh", "_stretches")

    def __init__(self, unit: str) -> None:
        """Begin with no fix."""
        super().__init__(unit)
        #: New fixes that came in order and are believed; new ones of which that is to be seen.
        self._fresh = 0
        self._dirty: list[float] = []
        #: Of which the standing may be new.
        self._stretches: list[tuple[int, int]] = []

    def extend(self, fix: Fix, settings: FenceSettings) -> bool:
        """Take a fix that is newer than all and plainly right; whether it was one.

        All that `put` and `believe` would come to, at a fraction of the cost.

        >>> alone = Fix(9.0, 100.0, 20.0, 30.0, None)  # nothing to judge it by
        >>> FenceTrack("lima-2").extend(alone, FenceSettings())
        False
        """
        fixes = self._fixes
        if self._dirty or not fixes:
            return False
        last = fixes[-1]
        if fix.t <= last.t or not last.good or last.judged is not None:
            return False
        if (
            not plainly_fine(last.before, last, fix, settings)
            and verdict(last.before, last, fix, settings) != "fine"
        ):
            return False
        fix.before = last
        fix.good = True
        fix.margin_m = max(fix.error_m, last.error_m)
        fixes.append(fix)
        self._times.append(fix.t)
        self._fresh += 1
        return True

    def go_on(self, fix: Fix, settings: FenceSettings) -> bool:
        """Take a fix that is newer than all, plainly right and comes to no edge; whether it is so.

        All that `extend`, looking for edges and `settle` would come to, at a fraction of the cost;
        where something else than edges matters to it, it does not do.

        >>> FenceTrack("lima-2").go_on(Fix(9.0, 100.0, 20.0, 30.0, None), FenceSettings())
        False
        """
        fixes = self._fixes
        if self._fresh or self._dirty or not fixes:
            return False
        if len(fixes) >= self.full:
            self.tidy(settings, packing=True)
        last = fixes[-1]
        if fix.t <= last.t or not last.good or last.judged is not None:
            return False
        margin_m, restless = max(fix.error_m, last.error_m), self.restless
        away = math.hypot(fix.lon - self.free_lon, fix.lat - self.free_lat) * FURTHEST_DEG_M
        if away + (margin_m if restless else SLACK_M) >= self.free_m:
            return False
        if not plainly_fine(last.before, last, fix, settings):
            return False
        fix.margin_m, fix.good, fix.before = margin_m, True, last
        fix.sights, fix.state, fix.brief = (), last.state, not restless
        fixes.append(fix)
        self._times.append(fix.t)
        return True

    def put(self, fix: Fix, settings: FenceSettings) -> bool:
        """Put a fix into its place; whether that changes anything.

        Of fixes of one time one counts, whichever came first. One from before what is held is not
        taken.

        >>> track = FenceTrack("lima-2")
        >>> fix = Fix(9.0, 100.0, 20.0, 30.0, None)
        >>> [track.put(fix, FenceSettings()) for _ in range(2)]
        [True, False]
        """
        times = self._times
        if fix.t <= self.horizon(settings):
            return False
        index = len(times) if not times or fix.t > times[-1] else bisect_left(times, fix.t)
        if index < LEAD and self._packed:
            self._unpack(self._packed.older(fix.t))
            index = bisect_left(times, fix.t)
        twin = self._fixes[index] if index < len(times) and times[index] == fix.t else None
        if twin is not None and not fix.rank() < twin.rank():
            return False
        if self._fresh:
            # Those behind the new one are to be judged again, and none must be found by its place.
            self._dirty += times[len(times) - self._fresh :]
            self._fresh = 0
        if twin is None:
            times.insert(index, fix.t)
            self._fixes.insert(index, fix)
        else:
            self._swap(index, fix)
        self._dirty.append(fix.t)
        return True

    def settle(self, fix: Fix, book: RuleBook, settings: FenceSettings) -> tuple[FenceEvent, ...]:
        """Return the events that one fix brings, the newest, which `extend` took; as `stand`.

        >>> from gis.fences.index import FenceSet
        >>> track = FenceTrack("lima-2")
        >>> for t in (1.0, 2.0):
        ...     _ = track.put(Fix(t, 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> fix = Fix(3.0, 100.0, 20.0, 30.0, None)
        >>> track.extend(fix, FenceSettings())
        True
        >>> track.settle(fix, RuleBook(FenceSet([]), []), FenceSettings())
        ()
        """
        self._fresh = 0
        last = fix.before
        assert last is not None
        state = last.state
        if fix.sights or (state and book.lasting):
            state, fix.events, fix.passages = advance(
                state, fix, unit=self.unit, book=book, gap_s=settings.gap_s
            )
            if restless(state, book) != self.restless:
                self.restless = not self.restless
                # From an edge it is not clear of, the next fix may be clear and has to be told so.
                self.free_m = -1.0
        fix.state = state
        return fix.events

    def believe(self, settings: FenceSettings) -> tuple[list[Fix], float]:
        """Judge again what new fixes may change.

        Returns:
            Good fixes whose move is not worked out yet, and the time up to which nothing changed.

        >>> track = FenceTrack("lima-2")
        >>> for t in (9.0, 5.0):
        ...     _ = track.put(Fix(t, 100.0, 20.0, 30.0, None), FenceSettings())
        >>> missing, since = track.believe(FenceSettings())
        >>> [fix.t for fix in missing], since
        ([5.0, 9.0], 4.999999999999999)
        """
        self.free_m = -1.0
        if self._fresh:
            first = len(self._fixes) - self._fresh
            self._fresh = 0
            self._stretches = [(first, len(self._fixes) - 1)]
            return self._fixes[first:], self._times[first - 1]
        dirty = self._dirty
        self._dirty = []
        self._stretches = []
        if len(dirty) > 1:
            dirty = sorted(set(dirty))
        missing: list[Fix] = []
        since = float("inf")
        at = 0
        while at < len(dirty):
            at, stretch, unchanged = rejudge(
                self._fixes, self._times, self._base[0], dirty, at, settings, missing
            )
            self._stretches.append(stretch)
            since = min(since, unchanged)
        return missing, since

    def stand(
        self,
        book: RuleBook,
        settings: FenceSettings,
        added: list[FenceEvent],
        withdrawn: list[FenceEvent],
        passages: list[Passage],
    ) -> None:
        """Go through what changed; add to the lists events added and withdrawn, and passages.

        >>> from gis.fences.index import FenceSet
        >>> told: list[FenceEvent] = []
        >>> book = RuleBook(FenceSet([]), [])
        >>> FenceTrack("lima-2").stand(book, FenceSettings(), told, told, [])
        >>> told
        []
        """
        fixes, count = self._fixes, len(self._fixes)
        gone = -1
        for first, until in self._stretches:
            index = max(first, gone)
            state = self._base[1] if index == 0 else fixes[index - 1].state
            while index < count:
                fix = fixes[index]
                was = fix.state
                events: tuple[FenceEvent, ...] = ()
                passed: tuple[Passage, ...] = ()
                if fix.good and fix.brief and restless(state, book):
                    self._look_closer(index, book)
                if fix.good and (fix.sights or (state and book.lasting)):
                    state, events, passed = advance(
                        state, fix, unit=self.unit, book=book, gap_s=settings.gap_s
                    )
                if events != fix.events:
                    withdrawn += fix.events
                    added += events
                    fix.events = events
                if passed != fix.passages:
                    passages += fix.passages
                    passages += passed
                    fix.passages = passed
                fix.state = state
                index += 1
                if index > until and state == was:
                    break
            gone = index
        self._stretches = []
        now = restless(self.state(), book)
        if now != self.restless:
            self.restless, self.free_m = now, -1.0

    def _look_closer(self, index: int, book: RuleBook) -> None:
        """Work out how moves stand to all areas, of which only those are known that they cross.

        Of those from an index on: they matter to a unit that is restless now and was not before.
        """
        some = [fix for fix in self._fixes[index : index + CLOSER] if fix.good and fix.brief]
        for fix, sights in zip(some, book.fences.sights(moves_to(some)), strict=True):
            fix.sights, fix.brief = sights, False

    def _swap(self, index: int, fix: Fix) -> None:
        """Put a fix in the place of another of the same time."""
        old = self._fixes[index]
        # What it brought must be withdrawn, and others judged by it judged again.
        fix.events, fix.passages, fix.state = old.events, old.passages, old.state
        fix.good, fix.before, fix.judged = old.good, old.before, (None, None, (old,))
        fix.jump = old.jump
        self._fixes[index] = fix
