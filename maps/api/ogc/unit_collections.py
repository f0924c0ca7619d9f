"""Unit collections: current units, their tracks by day and their single fixes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec
import shapely

from gis.files.export_content import ExportTrack
from gis.position.position import Position
from maps.api.ogc.collection_query import Box, CollectionQuery
from maps.api.ogc.documents import Extent, extent
from maps.api.ogc.filters import Kinds
from maps.api.ogc.source import FeaturePage, paged
from maps.api.ogc.track_extent import credible_day, extent_of_tracks
from maps.errors.errors import BadRequest
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.units.wire import Fix, UnitState

_encode: Final = msgspec.json.Encoder().encode
_MARK: Final = "~"  # between the parts of an id; a unit's own id has none
_LOOKED_AT: Final = 20_000  # positions that one request with a filter goes through
_READS: Final = 100
_TRACKS_LOOKED_AT: Final = 200
_OF_UNIT: Final[Kinds] = {
    "unit": "string",
    "call_sign": "string",
    "kind": "string",
    "country": "string",
}
_OF_FIX: Final[Kinds] = {
    "time": "date-time",
    "speed_mps": "number",
    "course_deg": "number",
    "heading_deg": "number",
    "accuracy_m": "number",
    "altitude_m": "number",
    "river_km": "number",
    "bank": "string",
    "flags": "string",
}


class Units:
    """Every registered unit where it was last."""

    title = "Units"
    description = (
        "The registered units of your agency at their last position, and of others as far as an"
        " agreement shares them with you, there no more exactly; without geometry before the"
        " first. Times are UTC; accuracy_m is what the device said of itself."
    )
    properties: Kinds = {
        **_OF_UNIT,
        "agency": "string",
        "liveness": "string",
        "distress": "boolean",
        **_OF_FIX,
    }

    async def extent(self, desk: Desk) -> Extent:
        """Return the box of all last positions, and the time of the oldest and the newest."""
        fixes = [each.last for each in desk.visible.units() if each.last is not None]
        if not fixes:
            return extent()
        lons, lats = [fix.lon for fix in fixes], [fix.lat for fix in fixes]
        times = [fix.time for fix in fixes]
        box = (min(lons), min(lats), max(lons), max(lats))
        return extent(box, (min(times), max(times)))

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return units by id."""
        found = sorted(desk.visible.units(), key=lambda each: each.id)
        found = [each for each in found if _matches(each.last, query)]
        return await paged([(each.id, _unit_feature(each)) for each in found], query)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one unit."""
        for each in desk.visible.units():
            if each.id == id:
                return _unit_feature(each)
        raise NotFound("unit", id)


class Fixes:
    """Every position of every unit."""

    title = "Positions"
    description = (
        "Every usable position of your agency's units, and of others as far as an agreement shares"
        " them with you, there no more exactly; oldest first within a unit. The flags say"
        " what is doubtful: `jump` marks a place that nothing could have reached."
    )
    properties: Kinds = {**_OF_UNIT, **_OF_FIX}

    async def extent(self, desk: Desk) -> Extent:
        """Return the box and time of all positions; nothing where there are very many."""
        found = await desk.history.extent([each.id for each in desk.history.tracked_units()])
        return extent(found.box, found.times) if found is not None and found.count else extent()

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return positions by unit and time; of a filter what so many hold as are looked at."""
        unit, after = _fix_cursor(query.cursor)
        features: list[bytes] = []
        states = [each for each in desk.history.tracked_units() if each.id >= unit]
        matched = None
        if query.cursor is None and not query.filters:
            ids = [each.id for each in states]
            found = await desk.history.extent(ids, start=query.start, end=query.end, box=query.box)
            matched = None if found is None else found.count
        # What a filter leaves out is looked at too: so much at once, and then the next page.
        looked_at = reads = 0
        for number, state in enumerate(states):
            mark = after if state.id == unit else None
            while True:
                page = await desk.history.fixes(
                    state.id,
                    start=query.start,
                    end=query.end,
                    limit=query.limit - len(features),
                    after=mark,
                    box=query.box,
                )
                pairs = zip(page.fixes, page.ids, strict=True)
                made = [_fix_feature(state, fix, gid) for fix, gid in pairs]
                features += await asyncio.to_thread(query.matching, made) if query.filters else made
                mark, looked_at, reads = page.last, looked_at + len(made), reads + 1
                is_full = len(features) >= query.limit
                is_full = is_full or looked_at >= _LOOKED_AT or reads >= _READS
                if mark is None or is_full:
                    break
            if mark is not None:
                time_us, gid = mark
                more: str | None = _MARK.join((state.id, str(time_us), gid.hex()))
                return FeaturePage(features=features, next=more, matched=matched)
            if is_full:
                # A next page is told of only where there is one: the other units may have no fix.
                more = await _first_with_fix(desk, states[number + 1 :], query)
                return FeaturePage(features=features, next=more, matched=matched)
        return FeaturePage(features=features, matched=matched)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one position."""
        unit, _, gid = id.partition(_MARK)
        try:
            fix = await desk.history.fix(unit, bytes.fromhex(gid))
        except ValueError:
            raise NotFound("position", id) from None
        state = next((each for each in desk.history.tracked_units() if each.id == unit), None)
        if state is None:
            raise NotFound("position", id)
        return _fix_feature(state, fix, bytes.fromhex(gid))


class Tracks:
    """The track of every unit on every day."""

    title = "Tracks by day"
    description = (
        "The track of each of your agency's units, and of others as far as an agreement shares them"
        " with you, on each day (UTC), broken where nothing was heard"
        " for half an hour; without geometry where it has one position. Positions that cannot be"
        " true are left out."
    )
    properties: Kinds = {
        **_OF_UNIT,
        "date": "date",
        "start": "date-time",
        "end": "date-time",
        "positions": "integer",
    }

    async def extent(self, desk: Desk) -> Extent:
        """Return the box and time of all tracks; nothing where there are very many positions."""
        return await extent_of_tracks(desk)

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return tracks by unit and day; of a filter what so many hold as are looked at."""
        pairs: list[tuple[UnitState, date]] = []
        for state in desk.history.tracked_units():
            pairs += [
                (state, day)
                for day in await desk.history.days(state.id, start=query.start, end=query.end)
            ]
        after = query.cursor or ""
        features: list[bytes] = []
        matched = None if query.box or query.filters else len(pairs)
        looked_at = 0
        last = ""
        for state, day in pairs:
            id = _MARK.join((state.id, day.isoformat()))
            if id <= after:
                continue
            if len(features) == query.limit or looked_at == _TRACKS_LOOKED_AT:
                return FeaturePage(features=features, next=last, matched=matched)
            fixes = await credible_day(desk, state.id, day)
            lines = _lines(state, fixes)
            last = id
            looked_at += query.filters != ()
            if query.box is None or _crosses(lines, query.box):
                features += query.matching([_track_feature(state, day, fixes, lines)])
        return FeaturePage(features=features, matched=matched)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return the track of one unit on one day."""
        unit, _, text = id.partition(_MARK)
        state = next((each for each in desk.history.tracked_units() if each.id == unit), None)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise NotFound("track", id) from None
        fixes = [] if state is None or day.year < 2 else await credible_day(desk, unit, day)
        if state is None or not fixes:
            raise NotFound("track", id)
        return _track_feature(state, day, fixes, _lines(state, fixes))


def _unit_feature(state: UnitState) -> bytes:
    about: dict[str, Any] = {**_about(state), "agency": state.agency, "liveness": state.liveness}
    if state.distress:
        about["distress"] = True
    if state.last is None:
        return _feature(state.id, about, None)
    return _feature(state.id, about | _properties(state.last), _point(state.last))


def _fix_feature(state: UnitState, fix: Fix, gid: bytes) -> bytes:
    id = _MARK.join((state.id, gid.hex()))
    return _feature(id, {**_about(state), **_properties(fix)}, _point(fix))


def _track_feature(
    state: UnitState, day: date, fixes: Sequence[Fix], lines: list[list[tuple[float, float]]]
) -> bytes:
    about = {
        **_about(state),
        "date": day,
        "start": fixes[0].time,
        "end": fixes[-1].time,
        "positions": len(fixes),
    }
    shape = {"type": "MultiLineString", "coordinates": lines} if lines else None
    return _feature(_MARK.join((state.id, day.isoformat())), about, shape)


def _feature(id: str, about: dict[str, Any], shape: dict[str, Any] | None) -> bytes:
    properties = {name: value for name, value in about.items() if value is not None}
    return _encode({"type": "Feature", "id": id, "geometry": shape, "properties": properties})


def _about(state: UnitState) -> dict[str, Any]:
    return {
        "unit": state.id,
        "call_sign": state.call_sign,
        "kind": state.kind,
        "country": state.country,
    }


def _properties(fix: Fix) -> dict[str, Any]:
    return {
        "time": fix.time,
        "speed_mps": fix.speed_mps,
        "course_deg": fix.course_deg,
        "heading_deg": fix.heading_deg,
        "accuracy_m": fix.accuracy_m,
        "altitude_m": fix.altitude_m,
        "river_km": fix.river_km,
        "bank": fix.bank,
        "flags": " ".join(fix.flags) or None,
    }


def _point(fix: Fix) -> dict[str, Any]:
    return {"type": "Point", "coordinates": (round(fix.lon, 7), round(fix.lat, 7))}


def _lines(state: UnitState, fixes: Sequence[Fix]) -> list[list[tuple[float, float]]]:
    positions = tuple(Position(lon=fix.lon, lat=fix.lat, time=fix.time) for fix in fixes)
    track = ExportTrack(id=state.id, name=state.call_sign, positions=positions)
    return [
        [(round(each.lon, 7), round(each.lat, 7)) for each in part]
        for part in track.parts()
        if len(part) > 1
    ]


def _matches(fix: Fix | None, query: CollectionQuery) -> bool:
    if fix is None:
        return query.box is None and not query.timed
    if not query.start <= fix.time < query.end:
        return False
    if query.box is None:
        return True
    west, south, east, north = query.box
    across = west <= fix.lon <= east if west <= east else fix.lon >= west or fix.lon <= east
    return across and south <= fix.lat <= north


def _crosses(lines: list[list[tuple[float, float]]], box: Box) -> bool:
    if not lines:
        return False
    shape = shapely.MultiLineString(lines)
    return any(shapely.box(*each).intersects(shape) for each in halves(box))


def halves(box: Box) -> list[Box]:
    """Return the box, or its two parts where it spans the antimeridian.

    >>> halves((170.0, 0.0, -170.0, 10.0))
    [(170.0, 0.0, 180.0, 10.0), (-180.0, 0.0, -170.0, 10.0)]
    """
    west, south, east, north = box
    if west <= east:
        return [box]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def _fix_cursor(cursor: str | None) -> tuple[str, tuple[int, bytes] | None]:
    """Return the unit to go on with, and after which of its positions."""
    if cursor is None:
        return "", None
    unit, mark, rest = cursor.partition(_MARK)
    if not mark:
        return unit, None
    time_us, _, gid = rest.partition(_MARK)
    try:
        return unit, (int(time_us), bytes.fromhex(gid))
    except ValueError:
        raise BadRequest("is none of this collection's", field="cursor") from None


async def _first_with_fix(
    desk: Desk, states: Sequence[UnitState], query: CollectionQuery
) -> str | None:
    """Return the id of the first unit that has a position among those asked for, if any."""
    for state in states:
        page = await desk.history.fixes(
            state.id, start=query.start, end=query.end, limit=1, box=query.box
        )
        if page.fixes:
            return state.id
    return None
