"""Fences the plain way: all fixes of a unit in order, one unit and one area at a time.

What `FenceWatch` comes to by batches, short ways and what it remembers must be equal to this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gis.fences.area import Area
from gis.fences.events import FenceEvent
from gis.fences.fix import NO_STATE, Fix, Judged
from gis.fences.index import FenceSet
from gis.fences.moves import moves
from gis.fences.plausible import judge, verdict
from gis.fences.rulebook import RuleBook
from gis.fences.rules import Rule
from gis.fences.settings import FenceSettings
from gis.fences.standing import Inside, advance
from gis.position import Position


def plain(
    areas: Sequence[Area],
    rules: Sequence[Rule],
    fixes: Iterable[tuple[str, Position]],
    settings: FenceSettings,
) -> tuple[Counter[FenceEvent], dict[str, set[str]]]:
    """Return the events of fixes in any order, and for each area the units that are inside."""
    book = RuleBook(FenceSet(areas), rules)
    alone = [FenceSet([area]) for area in areas]
    events: Counter[FenceEvent] = Counter()
    inside: dict[str, set[str]] = {area.id: set() for area in areas}
    for unit, track in _tracks(fixes, settings).items():
        state = NO_STATE
        good = list(_believed(track, settings))
        _look(alone, good)
        for fix in good:
            state, told, _ = advance(state, fix, unit=unit, book=book, gap_s=settings.gap_s)
            events.update(told)
        for number, standing in state.items():
            if isinstance(standing, Inside) and standing.inside:
                inside[areas[number].id].add(unit)
    return events, inside


def _tracks(fixes: Iterable[tuple[str, Position]], settings: FenceSettings) -> dict[str, list[Fix]]:
    """Return fixes of each unit in order of time, one of each time."""
    tracks: dict[str, dict[float, Fix]] = {}
    for unit, position in fixes:
        assert position.time is not None
        accuracy_m = position.accuracy_m
        if accuracy_m is None:
            accuracy_m = settings.assumed_accuracy_m
        if accuracy_m > settings.useless_accuracy_m:
            continue
        error_m = settings.margin_accuracies * max(accuracy_m, settings.least_accuracy_m)
        t = position.time.timestamp()
        fix = Fix(t, position.lon, position.lat, error_m, position.speed_mps)
        track = tracks.setdefault(unit, {})
        if t not in track or fix.rank() < track[t].rank():
            track[t] = fix
    return {unit: [track[t] for t in sorted(track)] for unit, track in tracks.items()}


def _believed(track: Iterable[Fix], settings: FenceSettings) -> Iterable[Fix]:
    """Yield the good fixes, each knowing the one before it."""
    judged: Judged = (None, None, ())
    for fix in track:
        before, last, _ = judged
        judged, believed = judge(judged, fix, settings)
        for good in believed:
            good.good, good.before = True, last
            good.margin_m = good.error_m if last is None else max(good.error_m, last.error_m)
            if good is believed[0] and last is not None and len(believed) > 1:
                good.jump = verdict(before, last, good, settings) == "impossible"
            last = good
            yield good


def _look(alone: Sequence[FenceSet], fixes: Sequence[Fix]) -> None:
    """Work out how the moves that end with fixes stand to areas, asking each area about all."""
    for fix in fixes:
        fix.sights = ()
    for number, fences in enumerate(alone):
        for some, ask in ((fixes[:1], fences.first_sights), (fixes[1:], fences.sights)):
            begins = [fix.before or fix for fix in some]
            given = moves(
                lon0=[fix.lon for fix in begins],
                lat0=[fix.lat for fix in begins],
                margin0_m=[fix.margin_m for fix in begins],
                lon1=[fix.lon for fix in some],
                lat1=[fix.lat for fix in some],
                margin1_m=[fix.margin_m for fix in some],
            )
            for fix, sights in zip(some, ask(given), strict=True):
                fix.sights = (fix.sights or ()) + tuple(
                    replace(sight, area=number) for sight in sights
                )
