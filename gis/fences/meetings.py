"""Two units close to each other: when they came together, and for how long.

The distance is looked at whenever either has a good fix, the other's place being on its straight
way between two fixes close in time. Which pairs to look at at all is kept in buckets of place and
time, so that boats far from each other cost nothing.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from gis.fences.events import FenceEvent
from gis.fences.fix import Fix, apart_m
from gis.fences.held import LOOKED_BACK
from gis.fences.rules import Meet
from gis.fences.settings import FenceSettings
from gis.fences.track import FenceTrack
from gis.geodesy import WGS84

Bucket: TypeAlias = tuple[int, int, int, int]

SLOT_S = 600.0
CELL_M = 12_000.0  # more than within_m and the way of the fastest boat over a gap together
EARTH_M = 6_371_009.0
CHECKPOINT = LOOKED_BACK  # looks at a pair between two places from which it can be looked at again
NEVER = float("-inf")


class Together(NamedTuple):
    """How a pair stands after a look: when, how far apart, since when together, whether told."""

    t: float
    apart_m: float
    since: float | None
    told: bool


class Pair:
    """Two units and one rule: what was seen of them so far."""

    def __init__(self, rule: Meet, first: FenceTrack, second: FenceTrack) -> None:
        """Begin with nothing seen; the tracks are in order of their units' ids."""
        self.rule = rule
        self.first, self.second = first, second
        self.events: dict[FenceEvent, float] = {}
        self._last = Together(NEVER, math.inf, None, False)
        self._kept = [self._last]  # in order of time; some looks, to go back to
        self._since_kept = 0
        self._settled = NEVER  # up to when all stands

    def look(
        self, since: float, settings: FenceSettings
    ) -> tuple[list[FenceEvent], list[FenceEvent]]:
        """Look again at all after `since`; return events added and withdrawn.

        >>> rule = Meet(id="meet", within_m=100.0, for_s=60.0)
        >>> Pair(rule, FenceTrack("a"), FenceTrack("b")).look(NEVER, FenceSettings())
        ([], [])
        """
        withdrawn: list[FenceEvent] = []
        if since < self._last.t:
            withdrawn = self._go_back(max(since, self._settled))
        added: list[FenceEvent] = []
        until = min(self.first.known_until(), self.second.known_until())
        for t, a, b in _places(self.first, self.second, self._last.t, until, settings):
            met = self._see(t, a, b)
            if met is not None and t > self._settled:  # else it was told before
                added.append(met)
                self.events[met] = t
            self._since_kept += 1
            if self._since_kept >= CHECKPOINT:
                self._kept.append(self._last)
                self._since_kept = 0
        return added, withdrawn

    def forget(self, horizon: float) -> None:
        """Let go of what no late fix can change: all that was seen up to `horizon`.

        >>> rule = Meet(id="meet", within_m=100.0, for_s=60.0)
        >>> Pair(rule, FenceTrack("a"), FenceTrack("b")).forget(0.0)
        """
        self._settled = horizon = max(self._settled, min(horizon, self._last.t))
        old = bisect_right(self._kept, horizon, key=_when) - 1
        if old > 0:
            del self._kept[:old]
        self.events = {event: at for event, at in self.events.items() if at > horizon}

    def _go_back(self, since: float) -> list[FenceEvent]:
        """Go back to how all stood at `since`, as far as that can be; return events withdrawn."""
        # Not to before the newest fix of either that is no longer held: a meeting of then could not
        # be seen again, and would be lost, or be told once more when they are seen next.
        whole = max(self.first.gone_until(), self.second.gone_until())
        at = max(
            bisect_right(self._kept, since, key=_when) - 1,
            bisect_left(self._kept, whole, key=_when),
        )
        if at == len(self._kept):
            return []  # what is kept is too old: the last look stands
        self._last = self._kept[at]
        del self._kept[at + 1 :]
        self._since_kept = 0
        withdrawn = [event for event, t in self.events.items() if t > self._last.t]
        for event in withdrawn:
            del self.events[event]
        return withdrawn

    def _see(self, t: float, a: Fix | None, b: Fix | None) -> FenceEvent | None:
        last, rule = self._last, self.rule
        seen_before = t if last.t == NEVER else last.t
        if a is None or b is None:
            # One was silent: what they did is not known.
            self._last = Together(t, math.inf, None, False)
            return None
        apart = apart_m(a, b)
        if last.since is None:
            if apart > rule.within_m:
                self._last = Together(t, apart, None, False)
                return None
            began = t
            if math.isfinite(last.apart_m):
                began -= (rule.within_m - apart) / (last.apart_m - apart) * (t - last.t)
            last = Together(t, apart, began, False)
        since = last.since
        assert since is not None
        if apart > rule.within_m + a.error_m + b.error_m:
            self._last = Together(t, apart, None, False)
            return None
        due = since + rule.for_s
        told = last.told or t >= due
        self._last = Together(t, apart, since, told)
        if told and not last.told:
            return _event(rule, (self.first.unit, self.second.unit), due, seen_before, a, b)
        return None


