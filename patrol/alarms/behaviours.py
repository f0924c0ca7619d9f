"""Behaviours: follows boats where a sector has limits: who loiters, meets, stays too long, speeds.

Nothing is done while no sector has any. A boat is followed from its first fix in the box round the
sector on; what it does is folded from its fixes (`gis.behaviour`), by their times: a late one goes
to its place among the newest, and the fold runs again from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

import shapely
import structlog

from gis.behaviour.loitering import LoiteringStay, stay
from gis.behaviour.meeting import SLOW_MPS, Meeting, meeting
from gis.behaviour.presence import Presence, presence
from gis.behaviour.speeding import Speeding, speeding
from gis.errors.errors import GisError
from gis.geometry.geodesy import distance_m
from gis.geometry.prepared_geometry import prepare_for_points
from gis.position.position import Position
from patrol.alarms.scene import Episode
from patrol.documents.open_documents import OpenDocuments
from patrol.picture.contact import Contact
from patrol.sectors.sector import Sector, SectorLimits
from patrol.sectors.site_geography import Ground

NEWEST: Final = 32
"""Fixes of a boat that are kept, among which a late one finds its place."""

FORGOTTEN_AFTER: Final = timedelta(hours=6)
"""Of a boat that was not heard for so long nobody knows what it does."""

LEAST_GAP_S: Final = 600.0
MOST_GAP_S: Final = 1800.0
"""A silence longer than half of a limit ends what a boat did, but none shorter than the one, and
any longer than the other."""

MOST_WAITING: Final = 500
"""Episodes that were over when they became known, and wait to be filed."""

STATIONS: Final = ("ais:00", "ais:99")
"""How the addresses of coast stations and buoys begin (ITU-R M.585): they are where they belong."""

_CELL_DEG: Final = 0.01  # more than two boats that are together can be apart
_NEAR_DEG: Final = 0.005  # round a sector: a boat is followed a little before it comes in


log = structlog.get_logger(__name__)


class _State(NamedTuple):
    """What one boat does."""

    stay: LoiteringStay | None = None
    presence: Presence | None = None
    speeding: Speeding | None = None


class _Boat:
    """State of one boat in one sector: its newest fixes, and the limits it exceeded or exceeds."""

    __slots__ = ("base", "cell", "first", "fixes", "partners", "reported_since", "slow", "state")

    def __init__(self, first: datetime) -> None:
        self.base = self.state = _State()
        #: Since when it is followed: what began then may have begun before.
        self.first = first
        self.fixes: list[Position] = []
        self.cell: tuple[int, int] | None = None
        self.partners: set[str] = set()
        self.slow = False
        #: Beginnings of what was told of it, by rule.
        self.reported_since: dict[str, datetime] = {}


class _Pair(NamedTuple):
    """Two boats that are together; `were_apart`: they were seen apart before."""

    meeting: Meeting
    were_apart: bool


class Behaviours:
    """What boats do in sectors that have limits.

    Args:
        ground: Makes areas of sectors.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._watched: dict[tuple[str, int], _Watched] = {}
        self._ended_episodes: list[Episode] = []
        self._bad: set[tuple[str, int]] = set()
        self._swept_at: datetime | None = None

    def __bool__(self) -> bool:
        """Whether any sector has limits."""
        return bool(self._watched)

    def take_up(
        self,
        open_documents: OpenDocuments,
        past: Iterable[tuple[str, Position]],
        contacts: Mapping[str, Contact],
    ) -> None:
        """Follow boats where documents ask for it now; a limit counts from about when it was set.

        Args:
            open_documents: Holds the sectors.
            past: Fixes by which boats in new sectors are known to begin with.
            contacts: Who they are.
        """
        needed = {
            (each.id, each.version): each for each in open_documents.all(Sector) if each.limits
        }
        if needed.keys() == self._watched.keys() | self._bad:
            return
        before = {each.sector.id: each for each in self._watched.values()}
        self._watched = {of: each for of, each in self._watched.items() if of in needed}
        self._bad &= needed.keys()
        fixes: list[tuple[str, Position]] | None = None
        for of, sector in needed.items():
            if of in self._watched or of in self._bad:
                continue
            same = before.get(sector.id)
            if same is not None and _is_same(same.sector, sector):
                same.sector = sector  # only its name, note or use is another
                self._watched[of] = same
                continue
            try:
                watched = _Watched(sector, self._ground)
            except GisError as error:
                self._bad.add(of)
                log.warning("an area cannot be watched", area=sector.id, fault=str(error))
                continue
            self._watched[of] = watched
            if fixes is None:
                fixes = list(past)
            for id, fix in fixes:
                watched.take(id, fix, contacts)

    def see(self, fixes: Iterable[tuple[str, Position]], contacts: Mapping[str, Contact]) -> None:
        """Process a batch of fixes of units and of unregistered radios."""
        for id, fix in fixes:
            for watched in self._watched.values():
                over = watched.take(id, fix, contacts)
                if over and len(self._ended_episodes) < MOST_WAITING:
                    self._ended_episodes += over

    def episodes(self, contacts: Mapping[str, Contact], now: datetime) -> tuple[Episode, ...]:
        """Return what boats do now, and what was over when it became known and is not yet filed."""
        if self._swept_at is None or abs(now - self._swept_at) > timedelta(minutes=1):
            self._swept_at = now
            for watched in self._watched.values():
                watched.sweep(contacts, now - FORGOTTEN_AFTER)
        found = [each for watched in self._watched.values() for each in watched.episodes()]
        return (*found, *self._ended_episodes)

    def forget_ended(self) -> None:
        """Forget ended episodes that are filed."""
        self._ended_episodes.clear()


