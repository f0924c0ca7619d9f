"""Monthly pack: what a meeting of border liaison offices looks at: a month in tables and charts.

Effort, coverage, alerts, hand-offs with how long answers took, incidents by category and agency,
seized goods. For a counterpart it holds what the agreements let cross to it, and says that it does.
What is read for it: month_records.py.
"""

from __future__ import annotations

import asyncio
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from gis.tracks.effort import total
from maps.errors.errors import BadRequest
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import (
    Bars,
    Block,
    Cell,
    Column,
    Facts,
    ReportDocument,
    Section,
    Series,
    Table,
    Words,
    number,
)
from maps.reports.document.request import ReportRequest
from maps.reports.document.request_period import last_day, time_facts, time_of
from maps.reports.kinds.month_records import MonthRecords, month_records
from maps.reports.records.crossing_view import CrossingView
from maps.reports.records.records import acknowledged_s, quantile, resolved_s
from maps.reports.sections import event_tables
from maps.reports.sections.coverage_blocks import (
    plate_of,
    river_blocks,
    sector_blocks,
    worst_kilometres,
)
from maps.reports.sections.effort_tables import effort_bars, effort_notes, side_table
from patrol.alerts.alert import SEVERITIES
from patrol.incidents.statistics import Total, totals

LONGEST = timedelta(days=31, hours=1)  # a month in which a clock is set back
_GAPS_NAMED = 5
_LITTLE = 0.1
_SMALLER = {"kg": "g", "litres": "ml"}
_ALERT_COLOURS = {"sos": "#a3123a", "high": "#d1003f", "medium": "#e88a9f", "low": "#f3cfd6"}


async def monthly_pack(request: ReportRequest) -> ReportDocument:
    """Return the pack of a month, or of any time up to that.

    Raises:
        BadRequest: If the time is none or too long, the counterpart is none, or what is shared
            changed while it was made.
        Forbidden: If the role may not see tracks.
    """
    words = request.words
    start, end = time_of(request)
    if end - start > LONGEST:
        raise BadRequest("ask for a month at most", field="end")
    view = CrossingView(request)
    records = await month_records(request, view, start, end)
    maps: tuple[Block, ...] = ()
    if records.heat is not None:
        maps = (await asyncio.to_thread(plate_of, request, records.heat, records.areas),)
    request.progress(0.95)
    notes: tuple[Block, ...] = ()
    if view.narrows:
        text = words.text(
            "report.only_what_crosses", agency=formats.agency(request.site, request.counterpart)
        )
        notes = (Words(text=text, kind="warning"),)
    return ReportDocument(
        report="monthly",
        language=words.tag,
        title=words.text("report.monthly"),
        subtitle=words.text("report.span", start=words.day(start), end=words.day(last_day(end))),
        facts=time_facts(request, start, end),
        sections=(
            Section(
                title=words.text("report.in_short"), blocks=(*notes, summary(request, records))
            ),
            Section(title=words.text("report.effort"), blocks=_effort(request, records)),
            Section(
                title=words.text("report.coverage"),
                blocks=(*month_coverage(request, records), *maps),
            ),
            Section(title=words.text("report.alerts"), blocks=_alerts(request, records)),
            Section(title=words.text("report.hand_offs"), blocks=_hand_offs(request, records)),
            Section(title=words.text("report.incidents"), blocks=_incidents(request, records)),
        ),
        made_line=formats.made_line(request, datetime.now(UTC)),
        page=words.text("report.page"),
        sheet=words.text("report.sheet.about"),
        file_stem=file_stem(
            start.astimezone(words.zone).date(),
            last_day(end).astimezone(words.zone).date(),
        ),
    )


def file_stem(first: date, last: date) -> str:
    """Return the name of a pack's file without its ending: a whole month by itself, else both days.

    >>> file_stem(date(2026, 10, 1), date(2026, 10, 31))
    'meeting-pack-2026-10'
    >>> file_stem(date(2026, 2, 1), date(2026, 2, 27))
    'meeting-pack-2026-02-01-to-2026-02-27'
    """
    whole = first.day == 1 and last == first.replace(day=monthrange(first.year, first.month)[1])
    return f"meeting-pack-{first:%Y-%m}" if whole else f"meeting-pack-{first}-to-{last}"


def summary(request: ReportRequest, records: MonthRecords) -> Block:
    """Return the month in a few figures."""
    words = request.words
    done = total(each.effort for each in records.units)
    response_times = [each.response_s for each in records.hand_offs if each.response_s is not None]
    pairs = [
        (words.text("report.units"), str(len(records.units))),
        (words.text("report.way"), f"{number(done.km, 1)} km"),
        (words.text("report.hours_of_units"), number(done.hours, 1)),
        (words.text("report.alerts"), str(len(records.alerts))),
        (words.text("report.hand_offs"), str(len(records.hand_offs))),
        (
            words.text("report.median_answer"),
            formats.duration(words, quantile(response_times, 0.5)) or "–",
        ),
        (words.text("report.incidents"), str(totals(records.incidents).region.reports)),
    ]
    return Facts(pairs=tuple(pairs))


