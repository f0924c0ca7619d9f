"""Geofences: all units against all areas: fixes in, events added and withdrawn out.

The events told are those of all fixes in order of their times, however they came: late, shuffled,
twice. This holds for fixes that come within `late_s` of the newest of their unit and while no more
than `most_fixes` are newer; older ones are refused and counted. Times must have been judged before:
a fix dated into the future makes all others late.

Each unit's fixes are folded in order: `outliers` says which to believe, `path` where the unit truly
was, `standing` how that stands to each area near it. A fix is a pure step of that fold. One that
comes late is put into its place and the fold goes again from the state that was kept before it.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import shapely
from msgspec.structs import astuple, replace

from gis.errors.errors import PositionError
from gis.fences.area import Area
from gis.fences.area_index import FAR_M, AreaIndex, Surroundings
from gis.fences.detour import AFTER, DetourLine, arc_past, goes_straight, line_past
from gis.fences.events import FenceEvent, Outcome
from gis.fences.fix import FenceFix, apart_m
from gis.fences.gaps import Gap, Waters
from gis.fences.outliers import STALE_GAPS, OutlierBasis, accept, is_no_jump, judge, plausible_mps
from gis.fences.path import FencePath, Point, follow
from gis.fences.settings import FenceSettings
from gis.fences.standing import NOWHERE, AreaStanding, Move, Standings, advance
from gis.position.position import Position, check_place
from gis.river.rivers import Rivers

WIDTH: Final = 5  # numbers of a fix
DETOUR_SHARE: Final = 0.6  # of a move in a gap: so far beside it an area may be crossed
DETOUR_M: Final = 500.0
NEARLY: Final = 0.99  # so that no other plane of metres makes an edge nearer
SAME_PLACE_M: Final = 25.0  # what lies about one is not asked for anew
WIDER: Final = 1.1  # so that no other plane of metres brings an area within reach
LEAST_LINE: Final = 3  # fixes that show whether the next goes straight on
SURE: Final = frozenset({"enter", "passed"})  # what a wrong place may bring
LATE_GAPS: Final = 1.5  # of its usual gap without a report, and it is late


class State(msgspec.Struct, frozen=True, gc=False):
    """What a unit's fixes up to one have come to; never changed.

    Attributes:
        judged: What the next one is judged by.
        path: What its next points follow from.
        point: The last of these that is not raw, and
        earlier: the one before it.
        standings: How it stands to areas that it is in, or may be.
        pending: What is not told yet, as it left its line to come in; mostly None.
    """

    judged: OutlierBasis = OutlierBasis()
    path: FencePath = FencePath()
    point: Point | None = None
    earlier: Point | None = None
    standings: Standings = NOWHERE
    pending: Pending | None = None


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A unit has come into an area by leaving its line; the next reports show whether it did.

    Attributes:
        old: State before it.
        fixes: The last four believed before it, and all since then.
        reports: How many came after.
        events: What they bring if it did.
    """

    old: State
    fixes: tuple[FenceFix, ...]
    reports: int
    events: tuple[FenceEvent, ...]


BLANK: Final = State()


