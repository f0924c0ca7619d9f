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
from maps.reports.document import format as telling
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
    known = await month_records(request, view, start, end)
    maps: tuple[Block, ...] = ()
    if known.heat is not None:
        maps = (await asyncio.to_thread(plate_of, request, known.heat, known.areas),)
    request.progress(0.95)
    notes: tuple[Block, ...] = ()
    if view.narrows:
        text = words.say(
            "report.only_what_crosses", agency=telling.agency(request.site, request.counterpart)
        )
        notes = (Words(text=text, kind="warning"),)
    return ReportDocument(
        report="monthly",
        language=words.tag,
        title=words.say("report.monthly"),
        subtitle=words.say("report.span", start=words.day(start), end=words.day(last_day(end))),
        facts=time_facts(request, start, end),
        sections=(
            Section(title=words.say("report.in_short"), blocks=(*notes, _in_short(request, known))),
            Section(title=words.say("report.effort"), blocks=_effort(request, known)),
            Section(title=words.say("report.coverage"), blocks=(*_coverage(request, known), *maps)),
            Section(title=words.say("report.alerts"), blocks=_alerts(request, known)),
            Section(title=words.say("report.hand_offs"), blocks=_hand_offs(request, known)),
            Section(title=words.say("report.incidents"), blocks=_incidents(request, known)),
        ),
        made_line=telling.made_line(request, datetime.now(UTC)),
        page=words.say("report.page"),
        sheet=words.say("report.sheet.about"),
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


def _in_short(request: ReportRequest, known: MonthRecords) -> Block:
    words = request.words
    done = total(each.effort for each in known.units)
    response_times = [each.response_s for each in known.hand_offs if each.response_s is not None]
    pairs = [
        (words.say("report.units"), str(len(known.units))),
        (words.say("report.way"), f"{number(done.km, 1)} km"),
        (words.say("report.hours_of_units"), number(done.hours, 1)),
        (words.say("report.alerts"), str(len(known.alerts))),
        (words.say("report.hand_offs"), str(len(known.hand_offs))),
        (
            words.say("report.median_answer"),
            telling.duration(words, quantile(response_times, 0.5)) or "–",
        ),
        (words.say("report.incidents"), str(totals(known.incidents).region.reports)),
    ]
    return Facts(pairs=tuple(pairs))


def _effort(request: ReportRequest, known: MonthRecords) -> tuple[Block, ...]:
    words = request.words
    if not known.units:
        return (Words(text=words.say("report.no_tracks")),)
    ordered = sorted(known.units, key=lambda each: -each.effort.km)
    rows: list[tuple[Cell, ...]] = [
        (
            each.call_sign,
            telling.country(words, each.country),
            each.effort.km,
            each.effort.hours,
            each.effort.gap_hours,
        )
        for each in ordered
    ]
    done = total(each.effort for each in known.units)
    rows.append((words.say("report.together"), "", done.km, done.hours, done.gap_hours))
    names = [(each.call_sign, each.effort) for each in ordered]
    return (
        effort_bars(
            words,
            words.say("report.way_by_day"),
            known.days,
            sheet=words.say("report.sheet.way_by_day"),
            upright=True,
        ),
        effort_bars(
            words,
            words.say("report.way_by_unit"),
            names,
            sheet=words.say("report.sheet.way_by_unit"),
        ),
        Table(
            columns=(
                Column(words.say("report.unit")),
                Column(words.say("report.side")),
                Column(words.say("report.way_km"), 1),
                Column(words.say("report.hours"), 1),
                Column(words.say("report.silent_hours"), 1),
            ),
            rows=tuple(rows),
            totals=True,
        ),
        side_table(words, done),
        *effort_notes(words, done),
    )


def _coverage(request: ReportRequest, known: MonthRecords) -> tuple[Block, ...]:
    words = request.words
    if known.heat is None:
        why = "replay.fault.many" if known.units else "report.no_coverage"
        return (Words(text=words.say(why)),)
    worst = worst_kilometres(known.heat.bins, known.end, _GAPS_NAMED)
    rows: list[tuple[Cell, ...]] = [
        (
            telling.km_span(words, each.km_from, each.km_to),
            telling.moment(words, each.last) or words.say("report.never"),
            each.visits,
        )
        for each in worst
    ]
    return (
        *river_blocks(request, known.heat, known.end),
        *sector_blocks(request, known.heat, known.end),
        Table(
            title=words.say("report.longest_unseen"),
            columns=(
                Column(words.say("report.river_stretch")),
                Column(words.say("report.last_seen")),
                Column(words.say("report.visits"), 0),
            ),
            rows=tuple(rows),
            sheet=words.say("report.sheet.unseen"),
        ),
        Words(text=words.say("report.radius_note", metres=number(request.radius_m)), kind="note"),
        *_thinned(words, known.spacing),
    )


def _thinned(words: Wording, apart: timedelta) -> tuple[Words, ...]:
    if not apart:
        return ()
    text = words.say("replay.page.thinned", n=round(apart.total_seconds()))
    return (Words(text=text, kind="note"),)


def _alerts(request: ReportRequest, known: MonthRecords) -> tuple[Block, ...]:
    words = request.words
    if not known.alerts:
        return (Words(text=words.say("report.no_alerts")),)
    rules = sorted({each.rule for each in known.alerts})
    of = {rule: [each for each in known.alerts if each.rule == rule] for rule in rules}
    rules.sort(key=lambda rule: -len(of[rule]))
    names = tuple(event_tables.rule(words, rule) for rule in rules)
    series = tuple(
        Series(
            name=words.say(f"report.severity.{severity}"),
            values=tuple(
                float(sum(each.severity == severity for each in of[rule])) for rule in rules
            ),
            colour=_ALERT_COLOURS[severity],
        )
        for severity in SEVERITIES
        if any(each.severity == severity for each in known.alerts)
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
                telling.duration(words, quantile(known_s, 0.5)),
                telling.duration(words, quantile(known_s, 0.9)),
                len(some) - len(known_s),
                telling.duration(words, quantile(done_s, 0.5)),
            )
        )
    return (
        Bars(
            title=words.say("report.alerts_by_rule"),
            unit="",
            labels=names,
            series=series,
            sheet=words.say("report.sheet.alerts_by_rule"),
        ),
        Table(
            columns=(
                Column(words.say("report.alert")),
                Column(words.say("report.count"), 0),
                Column(words.say("report.median_acknowledged")),
                Column(words.say("report.p90_acknowledged")),
                Column(words.say("report.never_acknowledged"), 0),
                Column(words.say("report.median_resolved")),
            ),
            rows=tuple(rows),
        ),
    )


