"""Patrol records: the records of a patrol's debrief, read through the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from maps.errors.errors import BadRequest
from maps.reports.document.request import ReportRequest
from maps.reports.records.records import (
    HandOffOutcome,
    alerts_between,
    fixes_of,
    hand_offs_between,
    incidents_between,
)
from maps.reports.sections import areas, crews
from maps.reports.sections.areas import SectorOutline
from maps.reports.sections.crews import Crew
from maps.surveys.patrol_surveys import PatrolCoverage, PatrolEffort, coverage_of, effort_of
from patrol.alerts.alert import Alert
from patrol.incidents.incident import Incident
from patrol.patrols.patrol import Patrol
from patrol.units.wire import Fix


@dataclass(frozen=True, kw_only=True)
class PatrolRecords:
    """What is known of a patrol.

    Attributes:
        patrol: As it is now.
        versions: All of it that the reader may see, oldest first.
        start: When it began.
        end: When it ended, or now.
        units: Its units, those too of which the reader may know no more than whose they are.
        names: What each is called, by id.
        fixes: Where each was that was seen somewhere, oldest first, by id.
        own: Its sectors.
        effort: Ways and hours; None where no track may be seen.
        coverage: What was seen of its sectors; None where no track may be seen.
        alerts: Those of its units and of itself, oldest first.
        incidents: Its incidents, oldest first.
        hand_offs: Those offered while it lasted, oldest first.
    """

    patrol: Patrol
    versions: Sequence[Patrol]
    start: datetime
    end: datetime
    units: Sequence[Crew]
    names: Mapping[str, str]
    fixes: Mapping[str, list[Fix]]
    own: Sequence[SectorOutline]
    effort: PatrolEffort | None
    coverage: PatrolCoverage | None
    alerts: Sequence[Alert]
    incidents: Sequence[Incident]
    hand_offs: Sequence[HandOffOutcome]


async def patrol_records(request: ReportRequest) -> PatrolRecords:
    """Read what is known of a patrol.

    Raises:
        Forbidden: If the role may not see patrols.
        NotFound: If there is no such patrol, or the reader may not know of it.
        Conflict: If it has not begun.
        BadRequest: If it has more positions than a report can hold.
    """
    desk, survey = request.desk, request.site.survey
    patrol = await desk.patrols.one(request.patrol)
    start, end = desk.patrols.span(patrol)
    units = await crews.crews_of(request, patrol)
    fixes = await fixes_of(desk, [each.unit for each in units if each.is_known], start, end)
    request.progress(0.2)
    effort: PatrolEffort | None = None
    coverage: PatrolCoverage | None = None
    if fixes:
        try:
            effort = await effort_of(survey, desk, patrol)
            request.progress(0.4)
            coverage = await coverage_of(survey, desk, patrol, radius_m=request.radius_m)
        except BadRequest:  # none of its tracks may be seen any more
            effort = coverage = None
    request.progress(0.6)
    own, _ = await areas.areas_of(request, patrol.all_sectors)
    members = set(patrol.units)
    alerts = [
        each
        for each in await alerts_between(desk, start, end)
        if each.unit in members or patrol.id in each.subject.split("|")
    ]
    return PatrolRecords(
        patrol=patrol,
        versions=await desk.patrols.versions(patrol.id),
        start=start,
        end=end,
        units=units,
        names=crews.names(request, units),
        fixes=fixes,
        own=own,
        effort=effort,
        coverage=coverage,
        alerts=alerts,
        incidents=await incidents_between(desk, patrol=patrol.id),
        hand_offs=await hand_offs_between(desk, start, end),
    )