class FenceTrack:
    """One unit: its fixes in order of time, and what they have come to.

    Attributes:
        state: After all of them.
        events: Times of fixes and the events that they brought, in order.
        around: What lies about a place where it was lately.
    """

    __slots__ = ("_numbers", "_times", "around", "checkpoints", "events", "state")

    def __init__(self) -> None:
        self._times = array("d")
        self._numbers = array("d")
        self.state = BLANK
        #: States before the fix of a number, the first before all.
        self.checkpoints: list[tuple[int, State]] = [(0, BLANK)]
        self.events: list[tuple[float, FenceEvent]] = []
        self.around = Surroundings(0.0, 0.0, 1.0, 0.0, ())

    def __len__(self) -> int:
        """Return how many fixes are kept."""
        return len(self._times)

    def fixes(self, first: int = 0) -> Iterable[FenceFix]:
        """Yield the fixes from a number on, oldest first; from the end where it is below 0."""
        count = len(self._times)
        numbers = self._numbers
        for n in range(max(0, count + first) if first < 0 else first, count):
            yield FenceFix(*numbers[n * WIDTH : n * WIDTH + WIDTH])

    @property
    def newest(self) -> float:
        """Time of the newest one; minus infinity without any."""
        return self._times[-1] if self._times else -math.inf

    @property
    def newest_believed(self) -> float | None:
        """Time of the newest one that is believed; None without any."""
        last = self.state.judged.last
        return None if last is None else last.t

    def append(self, fix: FenceFix, settings: FenceSettings) -> None:
        """Add one that is newer than all; keep the state before it, if it is time to."""
        number = len(self._times)
        self._times.append(fix.t)
        self._numbers.extend(astuple(fix))
        if number - self.checkpoints[-1][0] >= settings.checkpoint:
            self.checkpoints.append((number, self.state))

    def put(self, fix: FenceFix) -> int | None:
        """Add one in its place and return its number; None if it says nothing new."""
        n = bisect_left(self._times, fix.t)
        at = n * WIDTH
        if n < len(self._times) and self._times[n] == fix.t:
            if _rank(fix) >= _rank(FenceFix(*self._numbers[at : at + WIDTH])):
                return None
            self._numbers[at : at + WIDTH] = array("d", astuple(fix))
            return n
        self._times.insert(n, fix.t)
        self._numbers[at:at] = array("d", astuple(fix))
        return n

    def back_to(self, number: int) -> tuple[int, list[FenceEvent]]:
        """Go back to the last state kept before a fix; return from where to go on, and what had
        been told since.
        """
        while self.checkpoints[-1][0] > number:
            self.checkpoints.pop()
        first, self.state = self.checkpoints[-1]
        since = self._times[first]
        cut = bisect_left(self.events, since, key=lambda each: each[0])
        withdrawn = [event for _, event in self.events[cut:]]
        del self.events[cut:]
        return first, withdrawn

    def keep(self, number: int, settings: FenceSettings) -> None:
        """Keep the state before a fix, if it is time to."""
        if number - self.checkpoints[-1][0] >= settings.checkpoint:
            self.checkpoints.append((number, self.state))

    def trim(self, settings: FenceSettings) -> None:
        """Forget what is too old, or too much, up to a state that was kept."""
        if len(self.checkpoints) < 2:
            return
        most = len(self._times) - settings.most_fixes
        old = bisect_right(self._times, self._times[-1] - settings.late_s)
        drop = 0
        while len(self.checkpoints) > 1 and self.checkpoints[1][0] <= max(most, old):
            self.checkpoints.pop(0)
            drop = self.checkpoints[0][0]
        if drop:
            del self._times[:drop], self._numbers[: drop * WIDTH]
            self.checkpoints = [(number - drop, state) for number, state in self.checkpoints]
            cut = bisect_left(self.events, self._times[0], key=lambda each: each[0])
            del self.events[:cut]

    def is_too_late(self, fix: FenceFix) -> bool:
        """Return whether a fix is older than all that can still be changed."""
        return self.checkpoints[0][1] is not BLANK and fix.t < self._times[0]


