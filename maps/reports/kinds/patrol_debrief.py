"""Patrol debrief: what became of a patrol, from its start to its end or until now.

Tracks, effort by unit and side, coverage of its sectors, alerts with how long they waited,
check-ins and meetings kept and missed, incidents, hand-offs with how long the other side took,
silences. Of the other side's units it holds what crosses to the reader, and says how many it does
not. What is read for it: patrol_records.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gis.river.rivers import Rivers
from maps.reports.document import format as formats
from maps.reports.document.document import (
    Block,
    Cell,
    Column,
    Facts,
    Key,
    Place,
    Plate,
    ReportDocument,
    Section,
    Shape,
    Table,
    Words,
    number,
)
from maps.reports.document.request import ReportRequest
from maps.reports.kinds.briefing import facts as plan_facts
from maps.reports.kinds.patrol_records import PatrolRecords, patrol_records
from maps.reports.records.check_in_record import record_of
from maps.reports.records.records import bends_of, legs
from maps.reports.records.trips import along, arrival, silences
from maps.reports.rendering.map_styles import side_colour
from maps.reports.sections import areas, event_tables
from maps.reports.sections import map_background as reference
from maps.reports.sections.crews import Crew
from maps.reports.sections.effort_tables import effort_bars, effort_notes, side_table
from maps.surveys.patrol_surveys import ALL
from patrol.incidents.statistics import totals
from patrol.patrols.patrol import Rendezvous
from patrol.units.wire import Fix

MOST_IN_LINE = 1500
"""Places of one drawn leg; a longer one is drawn from every second, third … place."""


async def patrol_debrief(request: ReportRequest) -> ReportDocument:
    """Return the debrief of a patrol that has begun.

    Raises:
        Forbidden: If the role may not see patrols.
        NotFound: If there is no such patrol, or the reader may not know of it.
        Conflict: If it has not begun.
        BadRequest: If it has more positions than a report can hold.
    """
    words = request.words
    records = await patrol_records(request)
    plate = await asyncio.to_thread(_plate, request, records)
    request.progress(0.8)
    patrol = records.patrol
    return ReportDocument(
        report="patrol-debrief",
        language=words.tag,
        title=words.text("report.patrol_debrief"),
        subtitle=patrol.name,
        facts=(
            (words.text("report.under_way"), formats.span(words, records.start, records.end)),
            *plan_facts(request, patrol),
        ),
        sections=(
            Section(title=words.text("report.in_short"), blocks=summary(request, records)),
            Section(title=words.text("report.map"), blocks=(plate,)),
            Section(title=words.text("report.effort"), blocks=_effort(request, records)),
            Section(title=words.text("report.coverage"), blocks=_coverage(request, records)),
            Section(
                title=words.text("report.alerts"),
                blocks=(event_tables.alert_table(request, records.alerts, records.names),),
            ),
            Section(title=words.text("report.check_ins"), blocks=(_check_ins(request, records),)),
            Section(title=words.text("report.meetings"), blocks=(_meetings(request, records),)),
            Section(
                title=words.text("report.incidents"),
                blocks=(event_tables.incident_table(request, records.incidents),),
            ),
            Section(
                title=words.text("report.hand_offs"),
                blocks=(event_tables.hand_off_table(request, records.hand_offs),),
            ),
            Section(title=words.text("report.silences"), blocks=(_silences(request, records),)),
        ),
        made_line=formats.made_line(request, datetime.now(UTC)),
        page=words.text("report.page"),
        sheet=words.text("report.sheet.about"),
    )


def summary(request: ReportRequest, records: PatrolRecords) -> tuple[Block, ...]:
    """Return the patrol in a few figures."""
    words = request.words
    pairs = [
        (words.text("report.lasted"),
         formats.duration(words, (records.end - records.start).total_seconds())),
        (words.text("report.units"), str(len(records.units))),
    ]  # fmt: skip
    if records.effort is not None:
        done = records.effort.report.total
        pairs += [
            (words.text("report.way"), f"{number(done.km, 1)} km"),
            (words.text("report.hours_of_units"), number(done.hours, 1)),
        ]
    if records.coverage is not None:
        for each in records.coverage.sectors:
            if each.side == ALL:
                share = f"{number(each.report.seen.share * 100)} %"
                pairs.append((words.text("report.seen_of", name=each.name), share))
    pairs += [
        (words.text("report.alerts"), str(len(records.alerts))),
        # What two agencies logged of one event is one.
        (words.text("report.incidents"), str(totals(records.incidents).region.reports)),
        (words.text("report.hand_offs"), str(len(records.hand_offs))),
    ]
    found: list[Block] = [Facts(pairs=tuple(pairs))]
    hidden = sum(not each.is_known for each in records.units)
    if hidden:
        found.append(Words(text=words.text("report.units_not_shown", n=hidden), kind="note"))
    return tuple(found)


def _plate(request: ReportRequest, records: PatrolRecords) -> Plate:
    words, land = request.words, request.site.land
    places: list[Place] = [(f.lon, f.lat) for fixes in records.fixes.values() for f in fixes]
    places += areas.places_of(records.own) if not places else []
    if not places:
        places = [land.river.at_km(sum(land.river.km_range) / 2.0)]
    box = reference.box_round(places)
    shapes = reference.below(land, box)
    shapes += areas.shapes_of(records.own, words)
    shapes += reference.above(land, box, words)
    for crew in records.units:
        shapes += track_shapes(
            crew, records.fixes.get(crew.unit, []), records.names[crew.unit], land.rivers
        )
    shapes += event_tables.shapes_of(request, records.alerts, records.incidents, records.hand_offs)
    sides = dict.fromkeys(crew.country for crew in records.units if crew.unit in records.fixes)
    keys = [
        Key(
            form="line",
            style="track",
            colour=side_colour(side),
            words=words.text("report.key.track", side=formats.country(words, side)),
        )
        for side in sides
    ]
    keys += areas.keys(records.own, words)
    for some, style in (
        (records.alerts, "alert"),
        (records.incidents, "incident"),
        (records.hand_offs, "target"),
    ):
        if some:
            keys.append(Key(form="point", style=style, words=words.text(f"report.key.{style}")))
    return Plate(
        title=records.patrol.name,
        box=box,
        shapes=tuple(shapes),
        keys=(*keys, *reference.keys(words)),
        attribution=reference.attribution(land, words),
        north=words.text("report.north"),
    )


def track_shapes(crew: Crew, fixes: Sequence[Fix], name: str, rivers: Rivers) -> list[Shape]:
    """Return a unit's track, cut at silences and along rivers between sparse reports, and its name
    where it was last.
    """
    if not fixes:
        return []
    colour = side_colour(crew.country)
    found = []
    bends = bends_of(fixes, rivers, gap_s=crew.gap_s)
    begin = 0
    for leg in legs(list(fixes), gap_s=crew.gap_s):
        step = len(leg) // MOST_IN_LINE + 1
        places: list[Place] = []
        for n, fix in enumerate(leg):
            if n % step == 0 or n == len(leg) - 1:
                places += [*bends.get(begin + n, ()), (fix.lon, fix.lat)]
        begin += len(leg)
        line = tuple(places)
        found.append(Shape(form="line", style="track", lines=(line,), tooltip=name, colour=colour))
    first, last = fixes[0], fixes[-1]
    start_shape = Shape(
        form="point", style="start", lines=(((first.lon, first.lat),),), tooltip=name, colour=colour
    )
    side = f" {crew.country}" if crew.country else ""
    ended = Shape(
        form="point",
        style="unit",
        lines=(((last.lon, last.lat),),),
        label=f"{name}{side}",
        tooltip=name,
        colour=colour,
    )
    return [*found, start_shape, ended]


def _effort(request: ReportRequest, records: PatrolRecords) -> tuple[Block, ...]:
    words = request.words
    if records.effort is None:
        return (Words(text=words.text("report.no_tracks")),)
    report = records.effort.report
    gaps = {each.unit: each for each in records.units}
    rows: list[tuple[Cell, ...]] = []
    for each in report.units:
        crew = gaps[each.unit]
        way = along(records.fixes.get(each.unit, []), gap_s=crew.gap_s)
        rows.append(
            (
                each.call_sign,
                formats.agency(request.site, crew.member.agency),
                each.effort.km,
                each.effort.hours,
                None if way is None else way.km,
                "" if way is None else formats.km_span(words, way.low, way.high),
                each.effort.gap_hours,
                each.effort.positions,
                sum(each.removed.values()),
            )
        )
    rows.append(
        (words.text("report.together"), "", report.total.km, report.total.hours, None, "",
         report.total.gap_hours, report.total.positions,
         sum(sum(each.removed.values()) for each in report.units))
    )  # fmt: skip
    table = Table(
        columns=(
            Column(words.text("report.unit")),
            Column(words.text("report.agency")),
            Column(words.text("report.way_km"), 1),
            Column(words.text("report.hours"), 1),
            Column(words.text("report.along_river_km"), 1),
            Column(words.text("report.river_stretch")),
            Column(words.text("report.silent_hours"), 1),
            Column(words.text("report.positions"), 0),
            Column(words.text("report.removed"), 0),
        ),
        rows=tuple(rows),
        totals=True,
    )
    names = [(each.call_sign, each.effort) for each in report.units]
    chart = effort_bars(
        words, words.text("report.way_by_unit"), names, sheet=words.text("report.sheet.way_by_unit")
    )
    blocks: list[Block] = [table, chart]
    blocks.append(side_table(words, report.total))
    blocks += effort_notes(words, report.total)
    return tuple(blocks)


def _coverage(request: ReportRequest, records: PatrolRecords) -> tuple[Block, ...]:
    words = request.words
    if records.coverage is None or not records.coverage.sectors:
        return (Words(text=words.text("report.no_coverage")),)
    rows: list[tuple[Cell, ...]] = []
    for each in records.coverage.sectors:
        covered = each.report.seen
        side = (
            words.text("report.together")
            if each.side == ALL
            else formats.agency(request.site, each.side)
        )
        rows.append(
            (each.name, side, covered.whole, covered.share * 100.0, covered.seen_hours,
             formats.moment(words, covered.first), formats.moment(words, covered.last))
        )  # fmt: skip
    blocks: list[Block] = [
        Table(
            columns=(
                Column(words.text("report.sector")),
                Column(words.text("report.whose")),
                Column(words.text("report.km2"), 1),
                Column(words.text("report.seen_percent"), 0),
                Column(words.text("report.seen_hours"), 1),
                Column(words.text("report.first_seen")),
                Column(words.text("report.last_seen")),
            ),
            rows=tuple(rows),
        ),
        Words(text=words.text("report.radius_note", metres=number(request.radius_m)), kind="note"),
    ]
    hidden = records.coverage.unseen_sectors
    if hidden:
        blocks.append(Words(text=words.text("report.sectors_not_shown", n=hidden), kind="note"))
    return tuple(blocks)


def _check_ins(request: ReportRequest, records: PatrolRecords) -> Block:
    words = request.words
    if records.patrol.check_in_interval_s is None:
        return Words(text=words.text("report.no_check_ins"))
    rows: list[tuple[Cell, ...]] = [
        (
            records.names.get(each.unit, ""),
            len(each.check_ins),
            formats.moment(words, each.check_ins[-1] if each.check_ins else None),
            each.missed,
            formats.duration(words, each.overdue_s if each.missed else None),
            words.text("report.still_overdue" if each.still else "report.kept"),
        )
        for each in record_of(records.versions, end=records.end)
    ]
    return Table(
        columns=(
            Column(words.text("report.unit")),
            Column(words.text("report.checked_in"), 0),
            Column(words.text("report.last_check_in")),
            Column(words.text("report.missed"), 0),
            Column(words.text("report.overdue_for")),
            Column(words.text("report.at_the_end")),
        ),
        rows=tuple(rows),
        empty=words.text("report.no_units"),
    )


def _meetings(request: ReportRequest, records: PatrolRecords) -> Block:
    words = request.words
    rows: list[tuple[Cell, ...]] = []
    own = _own(request, records)
    for meeting in records.patrol.rendezvous:
        for unit in meeting.units or records.patrol.units:
            fixes = records.fixes.get(unit, [] if unit in own else None)
            came = None if fixes is None else arrival(fixes, meeting)
            if fixes is None:
                text = words.text("report.not_shown")
            elif came is None:
                text = words.text(_absence(records, meeting))
            else:
                text = words.text("report.came_at", time=words.clock(came))
            rows.append(
                (meeting.name, words.moment(meeting.at), records.names.get(unit, unit), text)
            )
    return Table(
        columns=(
            Column(words.text("report.meeting_point")),
            Column(words.text("report.planned")),
            Column(words.text("report.unit")),
            Column(words.text("report.what_was")),
        ),
        rows=tuple(rows),
        empty=words.text("report.no_meetings"),
    )


def _absence(records: PatrolRecords, meeting: Rendezvous) -> str:
    """Return the text for a unit that was not seen at a meeting; nobody misses one to come."""
    if records.end >= meeting.at + timedelta(seconds=meeting.grace_s):
        return "report.did_not_come"
    return "report.ended_before" if records.patrol.is_closed else "report.not_yet"


def _own(request: ReportRequest, records: PatrolRecords) -> set[str]:
    """Return the units of the asker's own agency: all is known of where they were heard."""
    return {each.unit for each in records.units if each.member.agency == request.own}


def _silences(request: ReportRequest, records: PatrolRecords) -> Block:
    words = request.words
    rows: list[tuple[Cell, ...]] = []
    own = _own(request, records)
    for crew in records.units:
        fixes = records.fixes.get(crew.unit, [])
        if not fixes and crew.unit not in own:
            continue
        # Of others nobody here knows whether they were silent before what crossed first.
        since = records.start if crew.unit in own else None
        for each in silences(fixes, gap_s=crew.gap_s, since=since, until=records.end):
            start, end = each.start, each.end
            rows.append(
                (
                    records.names[crew.unit],
                    formats.moment(words, None if start is None else start.time),
                    formats.moment(words, None if end is None else end.time),
                    formats.duration(words, each.seconds),
                    "" if start is None else formats.address_at(request, start.lon, start.lat),
                )
            )
    return Table(
        columns=(
            Column(words.text("report.unit")),
            Column(words.text("report.last_heard")),
            Column(words.text("report.heard_again")),
            Column(words.text("report.how_long")),
            Column(words.text("report.where")),
        ),
        rows=tuple(rows),
        empty=words.text("report.no_silences"),
    )
