"""Month records: the records of a monthly pack, read through the desk, a day at a time.

For a counterpart only what may cross to it is read (crossing_view.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from gis.tracks.effort import Effort, total
from maps.errors.errors import BadRequest
from maps.reports.document.request import ReportRequest
from maps.reports.kinds.coverage import heat_for
from maps.reports.records.crossing_view import CrossingView
from maps.reports.records.records import (
    HandOffOutcome,
    alerts_between,
    hand_offs_between,
    incidents_between,
)
from maps.reports.sections import areas
from maps.reports.sections.areas import SectorOutline
from maps.surveys.coverage_and_effort import UnitEffort
from maps.surveys.heat_map import HeatReport
from maps.surveys.track_reader import MOST_POSITIONS
from patrol.alerts.alert import Alert
from patrol.incidents.incident import Incident

_FARTHEST = timedelta(minutes=3)
"""Positions farther apart do not tell which way a boat went along a river."""
_FILLED = 0.8  # of what one look takes: a unit that speaks seldom keeps all that it said


@dataclass(frozen=True, kw_only=True)
class MonthRecords:
    """What is known of a month, or of any time up to that.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC.
        units: What each unit did, those that were heard.
        days: Day of the month, in local time, and what all units together did on it.
        heat: Where units were and where nobody was; None where nothing can be told of it.
        spacing: Positions so long apart were looked at for `heat`; nothing: all were.
        areas: Sectors in use.
        alerts: Those raised in it, oldest first.
        hand_offs: Those offered in it, oldest first.
        incidents: Those that happened in it, oldest first.
    """

    start: datetime
    end: datetime
    units: Sequence[UnitEffort]
    days: Sequence[tuple[str, Effort]]
    heat: HeatReport | None
    spacing: timedelta
    areas: Sequence[SectorOutline]
    alerts: Sequence[Alert]
    hand_offs: Sequence[HandOffOutcome]
    incidents: Sequence[Incident]


async def month_records(
    request: ReportRequest, view: CrossingView, start: datetime, end: datetime
) -> MonthRecords:
    """Read what is known of a month.

    Args:
        request: The report.
        view: What may go into it.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.

    Raises:
        BadRequest: If a day holds too many positions, or what is shared changed meanwhile.
        Forbidden: If the role may not see tracks.
    """
    desk, units = view.tracks()
    survey = request.site.survey
    days: list[tuple[str, Effort]] = []
    by_unit: dict[str, list[UnitEffort]] = {}
    spans = list(_days(request, start, end))
    for n, (first, last) in enumerate(spans):
        name = f"{first.astimezone(request.words.zone):%d}"
        done = Effort()
        if units:
            effort = await survey.effort(desk, units=units, start=first, end=last)
            done = effort.total
            for each in effort.units:
                by_unit.setdefault(each.unit, []).append(each)
        days.append((name, done))
        request.progress(0.05 + 0.5 * (n + 1) / len(spans))
    known = await areas.areas_in_use(request)
    if view.narrows:
        known = [each for each in known if view.passes(each.sector) is not None]
    heat: HeatReport | None = None
    apart = position_spacing([done for _, done in days])
    if units and apart <= _FARTHEST:  # the effort is told all the same
        with suppress(BadRequest):
            heat = await heat_for(request, known, start, end, desk=desk, units=units, apart=apart)
    if heat is not None and view.narrows:
        sector_ids = {each.sector.id for each in known}
        heat = HeatReport(
            **{name: getattr(heat, name) for name in HeatReport.__struct_fields__}
            | {"sectors": [each for each in heat.sectors if each.sector in sector_ids], "unread": 0}
        )
    request.progress(0.75)
    alerts = await alerts_between(request.desk, start, end, passes=view.passes)
    request.progress(0.8)
    hand_offs = await hand_offs_between(request.desk, start, end, passes=view.passes)
    if view.narrows:
        both = {request.own, request.counterpart}
        hand_offs = [
            each for each in hand_offs if {each.hand_off.agency, each.hand_off.to_agency} == both
        ]
        alerts = [each for each in alerts if each.agency == request.own]
    request.progress(0.85)
    incidents = await incidents_between(
        request.desk, start, end, zone=request.words.zone, passes=view.passes
    )
    request.progress(0.9)
    if view.is_stale():
        raise BadRequest("what is shared has just changed: ask again")
    return MonthRecords(
        start=start,
        end=end,
        units=[_joined(some) for some in by_unit.values()],
        days=days,
        heat=heat,
        spacing=apart,
        areas=known,
        alerts=alerts,
        hand_offs=hand_offs,
        incidents=incidents,
    )


def _days(
    request: ReportRequest, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the local days of a time, the first and last cut to it."""
    found = []
    first = start
    while first < end:
        local = first.astimezone(request.words.zone).date() + timedelta(days=1)
        midnight = datetime.combine(local, time(), request.words.zone).astimezone(UTC)
        found.append((first, min(midnight, end)))
        first = midnight
    return found


def position_spacing(days: Sequence[Effort]) -> timedelta:
    """Return how far apart positions have to be, so that one look takes all of them: a month of a
    dozen boats has more than that.
    """
    if sum(each.positions for each in days) <= MOST_POSITIONS:
        return timedelta()
    heard_s = sum(each.hours for each in days) * 3600.0
    return timedelta(seconds=math.ceil(heard_s / (_FILLED * MOST_POSITIONS)))


def _joined(some: Sequence[UnitEffort]) -> UnitEffort:
    removed: Counter[str] = Counter()
    for each in some:
        removed.update(each.removed)
    first = some[0]
    return UnitEffort(
        unit=first.unit,
        call_sign=first.call_sign,
        country=first.country,
        effort=total(each.effort for each in some),
        removed=dict(removed),
    )
