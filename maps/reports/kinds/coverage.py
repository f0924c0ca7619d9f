"""Coverage: how often and when each sector and each kilometre of the river was visited in a time.

A table a sector, a table and a band along the river, a map of cells. Who looks for a gap that
smugglers know looks at the hours since the last visit, not at the share.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from maps.errors.errors import BadRequest
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import Block, Facts, ReportDocument, Section, Words, number
from maps.reports.document.request import ReportRequest
from maps.reports.document.request_period import last_day, time_facts, time_of
from maps.reports.sections import areas
from maps.reports.sections.areas import SectorOutline
from maps.reports.sections.coverage_blocks import km_table, plate_of, river_blocks, sector_blocks
from maps.surveys.heat_map import HeatReport, heat_of

ROUND_THE_SECTORS_KM: Final = 2.0
WITHOUT_SECTORS_KM: Final = 25.0
LONGEST_KM: Final = 400.0


async def coverage_report(request: ReportRequest) -> ReportDocument:
    """Return how a time's units covered sectors and river.

    Raises:
        BadRequest: If the time is none, too long, or holds too many positions.
        Forbidden: If the role may not.
    """
    words = request.words
    start, end = time_of(request)
    known = await areas.areas_in_use(request)
    request.progress(0.1)
    heat = await heat_for(request, known, start, end)
    request.progress(0.6)
    plate = await asyncio.to_thread(plate_of, request, heat, known)
    request.progress(0.8)
    return ReportDocument(
        report="coverage",
        language=words.tag,
        title=words.text("report.coverage_title"),
        subtitle=words.text("report.span", start=words.day(start), end=words.day(last_day(end))),
        facts=time_facts(request, start, end),
        sections=(
            Section(title=words.text("report.in_short"), blocks=_in_short(request, heat)),
            Section(
                title=words.text("report.along_river"), blocks=river_blocks(request, heat, end)
            ),
            Section(title=words.text("report.sectors"), blocks=sector_blocks(request, heat, end)),
            Section(title=words.text("report.map"), blocks=(plate,)),
            Section(title=words.text("report.each_km"), blocks=(km_table(request, heat, end),)),
        ),
        made_line=formats.made_line(request, datetime.now(UTC)),
        page=words.text("report.page"),
        sheet=words.text("report.sheet.about"),
    )


async def heat_for(
    request: ReportRequest,
    known: Sequence[SectorOutline],
    start: datetime,
    end: datetime,
    *,
    desk: Any = None,
    units: Sequence[str] = (),
    apart: timedelta = timedelta(),
) -> HeatReport:
    """Return where units were, over the stretch that is asked for or that the sectors reach."""
    low, high = reported_kilometres(request, known)
    return await heat_of(
        request.site.survey,
        desk or request.desk,
        units=units,
        start=start,
        end=end,
        radius_m=request.radius_m,
        km_from=low,
        km_to=high,
        step_km=1.0,
        on_patrol=False,
        apart=apart,
    )


def reported_kilometres(
    request: ReportRequest, known: Sequence[SectorOutline]
) -> tuple[float, float]:
    """Return the kilometres to tell of, in whole ones but for the ends of the river."""
    river = request.site.land.river
    first, last = river.km_range
    first, last = sorted((first, last))
    if request.km_from is not None and request.km_to is not None:
        low, high = sorted((request.km_from, request.km_to))
    else:
        reached = [each.km for each in known if each.km is not None and not each.is_no_go]
        if reached:
            low = min(km for km, _ in reached) - ROUND_THE_SECTORS_KM
            high = max(km for _, km in reached) + ROUND_THE_SECTORS_KM
        else:
            low, high = _round_offices(request)
    low, high = max(low, first), min(high, last)
    if not high > low:
        raise BadRequest(f"the river runs from km {first:g} to {last:g}", field="km_from")
    if high - low > LONGEST_KM:
        raise BadRequest(f"ask for {LONGEST_KM:g} km of the river at most", field="km_to")
    return max(float(math.floor(low)), first), min(float(math.ceil(high)), last)


def _round_offices(request: ReportRequest) -> tuple[float, float]:
    """Return a stretch round the offices that the agency works from, else round the middle."""
    river = request.site.land.river
    agency = request.site.agencies.get(request.own)
    office_ids = set(() if agency is None else agency.blos)
    kms = []
    for row in request.site.land.features("blos").rows():
        if row["id"] in office_ids:
            at = river.locate(lon=row["geometry"].x, lat=row["geometry"].y)
            if at is not None:
                kms.append(at.km)
    middle = sum(kms) / len(kms) if kms else sum(river.km_range) / 2.0
    return middle - WITHOUT_SECTORS_KM, middle + WITHOUT_SECTORS_KM


def _in_short(request: ReportRequest, heat: HeatReport) -> tuple[Block, ...]:
    words = request.words
    river = heat.river
    pairs = [
        (words.text("report.units"), ", ".join(heat.units.values()) or words.text("report.none")),
        (
            words.text("report.river_seen"),
            words.text(
                "report.km_of_km", seen=number(river.seen, 1), whole=number(river.whole, 1),
                percent=number(river.share * 100.0),
            ),
        ),
        (words.text("report.hours_of_units"), number(river.unit_hours, 1)),
    ]  # fmt: skip
    return (
        Facts(pairs=tuple(pairs)),
        Words(text=words.text("report.radius_note", metres=number(request.radius_m)), kind="note"),
        *_line_error(words, heat),
    )


def _line_error(words: Wording, heat: HeatReport) -> tuple[Words, ...]:
    if heat.line_error_m is None:
        return ()
    text = words.text("report.line_error", metres=number(heat.line_error_m))
    return (Words(text=text, kind="note"),)
