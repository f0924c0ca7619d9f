"""One unit's fixes in order of time, and what they come to; a late one is worked in.

Everything that follows from the fixes is a fold over them in order of time, kept at each fix. A
late fix is put into its place and the fold is run again from there only until it comes to what was
there before: a few fixes for what is believed, the rest of a visit for times. So the result is
that of all fixes in order, however they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from gis.fences.events import FenceEvent
from gis.fences.fix import DEGREE_M, NO_STATE, Fix, Judged, State
from gis.fences.moves import moves_to
from gis.fences.plausible import NOISE_SHARE, verdict
from gis.fences.rejudge import judged_at, rejudge
from gis.fences.rulebook import RuleBook
from gis.fences.settings import FenceSettings
from gis.fences.standing import Passage, advance, restless
from gis.fences.unread import Unread

START: Judged = (None, None, ())
CLOSER = 32  # moves looked at anew in one go


class FenceTrack:
    """The fixes of one unit within the time in which late ones are taken."""

    __slots__ = (
        "_base",
        "_dirty",
        "_fixes",
        "_fresh",
        "_horizon",
        "_stretches",
        "_times",
        "_unread",
        "free_lat",
        "free_lon",
        "free_m",
        "full",
        "place",
        "restless",
        "unit",
    )

    def __init__(self, unit: str) -> None:
        """Begin with no fix."""
        self.unit = unit
        self._fixes: list[Fix] = []
        self._times: list[float] = []
        #: What the fixes that are no longer held had come to.
        self._base: tuple[Judged, State] = (START, NO_STATE)
        self._horizon = float("-inf")
        #: New fixes that came in order and are believed; new ones of which that is to be seen.
        self._fresh = 0
        self._dirty: list[float] = []
        #: A place the boat has not been farther from since than to the nearest edge; below 0 none.
        self.free_lon = self.free_lat = 0.0
        self.free_m = -1.0
        #: Whether more than crossings may change its state.
        self.restless = True
        #: How many fixes there may be before the oldest are let go of.
        self.full = 64
        #: Where newest fixes that change nothing are noted down; below 0 while they are not.
        self.place = -1
        self._unread: Unread | None = None
        #: Of which the standing may be new.
        self._stretches: list[tuple[int, int]] = []

    @property
    def fixes(self) -> list[Fix]:
        """All fixes that are held, in order of time."""
        self.catch_up()
        return self._fixes

    @property
    def times(self) -> list[float]:
        """Their times."""
        self.catch_up()
        return self._times

    def catch_up(self) -> None:
        """Make fixes of what was only noted down: good ones, near no edge.

        >>> track = FenceTrack("lima-2")
        >>> for t in (1.0, 2.0):
        ...     _ = track.put(Fix(t, 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> import numpy as np
        >>> unread = Unread(1)
        >>> track.show(unread, 0)
        >>> _ = unread.note(np.array([0]), np.array([[3.0, 100.0, 20.0, 30.0, np.nan]]))
        >>> track.catch_up()
        >>> track.times
        [1.0, 2.0, 3.0]
        """
        if self._unread is None:
            return
        for t, lon, lat, error_m, speed_mps in self._unread.take(self.place):
            last = self._fixes[-1]
            margin_m = max(error_m, last.error_m)
            fix = Fix(
                t, lon, lat, error_m, speed_mps, margin_m, True, False, last, (), None, last.state
            )
            fix.brief = not self.restless
            self._fixes.append(fix)
            self._times.append(t)

    def show(self, unread: Unread, place: int) -> None:
        """Let newest fixes that change nothing be noted down in a place, until `hide`.

        >>> track = FenceTrack("lima-2")
        >>> track.show(Unread(1), 0)
        >>> track.place
        0
        """
        self._unread, self.place = unread, place

    def hide(self) -> None:
        """Let nothing be noted down any more.

        >>> track = FenceTrack("lima-2")
        >>> track.hide()
        >>> track.place
        -1
        """
        self.catch_up()
        self._unread, self.place = None, -1

    def newest(self) -> tuple[float, ...] | None:
        """Return what the next fix is judged by, as `Newest` has it; None where some wait.

        >>> FenceTrack("lima-2").newest() is None
        True
        """
        last = self._fixes[-1] if self._fixes else None
        if last is None or not last.good or last.judged is not None:
            return None
        before, none = last.before, float("nan")
        return (
            last.t, last.lon, last.lat, last.error_m,
            none if last.speed_mps is None else last.speed_mps, last.margin_m,
            *((none, none, none) if before is None else (before.t, before.lon, before.lat)),
            self.free_lon, self.free_lat, self.free_m, float(self.restless),
        )  # fmt: skip

    def horizon(self, settings: FenceSettings) -> float:
        """Return from when on fixes are taken: after this time.

        >>> FenceTrack("lima-2").horizon(FenceSettings())
        -inf
        """
        times = self.times
        return max(self._horizon, times[-1] - settings.late_s) if times else self._horizon

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
        # Along parallel and meridian it is at least as far as it is straight.
        way = (abs(fix.lon - last.lon) + abs(fix.lat - last.lat)) * DEGREE_M
        if (
            way > (last.error_m + fix.error_m) * NOISE_SHARE
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
        ([5.0, 9.0], 5.0)
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
        self.restless = restless(self.state(), book)

    def forget(self, settings: FenceSettings) -> None:
        """Let go of fixes too old for late ones to matter.

        >>> track = FenceTrack("lima-2")
        >>> for t in range(0, 200_000, 10):
        ...     _ = track.put(Fix(float(t), 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> track.forget(FenceSettings())
        >>> len(track.fixes)
        5000
        """
        old = bisect_left(self.times, self.horizon(settings))
        count = len(self._times)
        cut = max(old, count - settings.most_fixes)
        # Nothing that still waits may be let go of.
        waiting = self._judged(cut - 1)[2] if cut > 0 else ()
        if waiting:
            cut = bisect_left(self._times, waiting[0].t)
        if cut > 0:
            last = self._fixes[cut - 1]
            self._base = (self._judged(cut - 1), last.state)
            self._horizon = max(self._horizon, last.t)
            # The good fixes name the ones before them; cut here, or none would ever be freed.
            oldest = self._base[0][0]
            if oldest is not None:
                oldest.before = oldest.judged = None
            del self._fixes[:cut], self._times[:cut]
            count = len(self._times)
        # In slices: to take one off the front of a list moves all the others.
        self.full = count + max(64, settings.most_fixes // 8)

    def known_until(self) -> float:
        """Return the time of the newest good fix; -inf without one.

        >>> FenceTrack("lima-2").known_until()
        -inf
        """
        # What is noted is newer than all that is judged; asking for a time makes no fixes of it.
        noted = None if self._unread is None else self._unread.newest(self.place)
        if noted is not None:
            return noted
        last = self._judged(len(self.fixes) - 1)[1]
        return float("-inf") if last is None else last.t

    def held(self) -> int:
        """Return how many fixes are held.

        >>> FenceTrack("lima-2").held()
        0
        """
        return len(self.times)

    def since(self, t: float) -> list[Fix]:
        """Return the fixes after a time.

        >>> FenceTrack("lima-2").since(0.0)
        []
        """
        return self.fixes[bisect_right(self.times, t) :]

    def state(self) -> State:
        """Return what all fixes have come to.

        >>> dict(FenceTrack("lima-2").state())
        {}
        """
        return self._fixes[-1].state if self._fixes else self._base[1]

    def base_state(self) -> State:
        """Return what the fixes that are no longer held had come to.

        >>> dict(FenceTrack("lima-2").base_state())
        {}
        """
        return self._base[1]

    def _judged(self, index: int) -> Judged:
        return judged_at(self._fixes, index, self._base[0])

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
