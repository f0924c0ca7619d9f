"""What a patrol did: effort and coverage from its start to its end, by side."""

from __future__ import annotations

import msgspec
import shapely

from gis.errors.errors import GisError
from gis.tracks.effort import Effort
from maps.errors.errors import BadRequest
from maps.surveys.coverage_and_effort import CoverageReport, EffortReport, Survey
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.patrols.patrol import Patrol


class PatrolEffort(msgspec.Struct, frozen=True, kw_only=True):
    """What the units of a patrol did.

    Attributes:
        patrol: Its id.
        by_agency: Together, by the agency whose units they are.
        report: Each unit, by the side that it was on, and all together.
        unseen: How many units' tracks the caller may not see.
    """

    patrol: str
    by_agency: dict[str, Effort]
    report: EffortReport
    unseen: int = 0


class SectorCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a sector the units of one side saw.

    Attributes:
        sector: Its id.
        name: What people call it.
        side: Agency whose units; `all` for all together.
        report: How much, when, how long.
    """

    sector: str
    name: str
    side: str
    report: CoverageReport


class PatrolCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of its sectors a patrol saw.

    Attributes:
        patrol: Its id.
        sectors: Each sector, by each agency's units and by all together.
        unseen: How many units' tracks the caller may not see.
        unseen_sectors: How many sectors the caller may not see.
    """

    patrol: str
    sectors: list[SectorCoverage]
    unseen: int = 0
    unseen_sectors: int = 0


ALL = "all"


async def effort_of(survey: Survey, desk: Desk, patrol: Patrol) -> PatrolEffort:
    """Return what a patrol's units did, as far as the caller may see their tracks.

    Raises:
        Conflict: If it has not begun.
        BadRequest: If no track may be seen, or there are too many positions.
        Forbidden: If the role may not.
    """
    start, end = desk.patrols.span(patrol)
    sides, unseen = visible_units(desk, patrol)
    units = [unit for each in sides.values() for unit in each]
    if not units:
        raise BadRequest("none of its units' tracks may be seen")
    report = await survey.effort(desk, units=units, start=start, end=end)
    by_agency = {}
    for agency, own in sides.items():
        effort = await survey.effort(desk, units=own, start=start, end=end)
        by_agency[agency] = effort.total
    return PatrolEffort(patrol=patrol.id, by_agency=by_agency, report=report, unseen=unseen)


async def coverage_of(
    survey: Survey, desk: Desk, patrol: Patrol, *, radius_m: float
) -> PatrolCoverage:
    """Return how much of its sectors a patrol's units saw, as far as the caller may see both.

    Raises:
        Conflict: If it has not begun.
        BadRequest: If no track may be seen, or there are too many positions.
        Forbidden: If the role may not.
    """
    start, end = desk.patrols.span(patrol)
    sides, unseen = visible_units(desk, patrol)
    if not sides:
        raise BadRequest("none of its units' tracks may be seen")
    groups = {**sides, ALL: [unit for each in sides.values() for unit in each]}
    found: list[SectorCoverage] = []
    hidden = 0
    for id in patrol.all_sectors:
        try:
            sector = await desk.sectors.one(id)
            outline = desk.sectors.geography_of(sector).outline
        except (NotFound, GisError):
            hidden += 1
            continue
        if outline is None:
            hidden += 1
            continue
        area = shapely.geometry.shape(outline)
        for side, units in groups.items():
            report = await survey.area(
                desk, units=units, start=start, end=end, radius_m=radius_m, area=area
            )
            found.append(SectorCoverage(sector=id, name=sector.name, side=side, report=report))
    return PatrolCoverage(patrol=patrol.id, sectors=found, unseen=unseen, unseen_sectors=hidden)


def visible_units(desk: Desk, patrol: Patrol) -> tuple[dict[str, list[str]], int]:
    """Return the units that the caller may know of, by agency, and how many others there are."""
    sides: dict[str, list[str]] = {}
    unseen = 0
    for member in patrol.members:
        try:
            desk.visible.unit(member.unit, unplaced=True)
        except NotFound:
            unseen += 1
        else:
            sides.setdefault(member.agency, []).append(member.unit)
    return sides, unseen