class Geofences:
    """Areas, and how units stand to them.

    >>> import shapely
    >>> from datetime import UTC, datetime, timedelta
    >>> from gis.fences.area import polygon
    >>> engine = Geofences([polygon("lima-2", shapely.box(100.0, 20.0, 100.01, 20.1))])
    >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> told = engine.see([
    ...     ("boat-1", Position(lon=99.99 + n * 0.005, lat=20.05, time=noon + timedelta(minutes=n)))
    ...     for n in (4, 0, 3, 1)
    ... ])
    >>> [(event.kind, event.time.isoformat()) for event in told.added]
    [('enter', '2026-06-10T12:02:00+00:00')]
    """

    def __init__(
        self,
        areas: Sequence[Area],
        *,
        settings: FenceSettings | None = None,
        rivers: Rivers | None = None,
    ) -> None:
        """Begin with no unit.

        Args:
            areas: With different ids.
            settings: What is assumed of boats and radios.
            rivers: Along which boats go where they are silent; None: they go anywhere.

        Raises:
            AreaError: If two areas have one id.
        """
        self.index = AreaIndex(areas)
        self.settings = settings or FenceSettings()
        self.tracks: dict[str, FenceTrack] = {}
        self._waiting: set[str] = set()  # units of which something is pending
        #: Fixes that told nothing: "late" (before what is kept), "twice", "vague" (accuracy).
        self.refused: Counter[str] = Counter()
        self._waters = Waters(rivers, self.settings)

    def see(self, fixes: Iterable[tuple[str, Position]]) -> Outcome:
        """Take fixes (unit, position with its time), in any order.

        Raises:
            PositionError: If one has no time or is no place; none of the batch is taken then.

        >>> Geofences([]).see([])
        Outcome(added=(), withdrawn=())
        """
        batch: dict[str, list[FenceFix]] = {}
        vague = 0
        for unit, position in fixes:
            fix = self._read(unit, position)
            if fix is None:
                vague += 1
            else:
                batch.setdefault(unit, []).append(fix)
        if vague:
            self.refused["vague"] += vague
        added: list[FenceEvent] = []
        withdrawn: list[FenceEvent] = []
        for unit, own in batch.items():
            track = self.tracks.get(unit)
            if track is None:
                track = self.tracks[unit] = FenceTrack()
            if len(own) > 1:
                own.sort(key=_order)
            for number, fix in enumerate(own):
                if fix.t <= track.newest:
                    self._refold(unit, track, own[number:], added, withdrawn)
                    break
                track.append(fix, self.settings)
                added += self._fold(unit, track, fix)
            track.trim(self.settings)
        return _outcome(added, withdrawn)

    def forget(self, units: Iterable[str]) -> None:
        """Forget all fixes of units, as if they had never come; nothing that was told is withdrawn.

        >>> engine = Geofences([])
        >>> engine.forget(["a", "b"])
        """
        for unit in units:
            self.tracks.pop(unit, None)
            self._waiting.discard(unit)

    def overdue(self, now: datetime) -> Outcome:
        """Return what waited for the next reports of units that report no more: to be asked often.

        A unit that leaves its line to come into an area, and is silent then, is in it as far as
        anybody knows; so it is where nothing but its turn made its last report doubtful.

        Args:
            now: The present, aware UTC.

        >>> from datetime import UTC
        >>> Geofences([]).overdue(datetime.now(UTC))
        Outcome(added=(), withdrawn=())
        """
        added: list[FenceEvent] = []
        for unit in sorted(self._waiting):
            track = self.tracks[unit]
            state, events = track.state, list[FenceEvent]()
            if now.timestamp() - track.newest <= LATE_GAPS * _gap_s(state.judged):
                continue
            self._waiting.discard(unit)  # first: what fails over one keeps not the others
            if state.pending is not None:
                events += state.pending.events
                state = replace(state, pending=None)
            if state.judged.waiting and is_no_jump(state.judged, self.settings):
                judged, believed = accept(
                    replace(state.judged, unheeded=0), state.judged.waiting[-1:], self.settings
                )
                state, more = self._take(unit, track, state, judged, believed)
                events += more
            track.state = state
            track.events += [(track.newest, event) for event in events]
            added += events
        return _outcome(added, [])

    def stand(self, unit: str, area: str) -> bool | None:
        """Return whether a unit is in an area, by its newest fixes; None: nobody can say.

        Raises:
            KeyError: If there is no such area, or nothing is known of the unit.
        """
        standing = self.tracks[unit].state.standings.get(self.index.number[area])
        return False if standing is None else standing.inside

    def within(self, unit: str) -> list[str]:
        """Return the areas that a unit is in."""
        track = self.tracks.get(unit)
        if track is None:
            return []
        areas = self.index.areas
        return [areas[n].id for n, standing in track.state.standings.items() if standing.inside]

    # -- inside

    def _read(self, unit: str, position: Position) -> FenceFix | None:
        """Return a fix; None for one that is so vague that it says nothing."""
        settings, when = self.settings, position.time
        if when is None:
            raise PositionError(f"position of {unit} has no time")
        lon, lat, accuracy = position.lon, position.lat, position.accuracy_m
        if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
            check_place(lon=lon, lat=lat)
        if accuracy is None or accuracy != accuracy:
            accuracy = settings.assumed_accuracy_m
        elif accuracy > settings.useless_accuracy_m:
            return None
        speed = math.nan if position.speed_mps is None else position.speed_mps
        return FenceFix(when.timestamp(), lon, lat, max(accuracy, settings.least_accuracy_m), speed)

    def _refold(
        self,
        unit: str,
        track: FenceTrack,
        fixes: list[FenceFix],
        added: list[FenceEvent],
        withdrawn: list[FenceEvent],
    ) -> None:
        """Put fixes, oldest first, into their places and go on from before the first of them."""
        first: int | None = None
        for fix in fixes:
            if track.is_too_late(fix):
                self.refused["late"] += 1
                continue
            number = track.put(fix)
            if number is None:
                self.refused["twice"] += 1
            elif first is None:
                first = number
        if first is None:
            return
        number, undone = track.back_to(first)
        withdrawn += undone
        for fix in list(track.fixes(number)):
            track.keep(number, self.settings)
            added += self._fold(unit, track, fix)
            number += 1

    def _fold(self, unit: str, track: FenceTrack, fix: FenceFix) -> list[FenceEvent]:
        """Take the next fix of a unit; return the events that it brings."""
        old = track.state
        judged, believed = judge(old.judged, fix, self.settings)
        state, events = self._take(unit, track, old, judged, believed)
        pending = old.pending
        if pending is not None:
            pending = Pending(
                pending.old,
                (*pending.fixes, fix),
                pending.reports + 1,
                (*pending.events, *events),
            )
        elif events and self._comes_aside(old.judged, believed, events):
            fixes = (*_line_of(old.judged), *believed)
            pending = Pending(old, fixes, 0, tuple(events))
        if pending is not None:
            state, events = self._decide(unit, track, pending, state)
        if state.pending is not None or state.judged.waiting:
            self._waiting.add(unit)
        track.state = state
        if events:
            track.events += [(fix.t, event) for event in events]
        return events

    def _comes_aside(
        self, judged: OutlierBasis, believed: tuple[FenceFix, ...], events: list[FenceEvent]
    ) -> bool:
        """Return whether a unit under way has come in by leaving its line, or nobody can say."""
        if SURE.isdisjoint([event.kind for event in events]):
            return False
        before, settings = _line_of(judged), self.settings
        if len(before) < LEAST_LINE:
            return False
        *others, last = before
        silent_s = believed[0].t - last.t
        gap_s = _gap_s(judged)
        if not judged.unheeded and silent_s > STALE_GAPS * max(settings.gap_s, gap_s):
            return False
        way, is_sparse = (*before, *believed), gap_s > settings.gap_s
        noise_m = 2.0 * settings.noise_accuracies * last.accuracy_m
        if max([apart_m(each, last) for each in others]) <= noise_m:  # it lay there
            away_m = max([apart_m(each, believed[-1]) for each in believed])
            if len(believed) > 2 and away_m <= noise_m:
                return False  # and lies elsewhere now: no pair of wrong ones says that three times
            return judged.unheeded > 0 or is_sparse
        if is_sparse and self._waters.is_on_river(way):
            return False  # rivers bend, and nobody waits ten minutes for two reports
        return judged.unheeded > 0 or not goes_straight(way)

    def _decide(
        self, unit: str, track: FenceTrack, pending: Pending, state: State
    ) -> tuple[State, list[FenceEvent]]:
        """Return the state and the events of a unit that has come in by leaving its line: what its
        fixes say if it did, or, if it is back on its line, those of the line alone.
        """
        line = line_past(pending.fixes) or arc_past(pending.fixes)
        entries = [event for event in pending.events if event.kind in SURE]
        if line is not None and self._clears(line, entries):
            back = pending.old
            bent = len(line.after) if len(line.way) > 2 else 0  # the straight line is not its way
            judged = replace(back.judged, waiting=(), unheeded=bent)
            if line.before[-1] == judged.last:
                back = replace(back, judged=judged)
            else:
                *_, earlier, point = (Point(f.t, f.lon, f.lat, f.accuracy_m) for f in line.before)
                judged = replace(judged, last=line.before[-1], recent=line.before[-2::-1])
                back = State(judged, FencePath(), point, earlier, back.standings)
            judged, believed = accept(back.judged, line.after, self.settings)
            state, events = self._take(unit, track, back, judged, believed)
            maybe = [replace(each, kind="may_have_passed") for each in entries]
            return state, maybe + events
        if pending.reports < AFTER:
            return replace(state, pending=pending), []
        return state, list(pending.events)

    def _clears(self, line: DetourLine, entries: list[FenceEvent]) -> bool:
        """Return whether a line past a detour leaves out all areas that the detour came into."""
        within_m = self.settings.enter_within * line.after[0].accuracy_m
        for event in entries:
            area = self.index.areas[self.index.number[event.area]]
            way = shapely.LineString([area.plane.xy(lon=f.lon, lat=f.lat) for f in line.way])
            if area.shape.distance(way) <= within_m:
                return False
        return True

    def _take(
        self,
        unit: str,
        track: FenceTrack,
        old: State,
        judged: OutlierBasis,
        believed: tuple[FenceFix, ...],
    ) -> tuple[State, list[FenceEvent]]:
        """Return what a unit's fixes have come to with those that are believed now."""
        settings = self.settings
        doubts, path, standings = old.judged, old.path, old.standings
        point, earlier = old.point, old.earlier
        events: list[FenceEvent] = []
        is_whole = doubts.unheeded < len(believed)
        for each in believed:
            last = path.last
            is_straight = is_whole or len(believed) == 1
            path, points = follow(path, each, settings, is_whole=is_whole, is_straight=is_straight)
            is_whole = True
            near: Collection[int] | None = None
            if point is not None and each.t - point.t <= settings.gap_s:
                near = self._near(track, standings, (point, *points))
            is_silent = near is None
            for new in points:
                gap = None
                if is_silent:
                    if point is not None and new.t - point.t > settings.gap_s:
                        gap = Gap(_way_mps(doubts, last, each, settings))
                    near = self._about(point or new, new, standings, is_gap=gap is not None)
                if near:
                    move = Move(unit, point, new, gap, earlier)
                    standings = self._stand(move, near, standings, events)
                if not new.is_raw:
                    point, earlier = new, point
        return State(judged, path, point, earlier, standings), events

    def _near(
        self, track: FenceTrack, standings: Standings, points: tuple[Point, ...]
    ) -> Collection[int]:
        """Return the areas to which straight moves from point to point may change how a unit
        stands: none where all edges are far.
        """
        around = track.around
        margin_m = self.settings.leave_beyond * max([each.accuracy_m for each in points[1:]])
        reach_m = around.away_m(points)
        if reach_m > (around.free_m - margin_m) * NEARLY and reach_m > SAME_PLACE_M:
            around = track.around = self.index.around(lon=points[-1].lon, lat=points[-1].lat)
            reach_m = around.away_m(points)
        if reach_m <= (around.free_m - margin_m) * NEARLY:
            for standing in standings.values():
                if not standing.inside or standing.out is not None:
                    break
            else:
                return ()
        within_m = WIDER * reach_m + margin_m
        if within_m > FAR_M:
            return self._about(points[0], points[-1], standings, is_gap=True)
        return {*standings, *[number for away_m, number in around.areas if away_m <= within_m]}

    def _about(
        self, before: Point, point: Point, standings: Standings, *, is_gap: bool
    ) -> Collection[int]:
        """Return the areas that any move from one point to another may have to do with."""
        within_m = self.settings.leave_beyond * point.accuracy_m
        if is_gap:
            within_m += DETOUR_M + DETOUR_SHARE * apart_m(before, point)
        near = self.index.near(
            lon=before.lon,
            lat=before.lat,
            east=(point.lon - before.lon + 180.0) % 360.0 - 180.0,
            north=point.lat - before.lat,
            within_m=within_m,
        )
        near.update(standings)
        return near

    def _stand(
        self, move: Move, near: Collection[int], standings: Standings, events: list[FenceEvent]
    ) -> Standings:
        """Return how a unit stands to areas after a move; events are added."""
        gap, before, point = move.gap, move.before, move.point
        if gap is not None and before is not None and not math.isinf(gap.speed_mps):
            gap = self._waters.gap(before, point, gap.speed_mps)
            straight = gap.river is None and point.t - before.t <= self.settings.line_s
            move = replace(move, gap=None if straight else gap)
        changed: dict[int, AreaStanding] | None = None
        for number in sorted(near):
            old = standings.get(number)
            new, passed = advance(
                old,
                move,
                number,
                self.index.areas[number],
                waters=self._waters,
                settings=self.settings,
            )
            events += passed
            if new is not old:
                changed = dict(standings) if changed is None else changed
                if new is None:
                    del changed[number]
                else:
                    changed[number] = new
        return standings if changed is None else changed or NOWHERE


