"""One unit's fixes in order of time, and what they come to; a late one is worked in.

Everything that follows from the fixes is a fold over them in order of time, kept at each fix. A
late fix is put into its place and the fold is run again from there only until it comes to what was
there before: a few fixes for what is believed, the rest of a visit for times. So the result is
that of all fixes in order, however they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from gis.fences.events import FenceEvent
from gis.fences.fix import NO_STATE, Fix, Judged, State
from gis.fences.plausible import judge, verdict
from gis.fences.rulebook import RuleBook
from gis.fences.settings import FenceSettings
from gis.fences.standing import Passage, advance

START: Judged = (None, None, ())


class FenceTrack:
    """The fixes of one unit within the time in which late ones are taken."""

    __slots__ = ("_base", "_dirty", "_stretches", "fixes", "horizon", "times", "unit")

    def __init__(self, unit: str) -> None:
        """Begin with no fix."""
        self.unit = unit
        self.fixes: list[Fix] = []
        self.times: list[float] = []
        self.horizon = float("-inf")
        #: Comings and goings of fixes that are no longer held are in the state at the base.
        self._base: tuple[Judged, State] = (START, NO_STATE)
        #: Times of new fixes, not judged yet; then stretches of which the standing may be new.
        self._dirty: list[float] = []
        self._stretches: list[tuple[int, int]] = []

    def put(self, fix: Fix) -> bool:
        """Put a fix into its place; whether that changes anything.

        Of fixes of one time one counts, whichever came first. One from before what is held is not
        taken.

        >>> track = FenceTrack("lima-2")
        >>> [track.put(Fix(9.0, 100.0, 20.0, 30.0, None)) for _ in range(2)]
        [True, False]
        """
        times = self.times
        if not times or fix.t > times[-1]:
            if fix.t <= self.horizon:
                return False
            index = len(times)
            times.append(fix.t)
            self.fixes.append(fix)
        elif fix.t <= self.horizon:
            return False
        else:
            index = bisect_left(times, fix.t)
            if times[index] != fix.t:
                times.insert(index, fix.t)
                self.fixes.insert(index, fix)
            elif fix.rank() < self.fixes[index].rank():
                self._swap(index, fix)
            else:
                return False
        self._dirty.append(fix.t)
        return True

    def believe(self, settings: FenceSettings) -> tuple[list[Fix], float]:
        """Judge again what new fixes may change.

        Returns:
            Good fixes whose move is not worked out yet, and the time up to which nothing changed.
        """
        dirty = self._dirty
        self._dirty = []
        self._stretches = []
        if len(dirty) > 1:
            dirty = sorted(set(dirty))
        missing: list[Fix] = []
        since = float("inf")
        at = 0
        while at < len(dirty):
            at, changed_since = self._judge_from(at, dirty, settings, missing)
            since = min(since, changed_since)
        return missing, since

    def _judge_from(
        self, at: int, dirty: list[float], settings: FenceSettings, missing: list[Fix]
    ) -> tuple[int, float]:
        """Judge on from one new fix until all is as it was; return the next new one to go on from.

        And the time up to which this changed nothing.
        """
        fixes, count = self.fixes, len(self.fixes)
        first = bisect_left(self.times, dirty[at])
        judged = self._judged(first - 1)
        old: dict[int, tuple[bool, Fix | None, bool]] = {}
        undone = first
        for waiting in judged[2]:
            # Waiting when the new one comes: what became of it is open again.
            index = bisect_left(self.times, waiting.t)
            if index < first and fixes[index] is waiting:
                undone = min(undone, index)
                old[index] = (waiting.good, waiting.before, waiting.jump)
                waiting.good = False
        index = first
        while index < count:
            fix = fixes[index]
            was = fix.judged or (fix.before, fix, ())
            fresh = at < len(dirty) and fix.t == dirty[at]
            at += fresh
            old[index] = (fix.good, fix.before, fix.jump)
            fix.good = False
            last = judged[1]
            after, believed = judge(judged, fix, settings)
            for good in believed:
                jump = False
                if good is believed[0] and last is not None and len(believed) > 1:
                    jump = verdict(judged[0], last, good, settings) == "impossible"
                if good.before is not last or good.jump != jump:
                    good.before, good.jump, good.sights = last, jump, None
                good.good = True
                last = good
            fix.judged = None if fix.good and after == (fix.before, fix, ()) else after
            judged = after
            if not fresh and after == was and not after[2]:
                break
            index += 1
        self._stretches.append((undone, min(index, count - 1)))
        since = float("inf")
        for index in sorted(old):
            fix = fixes[index]
            unseen = fix.good and fix.sights is None
            if unseen:
                missing.append(fix)
            if unseen or (fix.good, fix.before, fix.jump) != old[index]:
                for one in (fix.before if fix.good else None, old[index][1]):
                    since = min(since, fix.t if one is None else one.t)
        return at, since

    def stand(
        self, book: RuleBook, settings: FenceSettings
    ) -> tuple[list[FenceEvent], list[FenceEvent], list[Passage]]:
        """Go through what changed; return events added and withdrawn, and passages of either."""
        added: list[FenceEvent] = []
        withdrawn: list[FenceEvent] = []
        passages: list[Passage] = []
        fixes, count = self.fixes, len(self.fixes)
        gone = -1
        for first, until in self._stretches:
            index = max(first, gone)
            state = self._base[1] if index == 0 else fixes[index - 1].state
            while index < count:
                fix = fixes[index]
                was = fix.state
                events: tuple[FenceEvent, ...] = ()
                passed: tuple[Passage, ...] = ()
                if fix.good and (state or fix.sights):
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
        return added, withdrawn, passages

    def forget(self, settings: FenceSettings) -> bool:
        """Let go of fixes too old for late ones to matter; whether there were any."""
        newest = self.times[-1]
        self.horizon = max(self.horizon, newest - settings.late_s)
        # In slices: to take one off the front of a list moves all the others.
        spare = len(self.times) - settings.most_fixes
        slack = max(64, settings.most_fixes // 8)
        old = bisect_left(self.times, self.horizon)
        cut = max(old if old >= slack else 0, spare if spare >= slack else 0)
        if not cut:
            return False
        # Nothing that still waits may be let go of.
        waiting = self._judged(cut - 1)[2]
        if waiting:
            cut = bisect_left(self.times, waiting[0].t)
            if not cut:
                return False
        last = self.fixes[cut - 1]
        self._base = (self._judged(cut - 1), last.state)
        self.horizon = max(self.horizon, last.t)
        # The good fixes name the ones before them; cut here, or none would ever be freed.
        oldest = self._base[0][0]
        if oldest is not None:
            oldest.before = oldest.judged = None
        del self.fixes[:cut], self.times[:cut]
        return True

    def known_until(self) -> float:
        """Return the time of the newest good fix; -inf without one.

        >>> FenceTrack("lima-2").known_until()
        -inf
        """
        last = self._judged(len(self.fixes) - 1)[1]
        return float("-inf") if last is None else last.t

    def since(self, t: float) -> list[Fix]:
        """Return the fixes after a time.

        >>> FenceTrack("lima-2").since(0.0)
        []
        """
        return self.fixes[bisect_right(self.times, t) :]

    def state(self) -> State:
        """Return what all fixes have come to.

        >>> FenceTrack("lima-2").state()
        {}
        """
        return self.fixes[-1].state if self.fixes else self._base[1]

    def base_state(self) -> State:
        """Return what the fixes that are no longer held had come to."""
        return self._base[1]

    def _judged(self, index: int) -> Judged:
        if index < 0:
            return self._base[0]
        fix = self.fixes[index]
        return fix.judged or (fix.before, fix, ())

    def _swap(self, index: int, fix: Fix) -> None:
        """Put a fix in the place of another of the same time."""
        old = self.fixes[index]
        # What it brought must be withdrawn, and others judged by it judged again.
        fix.events, fix.passages, fix.state = old.events, old.passages, old.state
        fix.good, fix.before, fix.judged = old.good, old.before, (None, None, (old,))
        fix.jump = old.jump
        self.fixes[index] = fix
