"""Geofences of sectors and meeting places: how units stand to them, by `gis.fences`.

Only areas that some rule waits for are watched; without one nothing is done. What it says does not
depend on the order in which fixes come; a visit that a late fix has undone is taken back.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

import structlog

from gis.errors.errors import GisError
from gis.fences.area import Area, around
from gis.fences.events import FenceEvent, Outcome
from gis.fences.geofences import Geofences
from gis.fences.settings import FenceSettings
from gis.position.position import Position
from patrol.alarms.rules.rendezvous_missed import is_meeting, meeting_area
from patrol.alarms.scene import UnitStanding, Visit, VisitHow
from patrol.documents.open_documents import OpenDocuments
from patrol.patrols.patrol import Patrol
from patrol.reception.plausible_fixes import WINDOW
from patrol.sectors.sector import KEPT_OUT_OF, Sector
from patrol.sectors.site_geography import Ground

KEPT_FOR: Final = timedelta(hours=25)
"""Visits are remembered so long: as late fixes may come, and an hour more."""

VISITS_KEPT: Final = 200
"""Comings and goings of one unit at one area that are remembered."""

TAKEN_BACK_KEPT: Final = 5000
"""Comings and goings that were told and taken back; of what was told again none is."""

REPLAYED: Final = 30
"""Newest fixes of each unit that are looked at anew when the areas change."""

SETTINGS: Final = FenceSettings(most_fixes=1000)
"""Some 80 kB for a boat that reports without end; at one fix in ten seconds, three hours."""

Fixes: TypeAlias = Iterable[tuple[str, Position]]

UNKNOWN: Final = UnitStanding()

log = structlog.get_logger(__name__)


class _Flip(NamedTuple):
    """A coming or going; ordered by its time."""

    time: datetime
    into: bool
    lon: float | None
    lat: float | None
    appeared: bool


HOW: Final[Mapping[str, VisitHow]] = {"passed": "passed", "may_have_passed": "maybe"}
"""How a visit is known that no fix was in, by the kind of the event that tells it."""


class VisitAlert(NamedTuple):
    """An alert that was raised about a visit.

    Attributes:
        rule: Which rule's alert it is.
        since: When that began.
        until: When it was over; None while it is not.
    """

    rule: str
    since: datetime
    until: datetime | None


class GeofenceTracker:
    """How units stand to areas.

    Args:
        ground: Makes areas of sectors.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._watch: Geofences | None = None
        self._watched_versions: dict[str, int] = {}
        self._flips: dict[tuple[str, str], list[_Flip]] = {}
        self._passed: dict[tuple[str, str, datetime, VisitHow], Visit] = {}
        #: Passages before this run began, of which nobody knows whether they are filed.
        self._unconfirmed: list[Visit] = []
        #: By unit and time: of which areas, and whether in or out, or how passed.
        self._retracted: dict[tuple[str, datetime], set[tuple[str, bool | VisitHow]]] = {}
        self._bad: set[tuple[str, int]] = set()
        self._failing: set[str] = set()

    def __bool__(self) -> bool:
        """Whether any area is watched."""
        return self._watch is not None

    def take_up(
        self, open_documents: OpenDocuments, past: Callable[[], Fixes], now: datetime
    ) -> bool:
        """Watch the areas that documents ask for now; return whether these are others than before.

        Args:
            open_documents: Sectors and patrols.
            past: Returns fixes by which units are known to begin with.
            now: The present, aware UTC.
        """
        watched = _watched_areas(open_documents)
        if watched == self._watched_versions:
            return False
        same = {id for id, version in watched.items() if self._watched_versions.get(id) == version}
        before, self._watch = self._watch, None
        self._watched_versions = watched
        for of in [of for of in self._flips if of[1] not in same]:
            del self._flips[of]
        areas = [
            area for area in (self._area(open_documents, id) for id in watched) if area is not None
        ]
        if not areas:
            return True
        self._watch = Geofences(areas, settings=SETTINGS, rivers=self._ground.rivers)
        again = past() if before is None else [*_newest_fixes(before), *past()]
        self._failing.clear()
        self._take(self._watch, list(again), now)
        return True

    def recompute(self, units: AbstractSet[str], past: Fixes, now: datetime) -> None:
        """Recompute the visits of units: some of their fixes may have been another unit's.

        Args:
            units: They.
            past: Their fixes, as they are known now, oldest first.
            now: The present, aware UTC.
        """
        watch = self._watch
        if watch is None:
            return
        removed = {of: self._flips.pop(of) for of in [of for of in self._flips if of[0] in units]}
        watch.forget(units)
        fixes = list(past)
        self._take(watch, fixes, now)
        first: dict[str, datetime | None] = {}
        for unit, position in fixes:
            first.setdefault(unit, position.time)
        for (unit, area), flips in removed.items():
            if self.stand(unit, area).inside:
                continue  # it came when it was said to, as far as that is known
            # Of what was before the first of its fixes that are known these say nothing.
            since, known = first.get(unit), self._flips.get((unit, area), ())
            for flip in flips:
                if flip not in known and (since is None or flip.time >= since):
                    self._take_back(unit, area, flip.time, flip.into)

    def see(self, fixes: Fixes, now: datetime) -> set[str]:
        """Take a batch of fixes; return the units for which something came of it."""
        watch = self._watch
        if watch is None:
            return set()
        given, apart = list(fixes), set[str]()
        if self._failing:  # whose fixes failed before fail by themselves
            odd = [fix for fix in given if fix[0] in self._failing]
            given = [fix for fix in given if fix[0] not in self._failing]
            apart = self._one_by_one(watch, odd, now)
        try:
            outcome = watch.see(given)
        except Exception:
            log.exception("fences cannot be looked at for all together")
            return apart | self._one_by_one(watch, given, now)
        if not outcome.added and not outcome.withdrawn:
            return apart
        return apart | self._note(outcome, now)

    def overdue(self, now: datetime) -> set[str]:
        """Process fixes that waited for reports which do not come; return the units concerned.

        To be called each second: who comes into an area in a turn and is silent then is told of.
        """
        if self._watch is None:
            return set()
        try:
            outcome = self._watch.overdue(now)
        except Exception:
            log.exception("what waits for late reports cannot be looked at for all together")
            return set()  # the others are looked at in a second
        return self._note(outcome, now) if outcome.added else set()

    def recover_visits(
        self,
        filed: Mapping[tuple[str, str], Sequence[VisitAlert]],
        open_documents: OpenDocuments,
        now: datetime,
    ) -> None:
        """Take visits that ended before this run began, and were not filed, for news.

        Args:
            filed: The visits that are filed, by unit and area.
            open_documents: The open documents; what was before a sector was drawn is nobody's
                business.
            now: The present, aware UTC.
        """
        for of, flips in self._flips.items():
            sector = open_documents.find(Sector, of[1])
            if sector is None:
                continue
            alerted = [each for each in filed.get(of, ()) if each.rule == "no_go"]
            since = max([sector.at, *(each.since for each in alerted)])
            for visit in _visits(*of, flips):
                if visit.until is None or visit.since <= since:
                    continue
                if any(_is_of(visit, each) for each in alerted) or self._may_be_wild(visit):
                    continue
                self._add_passed(visit._replace(reported_at=now))
        for visit in self._unconfirmed:
            sector = open_documents.find(Sector, visit.area)
            of = visit.unit, visit.area
            known = any(each.since == visit.since for each in filed.get(of, ()))
            if sector is not None and visit.since > sector.at and not known:
                self._add_passed(visit._replace(reported_at=now))
        self._unconfirmed = []

    def has_fix_of(self, unit: str) -> bool:
        """Return whether any fix of a unit was looked at."""
        return self._watch is not None and unit in self._watch.tracks

    def unheard(self, units: Iterable[str]) -> list[str]:
        """Return those units of which no fix was looked at yet; none while nothing is watched."""
        if self._watch is None:
            return []
        tracks = self._watch.tracks
        left_out = self._failing
        return [unit for unit in units if unit not in tracks and unit not in left_out]

    # -- what rules ask

    def stand(self, unit: str, area: str) -> UnitStanding:
        """Return how a unit stands to an area; unknown for an area that is not watched."""
        watch = self._watch
        if watch is None:
            return UNKNOWN
        number, track = watch.index.number.get(area), watch.tracks.get(unit)
        last_fix_at = None if track is None else track.newest_believed
        if number is None or track is None or last_fix_at is None:
            return UNKNOWN
        seen_at = datetime.fromtimestamp(last_fix_at, UTC)
        standing = track.state.standings.get(number)
        if standing is not None:
            if standing.inside is None:
                return UnitStanding(None, None, seen_at)
            return UnitStanding(True, datetime.fromtimestamp(standing.since, UTC), seen_at)
        flips = self._flips.get((unit, area), ())
        left = flips[-1].time if flips and not flips[-1].into else None
        return UnitStanding(False, left, seen_at)

    def within(self, unit: str) -> Iterable[str]:
        """Return the areas that a unit is surely in."""
        return () if self._watch is None else self._watch.within(unit)

    def visits(self, unit: str, area: str) -> Sequence[Visit]:
        """Return when a unit was in an area, as far back as is known, oldest first."""
        return list(_visits(unit, area, self._flips.get((unit, area), ())))

    def passed(self) -> Sequence[Visit]:
        """Return visits that were over when they became known, and are not yet filed."""
        return tuple(self._passed.values())

    def forget(self, visits: Iterable[Visit]) -> None:
        """Forget visits that are filed."""
        for visit in visits:
            self._passed.pop((visit.unit, visit.area, visit.since, visit.how), None)

    def took_back(self, unit: str, time: datetime) -> bool:
        """Return whether an entry or exit of that time was reported and has been retracted."""
        return (unit, time) in self._retracted

    # -- inside

    def _add_passed(self, visit: Visit) -> None:
        self._passed[visit.unit, visit.area, visit.since, visit.how] = visit

    def _take_back(self, unit: str, area: str, time: datetime, what: bool | VisitHow) -> None:
        """Note a retraction: an entry, an exit or a passage that late fixes disproved."""
        self._retracted.setdefault((unit, time), set()).add((area, what))
        while len(self._retracted) > TAKEN_BACK_KEPT:
            del self._retracted[next(iter(self._retracted))]

    def _report_again(self, unit: str, area: str, time: datetime, what: bool | VisitHow) -> None:
        """Note that an event that was retracted did happen."""
        taken_back = self._retracted.get((unit, time))
        if taken_back is not None:
            taken_back.discard((area, what))
            if not taken_back:
                del self._retracted[unit, time]

    def _take(self, watch: Geofences, fixes: Sequence[tuple[str, Position]], now: datetime) -> None:
        """Look at fixes by which units are known to begin with."""
        try:
            self._remember(watch.see(fixes), now)
        except Exception:
            log.exception("fences cannot be looked at for all together")
            self._one_by_one(watch, fixes, now)

    def _one_by_one(self, watch: Geofences, fixes: Fixes, now: datetime) -> set[str]:
        """Look at each unit by itself after that failed for all, and leave out whose fixes cannot
        be looked at: one must not keep the alarms of all others from ringing.

        Returns:
            The units: where they are now is known anew, without news of what was in between.
        """
        of: dict[str, list[tuple[str, Position]]] = {}
        for fix in fixes:
            of.setdefault(fix[0], []).append(fix)
        for unit, own in of.items():
            try:
                own = [*_newest_fixes_of(watch, unit), *own]
                watch.forget([unit])
                self._remember(watch.see(own), now)
                self._failing.discard(unit)
            except Exception:
                if unit not in self._failing:
                    self._failing.add(unit)
                    log.exception("a unit is left out of fences", unit=unit)
                watch.forget([unit])
        return set(of)

    def _remember(self, outcome: Outcome, now: datetime) -> None:
        """Replay fixes of before the restart: they set how units stand, and are no news."""
        for event in outcome.added:
            if event.kind in HOW:
                self._unconfirmed.append(_passage(event, now))
                continue
            flips = self._flips.setdefault((event.unit, event.area), [])
            flip = _flip(event)
            # That a boat was at a meeting counts for as long as its patrol is under way.
            old = event.time < now - KEPT_FOR and not is_meeting(event.area)
            if old or (flips and flip.time <= flips[-1].time):
                continue
            self._report_again(event.unit, event.area, flip.time, flip.into)
            if not (flips and flips[-1].into and flip.into):  # it was there before already
                flips.append(flip)

    def _note(self, outcome: Outcome, now: datetime) -> set[str]:
        units: set[str] = set()
        came: dict[tuple[str, str], list[FenceEvent]] = {}
        corrected: set[tuple[str, str]] = set()
        for event in outcome.withdrawn:
            of = event.unit, event.area
            units.add(event.unit)
            if event.kind in HOW:
                passage = _passage(event, now)
                self.forget([passage])
                self._take_back(*of, passage.since, passage.how)
                continue
            flips = self._flips.get(of, [])
            flip = _flip(event)
            if flip in flips:
                flips.remove(flip)
            self._take_back(*of, flip.time, flip.into)
            corrected.add(of)
        for event in outcome.added:
            of = event.unit, event.area
            units.add(event.unit)
            if event.kind in HOW:
                passage = _passage(event, now)
                self._report_again(*of, passage.since, passage.how)
                self._add_passed(passage)
                continue
            flip = _flip(event)
            self._report_again(*of, flip.time, flip.into)
            flips = self._flips.setdefault(of, [])
            insort(flips, flip, key=lambda each: (each.time, each.into))
            if len(flips) > VISITS_KEPT or flips[0].time < now - KEPT_FOR:
                self._flips[of] = _recent(flips[-VISITS_KEPT:], now - KEPT_FOR)
            if event.kind == "enter":
                came.setdefault(of, []).append(event)
        for visit in [each for each in self._passed.values() if each.how == "seen"]:
            known = self.visits(visit.unit, visit.area)
            if not any(each.since == visit.since and each.until for each in known):
                self.forget([visit])
        self._pass(came, corrected, now)
        return units

    def _pass(
        self,
        came: Mapping[tuple[str, str], list[FenceEvent]],
        corrected: set[tuple[str, str]],
        now: datetime,
    ) -> None:
        """Note the visits that began with these events and are over already."""
        for of, events in came.items():
            if of in corrected:
                continue  # one that is known has another time now
            times = {event.time for event in events}
            for visit in _visits(*of, self._flips.get(of, ())):
                if visit.since in times and visit.until is not None:
                    self._add_passed(visit._replace(reported_at=now))

    def _may_be_wild(self, visit: Visit) -> bool:
        """Return whether a visit begins with the first fixes that are known of a unit.

        Whether those are wild ones, which say nothing, the ones before them would tell.
        """
        track = None if self._watch is None else self._watch.tracks.get(visit.unit)
        fixes = [] if track is None else list(track.fixes())
        return len(fixes) >= WINDOW and visit.since.timestamp() <= fixes[1].t

    def _area(self, open_documents: OpenDocuments, id: str) -> Area | None:
        version = id, self._watched_versions.get(id, 0)
        try:
            sector = open_documents.find(Sector, id)
            if sector is not None:
                return self._ground.area(sector)
            patrol_id, _, number = id.partition("|")
            meeting = open_documents.get(Patrol, patrol_id).rendezvous[int(number)]
            return around(id, lon=meeting.lon, lat=meeting.lat, radius_m=meeting.radius_m)
        except GisError as error:
            if version not in self._bad:
                self._bad.add(version)
                log.warning("an area cannot be watched", area=id, fault=str(error))
            return None