class Buckets:
    """Which units were in which part of the Earth in which ten minutes."""

    def __init__(self) -> None:
        """Begin empty."""
        self._units: dict[Bucket, set[str]] = {}

    def put(self, unit: str, fix: Fix) -> set[str]:
        """Note where a unit was; return others that were near then, if that is news.

        >>> buckets = Buckets()
        >>> buckets.put("a", Fix(0.0, 180.0, 10.0, 9.0, None))
        set()
        >>> buckets.put("b", Fix(300.0, -179.99, 10.0, 9.0, None))
        {'a'}
        """
        slot = int(fix.t // SLOT_S)
        lon, lat = math.radians(fix.lon), math.radians(fix.lat)
        scale = EARTH_M / CELL_M
        x = math.floor(math.cos(lat) * math.cos(lon) * scale)
        y = math.floor(math.cos(lat) * math.sin(lon) * scale)
        z = math.floor(math.sin(lat) * scale)
        here = self._units.setdefault((slot, x, y, z), set())
        if unit in here:
            return set()
        here.add(unit)
        near: set[str] = set()
        for s in (slot - 1, slot, slot + 1):
            for i in (x - 1, x, x + 1):
                for j in (y - 1, y, y + 1):
                    for k in (z - 1, z, z + 1):
                        found = self._units.get((s, i, j, k))
                        if found is not None:
                            near |= found
        near.discard(unit)
        return near

    def drop(self, unit: str) -> None:
        """Let go of a unit.

        >>> buckets = Buckets()
        >>> _ = buckets.put("a", Fix(0.0, 100.0, 20.0, 9.0, None))
        >>> buckets.drop("a")
        >>> buckets.put("b", Fix(0.0, 100.0, 20.0, 9.0, None))
        set()
        """
        for here in self._units.values():
            here.discard(unit)

    def forget(self, horizon: float) -> None:
        """Let go of what no late fix can come near to.

        >>> buckets = Buckets()
        >>> _ = buckets.put("a", Fix(0.0, 100.0, 20.0, 9.0, None))
        >>> buckets.forget(86_400.0)
        >>> buckets.put("b", Fix(0.0, 100.0, 20.0, 9.0, None))
        set()
        """
        oldest = int(horizon // SLOT_S) - 1
        for bucket in [each for each in self._units if each[0] < oldest]:
            del self._units[bucket]


def _when(look: Together) -> float:
    return look.t


def _places(
    first: FenceTrack, second: FenceTrack, since: float, until: float, settings: FenceSettings
) -> list[tuple[float, Fix | None, Fix | None]]:
    """Return both units' places at every good fix of either, after `since`, up to `until`."""
    found: dict[float, tuple[Fix | None, Fix | None]] = {}
    for track, other in ((first, second), (second, first)):
        at = bisect_right(track.times, since)
        for fix in track.fixes[at : bisect_right(track.times, until)]:
            if fix.good:
                there = _place(other, fix.t, settings)
                found[fix.t] = (fix, there) if track is first else (there, fix)
    return [(t, *found[t]) for t in sorted(found)]


def _place(track: FenceTrack, t: float, settings: FenceSettings) -> Fix | None:
    """Return where a unit was; None in a silence, or before the first fix that is held."""
    at = bisect_left(track.times, t)
    fixes = track.fixes
    while at < len(fixes) and not fixes[at].good:
        at += 1
    if at == len(fixes):
        return None
    end = fixes[at]
    begin = end.before
    if end.t == t:
        return end
    if begin is None or t < begin.t or end.jump or end.t - begin.t > settings.gap_s:
        return None
    share = (t - begin.t) / (end.t - begin.t)
    bearing, _, way = WGS84.inv(begin.lon, begin.lat, end.lon, end.lat)
    lon, lat, _ = WGS84.fwd(begin.lon, begin.lat, bearing, way * share)
    return Fix(t, lon, lat, max(begin.error_m, end.error_m), None)


def _event(
    rule: Meet, units: tuple[str, str], due: float, before: float, a: Fix, b: Fix
) -> FenceEvent:
    bearing, _, way = WGS84.inv(a.lon, a.lat, b.lon, b.lat)
    lon, lat, _ = WGS84.fwd(a.lon, a.lat, bearing, way / 2.0)
    when = datetime.fromtimestamp(due, UTC)
    return FenceEvent(
        rule=rule.id,
        kind="meet",
        units=units,
        time=when,
        earliest=min(when, datetime.fromtimestamp(before, UTC)),
        latest=datetime.fromtimestamp(a.t, UTC),
        lon=round(float(lon), 7),
        lat=round(float(lat), 7),
    )