def _gap_s(judged: OutlierBasis) -> float:
    """Return how far apart the last reports that are believed came."""
    some = judged.recent[: LEAST_LINE - 1]
    return (judged.last.t - some[-1].t) / len(some) if judged.last and some else math.inf


def _line_of(judged: OutlierBasis) -> tuple[FenceFix, ...]:
    """Return the last four that are believed, oldest first."""
    return () if judged.last is None else (*reversed(judged.recent[:3]), judged.last)


def _way_mps(
    judged: OutlierBasis, last: FenceFix | None, fix: FenceFix, settings: FenceSettings
) -> float:
    """Return how fast a unit went at most; infinite where nothing goes so fast."""
    if last is None:
        return math.inf
    noise = settings.noise_accuracies * (last.accuracy_m + fix.accuracy_m)
    least = max(0.0, apart_m(last, fix) - noise) / (fix.t - last.t)
    if least > settings.fastest_mps:
        return math.inf
    return max(least, plausible_mps(judged, fix, settings))


def _rank(fix: FenceFix) -> tuple[float, float, float, float]:
    """Return what decides between fixes of one time: the better, then any, but always the same."""
    speed = -1.0 if math.isnan(fix.speed_mps) else fix.speed_mps
    return fix.accuracy_m, fix.lon, fix.lat, speed


def _order(fix: FenceFix) -> tuple[float, tuple[float, float, float, float]]:
    return fix.t, _rank(fix)


def _outcome(added: list[FenceEvent], withdrawn: list[FenceEvent]) -> Outcome:
    if not withdrawn and len(added) < 2:
        return Outcome(added=tuple(added))
    more, less = Counter(added), Counter(withdrawn)
    return Outcome(
        added=tuple(sorted((more - less).elements(), key=_event_order)),
        withdrawn=tuple(sorted((less - more).elements(), key=_event_order)),
    )


def _event_order(event: FenceEvent) -> tuple[datetime, str, str, str]:
    return event.time, event.area, event.kind, event.unit
