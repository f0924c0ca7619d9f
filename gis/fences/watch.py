"""All units against all areas and rules: fixes in, events added and withdrawn out.

The events told are those of all fixes in order of their times, however they came: late, shuffled,
twice. This holds for fixes that come within `late_s` of the newest of their unit; older ones are
refused and counted. Times must have been judged before: a fix dated into the future makes all
others late.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from gis.errors import PositionError
from gis.fences.company import Company
from gis.fences.events import FenceEvent, Outcome
from gis.fences.fix import FURTHEST_DEG_M, Fix
from gis.fences.index import FenceSet
from gis.fences.looking import look
from gis.fences.newest import FEW, Heard, Newest, turns
from gis.fences.rulebook import RuleBook
from gis.fences.rules import Rule
from gis.fences.settings import FenceSettings
from gis.fences.standing import Inside, Passage
from gis.fences.track import SLACK_M, FenceTrack
from gis.fences.void import Span, void_events, watches
from gis.position import Position, check_place


class FenceWatch:
    """Rules, and what all units have come to.

    >>> import shapely
    >>> from datetime import UTC, datetime, timedelta
    >>> from gis.fences.area import polygon
    >>> from gis.fences.rules import Enter
    >>> area = polygon("lima-2", shapely.box(100.0, 20.0, 100.01, 20.1))
    >>> watch = FenceWatch(FenceSet([area]), [Enter(id="in", area="lima-2")])
    >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> told = watch.see([
    ...     ("boat-1", Position(lon=99.99 + n * 0.005, lat=20.05, time=noon + timedelta(minutes=n)))
    ...     for n in (4, 0, 3, 1)
    ... ])
    >>> [(event.rule, event.time.isoformat(), event.bearing_deg) for event in told.added]
    [('in', '2026-06-10T12:02:00+00:00', 90.0)]
    """

    def __init__(
        self,
        fences: FenceSet,
        rules: Sequence[Rule],
        *,
        settings: FenceSettings | None = None,
        since: datetime | None = None,
    ) -> None:
        """Begin with no unit.

        Args:
            fences: The areas.
            rules: What to tell of.
            settings: How far fixes are believed, and for how long they are kept.
            since: From when on hours of a `Void` count; None means from the first `clock`.

        Raises:
            RuleError: If a rule speaks of an area that is not there, or of the wrong kind.
        """
        self.book = RuleBook(fences, rules)
        self.settings = settings or FenceSettings()
        self.tracks: dict[str, FenceTrack] = {}
        #: Fixes that told nothing: "late" (before what is held), "twice", "vague" (accuracy).
        self.refused: Counter[str] = Counter()
        self._since = None if since is None else since.timestamp()
        self._now = float("-inf")
        self._told_until = float("-inf")
        self._voids: dict[tuple[str, Span], list[FenceEvent]] = {}
        self._company = Company(self.book.meeting, self.tracks, self.settings)
        self._newest = Newest()
        #: Whether a fix that changes no standing brings nothing.
        self._brisk = not (self.book.lasting or self.book.meeting or self.book.voids)

    def see(self, fixes: Iterable[tuple[str, Position]]) -> Outcome:
        """Take fixes (unit, position with its time), in any order.

        Raises:
            PositionError: If one has no time or is no place; none of the batch is taken then.

        >>> FenceWatch(FenceSet([]), []).see([])
        Outcome(added=(), withdrawn=())
        """
        settings, book, tracks = self.settings, self.book, self.tracks
        added: list[FenceEvent] = []
        met: list[FenceTrack] = []
        full: list[FenceTrack] = []
        batch = list(fixes)
        heard = None
        if self._brisk and len(batch) >= FEW:
            heard = self._newest.hear(batch, settings)
        if heard is None:
            rest = self._read(batch)
        else:
            self.refused["vague"] += len(batch) - len(heard.units)
            rest = self._follow(heard, added, met, full)
        # Most fixes are the newest of their unit and plainly right, and each unit has one in a
        # batch: those go a short way. All others, and whoever has several, go the whole way.
        calm: dict[str, tuple[FenceTrack, Fix]] = {}
        touched: dict[str, FenceTrack] = {}
        silent = float("inf")
        brisk = self._brisk
        for unit, fix in rest:
            track = tracks.get(unit)
            if track is None:
                track = tracks[unit] = FenceTrack(unit)
            elif track.place >= 0:
                self._newest.hide(track)
            if brisk and track.go_on(fix, settings):
                continue
            if book.voids:
                silent = min(silent, track.known_until())
            if track.extend(fix, settings):
                if unit in calm:
                    touched[unit] = track
                else:
                    calm[unit] = track, fix
            elif track.put(fix, settings):
                touched[unit] = track
            else:
                late = fix.t <= track.horizon(settings)
                self.refused["late" if late else "twice"] += 1
        for unit in touched:
            calm.pop(unit, None)
        missing: list[tuple[Fix, FenceTrack | None]] = []
        for track, fix in calm.values():
            away = math.hypot(fix.lon - track.free_lon, fix.lat - track.free_lat) * FURTHEST_DEG_M
            reach_m = fix.margin_m if track.restless else SLACK_M
            fix.brief = not track.restless
            if away + reach_m < track.free_m:
                fix.sights = ()
            else:
                missing.append((fix, track))
        changed: list[tuple[FenceTrack, float]] = []
        for track in touched.values():
            more, since = track.believe(settings)
            changed.append((track, since))
            for fix in more:
                fix.brief = False
                missing.append((fix, track if fix is track.latest(1)[0] else None))
        if missing:
            look(missing, book.fences)
        withdrawn: list[FenceEvent] = []
        passages: list[Passage] = []
        for track, fix in calm.values():
            events = track.settle(fix, book, settings)
            if events:
                added += events
            if fix.passages:
                passages += fix.passages
        for track in touched.values():
            track.stand(book, settings, added, withdrawn, passages)
        if book.meeting:
            changed += [(track, fix.before.t) for track, fix in calm.values() if fix.before]
            self._company.look(changed, added, withdrawn)
        # Told hours change with who came and went, and with who was silent then and no longer is.
        if book.voids and (passages or silent + settings.gap_s < self._told_until):
            self._void(added, withdrawn)
        # Where all is looked at again and again, nothing is packed.
        for track in [*full, *met, *touched.values(), *(track for track, _ in calm.values())]:
            if track.crowded():
                track.tidy(settings, packing=brisk)
        for track in full:  # what was noted down may be packed already, and too much of it
            track.forget(settings)
        return _outcome(added, withdrawn)

    def clock(self, now: datetime) -> Outcome:
        """Say what time it is, so that empty hours are told when they are over.

        A fix that comes later than that may withdraw them again.

        >>> from datetime import UTC
        >>> FenceWatch(FenceSet([]), []).clock(datetime(2026, 6, 10, tzinfo=UTC)).added
        ()
        """
        self._now = max(self._now, now.timestamp())
        if self._since is None:
            self._since = self._now
        added: list[FenceEvent] = []
        withdrawn: list[FenceEvent] = []
        self._void(added, withdrawn)
        return _outcome(added, withdrawn)

    def forget(self, units: Iterable[str]) -> None:
        """Forget all fixes of units, as if they had never come; nothing that was told is withdrawn.

        >>> watch = FenceWatch(FenceSet([]), [])
        >>> _ = watch.see([("a", Position(lon=100.0, lat=20.0, time=datetime.now().astimezone()))])
        >>> watch.forget(["a", "b"])
        >>> watch.tracks
        {}
        """
        for unit in units:
            track = self.tracks.pop(unit, None)
            if track is None:
                continue
            if track.place >= 0:
                self._newest.hide(track)
            self._company.drop(unit)

    def inside(self, area: str) -> frozenset[str]:
        """Return the units that are believed to be in an area, by their newest fixes.

        Raises:
            KeyError: If there is no such area.

        >>> import shapely
        >>> from gis.fences.area import polygon
        >>> FenceWatch(FenceSet([polygon("a", shapely.box(0, 0, 1, 1))]), []).inside("a")
        frozenset()
        """
        number = self.book.fences.number[area]
        return frozenset(
            unit
            for unit, track in self.tracks.items()
            if isinstance(standing := track.state().get(number), Inside) and standing.inside
        )

    def _follow(
        self,
        heard: Heard,
        added: list[FenceEvent],
        met: list[FenceTrack],
        full: list[FenceTrack],
    ) -> list[tuple[str, Fix]]:
        """Take the fixes of a batch that go on as expected; return the others, in their order.

        Adds events, tracks that met an edge, and such that may have to let go of fixes.
        """
        newest, book, settings = self._newest, self.book, self.settings
        places = newest.places(heard.units)
        if len(places) and np.minimum.reduce(places) < 0:
            hidden = {heard.units[n] for n in np.flatnonzero(places < 0).tolist()}
            newest.show(self.tracks[unit] for unit in sorted(hidden & self.tracks.keys()))
            places = newest.places(heard.units)
        rest: list[int] = []
        for turn in turns(places, rest, FEW):
            if len(turn) == len(places):
                of, fixes, rows = places, heard.fixes, heard.rows
            else:
                of, fixes, rows = places[turn], heard.fixes[:, turn], heard.rows[turn]
            left, seen, filled = newest.follow(of, fixes, rows, book.fences, settings)
            if left.size:
                rest += turn[left].tolist()
            turned: list[FenceTrack] = []
            for track, sights in seen:
                fix = track.latest(1)[0]
                fix.sights = sights
                restless = track.restless
                added += track.settle(fix, book, settings)
                if track.restless != restless:
                    turned.append(track)
                met.append(track)
            if turned:
                newest.calm(turned)
            for track in filled:
                track.catch_up()
            full += filled
        return [(heard.units[n], heard.fix(n)) for n in sorted(rest)]

    def _read(self, fixes: Iterable[tuple[str, Position]]) -> list[tuple[str, Fix]]:
        settings = self.settings
        times, least = settings.margin_accuracies, settings.least_accuracy_m
        assumed, useless = settings.assumed_accuracy_m, settings.useless_accuracy_m
        made: list[tuple[str, Fix]] = []
        vague = 0
        for unit, position in fixes:
            lon, lat, when = position.lon, position.lat, position.time
            accuracy = position.accuracy_m
            if when is None:
                raise PositionError(f"position of {unit} has no time")
            if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
                check_place(lon=lon, lat=lat)
            if accuracy is None or accuracy != accuracy:
                accuracy = assumed
            elif accuracy < least:
                accuracy = least
            elif accuracy > useless:
                vague += 1
                continue
            speed_mps = position.speed_mps
            if speed_mps != speed_mps:
                speed_mps = None
            made.append((unit, Fix(when.timestamp(), lon, lat, times * accuracy, speed_mps)))
        self.refused["vague"] += vague
        return made

    def _void(self, added: list[FenceEvent], withdrawn: list[FenceEvent]) -> None:
        if self._since is None or math.isinf(self._now):
            return
        # What was told longer ago than late fixes may come stands.
        oldest = max(self._since, self._now - self.settings.late_s)
        fresh: dict[tuple[str, Span], list[FenceEvent]] = {}
        for number, rule in self.book.voids:
            present: list[Span] | None = None
            for span in watches(rule, since=oldest, until=self._now):
                if present is None:
                    present = self._present(number, rule.units)
                told = void_events(rule, span, present)
                fresh[rule.id, span] = told
                before = self._voids.get((rule.id, span), [])
                added += [event for event in told if event not in before]
                withdrawn += [event for event in before if event not in told]
                self._told_until = max(self._told_until, span[1])
        self._voids = fresh

    def _present(self, number: int, units: frozenset[str]) -> list[Span]:
        """Return the spans in which units were in an area, or may not have left it yet."""
        spans: list[Span] = []
        for unit in units:
            track = self.tracks.get(unit)
            if track is None:
                continue
            standing = track.base_state().get(number)
            came = standing.since if isinstance(standing, Inside) and standing.inside else None
            for fix in track.fixes:
                for area, into, t in fix.passages:
                    if area != number:
                        continue
                    if into:
                        came = t
                    elif came is not None:
                        spans.append((came, t))
                        came = None
            if came is not None:
                spans.append((came, track.known_until() + self.settings.gap_s))
        return spans


def _outcome(added: list[FenceEvent], withdrawn: list[FenceEvent]) -> Outcome:
    if not added and not withdrawn:
        return Outcome()
    if withdrawn:
        more, less = Counter(added), Counter(withdrawn)
        added, withdrawn = list((more - less).elements()), list((less - more).elements())
    return Outcome(
        added=tuple(sorted(added, key=_order)), withdrawn=tuple(sorted(withdrawn, key=_order))
    )


def _order(event: FenceEvent) -> tuple[datetime, str, tuple[str, ...]]:
    return event.time, event.rule, event.units
