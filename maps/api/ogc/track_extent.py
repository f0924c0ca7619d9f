"""Extent of tracks: the box of all positions that can be true.

The store tells the box of all positions at once; which of them cannot be true shows only where a
day of a unit is cleaned, as its track is. So the days that hold an edge of the box are cleaned,
until every edge is one that stays.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from maps.api.ogc.collection_query import Box
from maps.api.ogc.documents import Extent, extent
from maps.surveys.track_reader import credible
from patrol.desks.desk import Desk
from patrol.desks.visibility.history import MOST_IN_EXTENT
from patrol.picture.address_spans import ALWAYS, NEVER
from patrol.units.wire import Fix

MOST_DAYS: Final = 24
"""Cleaned for one extent: some 2 s. If there are more with doubtful edges, the box is too large."""

_DAY: Final = timedelta(days=1)


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    # Positions of a unit in some time; `is_clean` when all can be true.
    unit: str
    start: datetime
    end: datetime
    count: int
    box: Box
    times: tuple[datetime, datetime]
    is_clean: bool = False


async def credible_day(desk: Desk, unit: str, day: date) -> list[Fix]:
    """Return where a unit was on a day (UTC), oldest first, without what cannot be true.

    Raises:
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """
    start = datetime.combine(day, time(), UTC)
    fixes: list[Fix] = []
    # All of it: a receiver that speaks every second fills several pages.
    async for page in desk.history.pages(unit, start=start, end=start + _DAY):
        fixes += page
    return await asyncio.to_thread(credible, fixes)


async def extent_of_tracks(desk: Desk) -> Extent:
    """Return the box and time of all tracks that the caller may see.

    Returns:
        Nothing where there are none, or more positions than are counted.

    Raises:
        Forbidden: If the role may not.
    """
    parts: list[_Part] = []
    for state in desk.history.tracked_units():
        found = await _parts(desk, state.id, ALWAYS, NEVER)
        if found is None or sum(each.count for each in (*parts, *found)) > MOST_IN_EXTENT:
            return extent()
        parts += found
    days = 0
    for side in range(4):
        while parts and days < MOST_DAYS:
            edge = (min if side < 2 else max)(parts, key=lambda part: part.box[side])
            if edge.is_clean:
                break
            days += 1
            parts.remove(edge)
            parts += await _cleaned(desk, edge, side)
    if not parts:
        return extent()
    west, south, east, north = zip(*(part.box for part in parts), strict=True)
    first, last = zip(*(part.times for part in parts), strict=True)
    return extent((min(west), min(south), max(east), max(north)), (min(first), max(last)))


async def _parts(desk: Desk, unit: str, start: datetime, end: datetime) -> list[_Part] | None:
    """Return the positions of a unit in a time as one part or none; None if they are too many."""
    found = await desk.history.extent([unit], start=start, end=end, plausible=True)
    if found is None:
        return None
    if not found.count:
        return []
    return [
        _Part(
            unit=unit,
            start=start,
            end=end,
            count=found.count,
            box=found.box,
            times=found.times,
        )
    ]


async def _cleaned(desk: Desk, part: _Part, side: int) -> list[_Part]:
    """Return a part in up to three: the day of its outermost position, cleaned, and the rest."""
    at = part.box[side]
    strip = (at, -90.0, at, 90.0) if side % 2 == 0 else (-180.0, at, 180.0, at)
    found = await desk.history.extent(
        [part.unit], start=part.start, end=part.end, box=strip, plausible=True
    )
    if found is None or not found.count:  # nobody knows which it is
        return [msgspec.structs.replace(part, is_clean=True)]
    start = datetime.combine(found.times[0].astimezone(UTC).date(), time(), UTC)
    fixes = await credible_day(desk, part.unit, start.date())
    about: list[_Part] = []
    for first, after in ((part.start, start), (start + _DAY, part.end)):
        if first < after:
            about += await _parts(desk, part.unit, first, after) or []
    if not fixes:
        return about
    lons, lats = [fix.lon for fix in fixes], [fix.lat for fix in fixes]
    day = _Part(
        unit=part.unit,
        start=start,
        end=start + _DAY,
        count=len(fixes),
        box=(min(lons), min(lats), max(lons), max(lats)),
        times=(fixes[0].time, fixes[-1].time),
        is_clean=True,
    )
    return [*about, day]