class _Watched:
    """One sector, and the boats in and near it."""

    def __init__(self, sector: Sector, ground: Ground) -> None:
        assert sector.limits is not None
        self.sector, self.limits = sector, sector.limits
        area = ground.area(sector)
        self._shape, self._plane = area.shape, area.plane
        self._edge = shapely.boundary(area.shape)
        prepare_for_points(self._edge)
        west, south, east, north = area.geometry.bounds
        self._box = west - _NEAR_DEG, south - _NEAR_DEG, east + _NEAR_DEG, north + _NEAR_DEG
        self._boats: dict[str, _Boat] = {}
        self._cells: dict[tuple[int, int], set[str]] = {}
        self._pairs: dict[tuple[str, str], _Pair] = {}

    def take(self, id: str, fix: Position, contacts: Mapping[str, Contact]) -> list[Episode]:
        """Take a fix; return what it shows to be over that was never told."""
        boat = self._boats.get(id)
        if boat is None:
            west, south, east, north = self._box
            if not (west <= fix.lon <= east and south <= fix.lat <= north):
                return []
            if not self._follows(contacts.get(id)):
                return []
            boat = self._boats[id] = _Boat(_time(fix))
        over: list[Episode] = []
        fixes = boat.fixes
        if not fixes or _time(fix) > _time(fixes[-1]):
            before = boat.state
            fixes.append(fix)
            boat.state = self._step(before, fix)
            over += self._ended(id, boat, before, boat.state)
            if self.limits.meeting_s is not None:
                self._move(id, boat)
        elif len(fixes) == NEWEST and _time(fix) < _time(fixes[0]):
            return []
        else:
            at = next((n for n, each in enumerate(fixes) if _time(each) >= _time(fix)), 0)
            if fixes[at] == fix:
                return []
            fixes.insert(at, fix)
            state = boat.base
            for each in fixes:
                before, state = state, self._step(state, each)
                over += self._ended(id, boat, before, state)
            boat.state = state
        if len(fixes) > NEWEST:
            boat.base = self._step(boat.base, fixes.pop(0))
        return over

    def episodes(self) -> Iterator[Episode]:
        """Yield what boats do now."""
        for id, boat in self._boats.items():
            for episode in self._episodes_of(id, boat.state, boat.first):
                if episode.sure:
                    boat.reported_since[episode.rule] = episode.since
                yield episode
        yield from self._meetings()

    def sweep(self, contacts: Mapping[str, Contact], since: datetime) -> None:
        """Forget boats that are not known any more, or were silent since `since`."""
        for id in [
            id
            for id, boat in self._boats.items()
            if _time(boat.fixes[-1]) < since or not self._follows(contacts.get(id))
        ]:
            boat = self._boats.pop(id)
            self._put(id, boat, None)
            for other in tuple(boat.partners):
                self._part(id, other)

    # -- one boat

    def _follows(self, contact: Contact | None) -> bool:
        """Return whether a sector's limits apply to this sender."""
        if contact is None or contact.agency != self.sector.agency:
            return False
        if is_stationary(contact):
            return False
        return self.limits.meeting_s is not None or is_of(self.limits, contact)

    def _step(self, state: _State, fix: Position) -> _State:
        limits = self.limits
        loitering, there, fast = state
        if limits.loitering_s is not None:
            loitering = stay(
                loitering, fix, within_m=limits.loitering_within_m, gap_s=gap_s(limits.loitering_s)
            )
        if limits.stay_s is None and limits.speed_mps is None:
            return _State(loitering)
        x, y = self._metres(lon=fix.lon, lat=fix.lat)
        inside = bool(shapely.contains_xy(self._shape, x, y))
        if limits.stay_s is not None:
            if there is not None and there.seen_at is not None:
                silent_s = (_time(fix) - there.seen_at).total_seconds()
                there = None if silent_s > gap_s(limits.stay_s) else there
            point = shapely.Point(x, y)
            near = bool(shapely.dwithin(self._edge, point, fix.accuracy_m or 0.0))
            there = presence(there, fix, inside=inside, near_edge=near)
        if limits.speed_mps is not None:
            fast = speeding(fast, fix, limit_mps=limits.speed_mps, inside=inside, gap_s=LEAST_GAP_S)
        return _State(loitering, there, fast)

    def _episodes_of(self, id: str, state: _State, first: datetime) -> Iterator[Episode]:
        """Yield what a boat does; what may have begun before `first` as not sure."""
        limits, episode = self.limits, partial(Episode, units=(id,), sector=self.sector.id)
        loitering, there, fast = state
        if loitering is not None and limits.loitering_s is not None:
            sure = _lasts(loitering.since, loitering.seen_at, limits.loitering_s)
            if (sure or loitering.since <= first) and self._holds(
                lon=loitering.lon, lat=loitering.lat
            ):
                facts = {
                    "within_m": round(limits.loitering_within_m),
                    "minutes": round(limits.loitering_s / 60.0),
                }
                yield episode(
                    rule="loitering",
                    since=loitering.since,
                    seen_at=loitering.seen_at,
                    lon=loitering.lon,
                    lat=loitering.lat,
                    facts=facts,
                    sure=sure,
                )
        if there is not None and limits.stay_s is not None and there.evidence > 0.0:
            begin, seen_at = there.since, there.seen_at
            if begin is not None and seen_at is not None:
                sure = there.inside and _lasts(begin, seen_at, limits.stay_s)
                if sure or begin <= first:
                    yield episode(
                        rule="long_stay",
                        since=begin,
                        seen_at=seen_at,
                        lon=there.lon,
                        lat=there.lat,
                        facts={"minutes": round(limits.stay_s / 60.0)},
                        sure=sure,
                    )
        if fast is not None and fast.since is not None and fast.seen_at is not None:
            assert limits.speed_mps is not None
            if fast.is_sure or fast.since <= first:
                newest = fast.fixes[-1]
                facts = {
                    "speed_kmh": round(fast.least_mps * 3.6),
                    "limit_kmh": round(limits.speed_mps * 3.6),
                }
                yield episode(
                    rule="speeding",
                    since=fast.since,
                    seen_at=fast.seen_at,
                    lon=newest.lon,
                    lat=newest.lat,
                    facts=facts,
                    sure=fast.is_sure,
                )

    def _ended(self, id: str, boat: _Boat, before: _State, after: _State) -> list[Episode]:
        """Return the episodes that ended without having been reported."""
        was = [each for each in self._episodes_of(id, before, boat.first) if each.sure]
        if not was:
            return []
        goes_on = {each.rule: each for each in self._episodes_of(id, after, boat.first)}
        found: list[Episode] = []
        for each in was:
            now, reported = goes_on.get(each.rule), boat.reported_since.get(each.rule)
            if now is not None and now.since <= each.seen_at:
                continue
            if reported is None or reported < each.since:
                boat.reported_since[each.rule] = each.since
                found.append(each._replace(over=each.seen_at))
        return found

    # -- two boats

    def _move(self, id: str, boat: _Boat) -> None:
        """Update which boats are together after a boat's newest fix."""
        fix = boat.fixes[-1]
        boat.slow = _is_slow(boat.fixes)
        cell = (int(fix.lon // _CELL_DEG), int(fix.lat // _CELL_DEG)) if boat.slow else None
        self._put(id, boat, cell)
        others = set(boat.partners)
        if cell is not None:
            for east in (-1, 0, 1):
                for north in (-1, 0, 1):
                    others |= self._cells.get((cell[0] + east, cell[1] + north), set())
        others.discard(id)
        for other in others:
            self._meet(id, boat, other, self._boats[other])

    def _meet(self, id: str, boat: _Boat, other: str, beside: _Boat) -> None:
        limits, key = self.limits, (min(id, other), max(id, other))
        fix, there = boat.fixes[-1], beside.fixes[-1]
        assert limits.meeting_s is not None
        age_s = abs((_time(fix) - _time(there)).total_seconds())
        silent_s = gap_s(limits.meeting_s)
        known = self._pairs.get(key)
        now: Meeting | None = None
        if age_s <= silent_s:
            apart_m = _apart_m(fix, there)
            wrong_m = (fix.accuracy_m or 0.0) + (there.accuracy_m or 0.0)
            now = meeting(
                None if known is None else known.meeting,
                max(_time(fix), _time(there)),
                apart_m=apart_m,
                wrong_m=wrong_m + age_s * (there.speed_mps or 0.0),
                slow=boat.slow and beside.slow,
                within_m=limits.meeting_within_m,
                gap_s=silent_s,
            )
        if now is None:
            if known is not None:
                self._part(id, other)
            return
        if known is None or known.meeting.since != now.since:
            far_m = 2.0 * limits.meeting_within_m + wrong_m
            elsewhere = sum(_apart_m(each, there) > far_m for each in boat.fixes)
            elsewhere += sum(_apart_m(each, fix) > far_m for each in beside.fixes)
            # Three: a wild fix or two have not been elsewhere.
            known = _Pair(now, were_apart=elsewhere >= 3)
        self._pairs[key] = known._replace(meeting=now)
        boat.partners.add(other)
        beside.partners.add(id)

    def _meetings(self) -> Iterator[Episode]:
        """Yield one episode for all that lie together, by the pair that met first."""
        limits = self.limits
        if limits.meeting_s is None:
            return
        together: dict[str, set[str]] = {}
        meetings: list[tuple[datetime, tuple[str, str], Meeting]] = []
        for key, pair in self._pairs.items():
            met = pair.meeting
            if met.mean_m > limits.meeting_within_m:
                continue
            if pair.were_apart and _lasts(met.since, met.seen_at, limits.meeting_s):
                meetings.append((met.since, key, met))
                for each in key:
                    together.setdefault(each, set()).update(key)
            elif not pair.were_apart or self._began_with(key, met):
                yield self._met(key, key, met, sure=False)
        grouped: set[str] = set()
        for _, key, met in sorted(meetings):
            if grouped.isdisjoint(key):
                group, new = set[str](), set(key)
                while new:
                    group |= new
                    new = set().union(*(together.get(each, set()) for each in new)) - group
                grouped |= group
                others = sorted(group - set(key))
                yield self._met(key, (*key, *others), met, sure=True)

    def _began_with(self, key: tuple[str, str], met: Meeting) -> bool:
        return any(met.since <= self._boats[id].first for id in key)

    def _met(
        self, key: tuple[str, str], all_: tuple[str, ...], met: Meeting, *, sure: bool
    ) -> Episode:
        limits = self.limits
        here, there = (self._boats[id].fixes[-1] for id in key)
        assert limits.meeting_s is not None
        return Episode(
            rule="boats_meeting",
            units=all_,
            sector=self.sector.id,
            since=met.since,
            seen_at=met.seen_at,
            lon=(here.lon + there.lon) / 2.0,
            lat=(here.lat + there.lat) / 2.0,
            facts={
                "within_m": round(limits.meeting_within_m),
                "minutes": round(limits.meeting_s / 60.0),
            },
            sure=sure and self._holds(lon=here.lon, lat=here.lat),
        )

    def _part(self, id: str, other: str) -> None:
        self._pairs.pop((min(id, other), max(id, other)), None)
        for one, two in ((id, other), (other, id)):
            boat = self._boats.get(one)
            if boat is not None:
                boat.partners.discard(two)

    def _put(self, id: str, boat: _Boat, cell: tuple[int, int] | None) -> None:
        if boat.cell == cell:
            return
        if boat.cell is not None:
            self._cells[boat.cell].discard(id)
            if not self._cells[boat.cell]:
                del self._cells[boat.cell]
        if cell is not None:
            self._cells.setdefault(cell, set()).add(id)
        boat.cell = cell

    # -- places

    def _metres(self, *, lon: float, lat: float) -> tuple[float, float]:
        x, y = self._plane.metres(lon=lon, lat=lat)
        return float(x), float(y)

    def _holds(self, *, lon: float, lat: float) -> bool:
        return bool(shapely.contains_xy(self._shape, *self._metres(lon=lon, lat=lat)))


def is_of(limits: SectorLimits, contact: Contact) -> bool:
    """Return whether limits are of a boat; a user who reports here is one of the agency's."""
    if limits.applies_to == "all":
        return True
    is_unit = contact.unit is not None or contact.person
    return is_unit == (limits.applies_to == "units")


def is_stationary(contact: Contact) -> bool:
    """Return whether a sender is a post, a coast station or a buoy, and no boat."""
    if contact.unit is not None:
        return contact.unit.kind == "fixed"
    return contact.id.startswith(STATIONS)


def _is_same(one: Sector, other: Sector) -> bool:
    """Return whether two versions of a sector set the same limits in the same place."""
    names = "limits", "polygon", "river", "km_from", "km_to", "width_m"
    return all(getattr(one, name) == getattr(other, name) for name in names)


def gap_s(limit_s: float) -> float:
    """Return the longest silence that does not interrupt an episode, seconds."""
    return min(max(limit_s / 2.0, LEAST_GAP_S), MOST_GAP_S)


def _lasts(since: datetime, until: datetime, limit_s: float) -> bool:
    return (until - since).total_seconds() >= limit_s


def _time(fix: Position) -> datetime:
    assert fix.time is not None
    return fix.time


def _apart_m(one: Position, other: Position) -> float:
    return distance_m(lon1=one.lon, lat1=one.lat, lon2=other.lon, lat2=other.lat)


def _is_slow(fixes: list[Position]) -> bool:
    """Return whether a boat is slow, by its reported speed, else by the distance from the last
    fix.
    """
    newest = fixes[-1]
    if newest.speed_mps is not None:
        return newest.speed_mps <= SLOW_MPS
    if len(fixes) < 2:
        return True
    passed_s = (_time(newest) - _time(fixes[-2])).total_seconds()
    wrong_m = (newest.accuracy_m or 0.0) + (fixes[-2].accuracy_m or 0.0)
    return _apart_m(newest, fixes[-2]) - wrong_m <= SLOW_MPS * passed_s