def _watched_areas(open_documents: OpenDocuments) -> dict[str, int]:
    """Return the areas that matter now, with the version of the document that draws them."""
    watched: dict[str, int] = {}
    for sector in open_documents.all(Sector):
        if sector.use in KEPT_OUT_OF:
            watched[sector.id] = sector.version
    for patrol in open_documents.all(Patrol):
        if patrol.state != "under way":
            continue
        for id in (*patrol.sectors, *(area for leg in patrol.legs for area in leg.sectors)):
            found = open_documents.find(Sector, id)
            if found is not None:
                watched[id] = found.version
        for number in range(len(patrol.rendezvous)):
            watched[meeting_area(patrol, number)] = patrol.revision
    return watched


def _newest_fixes(watch: Geofences) -> Iterable[tuple[str, Position]]:
    """Return the newest fixes that a watch holds."""
    for unit in watch.tracks:
        yield from _newest_fixes_of(watch, unit)


def _newest_fixes_of(watch: Geofences, unit: str) -> Iterable[tuple[str, Position]]:
    """Return those of one unit."""
    track = watch.tracks.get(unit)
    return [
        (
            unit,
            Position(
                lon=fix.lon,
                lat=fix.lat,
                time=datetime.fromtimestamp(fix.t, UTC),
                accuracy_m=fix.accuracy_m,
                speed_mps=None if math.isnan(fix.speed_mps) else fix.speed_mps,
            ),
        )
        for fix in (() if track is None else track.fixes(-REPLAYED))
    ]


