"""Heat: where units were over some time and where nobody was, by part of the river and sector.

The tracks are read once and looked at for all of it. Every track and sector comes through the
caller's Desk, so nobody learns of one that they may not see.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
import shapely

from gis.tracks.coverage import Coverage, area_coverage
from gis.tracks.river_bins import RiverBin, river_bins
from maps.surveys.coverage_and_effort import Survey, cells_of, line_error_of
from maps.surveys.query_windows import parts_since, passed
from maps.surveys.track_reader import Outing, read_tracks
from patrol.desks.desk import Desk
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import Sector

MOST_CELLS: Final = 4000
"""Of all sectors together: what a map can draw, and an answer of some 1.5 MB."""


class SectorHeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a sector was seen.

    Attributes:
        sector: Its id.
        name: What people call it.
        agency: Its owner's id.
        seen: In square kilometres.
        visits: How often a unit came to the place of it that was visited most.
        cells: GeoJSON of its cells: `last`, `seen_s`, `visits`, `area_km2`.
    """

    sector: str
    name: str
    agency: str
    seen: Coverage
    visits: int = 0
    cells: dict[str, Any] | None = None


class HeatReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where units were over some time, and where nobody was.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC; now, if what was asked for is not over.
        radius_m: How far a unit was taken to see, metres.
        units: Call signs of those that have a position in that time, by id.
        river: Of the river, in kilometres.
        bins: Stretches of the river, from the lower end up.
        sectors: Each sector that patrols may go to, by name.
        line_error_m: How far the river's centreline may be off, metres.
        unread: Sectors whose shape this site cannot draw.
    """

    start: datetime
    end: datetime
    radius_m: float
    units: dict[str, str]
    river: Coverage
    bins: tuple[RiverBin, ...]
    sectors: list[SectorHeat]
    line_error_m: float | None = None
    unread: int = 0


async def heat_of(
    survey: Survey,
    desk: Desk,
    *,
    units: Sequence[str],
    start: datetime,
    end: datetime,
    radius_m: float,
    km_from: float,
    km_to: float,
    step_km: float,
    on_patrol: bool,
    apart: timedelta = timedelta(),
) -> HeatReport:
    """Return where units were over some time, and where nobody was.

    Args:
        survey: Of this site.
        desk: Of who asks.
        units: Unit ids or radio addresses; none: every registered unit.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        radius_m: How far a unit sees, metres.
        km_from: One end of the river, kilometres from the sea.
        km_to: The other end.
        step_km: How long each stretch is.
        on_patrol: Only while a unit was in a patrol that was under way.
        apart: Of each unit only positions so long apart, so that more time can be looked at.

    Raises:
        BadRequest: If the time is none, too long, or holds too many positions, or the river has not
            one of the kilometres.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """
    until = passed(start, end, now=datetime.now(UTC))
    async with survey.turn(desk):
        outings = await outings_of(desk, start, end) if on_patrol else None
        found = await read_tracks(
            desk, units, start, end, in_thread=survey.in_thread, outings=outings, apart=apart
        )
        tracks = [each.track for each in found]
        known = desk.sectors.all(use="patrol")
        shapes, unread = await asyncio.to_thread(_shapes, desk, known)
        rivers = survey.rivers
        whole_m2 = sum(area_m2 for _, _, area_m2 in shapes)
        cell_m = max(radius_m / 2.0, math.sqrt(whole_m2 / MOST_CELLS)) if shapes else None

        def one(sector: Sector, shape: shapely.Geometry) -> SectorHeat:
            coverage, frame = area_coverage(
                tracks, shape, radius_m=radius_m, cell_m=cell_m, rivers=rivers
            )
            return SectorHeat(
                sector=sector.id,
                name=sector.name,
                agency=sector.agency,
                seen=coverage,
                visits=int(frame.visits.max()),
                cells=cells_of(frame),
            )

        bins = await survey.in_thread(
            lambda: river_bins(
                tracks,
                rivers.main,
                km_from=km_from,
                km_to=km_to,
                step_km=step_km,
                radius_m=radius_m,
                rivers=rivers,
            )
        )
        along = await survey.river_coverage(tracks, km_from=km_from, km_to=km_to, radius_m=radius_m)
        sectors = [
            await survey.in_thread(partial(one, sector, shape)) for sector, shape, _ in shapes
        ]
        return HeatReport(
            start=start,
            end=until,
            radius_m=radius_m,
            units={each.state.id: each.state.call_sign for each in found},
            river=along.seen,
            bins=bins,
            sectors=sectors,
            line_error_m=line_error_of(along),
            unread=unread,
        )


async def outings_of(desk: Desk, start: datetime, end: datetime) -> dict[str, list[Outing]]:
    """Return when each unit was in a patrol that was under way, as far as the caller may know.

    Raises:
        Forbidden: If the role may not.
    """
    under_way = desk.patrols.all(state="under way")  # first: what ends meanwhile is among the past
    patrols = {each.id: each for each in under_way}
    for first, after in parts_since(start, end, now=datetime.now(UTC)):
        patrols |= {each.id: each for each in await desk.patrols.past(since=first, until=after)}
    found: dict[str, list[Outing]] = {}
    for patrol in patrols.values():
        outing = _outing(patrol, end)
        if outing is None or outing[0] >= end or outing[1] <= start:
            continue
        for unit in patrol.units:
            found.setdefault(unit, []).append(outing)
    return found


def _outing(patrol: Patrol, end: datetime) -> Outing | None:
    if patrol.started_at is None:
        return None
    return patrol.started_at, patrol.ended_at or end


def _shapes(
    desk: Desk, sectors: Sequence[Sector]
) -> tuple[list[tuple[Sector, shapely.Geometry, float]], int]:
    """Return sectors with their shapes, in the same order, and how many cannot be drawn."""
    found: list[tuple[Sector, shapely.Geometry, float]] = []
    unread = 0
    for sector in sectors:
        geography = desk.sectors.geography_of(sector)
        if geography.outline is None or geography.area_km2 is None:
            unread += 1
            continue
        found.append((sector, shapely.geometry.shape(geography.outline), geography.area_km2 * 1e6))
    return found, unread