def _hand_offs(request: ReportRequest, known: MonthRecords) -> tuple[Block, ...]:
    words, site = request.words, request.site
    pairs = sorted({(each.hand_off.agency, each.hand_off.to) for each in known.hand_offs})
    listed = event_tables.hand_off_table(
        request, known.hand_offs, sheet=words.say("report.sheet.each_hand_off")
    )
    rows: list[tuple[Cell, ...]] = []
    for one, other in pairs:
        some = [
            each for each in known.hand_offs
            if (each.hand_off.agency, each.hand_off.to) == (one, other)
        ]  # fmt: skip
        response_times = [each.response_s for each in some if each.response_s is not None]
        rows.append(
            (
                telling.agency(site, one),
                telling.agency(site, other),
                len(some),
                sum(each.answer == "accepted" for each in some),
                sum(each.answer == "declined" for each in some),
                sum(each.answer in ("lapsed", "open") for each in some),
                telling.duration(words, quantile(response_times, 0.5)),
                telling.duration(words, quantile(response_times, 0.9)),
            )
        )
    return (
        Table(
            columns=(
                Column(words.say("report.from_agency")),
                Column(words.say("report.to_agency")),
                Column(words.say("report.offered"), 0),
                Column(words.say("report.answer.accepted"), 0),
                Column(words.say("report.answer.declined"), 0),
                Column(words.say("report.unanswered"), 0),
                Column(words.say("report.median_answer")),
                Column(words.say("report.p90_answer")),
            ),
            rows=tuple(rows),
            empty=words.say("report.no_hand_offs"),
        ),
        *((listed,) if known.hand_offs else ()),
    )


def _incidents(request: ReportRequest, known: MonthRecords) -> tuple[Block, ...]:
    words, site = request.words, request.site
    if not known.incidents:
        return (Words(text=words.say("report.no_incidents")),)
    total = totals(known.incidents, zone=words.zone)
    by_category = sorted(total.by_category.items(), key=lambda each: -each[1].cases)
    by_agency = [(telling.agency(site, id), each) for id, each in total.by_agency.items()]
    category_totals = [(event_tables.category(words, name), each) for name, each in by_category]
    chart = Bars(
        title=words.say("report.cases_by_category"),
        unit="",
        labels=tuple(name for name, _ in category_totals),
        series=(
            Series(
                name=words.say("report.cases"),
                values=tuple(float(each.cases) for _, each in category_totals),
            ),
        ),
    )
    return (
        chart,
        _totals(request, words.say("report.by_category"), words.say("report.category"),
                [*category_totals, (words.say("report.together"), total.region)], summed=True),
        _totals(request, words.say("report.by_agency"), words.say("report.agency"), by_agency),
        Words(text=words.say("report.joint_note"), kind="note"),
        _seized(request, total.region),
        event_tables.incident_table(request, known.incidents),
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
            Column(words.say("report.reports"), 0),
            Column(words.say("report.cases"), 0),
            Column(words.say("report.arrested"), 0),
            Column(words.say("report.people_found"), 0),
            Column(words.say("report.vehicles"), 0),
        ),
        rows=tuple(
            (name, each.reports, each.cases, each.arrested, each.people_found, each.vehicles)
            for name, each in rows
        ),
        totals=summed,
    )


def _seized(request: ReportRequest, total: Total) -> Table:
    words = request.words
    rows: list[tuple[Cell, ...]] = []
    for what, by_unit in total.seized.items():
        for unit, amount in by_unit.items():
            if amount < _LITTLE and unit in _SMALLER:  # three decimals would round it away
                unit, amount = _SMALLER[unit], amount * 1000.0
            note = words.say("report.at_least") if what in total.at_least else ""
            rows.append((what, amount, words.say(f"report.amount.{unit}"), note))
    return Table(
        title=words.say("report.seized_goods"),
        columns=(
            Column(words.say("report.goods")),
            Column(words.say("report.amount"), 3),
            Column(words.say("report.amount_unit")),
            Column(words.say("report.note")),
        ),
        rows=tuple(rows),
        empty=words.say("report.nothing_seized"),
    )