def _effort(request: ReportRequest, records: MonthRecords) -> tuple[Block, ...]:
    words = request.words
    if not records.units:
        return (Words(text=words.text("report.no_tracks")),)
    ordered = sorted(records.units, key=lambda each: -each.effort.km)
    rows: list[tuple[Cell, ...]] = [
        (
            each.call_sign,
            formats.country(words, each.country),
            each.effort.km,
            each.effort.hours,
            each.effort.gap_hours,
        )
        for each in ordered
    ]
    done = total(each.effort for each in records.units)
    rows.append((words.text("report.together"), "", done.km, done.hours, done.gap_hours))
    names = [(each.call_sign, each.effort) for each in ordered]
    return (
        effort_bars(
            words,
            words.text("report.way_by_day"),
            records.days,
            sheet=words.text("report.sheet.way_by_day"),
            upright=True,
        ),
        effort_bars(
            words,
            words.text("report.way_by_unit"),
            names,
            sheet=words.text("report.sheet.way_by_unit"),
        ),
        Table(
            columns=(
                Column(words.text("report.unit")),
                Column(words.text("report.side")),
                Column(words.text("report.way_km"), 1),
                Column(words.text("report.hours"), 1),
                Column(words.text("report.silent_hours"), 1),
            ),
            rows=tuple(rows),
            totals=True,
        ),
        side_table(words, done),
        *effort_notes(words, done),
    )


def month_coverage(request: ReportRequest, records: MonthRecords) -> tuple[Block, ...]:
    """Return where boats were, and where longest none was; or why that is not known."""
    words = request.words
    if records.heat is None:
        why = "replay.fault.many" if records.units else "report.no_coverage"
        return (Words(text=words.text(why)),)
    worst = worst_kilometres(records.heat.bins, records.end, _GAPS_NAMED)
    rows: list[tuple[Cell, ...]] = [
        (
            formats.km_span(words, each.km_from, each.km_to),
            formats.moment(words, each.last) or words.text("report.never"),
            each.visits,
        )
        for each in worst
    ]
    return (
        *river_blocks(request, records.heat, records.end),
        *sector_blocks(request, records.heat, records.end),
        Table(
            title=words.text("report.longest_unseen"),
            columns=(
                Column(words.text("report.river_stretch")),
                Column(words.text("report.last_seen")),
                Column(words.text("report.visits"), 0),
            ),
            rows=tuple(rows),
            sheet=words.text("report.sheet.unseen"),
        ),
        Words(text=words.text("report.radius_note", metres=number(request.radius_m)), kind="note"),
        *_thinned(words, records.spacing),
    )


def _thinned(words: Wording, apart: timedelta) -> tuple[Words, ...]:
    if not apart:
        return ()
    text = words.text("replay.page.thinned", number=round(apart.total_seconds()))
    return (Words(text=text, kind="note"),)


def _alerts(request: ReportRequest, records: MonthRecords) -> tuple[Block, ...]:
    words = request.words
    if not records.alerts:
        return (Words(text=words.text("report.no_alerts")),)
    rules = sorted({each.rule for each in records.alerts})
    of = {rule: [each for each in records.alerts if each.rule == rule] for rule in rules}
    rules.sort(key=lambda rule: -len(of[rule]))
    names = tuple(event_tables.rule(words, rule) for rule in rules)
    series = tuple(
        Series(
            name=words.text(f"report.severity.{severity}"),
            values=tuple(
                float(sum(each.severity == severity for each in of[rule])) for rule in rules
            ),
            colour=_ALERT_COLOURS[severity],
        )
        for severity in SEVERITIES
        if any(each.severity == severity for each in records.alerts)
    )
    rows: list[tuple[Cell, ...]] = []
    for rule, name in zip(rules, names, strict=True):
        some = of[rule]
        known_s = [s for each in some if (s := acknowledged_s(each)) is not None]
        done_s = [s for each in some if (s := resolved_s(each)) is not None]
        rows.append(
            (
                name,
                len(some),
                formats.duration(words, quantile(known_s, 0.5)),
                formats.duration(words, quantile(known_s, 0.9)),
                len(some) - len(known_s),
                formats.duration(words, quantile(done_s, 0.5)),
            )
        )
    return (
        Bars(
            title=words.text("report.alerts_by_rule"),
            unit="",
            labels=names,
            series=series,
            sheet=words.text("report.sheet.alerts_by_rule"),
        ),
        Table(
            columns=(
                Column(words.text("report.alert")),
                Column(words.text("report.count"), 0),
                Column(words.text("report.median_acknowledged")),
                Column(words.text("report.p90_acknowledged")),
                Column(words.text("report.never_acknowledged"), 0),
                Column(words.text("report.median_resolved")),
            ),
            rows=tuple(rows),
        ),
    )