def _is_of(visit: Visit, alert: VisitAlert) -> bool:
    """Return whether an alert is about a visit though their times differ: the visit's beginning is
    too long ago, or late fixes corrected it.
    """
    if alert.until is None:
        return visit.appeared
    return alert.since <= visit.since < alert.until


def _flip(event: FenceEvent) -> _Flip:
    return _Flip(event.time, event.kind == "enter", event.lon, event.lat, event.appeared)


def _passage(event: FenceEvent, now: datetime) -> Visit:
    """Return a visit that no fix was in, from the fix before it to the one after it."""
    times = event.earliest, event.latest
    return Visit(event.unit, event.area, *times, event.lon, event.lat, now, how=HOW[event.kind])


def _recent(flips: Sequence[_Flip], since: datetime) -> list[_Flip]:
    """Return those since a time, and of the first visit also when it began."""
    first = bisect_left(flips, since, key=lambda each: each.time)
    if 0 < first < len(flips) and not flips[first].into:
        first -= 1
    return list(flips[first:])


def _visits(unit: str, area: str, flips: Sequence[_Flip]) -> Iterable[Visit]:
    came: _Flip | None = None
    for flip in flips:
        if flip.into:
            came = flip
        elif came is not None:
            times = came.time, flip.time
            yield Visit(unit, area, *times, came.lon, came.lat, flip.time, came.appeared)
            came = None
    if came is not None:
        yield Visit(unit, area, came.time, None, came.lon, came.lat, came.time, came.appeared)