def _hand_offs(request: ReportRequest, records: MonthRecords) -> tuple[Block, ...]:
    words, site = request.words, request.site
    pairs = sorted({(each.hand_off.agency, each.hand_off.to_agency) for each in records.hand_offs})
    listed = event_tables.hand_off_table(
        request, records.hand_offs, sheet=words.text("report.sheet.each_hand_off")
    )
    rows: list[tuple[Cell, ...]] = []
    for one, other in pairs:
        some = [
            each for each in records.hand_offs
            if (each.hand_off.agency, each.hand_off.to_agency) == (one, other)
        ]  # fmt: skip
        response_times = [each.response_s for each in some if each.response_s is not None]
        rows.append(
            (
                formats.agency(site, one),
                formats.agency(site, other),
                len(some),
                sum(each.answer == "accepted" for each in some),
                sum(each.answer == "declined" for each in some),
                sum(each.answer in ("lapsed", "open") for each in some),
                formats.duration(words, quantile(response_times, 0.5)),
                formats.duration(words, quantile(response_times, 0.9)),
            )
        )
    return (
        Table(
            columns=(
                Column(words.text("report.from_agency")),
                Column(words.text("report.to_agency")),
                Column(words.text("report.offered"), 0),
                Column(words.text("report.answer.accepted"), 0),
                Column(words.text("report.answer.declined"), 0),
                Column(words.text("report.unanswered"), 0),
                Column(words.text("report.median_answer")),
                Column(words.text("report.p90_answer")),
            ),
            rows=tuple(rows),
            empty=words.text("report.no_hand_offs"),
        ),
        *((listed,) if records.hand_offs else ()),
    )


def _incidents(request: ReportRequest, records: MonthRecords) -> tuple[Block, ...]:
    words, site = request.words, request.site
    if not records.incidents:
        return (Words(text=words.text("report.no_incidents")),)
    total = totals(records.incidents, zone=words.zone)
    by_category = sorted(total.by_category.items(), key=lambda each: -each[1].cases)
    by_agency = [(formats.agency(site, id), each) for id, each in total.by_agency.items()]
    category_totals = [(event_tables.category(words, name), each) for name, each in by_category]
    chart = Bars(
        title=words.text("report.cases_by_category"),
        unit="",
        labels=tuple(name for name, _ in category_totals),
        series=(
            Series(
                name=words.text("report.cases"),
                values=tuple(float(each.cases) for _, each in category_totals),
            ),
        ),
    )
    return (
        chart,
        _totals(request, words.text("report.by_category"), words.text("report.category"),
                [*category_totals, (words.text("report.together"), total.region)], summed=True),
        _totals(request, words.text("report.by_agency"), words.text("report.agency"), by_agency),
        Words(text=words.text("report.joint_note"), kind="note"),
        seizure_table(request, total.region),
        event_tables.incident_table(request, records.incidents),
    )  # fmt: skip


def _totals(
    request: ReportRequest,
    title: str,
    head: str,
    rows: Sequence[tuple[str, Total]],
    *,
    summed: bool = False,
) -> Table:
    words = request.words
    return Table(
        title=title,
        columns=(
            Column(head),
            Column(words.text("report.reports"), 0),
            Column(words.text("report.cases"), 0),
            Column(words.text("report.arrested"), 0),
            Column(words.text("report.people_found"), 0),
            Column(words.text("report.vehicles"), 0),
        ),
        rows=tuple(
            (name, each.reports, each.cases, each.arrested, each.people_found, each.vehicles)
            for name, each in rows
        ),
        totals=summed,
    )


def seizure_table(request: ReportRequest, total: Total) -> Table:
    """Return how much of what was seized, each kind in each of its units."""
    words = request.words
    rows: list[tuple[Cell, ...]] = []
    for what, by_unit in total.seized.items():
        for unit, amount in by_unit.items():
            if amount < _LITTLE and unit in _SMALLER:  # three decimals would round it away
                unit, amount = _SMALLER[unit], amount * 1000.0
            note = words.text("report.at_least") if what in total.at_least else ""
            rows.append((what, amount, words.text(f"report.amount.{unit}"), note))
    return Table(
        title=words.text("report.seized_goods"),
        columns=(
            Column(words.text("report.goods")),
            Column(words.text("report.amount"), 3),
            Column(words.text("report.amount_unit")),
            Column(words.text("report.note")),
        ),
        rows=tuple(rows),
        empty=words.text("report.nothing_seized"),
    )
